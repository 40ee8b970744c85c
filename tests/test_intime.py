from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from off_tempo import RATE, OffTempo

from bridge.engines import GenerateRequest, Progress, Render, Source
from bridge.engines.sketch import SketchEngine
from bridge.errors import BridgeError
from bridge.intime import render_in_time
from bridge.music import Meter, exact_frames

REQUEST = GenerateRequest("rock", Fraction(8), 8 * 60 / 110, 110.0, Meter(4, 4), 5, variations=2)


def quiet(stage: str, fraction: float) -> None:
    assert stage in ("generating", "fitting") and 0 <= fraction <= 1


def test_each_variation_comes_back_exact_and_in_time() -> None:
    engine = OffTempo(0.04)
    render = render_in_time(engine, REQUEST, quiet)
    frames = exact_frames(8, 110, RATE)
    assert [take.parts[0].audio.shape for take in render.takes] == [(1, frames)] * 2
    assert [take.seed for take in render.takes] == [5, 6]
    for facts in render.report["fit"]:
        assert facts["bpm_detected"] == pytest.approx(114.4, rel=2e-3)
        assert abs(facts["residual_ms_at_last_beat"]) < 8 and "note" not in facts
    assert engine.requests[0].prompt == "rock, 110 bpm"
    assert engine.requests[0].seconds > REQUEST.seconds + 2


def test_of_several_takes_the_best_is_kept() -> None:
    engine = OffTempo()
    three = replace(REQUEST, beats=Fraction(4), seconds=4 * 60 / 110, variations=3)
    render = render_in_time(engine, three, quiet, tries=9)
    assert engine.requests[0].variations == 6 and len(render.takes) == 3  # 8 at most
    assert [(take.seed - 5) // 2 for take in render.takes] == [0, 1, 2]


def test_a_guide_primes_the_model() -> None:
    engine = OffTempo()
    render = render_in_time(engine, replace(REQUEST, variations=1), quiet, guide="rhythm")
    source = engine.requests[0].source
    assert source is not None and source.mode == "continue" and np.abs(source.audio).max() > 0.05
    assert len(render.takes) == 1


def test_a_take_far_off_says_so() -> None:
    render = render_in_time(OffTempo(0.1), replace(REQUEST, variations=1), quiet)
    assert "121.0 bpm" in render.report["fit"][0]["note"]


def test_a_continuation_starts_where_the_source_ends() -> None:
    own = Source(np.ones((1, RATE), np.float32), RATE, "continue")
    engine = OffTempo()
    render = render_in_time(engine, replace(REQUEST, source=own, variations=1, loop=False), quiet)
    played = engine.generate(engine.requests[0], lambda *_: None).takes[0].parts[0].audio
    frames = exact_frames(8, 110, RATE)
    np.testing.assert_array_equal(render.takes[0].parts[0].audio, played[:, :frames])
    assert engine.requests[0].source is own
    assert engine.requests[0].seconds == pytest.approx(REQUEST.seconds + 0.3)


def test_of_several_continuations_the_one_nearest_in_tempo_is_kept() -> None:
    """Each take of the engine is a little less off than the one before."""

    class Settling(OffTempo):
        def generate(self, request: GenerateRequest, progress: Progress) -> Render:
            takes = []
            for number, error in enumerate((0.05, 0.03, 0.0, 0.04)):
                one = replace(request, seed=request.seed + number, variations=1)
                takes += OffTempo(error).generate(one, progress).takes
            return Render(RATE, takes, {})

    own = Source(np.ones((1, RATE), np.float32), RATE, "continue")
    request = replace(REQUEST, source=own, variations=1, loop=False)
    render = render_in_time(Settling(), request, quiet, tries=4)
    assert render.takes[0].seed == REQUEST.seed + 2
    assert render.report["fit"][0]["bpm_detected"] == pytest.approx(110, rel=2e-3)


def test_an_engine_that_keeps_time_is_left_alone() -> None:
    render = render_in_time(SketchEngine(), REQUEST, lambda *_: None)
    assert "fit" not in render.report and render.takes[0].parts[0].notes


def test_too_short_a_take_is_refused() -> None:
    engine = OffTempo()
    engine.info = replace(engine.info, max_seconds=3.0)
    with pytest.raises(BridgeError, match="too short"):
        render_in_time(engine, replace(REQUEST, seconds=3.0), quiet)
