"""A small additive synthesizer: turns note lists into audio whose notes are known to the sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bridge.music import Note

RATE = 44100


@dataclass(frozen=True, slots=True)
class Timbre:
    """How one instrument sounds; times in seconds."""

    name: str
    partials: int = 12
    tilt: float = 1.2  # partial h has amplitude h ** -tilt
    odd: float = 1.0  # amplitude of the even partials (clarinets, square waves: near 0)
    inharmonicity: float = 0.0  # f_h = h f sqrt(1 + B h^2), as a stiff string
    attack: float = 0.004
    decay: float = 0.0  # time constant of a struck or plucked note; 0: sustained
    damping: float = 0.0  # how much faster each higher partial decays
    release: float = 0.06
    vibrato: float = 0.0  # semitones
    detune: float = 0.0  # semitones between two layers
    noise: float = 0.0  # breath


DEVELOPMENT = (
    Timbre("electric piano", 6, 1.8, decay=0.9, damping=0.4),
    Timbre("pluck", 14, 1.1, inharmonicity=1e-4, decay=0.45, damping=0.25),
    Timbre("organ", 8, 0.9, attack=0.01),
    Timbre("saw", 24, 1.0, attack=0.005, detune=0.06),
    Timbre("strings", 16, 1.2, attack=0.09, release=0.2, vibrato=0.1, detune=0.08),
)
HELD_OUT = (
    Timbre("piano", 18, 1.3, inharmonicity=4e-4, decay=1.1, damping=0.2, release=0.12),
    Timbre("marimba", 4, 2.2, decay=0.25, damping=0.8),
    Timbre("flute", 6, 1.9, attack=0.05, vibrato=0.2, noise=0.01),
    Timbre("square", 20, 1.0, odd=0.05),
    Timbre("pad", 10, 1.4, attack=0.12, release=0.4, detune=0.1),
)


def render(notes: Sequence[Note], bpm: float, timbre: Timbre, seed: int = 0) -> NDArray[np.float32]:
    """Play `notes` (beats at `bpm`); mono float32 [1, frames] at `RATE`, peak 0.5."""
    rng = np.random.default_rng(seed)
    beat_s = 60.0 / bpm
    end = max(n.start + n.length for n in notes) * beat_s + timbre.release + 0.3
    out = np.zeros(round(end * RATE))
    for note in notes:
        tone = _tone(timbre, note, beat_s, rng)
        at = round(note.start * beat_s * RATE)
        out[at : at + len(tone)] += tone[: len(out) - at]
    return (0.5 * out / np.max(np.abs(out)))[None].astype(np.float32)


def _tone(
    timbre: Timbre, note: Note, beat_s: float, rng: np.random.Generator
) -> NDArray[np.float64]:
    held = note.length * beat_s
    t = np.arange(round((held + timbre.release) * RATE)) / RATE
    base = 440.0 * 2.0 ** ((note.pitch - 69) / 12)
    wobble = np.zeros_like(t)
    if timbre.vibrato:
        wobble = timbre.vibrato * np.sin(2 * np.pi * 5.5 * t) * np.minimum(1, t / 0.25)
    layers = (-timbre.detune / 2, timbre.detune / 2) if timbre.detune else (0.0,)
    out = np.zeros_like(t)
    for layer in layers:
        phase = 2 * np.pi * np.cumsum(base * 2 ** ((layer + wobble) / 12)) / RATE
        for h in range(1, timbre.partials + 1):
            stretch = h * np.sqrt(1 + timbre.inharmonicity * h * h)
            if base * stretch > RATE / 2.3:
                break
            level = h**-timbre.tilt * (timbre.odd if h % 2 == 0 else 1.0)
            fade = 1.0
            if timbre.decay:
                # low strings ring longer than high ones
                tau = timbre.decay * (220 / base) ** 0.3 / (1 + timbre.damping * (h - 1))
                fade = np.exp(-t / tau)
            out += level * fade * np.sin(stretch * phase + rng.uniform(0, 2 * np.pi))
    if timbre.noise:
        out += timbre.noise * rng.standard_normal(len(t))
    out *= np.minimum(1, t / timbre.attack) * np.clip(
        (held + timbre.release - t) / timbre.release, 0, 1
    )
    return out * (note.velocity / 127) ** 1.5
