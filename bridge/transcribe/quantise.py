"""Snaps notes to the grid of the bar: starts to the nearest line, lengths to whole steps."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from ..errors import BridgeError
from ..music import Meter, Note

# name -> beats between two lines of the grid (a beat is a quarter note)
GRIDS: dict[str, Fraction | None] = {
    "off": None,
    "1/4": Fraction(1),
    "1/8": Fraction(1, 2),
    "1/16": Fraction(1, 4),
    "1/8t": Fraction(1, 3),
    "1/16t": Fraction(1, 6),
}


def grid_step(name: str) -> Fraction | None:
    """Beats of a grid's step, None for "off"; `out-of-range` for a grid that does not exist."""
    if name not in GRIDS:
        raise BridgeError(
            "out-of-range", f'quantize must be one of {", ".join(GRIDS)}, got "{name}"'
        )
    return GRIDS[name]


def quantise(notes: Iterable[Note], meter: Meter, name: str) -> list[Note]:
    """The same notes on the grid `name`, sorted; the grid starts anew at every bar line.

    A note is at least one step long. Of notes that fall on one line of one key the loudest stays;
    a note that reaches into the next one on its key ends there.
    """
    step = grid_step(name)
    if step is None:
        return sorted(notes)
    snapped: dict[tuple[Fraction, int, int], Note] = {}
    for note in notes:
        start = _nearest_line(note.start, meter, step)
        end = _nearest_line(note.start + note.length, meter, step)
        if end <= start:
            end = _line_after(start, meter, step)
        moved = Note(float(start), float(end - start), note.pitch, note.velocity, note.channel)
        place = (start, note.pitch, note.channel)
        held = snapped.get(place)
        if held is None or held.velocity < moved.velocity:
            snapped[place] = moved
    return without_overlaps(snapped.values())


def without_overlaps(notes: Iterable[Note]) -> list[Note]:
    """Sorted notes; a key that is struck again while it sounds is let go just then."""
    kept: list[Note] = []
    following: dict[tuple[int, int], float] = {}
    for note in sorted(notes, reverse=True):
        key = (note.pitch, note.channel)
        length = min(note.length, following.get(key, float("inf")) - note.start)
        if length > 0:
            kept.append(Note(note.start, length, note.pitch, note.velocity, note.channel))
            following[key] = note.start
    return kept[::-1]


def _nearest_line(beats: float, meter: Meter, step: Fraction) -> Fraction:
    """The line nearest to a position; also the bar line, where the step does not divide the bar."""
    bar = meter.beats_per_bar
    start = bar * int(Fraction(beats) // bar)
    inside = Fraction(beats) - start
    line = step * round(inside / step)
    if abs(bar - inside) <= abs(line - inside):
        line = bar
    return start + min(line, bar)


def _line_after(line: Fraction, meter: Meter, step: Fraction) -> Fraction:
    bar = meter.beats_per_bar
    bar_end = bar * (line // bar + 1)
    return min(line + step, bar_end)
