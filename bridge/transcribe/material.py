"""What kind of audio it is, decided by measuring: drums, one voice, or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .decode import Floats, Heard
from .model import FRAME_S, Posteriors

# Mean, over the loud frames, of the network's belief in its likeliest key. Measured on rendered
# music: 0.16..0.32 for drum kits, 0.33 and more for everything with a pitch; where it leaves a doubt
# it must also be notes that fill the time: a third of it and more in music, a tenth in drums.
TONAL_FROM = 0.3
SURELY_TONAL_FROM = 0.4
FILLED_FROM = 0.25
# Share of the notes that sound together with another one: below this it is one voice. Measured on
# rendered music: up to 0.47 for single lines with long releases, 0.7 and more for chords and duets.
VOICES_FROM = 0.4
_LOUD_DB = -40.0
_SURE = 0.6  # notes less sure than this do not count: they may be partials
_TOGETHER = 0.5  # share of the shorter note's length that makes two notes sound together


@dataclass(frozen=True, slots=True)
class Signs:
    """What was measured, each 0..1: how tonal, how much of the time has notes, how many overlap."""

    tonal: float
    filled: float
    overlap: float

    def kind(self) -> str:
        """drums, mono or poly."""
        doubtful = self.tonal < SURELY_TONAL_FROM and self.filled < FILLED_FROM
        if self.tonal < TONAL_FROM or doubtful:
            return "drums"
        return "mono" if self.overlap < VOICES_FROM else "poly"


def tonal(heard: Posteriors, levels: Floats) -> float:
    """How strongly the network believes in some key where the audio is loud, 0..1."""
    loud = levels[: len(heard.note)].max(axis=1, initial=-200.0) > _LOUD_DB
    return float(heard.note[loud].max(axis=1).mean()) if loud.any() else 0.0


def filled(notes: Sequence[Heard], heard: Posteriors) -> float:
    """Share of the time in which some note sounds."""
    sounding = np.zeros(len(heard.note), np.bool_)
    for note in notes:
        sounding[round(note.start_s / FRAME_S) : round(note.end_s / FRAME_S)] = True
    return float(sounding.mean())


def overlap(notes: Sequence[Heard]) -> float:
    """Share of the sure notes that sound together with another for half its length or longer."""
    sure = [n for n in notes if n.sure >= _SURE]
    together = [False] * len(sure)
    for i, one in enumerate(sure):
        for j in range(i + 1, len(sure)):
            other = sure[j]
            if other.start_s >= one.end_s:
                break
            shared = min(one.end_s, other.end_s) - other.start_s
            shorter = min(one.end_s - one.start_s, other.end_s - other.start_s)
            if shared > _TOGETHER * shorter:
                together[i] = together[j] = True
    return sum(together) / len(sure) if sure else 0.0
