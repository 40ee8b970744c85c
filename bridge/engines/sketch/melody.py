"""Melodies: a motif of one bar, repeated and varied over a phrase, singing chord tones on the beat."""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

from ...music import Note
from .grid import Bar, Grid
from .lines import Harmony

# A rhythm: (pulse number, step, strength) of every onset in a bar; strength 2 begins a group, 1 a pulse.
Rhythm = tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, slots=True)
class Voice:
    """How a tune is sung: its range, how many notes, how syncopated, riff (short, with rests) or not."""

    low: int
    high: int
    density: float  # 0..1
    offbeat: float  # 0..1
    riff: bool


def _rhythm(bar: Bar, voice: Voice, chance: random.Random, ending: bool) -> Rhythm:
    """Onsets of one bar by weight: group starts, pulses, off eighths, off sixteenths."""
    found: list[tuple[int, int, int]] = []
    for pulse in bar.pulses:
        if ending and pulse.number > len(bar.pulses) // 2:
            break  # a phrase breathes out
        strength = 2 if pulse.strong else 1
        weights = {
            0: (0.95 if strength == 2 else 0.55) - 0.3 * voice.offbeat * (pulse.number > 0),
            2: 0.2 + 0.55 * voice.offbeat,
            3: 0.3 * voice.offbeat * voice.density,
            1: 0.12 * voice.offbeat * voice.density,
        }
        for step in (0, 1, 2, 3):
            if pulse.length < 0.6 and step:
                continue
            wish = weights[step] * (0.45 + 1.1 * voice.density)
            if voice.riff and pulse.number >= max(2, len(bar.pulses) - 1):
                wish *= 0.3
            if chance.random() < wish:
                found.append((pulse.number, step, strength if step == 0 else 0))
    if not found:
        found = [(0, 0, 2)]
    return tuple(found)


def play_melody(grid: Grid, harmony: Harmony, voice: Voice, chance: random.Random) -> list[Note]:
    """A tune over all bars: rhythms A A' B C per four bars, the last one long and coming to rest."""
    full = grid.bars[0]
    motif_a = _rhythm(full, voice, chance, False)
    motif_b = _rhythm(full, voice, chance, False)
    rest = _rhythm(full, voice, chance, True)
    middle = (voice.low + voice.high) / 2
    previous = harmony.spans[0].chord.tones[chance.choice((0, 1, 2))]
    previous += 12 * round((middle - previous) / 12)
    shape = [chance.choice((-1, 0, 1, 2)) for _ in range(4)]
    memory: dict[tuple[str, int], int] = {}
    notes: list[Note] = []
    for bar in grid.bars:
        place = bar.index % 4 if len(grid.bars) > 2 else bar.index * 3
        letter, rhythm = {0: ("a", motif_a), 1: ("a", motif_a), 2: ("b", motif_b)}.get(
            place, ("c", rest)
        )
        if bar.index % 8 == 5:
            letter, rhythm = "b", motif_b
        by_number = {pulse.number: pulse for pulse in bar.pulses}
        onsets = [(grid.at(by_number[n], s), k) for n, s, k in rhythm if n in by_number]
        for number, (start, strength) in enumerate(onsets):
            final = place == 3 and number == len(onsets) - 1
            until = onsets[number + 1][0] if number + 1 < len(onsets) else bar.start + bar.length
            goal = middle + 2.2 * shape[place % 4] + 3 * math.sin(math.pi * number / len(onsets))
            long = until - start >= 0.9 or strength > 0 or final
            pitch = _choose(
                harmony, start, previous, goal, long, memory.get((letter, number)), voice, chance
            )
            memory.setdefault((letter, number), pitch - previous)
            length = (until - start) * (0.92 if not voice.riff else 0.7)
            length = min(length, 3.0 if final else 2.0)
            velocity = 84 + 8 * (strength == 2) + round(pitch - middle) // 2
            notes.append(Note(start, max(0.08, length), pitch, velocity))
            previous = pitch
    return notes


def _choose(
    harmony: Harmony, start: float, previous: int, goal: float, long: bool, remembered: int | None,
    voice: Voice, chance: random.Random,
) -> int:  # fmt: skip
    """The next note: near, in the scale, towards the goal; a chord tone where it is long or strong."""
    chord = harmony.at(start).chord
    allowed = chord.tones[:4] if long else chord.scale
    best, best_score = previous, -math.inf
    for pitch in range(max(voice.low, previous - 9), min(voice.high, previous + 9) + 1):
        if pitch % 12 not in allowed and pitch % 12 not in chord.tones:
            continue
        leap = abs(pitch - previous)
        score = (
            -0.16 * abs(pitch - goal)
            - (0.7 if leap == 0 else 0.05 * leap)
            - (1.2 if leap > 5 else 0)
        )
        if pitch % 12 in chord.tones:
            score += 0.5
        if remembered is not None:
            score -= 0.22 * abs((pitch - previous) - remembered)
        score += chance.gauss(0, 0.45)
        if score > best_score:
            best, best_score = pitch, score
    return best


def clear_of(notes: Sequence[Note], held: Sequence[Note]) -> list[Note]:
    """Move or shorten melody notes that rub a half step against a long note of the accompaniment."""
    made: list[Note] = []
    for note in notes:
        rubbing = [
            other
            for other in held
            if abs(other.pitch - note.pitch) == 1
            and min(note.start + note.length, other.start + other.length)
            - max(note.start, other.start)
            > 0.3
        ]
        if rubbing:  # sing the note of the chord itself
            note = Note(note.start, note.length, rubbing[0].pitch, note.velocity, note.channel)
        made.append(note)
    return made
