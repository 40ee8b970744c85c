from __future__ import annotations

from fractions import Fraction

import pytest

from bridge.engines import GenerateRequest
from bridge.music import parse_key, parse_meter
from bridge.prompting import compose_prompt


def request(
    prompt: str, key: str = "A minor", meter: str = "4/4", bpm: float = 93.7
) -> GenerateRequest:
    return GenerateRequest(prompt, Fraction(16), 8.0, bpm, parse_meter(meter), 1, parse_key(key))


@pytest.mark.parametrize(
    ("prompt", "key", "meter", "words"),
    [
        ("dusty lo-fi", "A minor", "4/4", "dusty lo-fi, 93.7 bpm, in A minor"),
        ("  folk dance ", "", "7/8", "folk dance, 93.7 bpm, in 7/8 time"),
        ("", "", "4/4", "93.7 bpm"),
        ("techno at 140 BPM", "A minor", "4/4", "techno at 140 BPM, in A minor"),
        ("techno, 128bpm", "", "4/4", "techno, 128bpm"),
        ("a song in C# minor", "A minor", "4/4", "a song in C# minor, 93.7 bpm"),
        ("drums in c# minor", "A minor", "4/4", "drums in c# minor, 93.7 bpm"),
        ("a ballad in F", "A minor", "4/4", "a ballad in F, 93.7 bpm"),
        ("a waltz", "", "3/4", "a waltz, 93.7 bpm"),
        ("a major hit", "A minor", "4/4", "a major hit, 93.7 bpm, in A minor"),
    ],
)
def test_what_the_user_wrote_is_never_contradicted(
    prompt: str, key: str, meter: str, words: str
) -> None:
    assert compose_prompt(request(prompt, key, meter)) == words


def test_saying_it_twice_changes_nothing() -> None:
    once = compose_prompt(request("jazz trio", "Bb major", "5/4"), "bass")
    assert compose_prompt(request(once, "Bb major", "5/4")) == once


@pytest.mark.parametrize(
    ("prompt", "instrument", "words"),
    [
        (
            "warm funk with drums, slap bass and piano",
            "drums",
            "solo drums, drums only, warm funk with drums",
        ),
        ("warm funk with drums and piano", "bass", "solo bass, bass only, warm funk"),
        ("piano and drums", "piano", "solo piano, piano only, piano"),
        ("drums", "bass", "solo bass, bass only"),
        ("İstanbul ney & drums", "bass", "solo bass, bass only, i̇stanbul ney"),
    ],
)
def test_a_layer_names_one_instrument_alone(prompt: str, instrument: str, words: str) -> None:
    assert compose_prompt(request(prompt), instrument) == f"{words}, 93.7 bpm, in A minor"
