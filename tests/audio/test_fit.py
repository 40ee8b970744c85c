from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from bridge.audio.finish import seam_db
from bridge.audio.fit import Fitted, choose_best, cut, fit, material_seconds, stretch
from bridge.audio.onsets import analysis_signal, find_onsets, harmonic_change
from bridge.audio.tempo import find_grid
from bridge.errors import BridgeError
from bridge.music import Meter, exact_frames
from tests.benchmarks.fit_benchmark import cases, outcome

from . import takes
from .signals import noise, tone

FOUR = Meter(4, 4)


@pytest.mark.parametrize("kind", ["drums", "chords", "band"])
def test_planted_tempo_errors_and_starts_are_undone(kind: str) -> None:
    outcomes = [outcome(case) for case in cases(kind, 8, 7, lengths=(2, 4))]
    assert sum(abs(one.beat_ms) <= 5 for one in outcomes) == 8
    assert sum(abs(one.bar_ms) <= 5 for one in outcomes) >= 7
    heard = [one.heard_ms for one in outcomes if one.heard_ms is not None]
    assert all(abs(lag) <= 6 for lag in heard)


@pytest.mark.parametrize("bpm", [93.7, 120, 174.35])
@pytest.mark.parametrize("meter", [FOUR, Meter(3, 4), Meter(7, 8), Meter(12, 8)])
@pytest.mark.parametrize("rate", [takes.RATE, 44100])
def test_the_clip_has_exactly_the_asked_frames(bpm: float, meter: Meter, rate: int) -> None:
    beats = 2 * meter.beats_per_bar
    take = takes.drums(bpm * 1.03, meter, material_seconds(beats, bpm, meter), 0.2)
    fitted = fit(take.audio, rate, beats=beats, bpm=bpm, meter=meter, loop=True) if (
        rate == takes.RATE
    ) else fit(np.tile(take.audio, 2), rate, beats=beats, bpm=bpm, meter=meter, loop=False)  # fmt: skip
    assert fitted.audio.shape == (2, exact_frames(beats, bpm, rate))
    assert fitted.audio.dtype == np.float32


def test_a_seam_is_closed_and_the_attack_on_one_is_kept() -> None:
    take = takes.band(118, FOUR, material_seconds(8, 120, FOUR), 0.9, seed=2)
    loop, plain = (
        fit(take.audio, takes.RATE, beats=8, bpm=120, meter=FOUR, loop=flag) for flag in (1, 0)
    )
    assert loop.measured["seam_db"] < 6
    np.testing.assert_array_equal(loop.audio[:, :4000], plain.audio[:, :4000])
    assert not np.array_equal(loop.audio[:, -200:], plain.audio[:, -200:])


def test_a_held_chord_closes_without_a_click_or_a_dip() -> None:
    fitted = fit(takes.pad(12), takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)
    assert fitted.measured["stretch"] == 1 and "residual_ms_at_last_beat" not in fitted.measured
    assert fitted.measured["confidence"] < 0.25
    assert seam_db(fitted.audio, takes.RATE) < 6
    around = np.concatenate([fitted.audio[:, -8000:], fitted.audio[:, :8000]], axis=1)
    power = np.sqrt(np.mean(around.reshape(2, 16, 1000) ** 2, axis=(0, 2)))
    assert power.min() > 0.4 * power.max()


@pytest.mark.parametrize("factor", [0.5, 2.0])
def test_half_and_double_time_fall_on_the_same_grid(factor: float) -> None:
    take = takes.drums(120 * 1.02 * factor, FOUR, 14, 0.3, seed=4)
    grid = find_grid(take.audio, takes.RATE, 120, FOUR)
    assert grid.bpm == pytest.approx(122.4, rel=1e-3) and grid.confidence > 0.5


def test_a_take_far_off_tempo_is_left_alone_and_said() -> None:
    take = takes.drums(130.8, FOUR, 12, 0.3, seed=4)
    fitted = fit(take.audio, takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)
    assert fitted.measured["stretch"] == 1 and "130.8 bpm" in fitted.note
    assert fitted.measured["bpm_detected"] == pytest.approx(130.8, rel=1e-3)
    assert abs(fitted.measured["residual_ms_at_last_beat"]) > 5


def test_a_take_in_time_is_not_stretched() -> None:
    take = takes.drums(120, FOUR, material_seconds(8, 120, FOUR), 0.0, seed=1)
    fitted = fit(take.audio, takes.RATE, beats=8, bpm=120, meter=FOUR, loop=False)
    assert abs(fitted.measured["stretch"] - 1) < 0.0006
    assert abs(fitted.measured["residual_ms_at_last_beat"]) < 3


