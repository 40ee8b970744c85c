from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from off_tempo import RATE, OffTempo

from bridge import separate as separation
from bridge.audio.finish import finish
from bridge.audio.level import integrated_loudness
from bridge.engines import GenerateRequest, Render
from bridge.engines.sketch import SketchEngine
from bridge.ensemble import job_of, render_ensemble
from bridge.errors import BridgeError
from bridge.music import Meter, exact_frames, parse_key

BAND = ("drums", "bass", "piano")
REQUEST = GenerateRequest(
    "funk with drums", Fraction(8), 8 * 60 / 110, 110.0, Meter(4, 4), 5, parse_key("D minor"),
    instruments=BAND,
)  # fmt: skip


def quiet(stage: str, fraction: float) -> None:
    assert stage in ("generating", "fitting", "separating") and 0 <= fraction <= 1


def null_db(audios: list[np.ndarray]) -> float:
    """How far the first is from the sum of the others."""
    rest = audios[0].astype(np.float64) - np.sum(audios[1:], axis=0, dtype=np.float64)
    return float(20 * np.log10(np.abs(rest).max() + 1e-12))


def check_takes(render: Render, roles: list[str]) -> None:
    frames = exact_frames(REQUEST.beats, REQUEST.bpm, RATE)
    for take in render.takes:
        assert [part.role for part in take.parts] == roles
        audios = [part.audio for part in take.parts]
        assert {audio.shape[1] for audio in audios} == {frames} and null_db(audios) < -120
        out = exact_frames(REQUEST.beats, REQUEST.bpm, 48000)
        finished = finish(audios, render.sample_rate, 48000, out, True)
        assert null_db(finished.parts) < -110


@pytest.mark.parametrize("guide", ["off", "harmony"])
def test_layers_are_one_exact_track_each_and_sum_to_the_mix(guide: str) -> None:
    engine = OffTempo(0.03)
    render = render_ensemble(engine, REQUEST, "layers", quiet, guide=guide)
    check_takes(render, ["mix", *BAND])
    assert [take.seed for take in render.takes] == [5]
    assert [request.prompt.split(",")[0] for request in engine.requests] == [
        "solo piano", "solo bass", "solo drums",
    ]  # fmt: skip
    assert all("110 bpm, in D minor" in request.prompt for request in engine.requests)
    assert all((request.source is None) == (guide == "off") for request in engine.requests)
    fit = render.report["fit"]
    assert [set(facts) for facts in fit] == [set(BAND)]
    assert abs(fit[0]["drums"]["residual_ms_at_last_beat"]) < 8
    parts = {part.role: part.audio for part in render.takes[0].parts}
    loudness = {role: integrated_loudness(parts[role], RATE) for role in BAND}
    assert loudness["drums"] > loudness["bass"] > loudness["piano"]


def test_harmonic_layers_stand_apart_and_the_rhythm_section_in_the_middle() -> None:
    request = replace(REQUEST, instruments=("bass", "piano", "strings", "organ"), variations=1)
    render = render_ensemble(OffTempo(), request, "layers", quiet)
    sides = {p.role: np.abs(p.audio).mean(axis=1) for p in render.takes[0].parts}
    assert sides["bass"][0] == pytest.approx(sides["bass"][1])
    assert sides["strings"][0] > 1.2 * sides["strings"][1]
    assert sides["organ"][1] > 1.2 * sides["organ"][0]


def test_a_melody_model_hears_the_harmony_so_far() -> None:
    engine = OffTempo(supports=("melody", "continue"))
    render = render_ensemble(engine, replace(REQUEST, variations=2), "layers", quiet)
    check_takes(render, ["mix", *BAND])
    modes = [request.source.mode if request.source else None for request in engine.requests]
    assert modes == [None, "melody", "melody", None]  # piano; bass, take by take; drums
    assert [request.seed for request in engine.requests] == [5, 5, 6, 5]


def test_split_takes_the_mix_apart_and_keeps_the_rest(monkeypatch: pytest.MonkeyPatch) -> None:
    def halves(audio: np.ndarray, rate: int, **_: object) -> dict[str, np.ndarray]:
        stems = {"drums": 0.5 * audio, "bass": 0.3 * audio, "vocals": 0.1 * audio}
        return {**stems, "other": 0.1 * audio}

    monkeypatch.setattr(separation, "separate", halves)
    engine = OffTempo()
    render = render_ensemble(engine, REQUEST, "split", quiet)
    check_takes(render, ["mix", "drums", "bass", "other"])
    assert engine.requests[0].prompt.startswith("funk with drums, bass, piano, 110 bpm")
    with pytest.raises(BridgeError, match="not kazoo; use ensemble layers"):
        render_ensemble(engine, replace(REQUEST, instruments=("kazoo",)), "split", quiet)


def test_split_without_a_separation_model_says_the_command() -> None:
    engine = OffTempo()
    with pytest.raises(BridgeError, match="models pull") as error:
        render_ensemble(engine, REQUEST, "split", quiet)
    assert not engine.requests  # said before the work, not after
    assert error.value.code == "model-missing"


def test_an_engine_with_instruments_plays_them_itself() -> None:
    render = render_ensemble(SketchEngine(), REQUEST, "layers", lambda *_: None)
    assert [part.role for part in render.takes[0].parts] == ["mix", *BAND]
    assert "ensemble" not in render.report


def test_an_unknown_way_is_refused() -> None:
    with pytest.raises(BridgeError, match='layers, split, got "stack"'):
        render_ensemble(OffTempo(), REQUEST, "stack", quiet)


@pytest.mark.parametrize(
    ("name", "job"),
    [
        ("drums", "drums"), ("hi-hat", "drums"), ("808", "bass"), ("upright bass", "bass"),
        ("Rhodes", "chords"), ("guitar", "chords"), ("strings", "pad"), ("flute", "melody"),
        ("kazoo", "melody"),
    ],
)  # fmt: skip
def test_every_name_has_a_job(name: str, job: str) -> None:
    assert job_of(name) == job
