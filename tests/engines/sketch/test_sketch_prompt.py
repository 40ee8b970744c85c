"""What the sketch engine understands of a prompt, and who plays then."""

from __future__ import annotations

import pytest
from sketch_asking import render, score, wish

from bridge.engines.sketch.prompt import read_prompt
from bridge.engines.sketch.styles import all_styles


@pytest.mark.parametrize(
    ("prompt", "style"),
    [
        ("dusty lo-fi", "lo-fi"), ("Lofi hip-hop, rainy", "lo-fi"), ("deep house", "house"),
        ("driving TECHNO", "techno"), ("drum & bass", "drum and bass"), ("liquid dnb", "drum and bass"),
        ("drum'n'bass roller", "drum and bass"), ("dark trap beat", "trap"), ("jazzy house", "house"),
        ("smooth jazz", "jazz"), ("funky groove", "funk"), ("hard rock", "rock"), ("roots reggae", "reggae"),
        ("ambient drone", "ambient"), ("epic cinematic trailer", "cinematic"), ("Viennese waltz", "waltz"),
        ("bossa nova at night", "bossa nova"), ("80s synthwave", "synthwave"), ("heavy metal", "metal"),
        ("boom bap", "hip hop"), ("12 bar blues", "blues"), ("epic metal", "metal"),
    ],
)  # fmt: skip
def test_style_is_recognised(prompt: str, style: str) -> None:
    brief = read_prompt(prompt, 120)
    assert brief.recognised and brief.style.name == style


def test_every_style_is_recognised_by_each_of_its_words() -> None:
    styles = all_styles()
    assert len(styles) >= 12 and len({style.name for style in styles}) == len(styles)
    for style in styles:
        for words in style.words:
            assert read_prompt(f"some {words} please", 120).style.name == style.name, words


@pytest.mark.parametrize("prompt", ["", "zzz", "北京 🎵", "a" * 5000, "\x00 . ?", "(((("])
def test_unknown_prompts_still_give_music(prompt: str) -> None:
    made = score(prompt)
    assert not made.brief.recognised
    assert sum(len(track.notes) for track in made.tracks) > 20
    assert score(prompt).style is made.style


def sounds(prompt: str, **wishes: object) -> dict[str, str]:
    return {track.player.does: track.player.sound for track in score(prompt, **wishes).tracks}


def test_instruments_named_in_the_prompt_play() -> None:
    assert sounds("house with piano")["chords"] == "piano"
    assert sounds("jazz with trumpet")["melody"] == "trumpet"
    assert sounds("rock with a guitar")["chords"] in ("distorted guitar", "clean guitar")
    assert "marimba" in sounds("pop with marimba").values()


def test_solo_and_only_leave_everybody_else_out() -> None:
    assert sounds("solo piano, sad") == {"solo": "piano"}
    assert set(sounds("just drums and bass, funk")) == {"drums", "bass"}
    assert set(sounds("flute melody only")) == {"melody"}


def test_what_is_not_wanted_is_left_out() -> None:
    assert "drums" not in sounds("techno, no drums")
    assert "drums" not in sounds("drumless lo-fi")
    assert "bass" not in sounds("house without bass")
    assert not any(
        "guitar" in s and "bass" not in s for s in sounds("metal without guitars").values()
    )
    hats = {42, 44, 46, 49, 51}
    drums = next(t for t in score("house, no hats").tracks if t.player.does == "drums")
    assert drums.notes and not hats & {note.pitch for note in drums.notes}


def test_mood_moves_key_and_density() -> None:
    assert score("happy pop").key.mode == "major"
    assert score("dark sad pop").key.mode != "major"
    assert str(score("pop in F# minor").key) == "F# minor"
    assert str(score("pop in F# minor", key="C major").key) == "C major"  # the key asked for wins

    def count(prompt: str) -> int:
        return sum(len(t.notes) for seed in range(4) for t in score(prompt, seed=seed).tracks)

    assert count("sparse funk") < 0.9 * count("funk") and count("funk") < count("busy funk")


def test_slow_build_starts_small() -> None:
    notes = [n for t in score("cinematic slow build", bars=16).tracks for n in t.notes]
    assert sum(n.start < 16 for n in notes) < 0.5 * sum(n.start >= 48 for n in notes)


def test_one_part_for_each_instrument_asked_for() -> None:
    names = ("drums", "kick", "piano", "piano", "Zither", "mix", "hi-hats", "vocals")
    made = render(wish("pop", bars=1, instruments=names))
    parts = made.takes[0].parts
    wanted = ["mix", "drums", "kick", "piano", "piano 2", "Zither", "mix 2", "hi-hats", "vocals"]
    assert [part.role for part in parts] == wanted
    assert all(part.notes and abs(part.audio).max() > 1e-3 for part in parts)
    assert {n.pitch for n in parts[2].notes or []} == {36}
    assert '"Zither"' in str(made.report["remark"]) and '"mix"' in str(made.report["remark"])
    assert "piano" not in str(made.report["remark"])


def test_a_style_without_drums_finds_some_when_asked() -> None:
    drums = score("ambient", instruments=("drums", "pad")).tracks[0]
    assert len(drums.notes) > 8
