"""Sounds the audio tests are made of; float32 [channels, frames]."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Audio = NDArray[np.float32]


def tone(hz: float, seconds: float, rate: int, level: float = 0.25) -> Audio:
    """A stereo sine."""
    phase = 2 * np.pi * hz * np.arange(round(seconds * rate)) / rate
    return np.tile(level * np.sin(phase), (2, 1)).astype(np.float32)


def kicks(seconds: float, rate: int, every_s: float = 0.5, level: float = 0.9) -> Audio:
    """Loud decaying thumps, the first at 0: what a limiter has to work for."""
    frames = round(seconds * rate)
    audio = np.zeros(frames)
    for start in range(0, frames, round(every_s * rate)):
        t = np.arange(frames - start) / rate
        audio[start:] += level * np.exp(-t / 0.08) * np.cos(2 * np.pi * 70 * t)
    return np.stack([audio, 0.9 * audio]).astype(np.float32)


def noise(seconds: float, rate: int, level: float = 0.05, seed: int = 0) -> Audio:
    """Stereo white noise."""
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((2, round(seconds * rate)))).astype(np.float32)


def peak_db(audio: NDArray[np.floating]) -> float:
    return float(20 * np.log10(max(np.abs(audio).max(), 1e-12)))
