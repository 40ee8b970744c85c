"""One note at a time: of notes that cannot have been played together the surer ones stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from .decode import Heard

_CHORD_S = 0.06  # notes that start closer than this would be a chord
_LEAST_S = 0.03  # a note that is cut shorter than this was none


def one_voice(notes: Sequence[Heard]) -> list[Heard]:
    """The best single line through `notes` (sorted by start); each note ends where the next starts."""
    kept: list[Heard] = []
    for note in sorted(notes, key=lambda n: -n.sure):
        if all(abs(note.start_s - other.start_s) >= _CHORD_S for other in kept):
            kept.append(note)
    kept.sort(key=lambda n: n.start_s)
    line = [
        replace(note, end_s=min(note.end_s, following.start_s))
        for note, following in zip(kept, kept[1:], strict=False)
    ] + kept[-1:]
    return [note for note in line if note.end_s - note.start_s >= _LEAST_S]
