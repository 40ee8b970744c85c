"""Energy at each key of the keyboard over time: the evidence beside what the network believes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .model import HOP, LOWEST_PITCH, RATE

KEYS = 103  # keys 21..123: the piano and the partials of its top, up to 10.5 kHz
FLOOR_DB = -90.0
_FFT = 4096  # 5.4 Hz a bin; the network's own frames are as dense
_BLOCK = 512  # frames transformed at once


def key_levels(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Level of the strongest bin of each semitone, in dB below the loudest of the clip.

    `samples`: mono at `RATE`. Returns float32 [frames, KEYS], one row every `HOP` samples, centred.
    """
    frames = -(-len(samples) // HOP)
    padded = np.pad(samples, (_FFT // 2, _FFT + HOP))
    window = np.hanning(_FFT).astype(np.float32)
    edges_hz = 440.0 * 2.0 ** ((LOWEST_PITCH - 69 + np.arange(KEYS + 1) - 0.5) / 12)
    edges = np.round(edges_hz / RATE * _FFT).astype(np.intp)
    power = np.empty((frames, KEYS), np.float32)
    grid = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::HOP][:frames]
    for first in range(0, frames, _BLOCK):
        bins = np.abs(np.fft.rfft(grid[first : first + _BLOCK] * window, axis=1)) ** 2
        power[first : first + _BLOCK] = np.maximum.reduceat(bins, edges, axis=1)[:, :KEYS]
    top = float(power.max(initial=0.0))
    if top <= 0.0:
        return np.full((frames, KEYS), FLOOR_DB, np.float32)
    levels = 10.0 * np.log10(power / np.float32(top) + np.float32(10 ** (FLOOR_DB / 10)))
    return np.asarray(levels, np.float32)
