"""Drums and cymbals: every piece of every kit, from falling sines, noise bands and dense partials."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from .tones import (
    Array,
    Floats,
    equalise,
    partials,
    ramp_in,
    ramp_out,
    seconds,
    shaped_noise,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One drum: which recipe, its settings, where it stands and how loud it is in its kit."""

    recipe: str
    level: float = 1.0
    pan: float = 0.0  # -1 left .. 1 right
    send: float = 0.15  # to the room
    hz: float = 100.0  # pitch of the body
    sweep: float = 3.0  # how many times higher the pitch starts
    decay_s: float = 0.2
    noise: float = 0.5
    low_hz: float = 1000.0  # band of the noise
    high_hz: float = 9000.0


def strike(piece: Piece, rate: int, velocity: float, take: int) -> Array:
    """One hit, float32 [frames]; `take` 0..2 are different strokes of the same drum."""
    length_s = {"cymbal": 7.0, "kick": 5.0, "tom": 5.0}.get(piece.recipe, 6.0) * piece.decay_s
    frames = int(min(4.0, length_s + 0.06) * rate)
    seed = 7919 * take + int(piece.hz * 10) + len(piece.recipe)
    raw = _RECIPES[piece.recipe](piece, rate, frames, velocity, seed)
    # what offset a falling sine leaves goes out by a slow bow, far below hearing
    raw = raw - np.mean(raw) * 2 * np.hanning(frames)
    sound = np.asarray(raw * piece.level, dtype=np.float32)
    return ramp_out(ramp_in(sound, int(0.0006 * rate)), int(0.012 * rate))


def _falling(piece: Piece, rate: int, frames: int, fall_s: float) -> Floats:
    """A sine that falls from sweep * hz to hz, decaying."""
    time = seconds(rate, frames)
    turns = piece.hz * (time + (piece.sweep - 1) * fall_s * (1 - np.exp(-time / fall_s)))
    return np.asarray(np.sin(2 * np.pi * turns) * np.exp(-time / piece.decay_s))


