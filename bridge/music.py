"""Musical values that travel through the bridge: meter, bars, keys, notes, and their arithmetic."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction

from .errors import BridgeError

MIN_BPM, MAX_BPM = 20.0, 400.0
MAX_NUMERATOR = 32
DENOMINATORS = (1, 2, 4, 8, 16, 32)

_NOTE_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
MODES = (
    "major", "minor", "dorian", "phrygian", "lydian", "mixolydian", "locrian", "harmonic minor",
    "melodic minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Meter:
    """A time signature; one beat everywhere in the bridge is a quarter note."""

    numerator: int
    denominator: int

    @property
    def beats_per_bar(self) -> Fraction:
        """Quarter notes in one bar, exact."""
        return Fraction(self.numerator * 4, self.denominator)

    def __str__(self) -> str:
        return f"{self.numerator}/{self.denominator}"


def parse_meter(text: str) -> Meter:
    """Read "7/8"; raise `out-of-range` for a meter no DAW has."""
    match = re.fullmatch(r"\s*(\d{1,4})\s*/\s*(\d{1,4})\s*", text)
    if not match:
        raise BridgeError("bad-request", f'meter must look like "4/4" or "7/8", got "{text[:40]}"')
    numerator, denominator = int(match[1]), int(match[2])
    if not 1 <= numerator <= MAX_NUMERATOR or denominator not in DENOMINATORS:
        raise BridgeError(
            "out-of-range",
            f"meter must have 1..{MAX_NUMERATOR} over 1, 2, 4, 8, 16 or 32, got {text.strip()}",
        )
    return Meter(numerator, denominator)


@dataclass(frozen=True, slots=True)
class Key:
    """A tonic (0 = C .. 11 = B) and one of `MODES`."""

    tonic: int
    mode: str

    def __str__(self) -> str:
        names = ("C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B")
        return f"{names[self.tonic]} {self.mode}"


def parse_key(text: str) -> Key | None:
    """Read "A minor", "F#m", "Bb", "C# dorian"; "" means no key was asked for."""
    if not text.strip():
        return None
    match = re.fullmatch(r"\s*([A-Ga-g])\s*([#♯b♭]|sharp|flat|)\s*[- ]?\s*([A-Za-z ]*)\s*", text)
    if match:
        step = _NOTE_STEPS[match[1].upper()]
        step += {"#": 1, "♯": 1, "sharp": 1, "b": -1, "♭": -1, "flat": -1}.get(match[2], 0)
        word = match[3].strip()
        mode = {"": "major", "M": "major", "m": "minor", "Maj": "major"}.get(word, word.lower())
        mode = {"maj": "major", "min": "minor", "aeolian": "minor", "ionian": "major"}.get(
            mode, mode
        )
        if mode in MODES:
            return Key(step % 12, mode)
    raise BridgeError(
        "out-of-range",
        f'key must be a note and a mode such as "A minor" or "F# dorian", got "{text[:40]}"',
    )


def length_beats(bars: float, meter: Meter) -> Fraction:
    """Quarter notes in `bars` bars of `meter`, exact."""
    return Fraction(str(bars)) * meter.beats_per_bar


def exact_frames(beats: Fraction | float, bpm: float, sample_rate: int) -> int:
    """Samples per channel of `beats` quarter notes: `round(beats * 60 / bpm * sample_rate)`.

    Computed in fractions so that no meter, tempo or rate lands on the wrong side of a half sample;
    halves round to even as Python's `round` does.
    """
    exact_beats = beats if isinstance(beats, Fraction) else Fraction(str(beats))
    return round(exact_beats * 60 * sample_rate / Fraction(str(bpm)))


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note: start and length in beats, MIDI pitch 0..127, velocity 1..127, channel 0..15."""

    start: float
    length: float
    pitch: int
    velocity: int
    channel: int = 0
