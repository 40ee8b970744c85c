"""Rendered music with known notes: what the networks learn from and what the benchmark judges by."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.music import Note
from bridge.transcribe.quantise import without_overlaps

from . import pieces, soundfont, synth

KITS = (0, 8, 16, 24, 25, 32, 40)  # the General MIDI kits
_UNPITCHED = (47, *range(96, 104))  # timpani, sound effects
_PROGRAMS = [p for p in range(112) if p not in _UNPITCHED]
_BASSES = (32, 33, 34, 35, 36, 37, 38, 39, 43, 58, 87)


@dataclass(frozen=True, slots=True)
class Clip:
    """Audio [1, frames] at `synth.RATE` with its notes in seconds: (start, end, pitch)."""

    instrument: str
    piece: str
    audio: NDArray[np.float32]
    notes: list[tuple[float, float, int]]


def in_seconds(notes: Sequence[Note], bpm: float) -> list[tuple[float, float, int]]:
    """Notes in beats as (start, end, pitch) in seconds."""
    return [(n.start * 60 / bpm, (n.start + n.length) * 60 / bpm, n.pitch) for n in notes]


def random_timbre(rng: random.Random) -> synth.Timbre:
    """Some instrument nobody built yet."""
    return synth.Timbre(
        "random", rng.randint(3, 24), rng.uniform(0.8, 2.2), odd=rng.choice((1, 1, 0.1, 0.4)),
        inharmonicity=rng.choice((0, 0, 1e-4, 4e-4)),
        attack=rng.choice((0.002, 0.005, 0.02, 0.06, 0.1)), decay=rng.choice((0, 0, 0.3, 0.6, 1.2)),
        damping=rng.uniform(0, 0.6), release=rng.choice((0.03, 0.1, 0.3)),
        vibrato=rng.choice((0, 0, 0.15)), detune=rng.choice((0, 0, 0.08)),
        noise=rng.choice((0, 0, 0.01)),
    )  # fmt: skip


def random_clip(seed: int, font: Path) -> Clip:
    """A few bars for one to three instruments, drawn from `seed`: what the notes network learns."""
    rng = random.Random(seed)
    piece = pieces.band(seed, bars=rng.choice((4, 5, 6)))
    groups = rng.choice(
        (
            (("lead",),), (("bass",),), (("chords",),), (("arpeggio",),), (("chords", "lead"),),
            (("bass", "chords", "lead", "arpeggio"),), (("bass",), ("chords",), ("lead",)),
            (("bass",), ("chords",), ("arpeggio",)),
        )
    )  # fmt: skip
    shift = rng.choice((-12, -5, 0, 0, 0, 4, 7, 12)) if len(groups) == 1 else 0
    layers: list[NDArray[np.float32]] = []
    truth: dict[tuple[float, int], tuple[float, float, int]] = {}
    for group in groups:
        held = rng.choice((0.5, 1.0, 1.0, 1.4))  # staccato to ringing on
        notes = without_overlaps(
            Note(n.start, n.length * held, n.pitch, n.velocity)
            for voice in group for n in pieces.shifted(piece.voices[voice], 0, shift)
        )  # fmt: skip
        if group != ("bass",) and rng.random() < 0.25:
            audio = synth.render(notes, piece.bpm, random_timbre(rng), seed)
        else:
            program = rng.choice(_BASSES if group == ("bass",) else _PROGRAMS)
            audio = soundfont.render(notes, piece.bpm, font, program)
        layers.append(audio * 10 ** (rng.uniform(-6, 0) / 20))
        for note in in_seconds(notes, piece.bpm):
            truth.setdefault((round(note[0], 3), note[2]), note)
    if rng.random() < 0.3:
        noise = np.random.default_rng(seed).standard_normal((1, max(a.shape[1] for a in layers)))
        layers.append((noise * 10 ** (rng.uniform(-75, -50) / 20)).astype(np.float32))
    return Clip("random", str(groups), _mixed(layers), sorted(truth.values()))


def drum_clip(seed: int, font: Path | None) -> Clip:
    """A drum part drawn from `seed`, by a kit of the sound font or by the test's own synthesizer."""
    rng = random.Random(seed)
    played, plain = pieces.drum_beat(seed, rng.choice((3, 4)))
    bpm = rng.uniform(70, 170)
    if font is None:
        audio = synth.render_drums(plain, bpm, seed)
    else:
        audio = soundfont.render(played, bpm, font, rng.choice(KITS), drums=True)
    return Clip("drums", str(seed), audio, in_seconds(plain, bpm))


def _mixed(layers: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    out = np.zeros((1, max(a.shape[1] for a in layers)), np.float32)
    for layer in layers:
        out[:, : layer.shape[1]] += layer
    return out * np.float32(0.7 / np.abs(out).max())
