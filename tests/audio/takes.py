"""Synthetic takes with a planted tempo and downbeat, as a model that keeps no time would give."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from bridge.music import Meter

from .signals import Audio

RATE = 32_000


@dataclass(frozen=True)
class Take:
    """Audio whose downbeats lie at `offset_s` + n bars at `bpm`."""

    audio: Audio
    bpm: float
    offset_s: float


def drums(bpm: float, meter: Meter, seconds: float, offset_s: float, seed: int = 0) -> Take:
    """Kick on one, snares on the weak pulses, hats on half pulses; humanised by 2 ms."""
    rng = np.random.default_rng(seed)
    pulse_s, bar = _pulse(bpm, meter)
    audio = np.zeros(round(seconds * RATE) + RATE)
    strong = {0} | ({bar // 2} if bar % 2 == 0 and bar < 6 else set(range(0, bar, 3)))
    for index in range(-2 * bar, 2 * round(seconds / pulse_s) + 2 * bar):
        at = offset_s + index * pulse_s / 2 + rng.normal(0, 0.002)
        place = index % (2 * bar) / 2
        if place == 0:
            _add(audio, at, _kick(1.0))
        elif place in strong:
            _add(audio, at, _kick(0.7))
        elif place % 1 == 0 and (bar < 6 or place == bar // 2 + 1):
            _add(audio, at, _snare(rng, 0.5))
        if rng.uniform() < 0.9:
            _add(audio, at, _hat(rng, 0.2 if place % 1 == 0 else 0.12))
        if place == bar - 1 and rng.uniform() < 0.3:
            _add(audio, at + pulse_s / 4, _kick(0.5))
    return Take(_stereo(audio, seconds), bpm, offset_s)


def chords(bpm: float, meter: Meter, seconds: float, offset_s: float, seed: int = 0) -> Take:
    """A chord each bar, struck again on some pulses, with a bass line; attacks of 8 ms."""
    rng = np.random.default_rng(seed)
    pulse_s, bar = _pulse(bpm, meter)
    audio = np.zeros(round(seconds * RATE) + RATE)
    roots = [57, 53, 48, 55]
    rng.shuffle(roots)
    for index in range(-bar, round(seconds / pulse_s) + bar):
        at = offset_s + index * pulse_s + rng.normal(0, 0.002)
        root = roots[index // bar % 4]
        place = index % bar
        if place == 0 or rng.uniform() < 0.4:
            length = pulse_s * (bar if place == 0 else 1)
            for step in (0, 4 if root in (53, 48, 55) else 3, 7, 12):
                _add(audio, at + rng.normal(0, 0.001), _note(root + step, length, 0.12, 0.008))
        if place in (0, bar // 2) or rng.uniform() < 0.3:
            _add(audio, at, _note(root - 24, pulse_s, 0.3, 0.004))
    return Take(_stereo(audio, seconds), bpm, offset_s)


def band(bpm: float, meter: Meter, seconds: float, offset_s: float, seed: int = 0) -> Take:
    """Drums and chords together."""
    beat, harmony = (make(bpm, meter, seconds, offset_s, seed) for make in (drums, chords))
    return Take((0.6 * beat.audio + 0.6 * harmony.audio).astype(np.float32), bpm, offset_s)


def pad(seconds: float, seed: int = 0) -> Audio:
    """Slow swells without a single attack."""
    rng = np.random.default_rng(seed)
    t = np.arange(round(seconds * RATE)) / RATE
    voices = [
        (0.6 + 0.4 * np.sin(2 * np.pi * rng.uniform(0.05, 0.2) * t + rng.uniform(0, 6)))
        * np.sin(2 * np.pi * hz * t + rng.uniform(0, 6))
        for hz in (110, 164.8, 220, 277.2)
    ]
    return np.stack([sum(voices), sum(voices[::-1])]).astype(np.float32) * 0.1


def _pulse(bpm: float, meter: Meter) -> tuple[float, int]:
    """Seconds of a pulse (quarter, or eighth in x/8) and pulses in a bar."""
    beats = min(1.0, 4 / meter.denominator)
    return 60 / bpm * beats, round(float(meter.beats_per_bar) / beats)


def _add(audio: np.ndarray, at_s: float, sound: np.ndarray) -> None:
    start = round(at_s * RATE)
    head = max(0, -start)
    stop = min(len(audio), start + len(sound))
    if stop > max(0, start):
        audio[max(0, start) : stop] += sound[head : stop - start]


def _stereo(audio: np.ndarray, seconds: float) -> Audio:
    audio = audio[: round(seconds * RATE)]
    return (0.8 / max(1e-9, np.abs(audio).max()) * np.stack([audio, audio])).astype(np.float32)


def _kick(level: float) -> np.ndarray:
    t = np.arange(round(0.25 * RATE)) / RATE
    return level * np.exp(-t / 0.06) * np.sin(2 * np.pi * (50 * t + 4 * (1 - np.exp(-t / 0.02))))


def _snare(rng: np.random.Generator, level: float) -> np.ndarray:
    t = np.arange(round(0.2 * RATE)) / RATE
    return (
        level
        * np.exp(-t / 0.05)
        * (rng.standard_normal(len(t)) * 0.5 + np.sin(2 * np.pi * 190 * t))
    )


def _hat(rng: np.random.Generator, level: float) -> np.ndarray:
    t = np.arange(round(0.06 * RATE)) / RATE
    return level * np.exp(-t / 0.015) * np.diff(rng.standard_normal(len(t) + 1))


@lru_cache(maxsize=256)
def _note(pitch: int, length_s: float, level: float, attack_s: float) -> np.ndarray:
    t = np.arange(round((length_s + 0.1) * RATE)) / RATE
    hz = 440 * 2 ** ((pitch - 69) / 12)
    shape = (
        np.minimum(t / attack_s, 1) * np.exp(-t / 0.8) * np.clip((length_s + 0.1 - t) / 0.1, 0, 1)
    )
    return level * shape * sum(np.sin(2 * np.pi * h * hz * t) / h**1.5 for h in range(1, 7))