@pytest.mark.parametrize("seconds", [8.0, 8.5])
def test_a_take_with_little_to_spare_is_cut_on_a_beat(seconds: float) -> None:
    take = takes.drums(120, FOUR, seconds, 0.7, seed=1)
    fitted = fit(take.audio, takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)
    assert fitted.audio.shape == (2, 8 * takes.RATE)
    if seconds > 8.3:
        beat = (fitted.measured["downbeat_shift_s"] - 0.7) / 0.5
        assert abs(beat - round(beat)) < 0.01


def test_cutting_alone_starts_at_the_start_and_closes_the_seam() -> None:
    take = takes.band(118, FOUR, 9, 0.9, seed=2)
    loop = cut(take.audio, takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)
    plain = cut(take.audio, takes.RATE, beats=16, bpm=120, meter=FOUR, loop=False)
    np.testing.assert_array_equal(plain.audio, take.audio[:, : 8 * takes.RATE])
    np.testing.assert_array_equal(loop.audio[:, 1000:], plain.audio[:, 1000:])
    assert loop.measured["seam_db"] < 6
    assert loop.measured["bpm_detected"] == pytest.approx(118, rel=2e-3) and not loop.note
    far = cut(take.audio, takes.RATE, beats=16, bpm=108, meter=FOUR, loop=False)
    assert "118.0 bpm" in far.note
    with pytest.raises(BridgeError, match="too short"):
        cut(take.audio, takes.RATE, beats=32, bpm=120, meter=FOUR, loop=False)


def test_too_little_audio_is_refused() -> None:
    with pytest.raises(BridgeError, match="12.5% too short") as error:
        fit(takes.pad(7), takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)
    assert error.value.code == "model-failed"


def test_broken_audio_is_refused() -> None:
    broken = takes.pad(10)
    broken[0, 5000] = np.inf
    with pytest.raises(BridgeError, match="not numbers"):
        fit(broken, takes.RATE, beats=16, bpm=120, meter=FOUR, loop=True)


def test_odd_material_does_no_harm() -> None:
    for audio in (
        np.zeros((2, 80000), np.float32),
        noise(2.5, takes.RATE),
        tone(440, 2.5, 32000)[:1],
    ):
        fitted = fit(audio, takes.RATE, beats=4, bpm=120, meter=FOUR, loop=True)
        assert fitted.audio.shape == (len(audio), 64000) and not fitted.note
    tiny = fit(
        noise(0.2, takes.RATE), takes.RATE, beats=Fraction(1, 4), bpm=120, meter=FOUR, loop=True
    )
    assert tiny.audio.shape == (2, 4000)


def test_the_best_take_is_the_one_in_time() -> None:
    def take(residual: float, bpm: float, confidence: float, note: str = "") -> Fitted:
        measured = {
            "residual_ms_at_last_beat": residual,
            "bpm_detected": bpm,
            "confidence": confidence,
        }
        return Fitted(np.zeros((2, 1), np.float32), measured, note)

    assert choose_best([take(8, 100, 0.9), take(1, 105, 0.9), take(1, 101, 0.9)], 100) == 2
    assert choose_best([take(0, 100, 0.9, "far off"), take(4, 105, 0.5)], 100) == 1
    assert choose_best([take(1, 100, 0.3)], 100) == 0
    # a tempo heard in what hardly has one says nothing
    assert choose_best([take(1, 101, 0.19), take(1, 109, 0.1999)], 100) == 1


@pytest.mark.parametrize("ratio", [0.95, 1.06])
def test_stretching_moves_attacks_by_the_ratio_alone(ratio: float) -> None:
    clicks = np.zeros((2, 4 * takes.RATE), np.float32)
    places = np.arange(1, 7) * takes.RATE // 2
    for place in places:
        clicks[:, place : place + 400] = noise(400 / takes.RATE, takes.RATE, 0.3)
    moved = find_onsets(analysis_signal(stretch(clicks, takes.RATE, ratio), takes.RATE)).times
    np.testing.assert_allclose(moved, places / takes.RATE * ratio, atol=0.002)


def test_onsets_of_sharp_and_soft_notes_are_found_where_they_begin() -> None:
    take = takes.chords(60, FOUR, 8, 0.5, seed=1)
    bars = np.arange(0.5, 8, 4)
    times = find_onsets(analysis_signal(take.audio, takes.RATE)).times
    assert all(np.abs(times - bar).min() < 0.008 for bar in bars)


def test_harmony_moves_where_chords_change() -> None:
    audio = np.concatenate([tone(220, 2, 32000), tone(220 * 2 ** (5 / 12), 2, 32000)], axis=1)
    change = harmonic_change(analysis_signal(audio, 32000), np.array([0.1, 1.0, 2.0, 3.0]), 0.5)
    assert np.isnan(change[0]) and change[2] > 0.9 and change[[1, 3]].max() < 0.05
