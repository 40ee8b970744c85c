"""Tiny random checkpoints, made once per test session as real folders."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from bridge.engines.musicgen.random_model import save_checkpoint
from bridge.engines.musicgen.shapes import SHAPES

torch.set_num_threads(1)  # toy models gain nothing from more, and lose much on a busy machine


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """`tiny("stereo-tiny")` is the folder of a checkpoint of that shape."""
    made: dict[str, Path] = {}

    def folder(name: str = "tiny") -> Path:
        if name not in made:
            made[name] = tmp_path_factory.mktemp(name)
            save_checkpoint(SHAPES[name], made[name], seed=1)
        return made[name]

    return folder
