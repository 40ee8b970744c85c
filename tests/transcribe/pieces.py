"""Public-domain music as note lists: what the transcription tests play and then try to hear again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from bridge.music import Meter, Note, parse_meter
from bridge.transcribe.quantise import without_overlaps

_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


@dataclass(frozen=True, slots=True)
class Piece:
    """Music to play: voices by role, all starting at beat 0."""

    name: str
    bpm: float
    meter: Meter
    voices: dict[str, list[Note]]

    def all_notes(self) -> list[Note]:
        """Every voice on one instrument: a key that is struck while it sounds is let go before."""
        return without_overlaps(note for voice in self.voices.values() for note in voice)


def pitch(name: str) -> int:
    """MIDI number of "C4" (60), "F#3", "Bb5"."""
    step = _STEPS[name[0]]
    accidental = name.count("#") - name[1:].count("b")
    return 12 * (int(name.lstrip("ABCDEFG#b")) + 1) + step + accidental


def line(text: str, length: float = 1.0, velocity: int = 90, repeat: int = 1) -> list[Note]:
    """Read "C4 D4:2 r:.5 C3+E3+G3:4": names with lengths in beats; `length` where none is given."""
    notes: list[Note] = []
    at = 0.0
    for token in text.split() * repeat:
        names, _, beats = token.partition(":")
        long = float(beats) if beats else length
        if names != "r":
            # stress the beats a little, as a player does
            stress = velocity + (8 if at % 2 == 0 else -6 if at % 1 else 0)
            notes += [Note(at, long * 0.96, pitch(n), min(127, stress)) for n in names.split("+")]
        at += long
    return notes


def shifted(notes: list[Note], beats: float = 0.0, semitones: int = 0) -> list[Note]:
    """The same notes later and transposed."""
    return [
        Note(n.start + beats, n.length, n.pitch + semitones, n.velocity, n.channel) for n in notes
    ]


def _ode_to_joy() -> Piece:  # Beethoven, 1824
    phrase = "E4 E4 F4 G4 G4 F4 E4 D4 C4 C4 D4 E4 "
    melody = line(phrase + "E4:1.5 D4:.5 D4:2 " + phrase + "D4:1.5 C4:.5 C4:2", velocity=100)
    chords = line("C3+E3+G3:4 B2+D3+G3:4 C3+E3+G3:4 B2+D3+G3:4", velocity=72)
    return Piece(
        "ode-to-joy", 120, parse_meter("4/4"),
        {"melody": melody, "chords": chords + shifted(chords, 16)},
    )  # fmt: skip


def _frere_jacques() -> Piece:  # traditional, as a round of three
    tune = line(
        "C4 D4 E4 C4 C4 D4 E4 C4 E4 F4 G4:2 E4 F4 G4:2 G4:.5 A4:.5 G4:.5 F4:.5 E4 C4"
        " G4:.5 A4:.5 G4:.5 F4:.5 E4 C4 C4 G3 C4:2 C4 G3 C4:2"
    )
    voices = {
        "melody": shifted(tune, 0, 12),
        "second": shifted(tune, 8),
        "bass": shifted(tune, 16, -12),
    }
    return Piece("frere-jacques", 132, parse_meter("4/4"), voices)


def _prelude_in_c() -> Piece:  # Bach, 1722
    bars = (
        "C4 E4 G4 C5 E5|C4 D4 A4 D5 F5|B3 D4 G4 D5 F5|C4 E4 G4 C5 E5|C4 E4 A4 E5 A5|"
        "C4 D4 F#4 A4 D5|B3 D4 G4 D5 G5|B3 C4 E4 G4 C5"
    )
    low: list[Note] = []
    high: list[Note] = []
    for bar, names in enumerate(bars.split("|")):
        a, b, *upper = (pitch(n) for n in names.split())
        for half in (0, 2):
            at = bar * 4.0 + half
            low += [Note(at, 1.95, a, 84), Note(at + 0.25, 1.7, b, 76)]
            high += [Note(at + 0.5 + i / 4, 0.24, upper[i % 3], 78) for i in range(6)]
    return Piece("prelude-in-c", 72, parse_meter("4/4"), {"low": low, "high": high})


def _minuet_in_g() -> Piece:  # Petzold, 1725
    right = line(
        "D5 G4:.5 A4:.5 B4:.5 C5:.5 D5 G4 G4 E5 C5:.5 D5:.5 E5:.5 F#5:.5 G5 G4 G4"
        " C5 D5:.5 C5:.5 B4:.5 A4:.5 B4 C5:.5 B4:.5 A4:.5 G4:.5 F#4 G4:.5 A4:.5 B4:.5 G4:.5 A4:3",
        velocity=96,
    )
    left = line(
        "G3+B3+D4:2 A3 B3:3 C4:3 B3:3 A3:3 G3:3 D4 B3 G3 D4 D3:.5 C4:.5 B3:.5 A3:.5", velocity=80
    )
    return Piece("minuet-in-g", 126, parse_meter("3/4"), {"melody": right, "bass": left})


def _for_elise() -> Piece:  # Beethoven, 1810
    turn = "E5 D#5 E5 D#5 E5 B4 D5 C5 "
    right = line(
        "E5 D#5 E5 D#5 E5 B4 D5 C5 A4:.5 r C4 E4 A4 B4:.5 r E4 G#4 B4 C5:.5 r E4 "
        + turn + "A4:.5 r C4 E4 A4 B4:.5 r E4 C5 B4 A4:1",
        length=0.25, velocity=88,
    )  # fmt: skip
    left = line(
        "r:2 A2 E3 A3 r:.75 E2 E3 G#3 r:.75 A2 E3 A3 r:.75 r:1.5 A2 E3 A3 r:.75 E2 E3 G#3"
        " r:.75 A2 E3 A3:.5",
        length=0.25, velocity=76,
    )  # fmt: skip
    return Piece("for-elise", 66, parse_meter("3/8"), {"melody": right, "bass": left})


def _greensleeves() -> Piece:  # traditional, 16th century
    melody = line(
        "A4:.5 C5 D5:.5 E5:.75 F5:.25 E5:.5 D5 B4:.5 G4:.75 A4:.25 B4:.5 C5 A4:.5 A4:.75 G#4:.25"
        " A4:.5 B4 G#4:.5 E4 A4:.5 C5 D5:.5 E5:.75 F5:.25 E5:.5 D5 B4:.5 G4:.75 A4:.25 B4:.5"
        " C5:.75 B4:.25 A4:.5 G#4:.75 F#4:.25 G#4:.5 A4:1.5 A4:1.5",
        velocity=98,
    )
    chords = line(
        "A2+E3+C4:3 G2+D3+B3:3 A2+E3+C4:3 E2+B2+G#3:3 A2+E3+C4:3 G2+D3+B3:3 A2+E3+C4:1.5"
        " E2+B2+G#3:1.5 A2+E3+C4:3",
        velocity=72,
    )
    voices = {"melody": melody, "chords": shifted(chords, 0.5)}
    return Piece("greensleeves", 96, parse_meter("6/8"), voices)


def _canon() -> Piece:  # Pachelbel, about 1690
    bass = line("D3 A2 B2 F#2 G2 D2 G2 A2", length=2, velocity=84, repeat=2)
    chords = line(
        "D4+F#4+A4 C#4+E4+A4 D4+F#4+B4 C#4+F#4+A4 B3+D4+G4 A3+D4+F#4 B3+D4+G4 C#4+E4+A4",
        length=2, velocity=70, repeat=2,
    )  # fmt: skip
    melody = line("F#5:2 E5:2 D5:2 C#5:2 B4:2 A4:2 B4:2 C#5:2", velocity=92) + shifted(
        line("D5 F#5 A5 G5 F#5 D5 F#5 E5 D5 B4 D5 A5 G5 B5 A5 G5", velocity=92), 16
    )
    voices = {"melody": melody, "chords": chords, "bass": bass}
    return Piece("canon-in-d", 100, parse_meter("4/4"), voices)


def _gymnopedie() -> Piece:  # Satie, 1888
    left = line("G2 B3+D4+F#4:2 D2 A3+C#4+F#4:2", velocity=72, repeat=4)
    right = line("r:12 r F#5 A5 G5 F#5 C#5 B4 C#5 D5 A4:3", velocity=88)
    return Piece("gymnopedie", 84, parse_meter("3/4"), {"melody": right, "chords": left})


def _mountain_king() -> Piece:  # Grieg, 1875
    theme = "B2 C#3 D3 E3 F#3 D3 F#3:1 F3 C#3 F3:1 E3 C3 E3:1 B2 C#3 D3 E3 F#3 D3 F#3 B3 A3 F#3 D3 F#3 A3:2"
    bass = line(theme, length=0.5, velocity=92)
    return Piece(
        "mountain-king", 120, parse_meter("4/4"),
        {"bass": shifted(bass, 0, -12), "melody": shifted(bass, 16, 24)},
    )  # fmt: skip


def _saints() -> Piece:  # traditional, 1896
    melody = line(
        "r C4 E4 F4 G4:4 r C4 E4 F4 G4:4 r C4 E4 F4 G4:2 E4:2 C4:2 E4:2 D4:4", velocity=100
    )
    bass = line("C2 G2 E2 G2", velocity=88, repeat=6) + shifted(line("G2 D2 B1 D2"), 24)
    chords = shifted(line("r C4+E4+G4:.5 r:.5", velocity=70, repeat=14), 0)
    voices = {"melody": shifted(melody, 0, 12), "chords": chords, "bass": bass}
    return Piece("the-saints", 168, parse_meter("4/4"), voices)


def _blues_bass() -> Piece:  # a walking bass, own
    bass = line(
        "C2 E2 G2 A2 Bb2 A2 G2 E2 F2 A2 C3 D3 Eb3 D3 C3 A2 C2 E2 G2 A2 C3 Bb2 G2 E2 G2 B2 D3 F3"
        " F2 A2 C3 D3 C2 E2 G2 E2 C2:2 G1 B1",
        velocity=96,
    )
    return Piece("blues-bass", 144, parse_meter("4/4"), {"bass": bass})


def band(seed: int, bars: int = 8) -> Piece:
    """A little pop song drawn from `seed`: bass, chords, arpeggio and lead in 4/4."""
    rng = random.Random(seed)
    tonic = rng.randrange(12)
    scale = rng.choice(([0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10]))
    bass: list[Note] = []
    chords: list[Note] = []
    arpeggio: list[Note] = []
    lead: list[Note] = []
    step = rng.randrange(7)
    for bar in range(bars):
        degree = rng.choice((0, 3, 4, 5, 1))
        triad = [tonic + scale[(degree + i) % 7] + 12 * ((degree + i) // 7) for i in (0, 2, 4)]
        at = 4.0 * bar
        for i in range(8):
            if i % 2 == 0 or rng.random() < 0.6:
                jump = 12 if rng.random() < 0.15 else 0
                low = 36 + (triad[0] % 12) - (12 if triad[0] % 12 > 8 else 0) + jump
                bass.append(Note(at + i / 2, 0.42, low, rng.randint(80, 110)))
        for half in (0.0, 2.0) if rng.random() < 0.5 else (0.0,):
            long = 1.9 if half or rng.random() < 0.5 else 3.8
            chords += [Note(at + half, long, 48 + p % 24, rng.randint(60, 85)) for p in triad]
        for i in range(16):
            if rng.random() < 0.8:
                arpeggio.append(Note(at + i / 4, 0.23, 60 + triad[i % 3] % 24, rng.randint(60, 95)))
        beat = 0.0
        while beat < 4:
            long = rng.choice((0.25, 0.5, 0.5, 1.0, 1.5))
            long = min(long, 4 - beat)
            if rng.random() < 0.85:
                step = max(0, min(13, step + rng.choice((-3, -2, -1, -1, 1, 1, 2, 4))))
                high = 67 + (tonic + scale[step % 7] + 12 * (step // 7)) % 24
                lead.append(Note(at + beat, long * 0.92, high, rng.randint(75, 115)))
            beat += long
    voices = {"lead": lead, "chords": chords, "bass": bass, "arpeggio": arpeggio}
    bpm = rng.choice((84.0, 96.0, 110.0, 124.0, 138.0))
    return Piece(f"band-{seed}", bpm, parse_meter("4/4"), voices)


def development() -> list[Piece]:
    """Pieces that settings may be chosen on."""
    return [
        _ode_to_joy(), _prelude_in_c(), _for_elise(), _canon(), _blues_bass(), band(1), band(2),
        band(3),
    ]  # fmt: skip


def held_out() -> list[Piece]:
    """Pieces that only judge: nothing was chosen by listening to them."""
    return [
        _frere_jacques(), _minuet_in_g(), band(101), _greensleeves(), _mountain_king(),
        _gymnopedie(), _saints(), band(102), band(103),
    ]  # fmt: skip


# what each drum of the kit may be played on: General MIDI keys that sound alike
DRUM_KEYS = {
    36: (36, 36, 35), 38: (38, 38, 40, 39, 37), 42: (42, 42, 44), 46: (46,), 45: (45, 41, 43),
    50: (50, 48, 47), 49: (49, 57, 55), 51: (51, 51, 59),
}  # fmt: skip


def drum_beat(seed: int, bars: int = 4) -> tuple[list[Note], list[Note]]:
    """A drum part drawn from `seed`: as played, and the same with one key for each drum."""
    rng = random.Random(seed)
    use = {drum: rng.choice(keys) for drum, keys in DRUM_KEYS.items()}
    kick = [i for i in range(16) if i % 8 == 0 or rng.random() < 0.2]
    if rng.random() < 0.2:
        kick = [0, 4, 8, 12]
    snare = [4, 12] + [i for i in range(16) if rng.random() < 0.06]
    every = rng.choice((1, 2, 2, 4))
    cymbal = 51 if rng.random() < 0.25 else 42
    struck: dict[tuple[float, int], int] = {}
    for bar in range(bars):
        fill = rng.random() < 0.3
        for i in range(16):
            at = 4.0 * bar + i / 4 + (rng.uniform(0, 0.02) if bar + i else 0.0)
            if fill and i >= 8:
                struck[at, rng.choice((38, 45, 50))] = rng.randint(70, 115)
                continue
            if i in kick:
                struck[at, 36] = rng.randint(85, 120)
            if i in snare:
                struck[at, 38] = rng.randint(80, 120) if i in (4, 12) else rng.randint(40, 80)
            if i % every == 0:
                struck[at, 46 if rng.random() < 0.12 else cymbal] = rng.randint(50, 105)
            if i == 0 and (bar == 0 or rng.random() < 0.2):
                struck[at, 49] = rng.randint(85, 115)
    plain = [Note(at, 0.2, drum, velocity, 9) for (at, drum), velocity in sorted(struck.items())]
    return [Note(n.start, n.length, use[n.pitch], n.velocity, 9) for n in plain], plain
