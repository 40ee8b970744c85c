"""What kind of audio it is, decided by measuring: drums, one voice, or several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .decode import Floats, Heard
from .model import Posteriors

# Mean, over the loud frames, of the network's belief in its likeliest key. Measured on rendered
# music: 0.16..0.28 for drum kits, 0.33 and more for everything with a pitch.
TONAL_FROM = 0.3
# Share of the notes that sound together with another one: below this it is one voice. Measured on
# rendered music: up to 0.47 for single lines with long releases, 0.7 and more for chords and duets.
VOICES_FROM = 0.4
_LOUD_DB = -40.0
_SURE = 0.6  # notes less sure than this do not count: they may be partials
_TOGETHER = 0.5  # share of the shorter note's length that makes two notes sound together


@dataclass(frozen=True, slots=True)
class Signs:
    """What was measured: how tonal the audio is, and the share of its notes that overlap."""

    tonal: float
    overlap: float

    def kind(self) -> str:
        """drums, mono or poly."""
        if self.tonal < TONAL_FROM:
            return "drums"
        return "mono" if self.overlap < VOICES_FROM else "poly"


def tonal(heard: Posteriors, levels: Floats) -> float:
    """How strongly the network believes in some key where the audio is loud, 0..1."""
    loud = levels[: len(heard.note)].max(axis=1, initial=-200.0) > _LOUD_DB
    return float(heard.note[loud].max(axis=1).mean()) if loud.any() else 0.0


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
