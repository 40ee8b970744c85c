"""The time grid of a clip: bars, pulses grouped as the meter wants, and swung steps inside a pulse."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from ...music import Meter

STEPS = 4  # steps in a pulse of any length
# Steps of a pulse made of three units (dotted quarter of 12/8, the last group of 7/8).
_COMPOUND_STEPS = (0.0, 1 / 3, 2 / 3, 5 / 6)
# Which quarter of a four-beat pattern each pulse of a bar with n pulses plays, so that the bar
# begins with the pattern's first beat and ends with its last (the second backbeat).
_FOUR_CELLS = {
    1: (0,), 2: (0, 1), 3: (0, 2, 3), 4: (0, 1, 2, 3), 5: (0, 1, 2, 0, 3),
    6: (0, 1, 2, 3, 2, 3), 7: (0, 1, 2, 3, 0, 2, 3),
}  # fmt: skip
_THREE_CELLS = {1: (0,), 2: (0, 1), 4: (0, 1, 0, 1), 5: (0, 1, 2, 0, 1), 7: (0, 1, 0, 1, 0, 1, 2)}


@dataclass(frozen=True, slots=True)
class Pulse:
    """One counted beat of a bar: start and length in quarter notes from the start of the clip."""

    start: float
    length: float
    number: int
    compound: bool  # made of three units instead of two or four
    strong: bool  # first of its accent group


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar; the last one may be cut short by the end of the clip."""

    index: int
    start: float
    length: float
    pulses: tuple[Pulse, ...]


@dataclass(frozen=True, slots=True)
class Swing:
    """How late the off steps come: `amount` 0 is straight, 1 is triplets, on 8ths or 16ths."""

    unit: int = 8
    amount: float = 0.0


@dataclass(frozen=True, slots=True)
class Grid:
    """All bars of a clip of `beats` quarter notes."""

    beats: float
    bpm: float
    bars: tuple[Bar, ...]
    swing: Swing

    def at(self, pulse: Pulse, step: float) -> float:
        """Position in beats of a step (0..4) of a pulse, swung."""
        phase = step / STEPS
        if pulse.compound:
            whole = min(int(step), STEPS - 1)
            after = _COMPOUND_STEPS[whole + 1] if whole + 1 < STEPS else 1.0
            phase = _COMPOUND_STEPS[whole] + (step - whole) * (after - _COMPOUND_STEPS[whole])
        elif self.swing.unit == 8:
            phase = _swung(phase, self.swing.amount)
        else:
            phase = (int(phase * 2) + _swung(phase * 2 % 1, self.swing.amount)) / 2
        return pulse.start + phase * pulse.length

    def hits(self, pattern: str, bar: Bar) -> Iterator[tuple[float, float, str, Pulse, int]]:
        """Every sounding step of a pattern in a bar: (start, length, symbol, pulse, step).

        A pattern is cells of four steps parted by blanks, one per beat of the bar it was written
        for; `.` is silence and `-` holds the note before it, which `length` (beats) includes.
        Eight cells are a pattern of two bars.
        """
        found: tuple[float, str, Pulse, int] | None = None
        for pulse, cell in zip(bar.pulses, cells_for(pattern, bar), strict=True):
            for step, symbol in enumerate(cell):
                if symbol == "-" or (pulse.length < 0.6 and step % 2 and symbol == "."):
                    continue
                start = self.at(pulse, step)
                if found:
                    yield found[0], start - found[0], found[1], found[2], found[3]
                found = (start, symbol, pulse, step) if symbol != "." else None
        if found:
            end = bar.start + bar.length
            yield found[0], end - found[0], found[1], found[2], found[3]

    def near(self, ms: float) -> float:
        """`ms` milliseconds in beats."""
        return ms / 60000 * self.bpm


def _swung(phase: float, amount: float) -> float:
    """Phase 0..1 of a pair of steps with its middle moved from 1/2 towards 2/3."""
    middle = 0.5 + amount / 6
    if phase < 0.5:
        return phase * 2 * middle
    return middle + (phase - 0.5) * 2 * (1 - middle)


def cells_for(pattern: str, bar: Bar) -> list[str]:
    """The cell of a pattern that each pulse of this bar plays."""
    cells = pattern.split()
    if len(cells) == 1:
        return cells * len(bar.pulses)
    if len(cells) == 8 and len(bar.pulses) != 8:
        cells = cells[4:] if bar.index % 2 else cells[:4]
    count, size = len(bar.pulses), len(cells)
    table = _THREE_CELLS if size == 3 else _FOUR_CELLS
    if count == 2 and size == 4 and bar.index % 2:
        return cells[2:]  # two bars of 2/4 make one pattern
    if count in table and size != count:
        return [cells[number % size] for number in table[count]]
    return [cells[number % size] for number in range(count)]


def pulse_lengths(meter: Meter) -> list[tuple[Fraction, bool, bool]]:
    """Pulses of one bar as (beats, made of three units, strong), accents grouped as usual.

    Quarter and longer units count in quarters (5/4 = 3+2, 7/4 = 4+3); shorter units in groups of
    three when they divide evenly (12/8 = 4 x 3), else in twos with a three last (7/8 = 2+2+3).
    """
    unit = Fraction(4, meter.denominator)
    if unit >= 1:
        count = int(meter.numerator * unit)
        group = {3: 3, 5: 3, 6: 3, 7: 4, 9: 3}.get(count, 4 if count % 4 == 0 else 2)
        return [(Fraction(1), False, number % group == 0) for number in range(count)]
    if meter.numerator % 3 == 0:
        return [(unit * 3, True, number == 0) for number in range(meter.numerator // 3)]
    if meter.numerator == 1:
        return [(unit, False, True)]
    size = 4 if unit == Fraction(1, 4) and meter.numerator % 4 == 0 else 2
    count = meter.numerator // size
    pulses = [(unit * size, False, number == 0) for number in range(count)]
    if meter.numerator % 2:
        pulses[-1] = (unit * 3, True, True)
    return pulses


def make_grid(
    beats: Fraction, bpm: float, meter: Meter, *, swing: Swing, double: bool, waltz: bool
) -> Grid:
    """Lay out the bars of a clip.

    `double` plays each quarter as two pulses (a fast style at half its tempo). `waltz` counts
    in threes: in a meter of two, four or eight quarters each pair becomes three pulses.
    """
    lengths = pulse_lengths(meter)
    if waltz and len(lengths) in (2, 4, 8) and all(one[0] == 1 for one in lengths):
        third = Fraction(2, 3)
        lengths = [(third, False, n % 3 == 0) for n in range(len(lengths) // 2 * 3)]
    elif double and all(one[0] == 1 for one in lengths):
        lengths = [(Fraction(1, 2), False, n % 2 == 0) for n in range(len(lengths) * 2)]
    # A bar shorter than a beat is no place for a pattern: several make one.
    while sum(one[0] for one in lengths) < 1:
        lengths = lengths * 2
    bars: list[Bar] = []
    start = Fraction(0)
    while start < beats:
        bars.append(_bar(len(bars), start, beats, lengths))
        start += sum((one[0] for one in lengths), Fraction(0))
    return Grid(float(beats), bpm, tuple(bars), swing)


def _bar(
    index: int, start: Fraction, end: Fraction, lengths: list[tuple[Fraction, bool, bool]]
) -> Bar:
    pulses: list[Pulse] = []
    at = start
    for number, (length, compound, strong) in enumerate(lengths):
        if at < end:
            pulses.append(Pulse(float(at), float(length), number, compound, strong))
        at += length
    return Bar(index, float(start), float(min(at, end) - start), tuple(pulses))
