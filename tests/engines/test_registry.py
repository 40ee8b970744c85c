"""Which engine a model name means."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.engines.registry import Choice, engine_paths, info_of, local_models, resolve
from bridge.errors import BridgeError


@pytest.mark.parametrize(
    ("name", "choice"),
    [
        ("", Choice("sketch")), ("auto", Choice("sketch")), ("sketch", Choice("sketch")),
        ("medium", Choice("musicgen", "medium")),
        ("facebook/musicgen-small", Choice("musicgen", "facebook/musicgen-small")),
        ("musicgen:large", Choice("musicgen", "large")),
        ("random:tiny", Choice("musicgen", "random:tiny")),
    ],
)  # fmt: skip
def test_names(name: str, choice: Choice, tmp_path: Path):
    assert resolve(name, tmp_path) == choice


def test_an_unknown_name_gets_the_nearest_ones(tmp_path: Path):
    with pytest.raises(BridgeError, match="'smal'.*small") as error:
        resolve("smal", tmp_path)
    assert error.value.code == "model-missing"


def test_info_is_known_without_loading(tmp_path: Path):
    assert {"sketch", "musicgen"} <= set(engine_paths())
    assert info_of(Choice("sketch")).pretrained is False
    assert info_of(Choice("musicgen", "small")).pretrained is True
    assert "CC-BY-NC" in info_of(Choice("musicgen", "small")).licence
    assert local_models(tmp_path)[-1] == Choice("sketch")
