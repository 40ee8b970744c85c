"""Whether what the sketch engine writes is music: chords, voice leading, grooves, meters, endings."""

from __future__ import annotations

from itertools import combinations, pairwise

import pytest
from sketch_asking import score

from bridge.engines.sketch.arrange import Score
from bridge.engines.sketch.harmony import SCALES
from bridge.engines.sketch.styles import all_styles
from bridge.music import Note

STYLES = [style.name for style in all_styles()]
METERS = ["4/4", "3/4", "5/4", "7/8", "12/8", "2/4"]


def typical(name: str, **wishes: object) -> Score:
    style = next(style for style in all_styles() if style.name == name)
    return score(name, bpm=sum(style.bpm) / 2, **{"bars": 8, **wishes})


def part(made: Score, does: str) -> list[Note]:
    return [note for track in made.tracks if track.player.does == does for note in track.notes]


@pytest.mark.parametrize("meter", METERS)
def test_notes_are_valid_in_any_meter(meter: str) -> None:
    for name in STYLES:
        made = typical(name, bars=3.5, meter=meter, loop=False)
        for track in made.tracks:
            assert track.notes == sorted(track.notes)
            for note in track.notes:
                assert 0 <= note.start and note.start + note.length <= made.grid.beats + 1e-6
                assert note.length > 0 and 0 <= note.pitch <= 127 and 1 <= note.velocity <= 127
                assert (note.channel == 9) == (track.player.does == "drums")


@pytest.mark.parametrize("name", STYLES)
def test_harmony_makes_sense(name: str) -> None:
    for seed in (1, 2):
        made = typical(name, seed=seed, key="A minor" if seed == 1 else "Eb major")
        beats = [pulse.start for bar in made.grid.bars for pulse in bar.pulses]
        for note in part(made, "melody"):
            if min(abs(note.start - beat) for beat in beats) < 0.03:
                assert note.pitch % 12 in made.harmony.at(note.start).chord.tones
        for span in made.harmony.spans:
            low = [
                n
                for n in part(made, "bass")
                if span.start - 0.03 <= n.start < span.start + span.length
            ]
            assert not low or low[0].pitch % 12 == span.chord.root
        held = [n for t in made.tracks if t.channel != 9 for n in t.notes if n.length > 0.5]
        for one, other in combinations(sorted(held), 2):
            together = min(one.start + one.length, other.start + other.length) - other.start
            assert not (abs(one.pitch - other.pitch) == 1 and together > 0.5), (one, other)


@pytest.mark.parametrize("name", ["pop", "jazz", "lo-fi", "house", "cinematic"])
def test_chords_move_by_small_steps(name: str) -> None:
    made = typical(name)
    moves: list[float] = []
    for track in made.tracks:
        if track.player.does in ("chords", "pad"):
            stacks = [
                tuple(sorted({n.pitch for n in track.notes
                              if span.start - 0.1 <= n.start < span.start + span.length - 0.1}))
                for span in made.harmony.spans
            ]  # fmt: skip
            for a, b in pairwise(stacks):
                if len(a) == len(b):
                    moves += [abs(x - y) for x, y in zip(a, b, strict=True)]
    assert moves and sum(moves) / len(moves) < 2.0


@pytest.mark.parametrize(
    "key", ["A minor", "C major", "F# dorian", "E phrygian", "B locrian", "D harmonic minor"]
)
def test_the_key_asked_for_is_kept(key: str) -> None:
    made = score("pop", key=key, bars=8)
    scale = {(made.key.tonic + step) % 12 for step in SCALES[made.key.mode]}
    notes = [n for t in made.tracks if t.channel != 9 for n in t.notes]
    assert sum(n.pitch % 12 in scale for n in notes) > 0.97 * len(notes)


