"""Drum hits from audio: onsets by bands of frequency, named by a small trained network.

Each onset of the whole spectrum is described by what rises in each band, how strong it is there and
how it dies away; the network says which drums of the General MIDI kit were struck together.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .decode import Heard
from .model import RATE
from .network import outputs, probability

Floats = NDArray[np.float32]

CHANNEL = 9  # the drum channel of General MIDI, counted from 0
KIT = (36, 38, 42, 46, 45, 50, 49, 51)  # kick, snare, hats, low and high tom, crash, ride
# bands (indices of `BANDS_HZ`) that tell how hard a drum was struck
_LOUD_IN = {
    36: (0, 1, 2), 38: (4, 5, 9, 10), 42: (11, 12, 13), 46: (11, 12, 13), 45: (1, 2, 3),
    50: (3, 4, 5), 49: (10, 11, 12), 51: (10, 11, 12),
}  # fmt: skip
HIT_S = 0.1  # length given to a hit
_FFT = 1024
_HOP = 128  # 5.8 ms
FRAME_S = _HOP / RATE
_BLOCK = 2048
BANDS_HZ = (30, 60, 90, 130, 190, 280, 420, 640, 1000, 1600, 2500, 4000, 6000, 8000, 11025)
_FLOOR_DB = -80.0
_LEAST_FLUX_DB = 1.5  # mean rise over the bands that makes an onset
_DELAY_S = 0.0  # from the blow to the steepest rise
_REACH = 6  # frames: of two onsets closer than this (35 ms) the stronger stays
ACCEPT = 0.4  # probability above which a drum was struck


def band_levels(samples: Floats, step: Callable[[float], None]) -> Floats:
    """Level of each of `BANDS_HZ` in dB below the loudest, float32 [frames, bands], every 5.8 ms."""
    frames = -(-len(samples) // _HOP)
    padded = np.pad(samples, (_FFT // 2, _FFT + _HOP))
    window = np.hanning(_FFT).astype(np.float32)
    edges = np.round(np.array(BANDS_HZ) / RATE * _FFT).astype(np.intp)
    power = np.empty((frames, len(edges) - 1), np.float32)
    grid = np.lib.stride_tricks.sliding_window_view(padded, _FFT)[::_HOP][:frames]
    for first in range(0, frames, _BLOCK):
        step(first / frames)
        bins = np.abs(np.fft.rfft(grid[first : first + _BLOCK] * window, axis=1)) ** 2
        power[first : first + _BLOCK] = np.add.reduceat(bins, edges[:-1], axis=1)
    top = float(power.max(initial=0.0))
    if top <= 0.0:
        return np.full(power.shape, _FLOOR_DB, np.float32)
    floor = np.float32(10 ** (_FLOOR_DB / 10))
    return np.asarray(10 * np.log10(power / np.float32(top) + floor), np.float32)


def onsets(levels: Floats) -> NDArray[np.intp]:
    """Frames at which something is struck: peaks of the rise over all bands."""
    before = np.pad(levels, ((4, 0), (0, 0)), constant_values=_FLOOR_DB)[: len(levels)]
    # what is 50 dB down cannot be heard beside the rest: its rises do not count
    audible = np.maximum(levels, -50.0) - np.maximum(before, -50.0)
    flux = np.maximum(audible, 0).mean(axis=1)
    padded = np.pad(flux, _REACH)
    top = np.maximum.reduce([padded[i : i + len(flux)] for i in range(2 * _REACH + 1)])
    peaks = np.nonzero((flux >= top) & (flux > _LEAST_FLUX_DB))[0]
    keep = np.diff(peaks, prepend=-_REACH - 1) > _REACH
    return np.asarray(peaks[keep])


def evidence(levels: Floats, frames: NDArray[np.intp]) -> Floats:
    """What each onset looks like, one row each: level, rise, and decay of every band, in 10 dB."""
    padded = np.pad(levels, ((12, 48), (0, 0)), mode="edge")
    padded[:12] = _FLOOR_DB

    def near(first: int, last: int) -> Floats:
        rows = [padded[frames + 12 + i] for i in range(first, last)]
        return np.asarray(np.maximum.reduce(rows), np.float32)

    peak, before = near(-1, 5), near(-10, -5)
    loudest = peak.max(axis=1, keepdims=True)
    parts = [peak - loudest, peak - before, near(12, 16) - peak, near(30, 36) - peak]
    return np.concatenate([np.clip(part / 10, -6, 6) for part in parts] + [loudest / 10], axis=1)


def hits(samples: Floats, step: Callable[[float], None]) -> list[Heard]:
    """Drum hits in mono `samples` at `RATE`, sorted by time; the pitch is the General MIDI key."""
    levels = band_levels(samples, step)
    frames = onsets(levels)
    if not len(frames):
        return []
    rows = evidence(levels, frames)
    sure = probability(outputs("drums", rows))
    heard: list[Heard] = []
    for frame, chances in zip(frames, sure, strict=True):
        struck = [i for i in range(len(KIT)) if chances[i] >= ACCEPT] or [int(np.argmax(chances))]
        at = float(frame) * FRAME_S - _DELAY_S
        level = levels[frame : frame + 6].max(axis=0, initial=_FLOOR_DB)
        for i in struck:
            own = level[list(_LOUD_IN[KIT[i]])]
            loud = 10 * np.log10(np.sum(10 ** (own / 10)))
            heard.append(
                Heard(max(0.0, at), max(0.0, at) + HIT_S, KIT[i], float(loud), float(chances[i]))
            )
    return heard
