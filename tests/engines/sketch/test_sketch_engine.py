"""The sketch engine from outside: lengths, sums, repeatability, cancelling, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
from sketch_asking import ask, nothing

from bridge.engines import Engine
from bridge.engines.sketch import SketchEngine
from bridge.errors import Cancelled
from bridge.music import exact_frames


def test_engine_fits_the_interface_and_says_it_is_not_pretrained() -> None:
    engine = SketchEngine()
    assert isinstance(engine, Engine)
    assert engine.info.name == "sketch" and engine.info.pretrained is False
    assert "not a pretrained model" in engine.info.note
    assert engine.revision()


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("bpm", [93.7, 174.35])
@pytest.mark.parametrize("meter", ["4/4", "3/4", "5/4", "7/8", "12/8", "2/4", "15/16", "3/2"])
def test_every_clip_has_exactly_the_frames_asked_for(meter: str, bpm: float, rate: int) -> None:
    request, render = ask("funk", bars=2, meter=meter, bpm=bpm, rate=rate)
    audio = render.takes[0].parts[0].audio
    assert audio.shape == (2, exact_frames(request.beats, bpm, rate))
    assert audio.dtype == np.float32 and np.isfinite(audio).all()
    assert 0.1 < np.abs(audio).max() <= 1.0


def test_cancelling_stops_the_work() -> None:
    calls: list[float] = []

    def progress(stage: str, fraction: float) -> None:
        assert stage == "generating" and 0 <= fraction <= 1
        calls.append(fraction)
        if len(calls) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        ask("ambient", bars=16, bpm=60, progress=progress)
    assert calls == sorted(calls)


def test_same_request_gives_the_same_samples() -> None:
    first = ask("jazz piano", bars=2, seed=5)[1].takes[0].parts[0]
    SketchEngine().unload()
    again = ask("jazz piano", bars=2, seed=5)[1].takes[0].parts[0]
    assert first.notes == again.notes
    assert first.audio.tobytes() == again.audio.tobytes()


def test_loading_tells_progress() -> None:
    SketchEngine().load(nothing)
