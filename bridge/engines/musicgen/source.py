"""Audio that a clip starts from, as the model wants it: its rate, its channels, not silent, not too long."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import BridgeError
from ...sections import refuse_short_source

if TYPE_CHECKING:
    from .. import Source

Floats = NDArray[np.float32]

SILENCE_RMS = 1e-4  # -80 dBFS
MAX_CONTEXT_SECONDS = 10.0  # of a clip to be continued; leaves 20 s of the model's window


def prepare(
    source: Source, rate: int, channels: int, keep_seconds: float, from_end: bool
) -> Floats:
    """[channels, samples] at `rate`: the last (or first) `keep_seconds` of the source.

    Raises BridgeError `out-of-range` when it is shorter than a codec frame, silent, or not finite.
    """
    import soxr

    keep = int(keep_seconds * source.sample_rate)
    audio = source.audio[:, -keep:] if from_end else source.audio[:, :keep]
    refuse_short_source(audio.shape[1] / source.sample_rate)
    if not np.isfinite(audio).all():
        raise BridgeError(
            "unreadable-audio", "the source holds values that are not numbers; export it again"
        )
    if float(np.sqrt(np.mean(np.square(audio, dtype=np.float64)))) < SILENCE_RMS:
        raise BridgeError(
            "out-of-range",
            "the source is silent where it is used; choose another section (source_start_s)",
        )
    if len(audio) != channels:
        mono = audio.mean(axis=0, keepdims=True) if len(audio) != 1 else audio
        audio = np.repeat(mono, channels, axis=0)
    if source.sample_rate != rate:
        audio = soxr.resample(audio.T, source.sample_rate, rate).T
    return np.ascontiguousarray(audio, dtype=np.float32)
