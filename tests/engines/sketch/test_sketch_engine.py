"""The sketch engine from outside: lengths, sums, repeatability, cancelling, and what it says of itself."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import numpy as np
import pytest
from sketch_asking import nothing, render, wish

from bridge.engines import Engine
from bridge.engines.sketch import SketchEngine
from bridge.errors import Cancelled
from bridge.music import exact_frames


def test_engine_fits_the_interface_and_says_it_is_not_pretrained() -> None:
    engine = SketchEngine()
    assert isinstance(engine, Engine)
    assert engine.info.name == "sketch" and engine.info.pretrained is False
    assert "not a pretrained model" in engine.info.note
    assert engine.revision().startswith("rules ")
    engine.load(nothing)


def test_reading_the_info_imports_no_numpy() -> None:
    code = "import sys; from bridge.engines.sketch import SketchEngine; sys.exit('numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("bpm", [93.7, 174.35])
@pytest.mark.parametrize("meter", ["4/4", "3/4", "5/4", "7/8", "12/8", "2/4", "15/16", "3/2"])
def test_every_clip_has_exactly_the_frames_asked_for(meter: str, bpm: float, rate: int) -> None:
    request = wish("folk", bars=1.25, meter=meter, bpm=bpm, rate=rate)
    audio = render(request).takes[0].parts[0].audio
    assert audio.shape == (2, exact_frames(request.beats, bpm, rate))
    assert audio.dtype == np.float32 and np.isfinite(audio).all()
    assert 0.1 < np.abs(audio).max() <= 1.0


@pytest.mark.parametrize("loop", [True, False])
def test_parts_add_up_to_the_mix(loop: bool) -> None:
    names = ("drums", "bass", "electric piano", "lead")
    parts = render(wish("house", bars=2, instruments=names, loop=loop)).takes[0].parts
    assert [part.role for part in parts] == ["mix", *names]
    total = sum(part.audio.astype(np.float64) for part in parts[1:])
    assert np.abs(total - parts[0].audio).max() < 1e-6  # -120 dBFS
    assert parts[0].notes == sorted(n for part in parts[1:] for n in part.notes or [])


def test_same_request_gives_the_same_samples() -> None:
    request = wish("jazz", bars=2, seed=5)
    first = render(request).takes[0].parts[0]
    SketchEngine().unload()  # nothing may hang on what was cached
    again = render(request).takes[0].parts[0]
    assert first.notes == again.notes
    assert first.audio.tobytes() == again.audio.tobytes()


def test_variations_differ_and_can_be_asked_for_by_their_seed() -> None:
    takes = render(wish("funk", bars=2, seed=7, variations=3)).takes
    assert [(take.variation, take.seed) for take in takes] == [(1, 7), (2, 8), (3, 9)]
    tunes = [[(n.start, n.pitch) for n in take.parts[0].notes or []] for take in takes]
    for one, other in ((0, 1), (1, 2), (0, 2)):
        shared = set(tunes[one]) & set(tunes[other])
        assert len(shared) < 0.7 * len(tunes[one])
    alone = render(wish("funk", bars=2, seed=8)).takes[0]
    assert alone.parts[0].audio.tobytes() == takes[1].parts[0].audio.tobytes()


def test_cancelling_stops_the_work_and_its_threads() -> None:
    told: list[float] = []

    def progress(stage: str, fraction: float) -> None:
        assert stage == "generating" and 0 <= fraction <= 1
        told.append(fraction)
        if len(told) == 3:
            raise Cancelled

    before = threading.active_count()
    with pytest.raises(Cancelled):
        render(wish("cinematic", bars=32, bpm=60), progress)
    assert told == sorted(told)
    assert threading.active_count() == before


def test_progress_is_told_often_and_never_falls() -> None:
    told: list[tuple[float, float]] = []
    request = wish("pop", bars=16, bpm=90, instruments=("drums", "bass", "piano", "strings"))
    render(request, lambda stage, fraction: told.append((time.monotonic(), fraction)))
    fractions = [fraction for _when, fraction in told]
    assert fractions == sorted(fractions) and fractions[-1] == 1.0
    gaps = np.diff([when for when, _fraction in told])
    assert np.median(gaps) < 0.2  # far above the 30 ms of an idle machine


def test_thirty_two_bars_take_seconds() -> None:
    """Two seconds on two idle cores; the bound leaves room for a busy machine."""
    SketchEngine().load(nothing)
    start = time.process_time()
    render(wish("trance", bars=32, bpm=90, instruments=("drums", "bass", "pad", "lead")))
    assert time.process_time() - start < 12