def lane(made: Score, *pitches: int) -> set[float]:
    """Where in a bar of 4/4 a drum is struck in most bars, on a grid of sixteenths."""
    found: dict[float, int] = {}
    for note in part(made, "drums"):
        if note.pitch in pitches and note.velocity > 70:
            place = round((note.start % 4) * 4) / 4 % 4
            found[place] = found.get(place, 0) + 1
    return {place for place, count in found.items() if count >= 5}


def test_grooves_are_what_their_names_promise() -> None:
    for name in ("house", "techno", "trance", "disco"):
        assert lane(typical(name), 36) >= {0, 1, 2, 3}, name  # four on the floor
    for name in ("drum and bass", "rock", "funk", "hip hop", "pop", "synthwave"):
        assert lane(typical(name), 38, 39) >= {1, 3}, name  # backbeat
    for name in ("trap", "dubstep"):
        assert 2.0 in lane(typical(name), 38, 39), name  # half time
    assert 2.0 in lane(typical("reggae"), 36, 37, 38)  # one drop
    jazz = part(typical("jazz"), "drums")
    swung = [n.start % 1 for n in jazz if n.pitch == 51 and 0.3 < n.start % 1 < 0.9]
    assert swung and all(0.6 < phase < 0.72 for phase in swung)
    waltz = typical("waltz", meter="3/4")
    first = [n.start % 3 for n in part(waltz, "bass")]
    assert sum(place < 0.05 for place in first) >= len(waltz.grid.bars)
    chords = {round(n.start % 3) for n in part(waltz, "chords")}
    assert chords == {1, 2}  # oom-pah-pah


def test_styles_are_distinct() -> None:
    seen: dict[tuple[object, ...], str] = {}
    for name in STYLES:
        made = typical(name)
        drums = frozenset((round(n.start * 4), n.pitch) for n in part(made, "drums"))
        players = tuple(track.player.sound for track in made.tracks)
        assert (drums, players) not in seen, (name, seen)
        seen[drums, players] = name
        assert all(players != other[1] for other in list(seen)[:-1]), name


@pytest.mark.parametrize(
    ("meter", "accents"),
    [
        ("5/4", [0, 3]),
        ("7/8", [0, 1, 2]),
        ("12/8", [0, 1.5, 3, 4.5]),
        ("7/4", [0, 4]),
        ("6/8", [0, 1.5]),
    ],
)
def test_meters_are_grouped(meter: str, accents: list[float]) -> None:
    bar = score("rock", meter=meter, bars=1).grid.bars[0]
    starts = [pulse.start for pulse in bar.pulses]
    assert set(accents) <= set(starts)
    assert abs(sum(pulse.length for pulse in bar.pulses) - bar.length) < 1e-9
    strong = {pulse.start for pulse in bar.pulses if pulse.strong}
    assert 0.0 in strong and (meter not in ("5/4", "7/4") or strong == set(accents))


def test_bar_starts_are_exact_and_the_rest_is_human() -> None:
    made = typical("lo-fi", bars=8)
    kicks = [n.start for n in part(made, "drums") if n.pitch == 36]
    assert {0.0, 4.0, 8.0} <= set(kicks)
    steps = [abs(n.start * 4 - round(n.start * 4)) for n in part(made, "chords")]
    assert any(steps)
    velocities = {n.velocity for n in part(made, "drums") if n.pitch == 42}
    assert len(velocities) > 8


def test_phrases_end_with_a_fill() -> None:
    made = typical("rock", bars=8, seed=3)
    toms = [n.start for n in part(made, "drums") if n.pitch in (41, 45, 50)]
    assert toms and all(start >= 12 and start % 16 >= 12 for start in toms)


def test_what_is_no_loop_ends_on_a_held_tonic() -> None:
    made = typical("pop", bars=8, loop=False, key="G major")
    last = made.grid.bars[-1]
    assert made.harmony.spans[-1].chord.root == 7
    for track in made.tracks:
        assert all(n.start <= last.start + 0.2 for n in track.notes)
    assert any(n.start >= last.start and n.length > 2 for n in part(made, "chords"))