def _kick(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    body = np.tanh((1.1 + piece.noise) * _falling(piece, rate, frames, 0.028))
    click = shaped_noise(rate, frames, 1500, piece.high_hz, seed)
    click *= np.exp(-seconds(rate, frames) / 0.003) * piece.noise * 0.22 * (0.4 + velocity)
    return np.asarray(body * 0.9 + click)


def _snare(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    time = seconds(rate, frames)
    shell = _falling(piece, rate, frames, 0.012)
    modes = np.array([1.59, 2.14, 2.65]) * piece.hz
    ring = partials(rate, frames, modes, np.array([0.3, 0.2, 0.12]), np.array([18.0, 24, 32]),
                    np.zeros(3))  # fmt: skip
    wires = shaped_noise(rate, frames, piece.low_hz, piece.high_hz * (0.6 + 0.4 * velocity), seed)
    tail = 0.75 * np.exp(-time / (piece.decay_s * 0.8)) + 0.5 * np.exp(-time / 0.02)
    hit = (shell * 0.55 + ring) * np.exp(-time / 0.1) + wires * tail * piece.noise * 0.5
    return np.asarray(np.tanh(1.3 * hit))  # no lone peaks: a snare is dense


def _clap(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    time = seconds(rate, frames)
    noise = shaped_noise(rate, frames, piece.low_hz, piece.high_hz, seed)
    shape = np.zeros(frames, dtype=np.float32)
    for late_s in (0.0, 0.010, 0.019):
        after = time - np.float32(late_s + 0.0012 * (seed % 3))
        shape += np.where(after >= 0, np.exp(-np.maximum(after, 0) / 0.004), 0) * 0.7
    after = time - np.float32(0.028)
    shape += np.where(after >= 0, np.exp(-np.maximum(after, 0) / (piece.decay_s * 0.6)), 0) * 0.75
    return np.asarray(np.tanh(equalise(noise * shape, rate, 400, 14000) * 0.55))


def _cymbal(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    """Hats, rides and crashes: a bed of noise and many inharmonic partials."""
    time = seconds(rate, frames)
    rng = np.random.default_rng(seed)
    hz = np.sort(piece.hz * 2 ** (rng.random(170) * np.log2(14000 / piece.hz)))
    shape = 1 / (1 + (piece.low_hz / hz) ** 4) ** 0.5 / (1 + (hz / piece.high_hz) ** 4) ** 0.5
    decay = (0.7 + 0.8 * rng.random(170)) / piece.decay_s * (0.7 + hz / 12000)
    metal = (
        partials(rate, frames, hz, shape * (0.5 + rng.random(170)), decay, rng.random(170)) / 6.2
    )
    noise = shaped_noise(rate, frames, piece.low_hz, piece.high_hz, seed)
    bed = noise * (np.exp(-time / (piece.decay_s * 0.75)) * 0.55 + 0.5 * np.exp(-time / 0.006))
    sound = metal * (1 - piece.noise) + bed * piece.noise
    # one heard level at the stroke, whatever the mixture
    return np.asarray(sound * 0.26 / np.sqrt(np.mean(sound[: rate // 40] ** 2)))


def _ride(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    wash = _cymbal(piece, rate, frames, velocity, seed)
    ping_hz = np.array([1.0, 1.483, 2.117, 2.897, 3.77]) * 1180
    ping = partials(rate, frames, ping_hz, np.array([0.5, 0.8, 1.0, 0.7, 0.5]),
                    np.array([7.0, 9, 12, 14, 18]), np.arange(5) * 0.3)  # fmt: skip
    stick = shaped_noise(rate, frames, 3000, 12000, seed) * np.exp(-seconds(rate, frames) / 0.004)
    return np.asarray(wash * 0.45 + ping * 0.07 * (0.5 + velocity) + stick * 0.1 * velocity)


def _tom(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    time = seconds(rate, frames)
    skin = _falling(piece, rate, frames, 0.05)
    over = partials(rate, frames, piece.hz * np.array([1.59, 2.3]), np.array([0.35, 0.2]),
                    np.array([3.0, 4.0]) / piece.decay_s, np.zeros(2))  # fmt: skip
    stick = shaped_noise(rate, frames, 400, piece.high_hz, seed) * np.exp(-time / 0.012)
    return np.asarray(skin * 0.8 + over + stick * piece.noise * 0.25 * (0.3 + velocity))


def _wood(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    """Rim, clave, wood block, cowbell: a few hard modes."""
    hz = piece.hz * np.array([1.0, 1.48, 2.71, 4.2])
    body = partials(rate, frames, hz, np.array([1.0, 0.7, 0.35, 0.15]) * 0.5,
                    np.array([1.0, 1.3, 2.2, 3.5]) / piece.decay_s, np.array([0, 0.2, 0.4, 0.6]))  # fmt: skip
    tick = shaped_noise(rate, frames, piece.low_hz, piece.high_hz, seed)
    return np.asarray(body + tick * np.exp(-seconds(rate, frames) / 0.003) * piece.noise * 0.3)


def _shaken(piece: Piece, rate: int, frames: int, velocity: float, seed: int) -> Floats:
    """Shaker, tambourine, brush: noise that swells before it falls."""
    time = seconds(rate, frames)
    noise = shaped_noise(rate, frames, piece.low_hz, piece.high_hz, seed)
    rise_s = piece.decay_s * 0.3
    sound = noise * np.exp(-time / piece.decay_s) * (1 - np.exp(-time / rise_s)) * 0.5
    if piece.sweep > 10:  # the jingles of a tambourine
        rng = np.random.default_rng(5)
        hz = 4000 + 7000 * rng.random(24)
        jingle = partials(
            rate, frames, hz, np.full(24, 0.05), 6 + 9 * rng.random(24), rng.random(24)
        )
        sound = sound * 0.5 + jingle
    return np.asarray(sound, dtype=np.float32)


_RECIPES: dict[str, Callable[[Piece, int, int, float, int], Floats]] = {
    "kick": _kick, "snare": _snare, "clap": _clap, "cymbal": _cymbal, "ride": _ride, "tom": _tom,
    "wood": _wood, "shaken": _shaken,
}  # fmt: skip

_HAT = Piece(
    "cymbal", 0.75, 0.25, 0.06, hz=2400, decay_s=0.045, noise=0.55, low_hz=6500, high_hz=14000
)
_ACOUSTIC: dict[int, Piece] = {
    36: Piece("kick", 0.95, 0.0, 0.04, hz=56, sweep=3.2, decay_s=0.16, noise=0.7, high_hz=5000),
    38: Piece("snare", 0.95, -0.05, 0.22, hz=188, sweep=1.5, decay_s=0.16, noise=0.75, low_hz=1300),
    37: Piece("wood", 0.4, -0.1, 0.25, hz=820, decay_s=0.035, noise=0.5, low_hz=1500),
    39: Piece("clap", 0.6, 0.1, 0.3, decay_s=0.14, low_hz=900, high_hz=3800),
    42: _HAT,
    44: replace(_HAT, level=0.5, decay_s=0.03),
    46: replace(_HAT, level=0.65, decay_s=0.3),
    49: Piece("cymbal", 0.55, -0.35, 0.25, hz=420, decay_s=0.75, noise=0.5, low_hz=1800, high_hz=12000),
    51: Piece("ride", 0.42, 0.4, 0.15, hz=500, decay_s=0.5, noise=0.3, low_hz=3000, high_hz=12000),
    53: Piece("wood", 0.3, 0.4, 0.2, hz=2350, decay_s=0.4, noise=0.2, low_hz=4000),
    41: Piece("tom", 0.8, 0.3, 0.2, hz=82, sweep=1.6, decay_s=0.24, high_hz=3500),
    45: Piece("tom", 0.75, 0.0, 0.2, hz=112, sweep=1.6, decay_s=0.2, high_hz=3800),
    50: Piece("tom", 0.7, -0.3, 0.2, hz=155, sweep=1.6, decay_s=0.16, high_hz=4200),
    54: Piece("shaken", 0.5, 0.35, 0.15, sweep=20, decay_s=0.05, low_hz=5000, high_hz=13000),
    56: Piece("wood", 0.3, 0.2, 0.15, hz=562, decay_s=0.09, noise=0.2, low_hz=2000),
    70: Piece("shaken", 0.7, 0.45, 0.12, decay_s=0.035, low_hz=5500, high_hz=13000),
    75: Piece("wood", 0.35, 0.3, 0.3, hz=2480, decay_s=0.03, noise=0.1, low_hz=3000),
    63: Piece("tom", 0.5, -0.3, 0.2, hz=245, sweep=1.15, decay_s=0.1, noise=0.9, high_hz=5000),
    64: Piece("tom", 0.55, -0.4, 0.2, hz=178, sweep=1.15, decay_s=0.13, noise=0.7, high_hz=4000),
    62: Piece("tom", 0.45, -0.3, 0.2, hz=290, sweep=1.1, decay_s=0.045, noise=1.4, high_hz=6000),
}  # fmt: skip

# A kit is the acoustic one with some pieces replaced.
_CHANGES: dict[str, dict[int, Piece]] = {
    "acoustic": {},
    "club": {
        36: Piece("kick", 0.95, 0.0, 0.02, hz=50, sweep=4.6, decay_s=0.19, noise=0.8, high_hz=8000),
        38: Piece("snare", 0.7, 0.0, 0.2, hz=190, sweep=1.7, decay_s=0.12, noise=0.9, low_hz=1800),
        39: Piece("clap", 1.15, 0.0, 0.28, decay_s=0.17, low_hz=950, high_hz=5200),
        42: replace(_HAT, level=0.8, pan=0.15, decay_s=0.035, noise=0.65, low_hz=7500),
        46: replace(_HAT, level=0.8, pan=-0.1, decay_s=0.17, noise=0.6, low_hz=6000),
    },
    "warehouse": {
        36: Piece("kick", 0.8, 0.0, 0.06, hz=47, sweep=5.0, decay_s=0.21, noise=1.3, high_hz=6000),
        39: Piece("clap", 1.1, 0.0, 0.35, decay_s=0.12, low_hz=1100, high_hz=4500),
        42: replace(_HAT, level=1.2, pan=0.2, decay_s=0.03, noise=0.4, low_hz=8000),
        46: replace(_HAT, level=1.2, pan=-0.1, decay_s=0.14, noise=0.5, low_hz=6500),
    },
    "boom": {
        36: Piece("kick", 0.8, 0.0, 0.02, hz=49, sweep=4.0, decay_s=0.22, noise=0.6, high_hz=6000),
        38: Piece("snare", 1.0, 0.0, 0.18, hz=205, sweep=1.4, decay_s=0.11, noise=0.95, low_hz=1800,
                  high_hz=11000),
        39: Piece("clap", 1.15, 0.0, 0.2, decay_s=0.15, low_hz=1000, high_hz=6000),
        42: replace(_HAT, level=1.0, pan=0.12, decay_s=0.028, noise=0.5, low_hz=8500),
        46: replace(_HAT, level=0.6, pan=0.12, decay_s=0.2, noise=0.5, low_hz=7500),
    },
    "break": {
        36: Piece("kick", 1.0, 0.0, 0.05, hz=62, sweep=3.4, decay_s=0.12, noise=0.9, high_hz=6000),
        38: Piece("snare", 1.0, 0.0, 0.2, hz=212, sweep=1.6, decay_s=0.12, noise=0.95, low_hz=1500,
                  high_hz=12000),
        42: replace(_HAT, level=0.65, decay_s=0.03, noise=0.45),
        51: Piece("ride", 0.4, 0.4, 0.1, hz=600, decay_s=0.3, noise=0.4, low_hz=4000, high_hz=13000),
    },
    "dusty": {
        36: Piece("kick", 1.0, 0.0, 0.06, hz=60, sweep=2.6, decay_s=0.14, noise=0.35, high_hz=2500),
        38: Piece("snare", 1.0, 0.0, 0.2, hz=178, sweep=1.4, decay_s=0.11, noise=0.7, low_hz=900,
                  high_hz=5000),
        42: replace(_HAT, level=0.6, decay_s=0.035, low_hz=4500, high_hz=8000),
        46: replace(_HAT, level=0.35, decay_s=0.16, low_hz=4500, high_hz=8000),
    },
    "brushes": {
        36: Piece("kick", 0.4, 0.0, 0.12, hz=62, sweep=2.0, decay_s=0.16, noise=0.3, high_hz=2500),
        38: Piece("shaken", 0.5, -0.1, 0.2, decay_s=0.1, low_hz=1200, high_hz=8000),
        42: replace(_HAT, level=0.35, low_hz=5500),
        44: replace(_HAT, level=0.42, decay_s=0.035, low_hz=5500),
    },
    "machine": {
        36: Piece("kick", 1.0, 0.0, 0.05, hz=54, sweep=3.6, decay_s=0.16, noise=0.7, high_hz=5000),
        38: Piece("snare", 1.0, 0.0, 0.4, hz=172, sweep=1.4, decay_s=0.22, noise=1.0, low_hz=900,
                  high_hz=9000),
        42: replace(_HAT, level=0.4, decay_s=0.035, noise=0.7, low_hz=7000),
    },
    "heavy": {
        36: Piece("kick", 1.05, 0.0, 0.03, hz=58, sweep=3.6, decay_s=0.1, noise=1.8, high_hz=8000),
        38: Piece("snare", 1.1, 0.0, 0.22, hz=198, sweep=1.6, decay_s=0.15, noise=0.85, low_hz=1400,
                  high_hz=11000),
    },
    "orchestra": {
        36: Piece("tom", 1.0, 0.0, 0.5, hz=52, sweep=1.7, decay_s=0.5, noise=0.8, high_hz=1500),
        38: Piece("snare", 0.5, 0.15, 0.45, hz=200, sweep=1.2, decay_s=0.1, noise=0.7, low_hz=1800),
        41: Piece("tom", 1.0, -0.25, 0.5, hz=62, sweep=1.5, decay_s=0.45, noise=0.9, high_hz=1800),
        45: Piece("tom", 0.9, 0.25, 0.5, hz=84, sweep=1.5, decay_s=0.35, noise=0.9, high_hz=2200),
        49: Piece("cymbal", 0.5, 0.2, 0.5, hz=350, decay_s=1.1, noise=0.5, low_hz=1500,
                  high_hz=11000),
    },
    "pulse": {
        36: Piece("kick", 0.7, 0.0, 0.02, hz=65, sweep=6.0, decay_s=0.09, noise=0.2, high_hz=3000),
        38: Piece("shaken", 0.8, 0.0, 0.02, decay_s=0.07, low_hz=700, high_hz=9000),
        42: replace(_HAT, level=0.45, pan=0.0, send=0.0, noise=1.0, decay_s=0.025),
    },
}  # fmt: skip

KITS: dict[str, dict[int, Piece]] = {
    name: {**_ACOUSTIC, **changes} for name, changes in _CHANGES.items()
}
