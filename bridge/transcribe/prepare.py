"""Any audio as the network wants it: one channel, 22 050 Hz, an even level, finite numbers."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import RATE

Floats = NDArray[np.float32]

# The network looks at levels on a scale with a fixed bottom: how loud the input is decides how many
# faint partials it sees, so every input is brought to one level, here 12 dB below full scale.
PEAK = 0.25
SILENT_PEAK = 10 ** (-80 / 20)  # below this there is nothing to hear
_CANCELLING = 0.05  # share of the channels' energy that must survive their sum


@dataclass(frozen=True, slots=True)
class Prepared:
    """Mono float32 `samples` at `RATE` and what had to be done to the input."""

    samples: Floats
    peak: float  # of the input, 1.0 = full scale
    repaired: int  # samples that were not finite numbers


def prepare(audio: Floats, rate: int) -> Prepared:
    """Mix down, mend, resample (soxr HQ) and level `audio`, float32 [channels, frames] or [frames]."""
    import soxr

    channels = np.atleast_2d(np.asarray(audio, np.float32))
    finite = np.isfinite(channels)
    repaired = int(channels.size - np.count_nonzero(finite))
    if repaired:
        channels = np.where(finite, channels, np.float32(0))
    if channels.size:  # a constant is no sound, but its beginning would look like one
        channels = channels - channels.mean(axis=1, keepdims=True)
    peak = float(np.max(np.abs(channels), initial=0.0))
    if peak < SILENT_PEAK:
        return Prepared(np.zeros(0, np.float32), peak, repaired)
    mono = _downmix(channels / np.float32(peak))
    if rate != RATE:
        mono = soxr.resample(mono, rate, RATE, quality="HQ")
    top = float(np.max(np.abs(mono), initial=0.0))
    if top <= 0.0:
        return Prepared(np.zeros(0, np.float32), peak, repaired)
    return Prepared((mono * np.float32(PEAK / top)).astype(np.float32), peak, repaired)


def _downmix(channels: Floats) -> Floats:
    """The mean of the channels, or the loudest one when they cancel each other."""
    mono = channels.mean(axis=0)
    energies = np.sum(channels.astype(np.float64) ** 2, axis=1)
    if np.sum(mono.astype(np.float64) ** 2) < _CANCELLING * energies.mean():
        mono = channels[int(np.argmax(energies))]
    return np.ascontiguousarray(mono, np.float32)
