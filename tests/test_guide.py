from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from off_tempo import OffTempo

from bridge.audio.tempo import find_grid
from bridge.engines import GenerateRequest, Source
from bridge.engines.sketch import SketchEngine
from bridge.errors import BridgeError, Cancelled
from bridge.guide import with_guide
from bridge.music import Meter, parse_key

REQUEST = GenerateRequest("house", Fraction(16), 8.0, 120.0, Meter(4, 4), 5, parse_key("A minor"))


def quiet(stage: str, fraction: float) -> None:
    assert (stage, fraction) == ("generating", 0.0)


@pytest.mark.parametrize("guide", ["rhythm", "harmony"])
@pytest.mark.parametrize("meter", [Meter(4, 4), Meter(7, 8)])
def test_a_guide_is_whole_bars_at_the_asked_tempo(guide: str, meter: Meter) -> None:
    guided = with_guide(replace(REQUEST, meter=meter, bpm=93.7), guide, OffTempo().info, quiet)
    assert guided.source is not None and guided.source.mode == "continue"
    seconds = guided.source.audio.shape[1] / guided.source.sample_rate
    bars = seconds / (float(meter.beats_per_bar) * 60 / 93.7)
    assert bars == pytest.approx(round(bars), abs=1e-3) and 4 <= seconds <= 10
    grid = find_grid(guided.source.audio, guided.source.sample_rate, 93.7, meter)
    assert grid.bpm == pytest.approx(93.7, rel=3e-3)
    assert replace(guided, source=None) == replace(REQUEST, meter=meter, bpm=93.7)


def test_a_melody_model_gets_the_harmony_of_the_whole_clip() -> None:
    guided = with_guide(REQUEST, "harmony", OffTempo(supports=("melody",)).info, quiet)
    assert guided.source is not None and guided.source.mode == "melody"
    assert guided.source.audio.shape[1] >= 8 * guided.source.sample_rate


def test_no_guide_where_none_is_asked_for_or_needed() -> None:
    assert with_guide(REQUEST, "off", OffTempo().info, quiet) is REQUEST
    assert with_guide(REQUEST, "rhythm", SketchEngine.info, quiet) is REQUEST


def test_what_cannot_be_guided_is_refused() -> None:
    own = Source(np.zeros((1, 32000), np.float32), 32000, "continue")
    for request, guide, supports, words in (
        (REQUEST, "melody", ("continue",), "must be one of off, rhythm, harmony"),
        (REQUEST, "rhythm", ("melody",), "cannot be guided"),
        (replace(REQUEST, source=own), "rhythm", ("continue",), "cannot both"),
    ):
        with pytest.raises(BridgeError, match=words) as error:
            with_guide(request, guide, OffTempo(supports=supports).info, quiet)
        assert error.value.code == "out-of-range"


def test_a_cancelled_job_stops_playing_its_guide() -> None:
    def cancelled(stage: str, fraction: float) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        with_guide(REQUEST, "rhythm", OffTempo().info, cancelled)
