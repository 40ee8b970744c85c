"""What a style is, and the table of all styles with the words that call them."""

from __future__ import annotations

from dataclasses import dataclass, field

from .grid import Swing


@dataclass(frozen=True, slots=True)
class Seat:
    """A player of a style: what it does, with which sound, and the rhythms it may choose from.

    Rhythms are patterns as `Grid.hits` reads them; `rules` name a way of playing instead
    ("walking" bass, "hold" chords, "arp"). `enters` is the energy of the arrangement from which on it plays.
    """

    does: str  # bass, chords, pad, arp, melody, counter
    sound: str  # a row of instruments.SOUNDS
    rhythms: tuple[str, ...] = ("hold",)
    enters: float = 0.0
    level: float = 0.0  # dB against what the role usually has


@dataclass(frozen=True, slots=True)
class Style:
    """Everything that makes a style, as data."""

    name: str
    words: tuple[str, ...]
    bpm: tuple[int, int]  # where the style lives
    minor: float  # chance that a request without key is in minor
    kit: str
    drums: tuple[dict[str, str], ...]  # lanes by piece name; one of them is chosen
    seats: tuple[Seat, ...]
    minor_chords: tuple[str, ...]
    major_chords: tuple[str, ...]
    size: int = 3  # notes in a chord
    bars_a_chord: float = 1.0
    swing: Swing = field(default_factory=Swing)
    loose_ms: float = 3.0  # how far a hit may be off
    late_ms: float = 0.0  # how far the backbeat lies behind
    density: float = 0.5  # of the melody
    offbeat: float = 0.4  # how syncopated the melody is
    dominant: bool = False  # raised leading note over the fifth degree in minor
    blues: bool = False
    room_s: float = 1.1
    wet: float = 1.0
    duck: float = 0.0  # how deep everything dips under the kick
    fill: str = "snare"
    bright: float = 1.0
    mode: str = ""  # a mode the style prefers to plain major or minor


POP_MINOR = ("1 6 3 7", "1 4 6 5", "1 7 6 7", "6 7 1 1")
POP_MAJOR = ("1 5 6 4", "6 4 1 5", "1 4 6 5", "1 6 4 5")


def all_styles() -> tuple[Style, ...]:
    """Every style, the ones listed first being asked first when words tie."""
    from .styles_band import BAND_STYLES
    from .styles_club import CLUB_STYLES

    return CLUB_STYLES + BAND_STYLES
