"""The two small trained networks of this package, run with plain matrix products.

`notes.npz` says which candidates are notes and how late they were noticed, `drums.npz` names drum
hits. Both learned from rendered music by `tests/benchmarks/train_transcribe.py`; neither holds
anyone else's data.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]


@lru_cache(maxsize=2)
def _layers(name: str) -> list[tuple[Floats, Floats]]:
    with np.load(Path(__file__).with_name(f"{name}.npz")) as file:
        return [(file[f"weight{i}"], file[f"bias{i}"]) for i in range(len(file.files) // 2)]


def outputs(name: str, rows: Floats) -> Floats:
    """What the network `name` says about each row: float32 [rows, outputs], not yet squashed."""
    values = rows
    layers = _layers(name)
    for weight, bias in layers[:-1]:
        values = np.maximum(values @ weight + bias, 0)
    weight, bias = layers[-1]
    return np.asarray(values @ weight + bias, np.float32)


def probability(output: Floats) -> Floats:
    """Outputs as probabilities 0..1."""
    return np.asarray(1 / (1 + np.exp(-np.clip(output, -30, 30))), np.float32)
