"""Quantising: starts on the bar's grid, whole lengths, nothing doubled."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from bridge.errors import BridgeError
from bridge.music import Meter, Note, parse_meter
from bridge.transcribe.quantise import GRIDS, quantise, without_overlaps

FOUR = parse_meter("4/4")


def starts(notes: list[Note]) -> list[float]:
    return [round(n.start, 6) for n in notes]


@pytest.mark.parametrize(
    ("name", "start", "snapped"),
    [
        ("1/4", 0.55, 1.0), ("1/8", 0.55, 0.5), ("1/16", 0.8, 0.75), ("1/16", 0.1, 0.0),
        ("1/8t", 0.4, 1 / 3), ("1/8t", 0.55, 2 / 3), ("1/16t", 0.4, 1 / 3), ("1/16t", 0.45, 0.5),
        ("off", 0.123, 0.123),
    ],
)  # fmt: skip
def test_starts_go_to_the_nearest_line(name: str, start: float, snapped: float) -> None:
    assert starts(quantise([Note(start, 0.5, 60, 90)], FOUR, name)) == [round(snapped, 6)]


def test_the_grid_begins_anew_at_each_bar() -> None:
    """A bar of 7/8 is 3.5 beats: quarters lie at 0 1 2 3, then at 3.5 4.5 and so on."""
    notes = [Note(t, 0.2, 60, 90) for t in (2.9, 3.4, 4.4, 5.6)]
    assert starts(quantise(notes, parse_meter("7/8"), "1/4")) == [3.0, 3.5, 4.5, 5.5]


def test_lengths_are_whole_steps_and_never_nothing() -> None:
    notes = [Note(0.02, 0.9, 60, 90), Note(1.01, 0.05, 62, 90), Note(2.0, 1.6, 64, 90)]
    assert [n.length for n in quantise(notes, FOUR, "1/8")] == [1.0, 0.5, 1.5]


def test_two_notes_on_one_line_become_the_louder_one() -> None:
    notes = [Note(0.98, 0.3, 60, 70), Note(1.03, 0.3, 60, 100), Note(1.0, 0.3, 64, 50)]
    assert [(n.pitch, n.velocity) for n in quantise(notes, FOUR, "1/16")] == [(60, 100), (64, 50)]


def test_a_key_struck_again_ends_its_first_note() -> None:
    notes = [Note(0, 3, 60, 90), Note(1, 1, 60, 90), Note(0.5, 3, 61, 90)]
    assert [(n.start, n.length) for n in without_overlaps(notes)] == [(0, 1), (0.5, 3), (1, 1)]


def test_an_unknown_grid_is_refused_by_name() -> None:
    with pytest.raises(BridgeError, match="1/32") as refused:
        quantise([], FOUR, "1/32")
    assert refused.value.code == "out-of-range"


note_lists = some.lists(
    some.builds(
        Note, some.floats(0, 64), some.floats(0.001, 8), some.integers(30, 40),
        some.integers(1, 127), some.just(0),
    ),
    max_size=30,
)  # fmt: skip
meters = some.builds(Meter, some.integers(1, 13), some.sampled_from((2, 4, 8, 16)))


@given(note_lists, meters, some.sampled_from(sorted(GRIDS)))
def test_whatever_comes_in_what_goes_out_can_be_played(
    notes: list[Note], meter: Meter, name: str
) -> None:
    placed = without_overlaps(quantise(notes, meter, name))
    assert placed == sorted(placed)
    bar = float(meter.beats_per_bar)
    step = GRIDS[name]
    sounding: dict[int, float] = {}
    for note in placed:
        assert note.length > 0 and note.start >= sounding.get(note.pitch, 0) - 1e-9
        sounding[note.pitch] = note.start + note.length
        if step:
            inside = note.start % bar
            off_grid = abs(inside / float(step) - round(inside / float(step)))
            assert off_grid < 1e-6 or bar - inside < 1e-6
