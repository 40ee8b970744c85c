"""Bass lines, chord rhythms, pads and arpeggios: the parts that follow the chords."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ...music import Note
from .grid import Bar, Grid, Pulse
from .harmony import Chord, Span, nearest, voice

_FORCE = {"x": 88, "o": 62, "?": 60, "R": 100, "r": 72, "O": 92, "A": 84}
_BASS_SYMBOLS = "Rr3567FOA"


@dataclass(frozen=True, slots=True)
class Harmony:
    """The chords of a clip in time."""

    spans: tuple[Span, ...]

    def at(self, beat: float) -> Span:
        """The chord sounding at a beat (a hair early counts as the next)."""
        found = self.spans[0]
        for span in self.spans:
            if span.start <= beat + 0.02:
                found = span
        return found

    def after(self, span: Span) -> Chord:
        """The chord that follows one, round the end."""
        index = self.spans.index(span)
        return self.spans[(index + 1) % len(self.spans)].chord


def _bass_pitch(chord: Chord, symbol: str, low: int, high: int, following: Chord) -> int:
    """The note a bass symbol stands for, in the lowest comfortable place."""
    root = next(p for p in range(low, low + 12) if p % 12 == chord.root)
    if symbol in "3567F":
        tones = {(t - chord.root) % 12 for t in chord.tones}
        third = 3 if 3 in tones and 4 not in tones else 4
        fifth = 6 if 6 in tones and 7 not in tones else 7
        seventh = next((step for step in (10, 11) if (chord.root + step) % 12 in chord.scale), 10)
        sixth = next((step for step in (9, 8) if (chord.root + step) % 12 in chord.scale), 9)
        step = {"3": third, "5": fifth, "F": fifth, "6": sixth, "7": seventh}[symbol]
        pitch = root + step
        return pitch - 12 if symbol == "F" and pitch - 12 >= low else pitch
    if symbol == "O":
        return root + 12 if root + 12 <= high + 5 else root
    if symbol == "A":  # leads into the next root by a step of the scale, or half a step
        goal = nearest(following.root, root)
        below = [p for p in (goal - 2, goal - 1, goal + 2, goal + 1) if p % 12 in chord.scale]
        lead = min(below, key=lambda p: abs(p - root)) if below else goal
        return lead + 12 if lead < low else lead
    return root


def play_bass(
    rhythm: str, grid: Grid, harmony: Harmony, low: int, high: int, chance: random.Random
) -> list[Note]:
    """A bass line from a rhythm of symbols: R root, O octave, 3 5 6 7 steps of the chord, F the fifth
    below, A approach to the next root, - hold."""
    if rhythm == "walking":
        return _walk(grid, harmony, low, high, chance)
    notes: list[Note] = []
    for bar in grid.bars:
        for start, length, symbol, _pulse, step in grid.hits(rhythm, bar):
            span = harmony.at(start)
            until = span.start + span.length
            hold = min(start + length, until) - start
            symbol = symbol if symbol in _BASS_SYMBOLS else "R"
            pitch = _bass_pitch(span.chord, symbol, low, high, harmony.after(span))
            velocity = _FORCE.get(symbol, 90) + (4 if step == 0 else 0)
            gap = 0.94 if length > 0.3 else 0.85
            notes.append(Note(start, max(0.05, hold * gap), pitch, velocity))
    return notes


def _walk(grid: Grid, harmony: Harmony, low: int, high: int, chance: random.Random) -> list[Note]:
    """Walking bass: a root on every new chord, chord and scale tones between, a leading note last."""
    notes: list[Note] = []
    previous = (low + high) // 2
    pulses = [pulse for bar in grid.bars for pulse in bar.pulses]
    for number, pulse in enumerate(pulses):
        span = harmony.at(pulse.start)
        coming = pulses[(number + 1) % len(pulses)]
        changes = harmony.at(coming.start) is not span
        if pulse.start - span.start < 0.3:
            pitch = _near_in_range(span.chord.root, previous, low, high)
        elif changes:
            goal = _near_in_range(harmony.after(span).root, previous, low, high)
            choice = [goal - 1, goal + 1, goal + 2, goal - 2]
            pitch = chance.choice(
                [p for p in choice if low <= p <= high and p != previous] or [goal]
            )
        else:
            tones = span.chord.tones if pulse.number % 2 == 0 else span.chord.scale
            near = [
                p for p in range(low, high + 1) if p % 12 in tones and 0 < abs(p - previous) <= 5
            ]
            pitch = chance.choice(near or [previous])
        loud = 88 + (8 if pulse.strong else 0) + chance.randint(-4, 4)
        notes.append(Note(pulse.start, pulse.length * 0.93, pitch, loud))
        if chance.random() < 0.08:  # a skipped note on the off step
            off = grid.at(pulse, 2)
            notes[-1] = Note(pulse.start, (off - pulse.start) * 0.9, pitch, loud)
            notes.append(Note(off, (pulse.start + pulse.length - off) * 0.8, pitch, 70))
        previous = pitch
    return notes


def _near_in_range(pitch_class: int, around: int, low: int, high: int) -> int:
    near = [p for p in range(low, high + 1) if p % 12 == pitch_class]
    return min(near, key=lambda p: (abs(p - around), p))


def bass_under_kicks(
    kicks: Sequence[float], grid: Grid, harmony: Harmony, low: int, high: int, chance: random.Random
) -> list[Note]:
    """The long drum-machine bass: a note with every kick (and every new chord) until the next."""
    starts = sorted({*kicks, *(span.start for span in harmony.spans)})
    notes: list[Note] = []
    for start, until in zip(starts, [*starts[1:], grid.beats], strict=True):
        if until - start < 0.1:
            continue
        span = harmony.at(start)
        symbol = "O" if chance.random() < 0.08 and start > span.start else "R"
        pitch = _bass_pitch(span.chord, symbol, low, high, harmony.after(span))
        end = min(until, span.start + span.length if until > span.start + span.length else until)
        notes.append(Note(start, max(0.1, (end - start) * 0.97), pitch, 100))
    return notes


def voicings(harmony: Harmony, low: int, high: int, voices: int) -> list[tuple[int, ...]]:
    """One placing per chord, each near the one before, the last near the first."""
    made: list[tuple[int, ...]] = []
    cache: dict[tuple[Chord, tuple[int, ...] | None], tuple[int, ...]] = {}
    for span in harmony.spans:
        before = made[-1] if made else None
        if (span.chord, before) not in cache:
            cache[span.chord, before] = voice(span.chord, before, low, high, voices)
        made.append(cache[span.chord, before])
    return made


def play_chords(
    rhythm: str, grid: Grid, harmony: Harmony, placed: list[tuple[int, ...]], *, strum: float = 0.0
) -> list[Note]:
    """Chords in a rhythm ("hold": each as long as it lasts); `strum` beats between the strings."""
    notes: list[Note] = []
    if rhythm == "hold":
        for span, pitches in zip(harmony.spans, placed, strict=True):
            notes += _chord(pitches, span.start, span.length, 78, strum)
        return notes
    hit = 0
    for bar in grid.bars:
        for start, length, symbol, pulse, step in grid.hits(rhythm, bar):
            span = harmony.at(start)
            pitches = placed[harmony.spans.index(span)]
            hold = min(start + length, span.start + span.length) - start
            velocity = _FORCE.get(symbol, 88) + (6 if step == 0 and pulse.strong else 0)
            up = step % 2 == 1 or (strum > 0 and hit % 2 == 1)
            hit += 1
            order = pitches[::-1] if strum and up else pitches
            few = order[:3] if symbol == "o" else order
            notes += _chord(few, start, hold * (0.9 if length < 0.6 else 0.96), velocity, strum)
            if length > 1.3 and span.start + span.length < start + length - 0.3:
                # held over a change of chord: take the new one
                new = harmony.at(span.start + span.length + 0.03)
                rest = start + length - new.start
                notes += _chord(
                    placed[harmony.spans.index(new)], new.start, rest * 0.96, velocity - 6, strum
                )
    return notes


def _chord(
    pitches: Sequence[int], start: float, length: float, velocity: int, strum: float
) -> list[Note]:
    made = []
    for number, pitch in enumerate(pitches):
        late = number * strum
        made.append(
            Note(start + late, max(0.05, length - late), pitch, velocity - (number % 2) * 4)
        )
    return made


def play_power(
    rhythm: str, grid: Grid, harmony: Harmony, low: int, chance: random.Random
) -> list[Note]:
    """Root, fifth and octave on a distorted guitar: muted chugs unless held, accents where a bar begins."""
    notes: list[Note] = []
    for bar in grid.bars:
        for start, length, _symbol, pulse, step in grid.hits(rhythm, bar):
            span = harmony.at(start)
            root = next(p for p in range(low, low + 12) if p % 12 == span.chord.root)
            hold = min(start + length, span.start + span.length) - start
            velocity = 104 if pulse.strong and step == 0 else 86 + chance.randint(-4, 4)
            for pitch in (root, root + 7, root + 12):
                notes.append(Note(start, max(0.05, hold * 0.92), pitch, velocity))
    return notes


def play_arp(
    rhythm: str, grid: Grid, harmony: Harmony, placed: list[tuple[int, ...]], chance: random.Random
) -> list[Note]:
    """Broken chords: one note per hit, up, down, there and back, or in leaps."""
    way = chance.choice(("up", "down", "both", "leap"))
    width = chance.choice((0, 0, 12))
    notes: list[Note] = []
    count = 0
    before: Span | None = None
    for bar in grid.bars:
        for start, length, symbol, pulse, step in grid.hits(rhythm, bar):
            if symbol == "?" and chance.random() < 0.5:
                continue
            span = harmony.at(start)
            if span is not before:
                count, before = 0, span
            low_voices = placed[harmony.spans.index(span)]
            tones = [*low_voices, *([low_voices[0] + 12] if width else [])]
            pitch = _arp_pick(tones, count, way)
            count += 1
            velocity = 84 + (10 if step == 0 and pulse.strong else 0) - (8 if step % 2 else 0)
            notes.append(Note(start, max(0.05, length * 0.85), pitch, velocity))
    return notes


def _arp_pick(tones: Sequence[int], count: int, way: str) -> int:
    size = len(tones)
    if way == "up":
        return tones[count % size]
    if way == "down":
        return tones[-1 - count % size]
    if way == "leap":
        return tones[(0, 2, 1, size - 1, 2, 1, size - 1, 1)[count % 8] % size]
    turn = count % max(1, 2 * size - 2)
    return tones[turn if turn < size else 2 * size - 2 - turn]


def pulses_of(grid: Grid) -> list[tuple[Bar, Pulse]]:
    """Every pulse with its bar."""
    return [(bar, pulse) for bar in grid.bars for pulse in bar.pulses]
