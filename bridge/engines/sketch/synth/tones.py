"""The building blocks of every sound: decaying partials, ensemble tables, filters and ramps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Floats = NDArray[np.floating[Any]]


def partials(
    rate: int, frames: int, hz: Floats, gain: Floats, decay: Floats, phase: Floats
) -> Array:
    """Sum of exponentially decaying sines, float32 [frames].

    `decay` in 1/s, `phase` in turns. A sine at sample a*B+b is the product of a rotation by a*B and
    one by b, so the whole sum is one matrix product of two small tables: some 50 times faster
    than computing every partial at every sample, and exact. Partials above 18 kHz are left out.
    """
    keep = hz < min(18000.0, 0.45 * rate)
    hz, gain, decay, phase = hz[keep], gain[keep], decay[keep], phase[keep]
    block = 1 << max(5, int(np.log2(max(frames, 1))) // 2)
    rows = -(-frames // block)
    coarse = np.arange(rows)[:, None] * (block / rate)
    fine = np.arange(block)[:, None] / rate
    head = _spiral(coarse, hz, decay, phase)
    # sin(a + b) = sin a cos b + cos a sin b
    table = np.concatenate([head[:, len(hz) :], head[:, : len(hz)]], axis=1)
    table *= np.tile(gain, 2).astype(np.float32)
    body = _spiral(fine, hz, decay, np.zeros_like(phase))
    sound: Array = (table @ body.T).reshape(-1)[:frames]
    return sound


def _spiral(time: Floats, hz: Floats, decay: Floats, phase: Floats) -> Array:
    """[cos, sin] of every partial at every time, decayed: float32 [times, 2 * partials]."""
    turns = time * hz + phase
    turns -= np.floor(turns)  # in double, so that float32 keeps its precision for long notes
    angle = turns.astype(np.float32) * np.float32(2 * np.pi)
    envelope = np.exp((-time * decay).astype(np.float32))
    return np.concatenate([np.cos(angle) * envelope, np.sin(angle) * envelope], axis=1)


def ensemble(
    rate: int, hz: float, gain: Floats, width_cents: float, seed: int, stretch: float = 1.0
) -> Array:
    """A seamless stereo table of many players on one pitch, float32 [2, about 2.7 s].

    Nasca Paul's PADsynth: each harmonic n becomes a bell of `width_cents` around n * hz in the
    spectrum with random phases, one inverse transform makes the sound. The table repeats exactly.
    """
    size = 1 << int(np.ceil(np.log2(2.0 * rate)))
    rng = np.random.default_rng(seed)
    levels = np.zeros(size // 2 + 1)
    for number, level in enumerate(gain, start=1):
        centre_hz = hz * number
        if centre_hz > min(18000.0, 0.45 * rate) or level <= 0:
            continue
        width = (2 ** (width_cents / 1200) - 1) * hz * number**stretch * size / rate
        centre = centre_hz * size / rate
        reach = int(4 * width) + 2
        low, high = max(1, int(centre) - reach), min(len(levels), int(centre) + reach + 2)
        bell = np.exp(-(((np.arange(low, high) - centre) / max(width, 0.35)) ** 2))
        levels[low:high] += level * bell / np.sqrt(np.sum(bell**2))
    turns = rng.random((2, len(levels)))
    table = np.fft.irfft(levels * np.exp(2j * np.pi * turns), axis=1)
    return np.asarray(table / (np.sqrt(np.mean(table**2)) + 1e-12), dtype=np.float32)


def lengthen(table: Array, frames: int, offset: int) -> Array:
    """`frames` samples of a repeating table from `offset` on, float32 [2, frames]."""
    size = table.shape[1]
    repeats = -(-(frames + offset % size) // size)
    return np.tile(table, repeats)[:, offset % size : offset % size + frames]


def shaped_noise(rate: int, frames: int, low_hz: float, high_hz: float, seed: int) -> Array:
    """Noise between two frequencies with soft edges (12 dB an octave), RMS 1, float32 [frames]."""
    size = 1 << max(6, int(np.ceil(np.log2(max(frames, 2)))))
    noise = np.random.default_rng(seed).standard_normal(size)
    hz = np.fft.rfftfreq(size, 1 / rate) + 1e-9
    shape = 1 / (1 + (low_hz / hz) ** 4) ** 0.5 / (1 + (hz / high_hz) ** 4) ** 0.5
    shape *= 1 / (1 + (hz / 19000) ** 12) ** 0.5
    sound = np.fft.irfft(np.fft.rfft(noise) * shape, size)[:frames]
    return np.asarray(sound / (np.sqrt(np.mean(sound**2)) + 1e-12), dtype=np.float32)


def equalise(sound: Array, rate: int, low_hz: float, high_hz: float, order: int = 2) -> Array:
    """Keep what lies between two frequencies (6 dB an octave per order), zero phase delay."""
    frames = sound.shape[-1]
    size = 1 << int(np.ceil(np.log2(frames + 512)))
    hz = np.fft.rfftfreq(size, 1 / rate) + 1e-9
    shape = (1 + (low_hz / hz) ** (2 * order)) ** -0.5 * (1 + (hz / high_hz) ** (2 * order)) ** -0.5
    return np.fft.irfft(np.fft.rfft(sound, size) * shape, size)[..., :frames].astype(np.float32)


def seconds(rate: int, frames: int) -> Array:
    """Time of every sample, float32 [frames]."""
    return (np.arange(frames) / rate).astype(np.float32)


def ramp_in(sound: Array, frames: int) -> Array:
    """Fade the start in place by half a cosine."""
    frames = min(frames, sound.shape[-1])
    if frames > 0:
        sound[..., :frames] *= (0.5 - 0.5 * np.cos(np.pi * np.arange(frames) / frames)).astype(
            np.float32
        )
    return sound


def ramp_out(sound: Array, frames: int) -> Array:
    """Fade the end in place by half a cosine; the last sample is zero."""
    frames = min(frames, sound.shape[-1])
    if frames > 0:
        sound[..., -frames:] *= (
            0.5 + 0.5 * np.cos(np.pi * (np.arange(frames) + 1) / frames)
        ).astype(np.float32)
    return sound


def wobble(sound: Array, rate: int, hz: float, cents: float, delay_s: float) -> Array:
    """Vibrato that sets in after `delay_s`, by reading the sound at a swaying speed."""
    frames = sound.shape[-1]
    time = np.arange(frames) / rate
    depth = (2 ** (cents / 1200) - 1) / (2 * np.pi * hz) * rate
    onset = np.clip((time - delay_s) / 0.35, 0, 1)
    where = np.arange(frames) + depth * onset * np.sin(2 * np.pi * hz * time)
    rows = np.atleast_2d(sound)
    warped = np.stack([np.interp(where, np.arange(frames), row) for row in rows])
    return warped.astype(np.float32).reshape(sound.shape)


def ear_weight(hz: Floats) -> Floats:
    """Power weight of a frequency as loudness meters hear it (ITU-R BS.1770 K curve, rounded)."""
    shelf = (1 + 2.51 * (hz / 1700) ** 2) / (1 + (hz / 1700) ** 2)
    return np.asarray(shelf / (1 + (60 / np.maximum(hz, 1e-3)) ** 4))


def loudness_gain(hz: Floats, gain: Floats) -> float:
    """Factor that brings a set of partials to one heard loudness, whatever its pitch or colour."""
    power = float(np.sum(gain**2 * ear_weight(hz)))
    return float(0.25 / np.sqrt(power + 1e-12))
