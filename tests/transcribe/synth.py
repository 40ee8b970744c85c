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


def render_drums(notes: Sequence[Note], bpm: float, seed: int = 0) -> NDArray[np.float32]:
    """Play a drum part (keys of `pieces.DRUM_KEYS`) on a kit drawn from `seed`; mono [1, frames]."""
    kit = np.random.default_rng(seed)
    kick_hz, snare_hz, tom_hz = kit.uniform(45, 65), kit.uniform(160, 240), kit.uniform(80, 120)
    # key: (tone in Hz, its fall, its decay in s, noise level, noise band in Hz, noise decay in s)
    drums: dict[int, tuple[float, float, float, float, tuple[float, float], float]] = {
        36: (kick_hz, 2.5, kit.uniform(0.08, 0.25), 0.1, (1000, 5000), 0.006),
        38: (snare_hz, 0.4, 0.06, kit.uniform(0.6, 1.2), (900, 9000), kit.uniform(0.06, 0.15)),
        42: (0, 0, 0.1, 0.5, (6000, 16000), kit.uniform(0.02, 0.05)),
        46: (0, 0, 0.1, 0.5, (5000, 16000), kit.uniform(0.2, 0.4)),
        45: (tom_hz, 0.6, kit.uniform(0.15, 0.3), 0.05, (500, 3000), 0.03),
        50: (tom_hz * kit.uniform(1.6, 2.2), 0.5, kit.uniform(0.12, 0.25), 0.05, (500, 3000), 0.03),
        49: (0, 0, 0.1, 0.8, (2500, 16000), kit.uniform(0.6, 1.2)),
        51: (kit.uniform(3000, 4500), 0, 0.25, 0.2, (4000, 14000), kit.uniform(0.15, 0.3)),
    }
    beat_s = 60.0 / bpm
    out = np.zeros(round((max(n.start for n in notes) * beat_s + 2.0) * RATE))
    t = np.arange(round(1.8 * RATE)) / RATE
    noise_rng = np.random.default_rng(seed + 1)
    for note in notes:
        hz, fall, decay, level, band, noise_decay = drums[note.pitch]
        sound = np.zeros_like(t)
        if hz:
            swept = hz * (1 + fall * np.exp(-t / 0.02))
            sound += np.sin(2 * np.pi * np.cumsum(swept) / RATE) * np.exp(-t / decay)
        sound += level * _band_noise(noise_rng, len(t), band) * np.exp(-t / noise_decay)
        at = round(note.start * beat_s * RATE)
        sound *= (note.velocity / 127) ** 1.5
        out[at : at + len(t)] += sound[: len(out) - at]
    return (0.5 * out / np.max(np.abs(out)))[None].astype(np.float32)


def _band_noise(
    rng: np.random.Generator, length: int, band: tuple[float, float]
) -> NDArray[np.float64]:
    spectrum = np.fft.rfft(rng.standard_normal(length))
    hz = np.fft.rfftfreq(length, 1 / RATE)
    spectrum[(hz < band[0]) | (hz > band[1])] = 0
    noise = np.fft.irfft(spectrum, length)
    return np.asarray(noise / np.std(noise) / 3)
