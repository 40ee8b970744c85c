"""Bad checkpoint folders: one sentence each, before anything is loaded."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from bridge.engines.musicgen import MusicgenEngine
from bridge.engines.musicgen.checkpoints import find_local
from bridge.engines.musicgen.folder import inspect_folder
from bridge.engines.musicgen.memory import card_bytes, refuse_if_too_large
from bridge.engines.musicgen.stock import load_model
from bridge.errors import BridgeError

Tiny = Callable[..., Path]


def refusal(folder: Path) -> str:
    with pytest.raises(BridgeError) as caught:
        MusicgenEngine(str(folder)).load(lambda stage, fraction: None)
    assert caught.value.code == "model-missing"
    assert "\n" not in caught.value.message
    return caught.value.message


def test_good_folder_is_described(tiny: Tiny) -> None:
    facts = inspect_folder(tiny("stereo-tiny"))
    assert (facts.melody, facts.channels, facts.sample_rate, facts.layers) == (False, 2, 32000, 2)
    assert facts.parameters > 10_000


@pytest.mark.parametrize("name", ["tiny", "melody-tiny"])
def test_weights_under_their_older_names_are_all_found(
    tiny: Tiny, tmp_path: Path, name: str
) -> None:
    folder = tmp_path / "older"
    shutil.copytree(tiny(name), folder)
    saved = load_file(folder / "model.safetensors")
    # the published files are from before torch's parametrizations, and hold the text embeddings twice
    older = {
        key.replace("parametrizations.weight.original0", "weight_g").replace(
            "parametrizations.weight.original1", "weight_v"
        ): tensor
        for key, tensor in saved.items()
    }
    assert sum(key.endswith("weight_g") for key in older) > 10
    shared = older["text_encoder.shared.weight"]
    older["text_encoder.encoder.embed_tokens.weight"] = shared.clone()
    save_file(older, folder / "model.safetensors", metadata={"format": "pt"})
    expected = load_model(tiny(name), melody="melody" in name).state_dict()
    found = load_model(folder, melody="melody" in name).state_dict()
    assert found.keys() == expected.keys()
    assert all(torch.equal(found[key], expected[key]) for key in found)


def test_folder_that_is_no_checkpoint(tmp_path: Path) -> None:
    assert "no readable config.json" in refusal(tmp_path)
    assert "neither a folder" in refusal(tmp_path / "missing")


def test_checkpoint_of_another_model_type(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "bert"
    shutil.copytree(tiny(), folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "bert"}))
    assert "'bert'" in refusal(folder)
    (folder / "config.json").write_text("{")
    assert "not valid JSON" in refusal(folder)
    (folder / "config.json").write_text(json.dumps({"model_type": "musicgen"}))
    assert "lacks one of" in refusal(folder)


@pytest.mark.parametrize("keep", [0, 4, 100, 5000, -1])
def test_truncated_safetensors(tiny: Tiny, tmp_path: Path, keep: int) -> None:
    folder = tmp_path / "cut"
    shutil.copytree(tiny(), folder)
    data = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(data[:keep])
    assert "not fetched to its end" in refusal(folder)


def test_folder_with_a_pickle_only(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "pickle"
    shutil.copytree(tiny(), folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert "models pull" in refusal(folder)


def test_model_too_large_for_memory_says_what_fits() -> None:
    with pytest.raises(BridgeError, match="these would fit: small, stereo-small") as caught:
        refuse_if_too_large("large", 14_000_000_000, "fp32", 4_000_000_000)
    assert caught.value.code == "out-of-range"
    refuse_if_too_large("small", 2_000_000_000, "fp32", 4_000_000_000)


def test_a_card_holds_twice_the_model_in_half_precision() -> None:
    large = 3_425_000_000
    assert 7.5e9 < card_bytes(large, "bf16") < 9e9 and 14e9 < card_bytes(large, "fp32") < 15.5e9
    with pytest.raises(BridgeError, match="of the card's memory and 5.0 GB are free") as caught:
        refuse_if_too_large(
            "large", card_bytes(large, "bf16"), "bf16", 5_000_000_000, card_bytes, "the card's memory"
        )  # fmt: skip
    assert "medium" in caught.value.message and "melody-large" not in caught.value.message


def test_missing_published_checkpoint_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(BridgeError, match="daw-bridge models pull small"):
        MusicgenEngine("small", home=tmp_path).load(lambda stage, fraction: None)


@pytest.mark.parametrize(
    ("record", "revision"), [('{"revision": "abc"}', "abc"), ("{", ""), ("[]", ""), (None, "")]
)
def test_damaged_record_of_a_pull_does_not_hide_the_checkpoint(
    tiny: Tiny, tmp_path: Path, record: str | None, revision: str
) -> None:
    folder = Path(shutil.copytree(tiny(), tmp_path / "models" / "small"))
    if record is not None:
        (folder / "pulled.json").write_text(record)
    assert find_local("small", tmp_path).revision == revision
