"""The neural network behind polyphonic transcription: audio in, note and onset probabilities out.

The network is Spotify's Basic Pitch (Bittner et al., "A Lightweight Instrument-Agnostic Model for
Polyphonic Note Transcription and Multipitch Estimation", ICASSP 2022), run from its ONNX file.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

RATE = 22050  # Hz, what the network was trained on
HOP = 256  # samples between its output frames
FRAME_S = HOP / RATE
WINDOW = 43844  # samples it takes at once
WINDOW_FRAMES = 172
# The edges of a window lack context: keep the middle, and step by whole frames, so that frame i of
# the joined output lies at i * FRAME_S without drift.
MARGIN = 16
KEPT = WINDOW_FRAMES - 2 * MARGIN
BATCH = 4  # windows a run: fastest of 1, 4, 8, 16 on two cores
LOWEST_PITCH = 21  # MIDI number of the first of the 88 keys
BINS_PER_SEMITONE = 3  # of the contour

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Posteriors:
    """What the network heard, one row a frame of `FRAME_S` seconds, values in 0..1."""

    onset: NDArray[np.float32]  # [frames, 88] a note begins here
    note: NDArray[np.float32]  # [frames, 88] a note sounds here
    contour: NDArray[np.float32]  # [frames, 264] where its pitch is, in thirds of a semitone


@lru_cache(maxsize=1)
def _session() -> InferenceSession:
    """The network, loaded once a process (0.1 s)."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(Path(__file__).with_name("nmp.onnx")), options, providers=["CPUExecutionProvider"]
    )


def listen(samples: Samples, step: Callable[[float], None]) -> Posteriors:
    """Run the network over mono `samples` at `RATE`; `step(fraction)` is called before each batch."""
    session = _session()
    frames = -(-len(samples) // HOP)
    windows = max(1, -(-frames // KEPT))
    padded = np.zeros((windows - 1) * KEPT * HOP + WINDOW, np.float32)
    padded[MARGIN * HOP : MARGIN * HOP + len(samples)] = samples[: len(padded) - MARGIN * HOP]
    name = session.get_inputs()[0].name
    # the outputs by their place in the published model: onset, note, contour
    wanted = [f"StatefulPartitionedCall:{i}" for i in (2, 1, 0)]
    kept: list[list[NDArray[np.float32]]] = [[], [], []]
    for first in range(0, windows, BATCH):
        step(first / windows)
        batch = np.stack([
            padded[i * KEPT * HOP : i * KEPT * HOP + WINDOW]
            for i in range(first, min(first + BATCH, windows))
        ])  # fmt: skip
        for out, values in zip(kept, session.run(wanted, {name: batch[:, :, None]}), strict=True):
            out.append(values[:, MARGIN : MARGIN + KEPT].reshape(-1, values.shape[2]))
    onset, note, contour = (np.concatenate(k)[:frames] for k in kept)
    return Posteriors(onset, note, contour)
