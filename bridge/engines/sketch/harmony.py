"""Keys, chords and voice leading: from scale degrees to the notes a player holds down."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from ...music import Key

SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
}
# What stands in for a degree whose triad is diminished or augmented in a mode.
_STAND_IN = {1: 1, 2: 4, 3: 5, 4: 6, 5: 3, 6: 4, 7: 5}


@dataclass(frozen=True, slots=True)
class Chord:
    """Pitch classes of one chord and of the scale to play over it; `root` 0..11."""

    degree: int
    root: int
    tones: tuple[int, ...]  # pitch classes, root first, then third, fifth ...
    scale: tuple[int, ...]  # pitch classes

    @property
    def name(self) -> str:
        """Root and quality as musicians write them: "Am7", "Fmaj7", "G"."""
        steps = [(tone - self.root) % 12 for tone in self.tones]
        third = "m" if 3 in steps and 4 not in steps else ""
        fifth = "b5" if 6 in steps and 7 not in steps else ""
        if 11 in steps:
            seventh = "maj7"
        elif 10 in steps:
            seventh = "7"
        else:
            seventh = "6" if 9 in steps else ""
        ninth = "(9)" if 2 in steps and 3 in (len(steps) - 1, 3) and len(steps) > 3 else ""
        names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
        return f"{names[self.root]}{third}{seventh}{ninth}{fifth}"


@dataclass(frozen=True, slots=True)
class Span:
    """A chord and when it sounds, in beats."""

    start: float
    length: float
    chord: Chord


def is_minor(key: Key) -> bool:
    """True when the key's third is small."""
    return SCALES[key.mode][2] == 3


def make_chord(key: Key, degree: int, size: int, *, dominant: bool, blues: bool = False) -> Chord:
    """Chord on a degree (1..7) of a key: 3 triad, 4 seventh, 5 with a ninth where it does not clash.

    `dominant` raises the leading note over degree 5 of minor keys. `blues` makes every chord a
    dominant seventh, as the blues does. A diminished triad gives way to a related degree unless
    the chord is a seventh chord (half-diminished is a colour of its own).
    """
    scale = list(SCALES[key.mode])
    if dominant and degree == 5 and is_minor(key):
        scale[6] = 11
    if blues:
        return _blues_chord(key, degree, scale)
    steps = _stack(scale, degree)
    if steps[2] != 7 and (size < 4 or steps[2] == 8 or key.mode == "locrian"):
        for _ in range(4):
            degree = _STAND_IN[degree]
            steps = _stack(scale, degree)
            if steps[2] == 7:
                break
    root = (key.tonic + scale[degree - 1]) % 12
    wanted = [0, steps[1], steps[2]]
    if size >= 4:
        wanted.append(steps[3])
    if size >= 5 and steps[4] == 14:
        wanted.append(2)
    tones = tuple((root + step) % 12 for step in wanted)
    return Chord(degree, root, tones, tuple(sorted((key.tonic + step) % 12 for step in scale)))


def _stack(scale: list[int], degree: int) -> list[int]:
    """Thirds piled on a degree, in semitones above its root: third, fifth, seventh, ninth."""
    first = degree - 1
    heights = [scale[(first + 2 * n) % 7] + 12 * ((first + 2 * n) // 7) for n in range(5)]
    return [height - heights[0] for height in heights]


def _blues_chord(key: Key, degree: int, scale: list[int]) -> Chord:
    root = (key.tonic + scale[degree - 1]) % 12
    third = 3 if is_minor(key) and degree != 5 else 4
    tones = tuple((root + step) % 12 for step in (0, third, 7, 10))
    blue = (0, 3, 5, 7, 10) if is_minor(key) else (0, 2, 4, 7, 9)
    return Chord(degree, root, tones, tuple(sorted((key.tonic + step) % 12 for step in blue)))


def voice(
    chord: Chord, before: tuple[int, ...] | None, low: int, high: int, voices: int
) -> tuple[int, ...]:
    """The placing of a chord between two pitches that moves least from the one before.

    Every placing of the chord's tones is scored: movement, clusters, mud below, distance from the
    middle. Returns ascending MIDI pitches.
    """
    best: tuple[float, tuple[int, ...]] | None = None
    middle = (low + high) / 2
    for tones in _worth_playing(chord.tones, voices):
        places = [[p for p in range(low, high + 1) if p % 12 == tone] for tone in tones]
        for choice in product(*places):
            pitches = tuple(sorted(choice))
            score = _placing_cost(pitches, before, middle)
            if best is None or (score, pitches) < best:
                best = (score, pitches)
    return best[1] if best else ()


def _worth_playing(tones: tuple[int, ...], voices: int) -> list[tuple[int, ...]]:
    """Which tones to play with few voices: a pure fifth says least, and the bass has the root."""
    if len(tones) <= voices:
        return [tones]
    if len(tones) == 5 and voices == 4:
        return [tones[:2] + tones[3:], tones[1:]]
    if len(tones) == 4 and voices == 3:
        return [(tones[0], tones[1], tones[3])]
    return [(tones[1], *tones[3:])[:voices]]


def _placing_cost(pitches: tuple[int, ...], before: tuple[int, ...] | None, middle: float) -> float:
    cost = abs(sum(pitches) / len(pitches) - middle) * 0.45
    gaps = [b - a for a, b in zip(pitches, pitches[1:], strict=False)]
    cost += sum(12.0 for gap in gaps if gap == 1) + sum(0.8 for gap in gaps if gap == 2)
    cost += sum(3.0 for gap in gaps if gap > 9) + max(0, pitches[-1] - pitches[0] - 16) * 0.8
    if pitches[0] < 52 and gaps and gaps[0] < 5:
        cost += 3.0
    if before:
        shared = list(zip(pitches, before, strict=False))
        moves = [abs(a - b) for a, b in shared]
        cost += sum(moves) + max(moves) * 0.5 + abs(pitches[-1] - before[-1]) * 0.4
    return cost


def nearest(pitch_class: int, around: float) -> int:
    """The pitch of a class closest to a MIDI pitch."""
    base = int(around) - (int(around) - pitch_class) % 12
    return base if around - base <= base + 12 - around else base + 12
