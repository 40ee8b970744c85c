"""Meters, keys and the one formula of exact lengths."""

from __future__ import annotations

from fractions import Fraction

import pytest

from bridge.errors import BridgeError
from bridge.music import Key, Meter, exact_frames, length_beats, parse_key, parse_meter


def test_frames_of_bars_are_the_contracts_formula():
    for numerator, denominator, bars in ((4, 4, 4), (3, 4, 7), (7, 8, 2), (12, 8, 1), (5, 4, 3)):
        for bpm in (120, 93.7, 174.35, 60.01):
            for rate in (44100, 48000, 96000):
                beats = length_beats(bars, Meter(numerator, denominator))
                exact = Fraction(bars * numerator * 4, denominator) * 60 / Fraction(str(bpm)) * rate
                assert exact_frames(beats, bpm, rate) == round(exact)
    assert exact_frames(Fraction(16), 120, 48000) == 384000


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("A minor", Key(9, "minor")), ("Am", Key(9, "minor")), ("a", Key(9, "major")),
        ("F#m", Key(6, "minor")), ("Gb major", Key(6, "major")), ("Bb", Key(10, "major")),
        ("C# dorian", Key(1, "dorian")), ("eb min", Key(3, "minor")), ("B", Key(11, "major")),
        ("D harmonic minor", Key(2, "harmonic minor")), ("C sharp minor", Key(1, "minor")),
    ],
)  # fmt: skip
def test_keys_are_read_as_musicians_write_them(text, key):
    assert parse_key(text) == key
    assert parse_key(str(key)) == key


def test_no_key_is_none_and_nonsense_is_refused():
    assert parse_key("  ") is None
    for text in ("H", "A blue", "minor", "12"):
        with pytest.raises(BridgeError, match="key must be"):
            parse_key(text)


def test_meters():
    assert parse_meter(" 7/8 ").beats_per_bar == Fraction(7, 2)
    assert str(parse_meter("12/8")) == "12/8"
    for text in ("0/4", "4/0", "7/3", "33/4", "4", "", "4/4/4", "-3/4"):
        with pytest.raises(BridgeError, match="meter must"):
            parse_meter(text)
