from __future__ import annotations

import numpy as np
import pyloudnorm
import pytest
from scipy.signal import resample_poly

from bridge.audio.finish import finish, low_cut, seam_db
from bridge.audio.level import gain_curve, integrated_loudness
from bridge.audio.resample import resample
from bridge.errors import BridgeError
from bridge.music import exact_frames

from .signals import Audio, kicks, noise, peak_db, tone


def true_peak_db(audio: Audio, loop: bool) -> float:
    """An oversampling meter independent of the one under test: scipy's polyphase filter, 8 times."""
    if loop:
        audio = np.concatenate([audio[:, -500:], audio, audio[:, :500]], axis=1)
    return peak_db(resample_poly(audio.astype(np.float64), 8, 1, axis=1))


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("rate_out", [44100, 48000, 96000])
def test_loudness_ceiling_and_frames(loop: bool, rate_out: int) -> None:
    mix = kicks(4, 32000) + 0.3 * noise(4, 32000) + 0.3 * tone(220, 4, 32000)
    done = finish([mix], 32000, rate_out, 4 * rate_out, loop)
    audio = done.parts[0]
    assert audio.shape == (2, 4 * rate_out) and audio.dtype == np.float32
    measured = pyloudnorm.Meter(rate_out, "DeMan").integrated_loudness(audio.T)
    assert measured == pytest.approx(-14, abs=0.25)
    assert done.measured["lufs"] == pytest.approx(measured, abs=0.01)
    assert done.measured["limited_db"] < -0.5  # the limiter was at work, or this proves nothing
    assert true_peak_db(audio, loop) <= -0.98
    assert done.measured["true_peak_dbtp"] == pytest.approx(true_peak_db(audio, loop), abs=0.1)


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("seconds", [0.4, 1.234, 5.0])
def test_loudness_is_that_of_the_reference_meter(rate: int, seconds: float) -> None:
    audio = kicks(seconds, rate) + 0.1 * noise(seconds, rate)
    audio[:, audio.shape[1] // 2 :] *= 0.02  # so that the gates have something to do
    reference = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(audio.T)
    assert integrated_loudness(audio, rate) == pytest.approx(reference, abs=0.03)
    mono = pyloudnorm.Meter(rate, "DeMan").integrated_loudness(audio[0])
    assert integrated_loudness(audio[:1], rate) == pytest.approx(mono, abs=0.03)


def test_quiet_music_is_lifted_without_limiting() -> None:
    done = finish([noise(2, 48000, 0.001)], 48000, 48000, 96000, True)
    assert done.measured["lufs"] == pytest.approx(-14, abs=0.02)
    assert done.measured["limited_db"] == 0 and done.measured["gain_db"] > 20
    assert true_peak_db(done.parts[0], True) == pytest.approx(
        done.measured["true_peak_dbtp"],
        abs=0.3,  # white noise: much just below half the rate
    )


def test_a_sparse_clip_keeps_its_attack() -> None:
    click = np.zeros((2, 96000), np.float32)
    click[:, 4000:4200] = 0.9
    done = finish([click], 48000, 48000, 96000, False)
    assert done.measured["limited_db"] >= -6.1 and done.measured["lufs"] < -15


@pytest.mark.parametrize("loop", [True, False])
def test_parts_still_sum_to_the_mix(loop: bool) -> None:
    drums, bass = kicks(4.1, 32000, level=1.4), tone(55, 4.1, 32000, 0.1)
    other = noise(4.1, 32000) - 0.5 * drums  # cancels part of the drums
    parts = [drums + bass + other, drums, bass, other]
    frames = exact_frames(8, 119.9, 44100)
    done = finish([part[:, :128106] for part in parts], 32000, 44100, frames, loop)
    assert done.measured["limited_db"] < -0.3
    assert peak_db(done.parts[0] - sum(done.parts[1:])) < -125
    assert all(np.abs(part).max() <= 1 for part in done.parts)


@pytest.mark.parametrize("bpm", [93.7, 120, 174.35])
@pytest.mark.parametrize("rate_out", [44100, 48000, 88200])
def test_a_loop_stays_closed_through_resampling_and_limiting(bpm: float, rate_out: int) -> None:
    frames_in = exact_frames(8, bpm, 32000)
    turns = np.array([[37], [120]])  # whole periods per loop: nothing but the loop itself closes it
    wave = 0.5 * np.sin(2 * np.pi * turns * np.arange(frames_in) / frames_in)
    loop = (wave + np.roll(kicks(frames_in / 32000, 32000)[:, :frames_in], 500, axis=1)).astype(
        np.float32
    )
    frames = exact_frames(8, bpm, rate_out)
    done = finish([loop], 32000, rate_out, frames, True)
    assert done.parts[0].shape == (2, frames)
    assert done.measured["seam_db"] < 3
    # rolled by half, the same loop must give the same result rolled: no place is special
    half = frames_in // 2
    rolled = finish([np.roll(loop, half, axis=1)], 32000, rate_out, frames, True)
    reach = [it.measured["limited_db"] + it.measured["gain_db"] for it in (done, rolled)]
    assert reach[0] == pytest.approx(reach[1], abs=0.05)
    tone_of = resample(wave.astype(np.float32), 32000, rate_out, loop_frames=frames)
    ideal = 0.5 * np.sin(2 * np.pi * turns * np.arange(frames) / frames)
    assert peak_db(tone_of - ideal) < -100


def test_ends_fade_unless_it_is_a_loop() -> None:
    audio = tone(100, 1, 48000) + 0.2
    once, loop = (finish([audio], 48000, 48000, 48000, flag).parts[0] for flag in (False, True))
    assert np.abs(once[:, [0, -1]]).max() == 0 and np.abs(once[:, :24]).max() < 0.01
    assert abs(loop.mean()) < 1e-4  # the DC offset is gone
    assert np.abs(loop[:, :240]).max() > 0.2


def test_low_cut_of_a_loop_is_endless_and_spares_the_bass() -> None:
    loop = tone(50, 1, 8000) + tone(3, 1, 8000)
    twice = low_cut(np.tile(loop, 3), 8000, False)[:, -8000:]  # long settled
    np.testing.assert_allclose(low_cut(loop, 8000, True), twice, atol=2e-5)
    spectrum = np.abs(np.fft.rfft(low_cut(loop, 8000, True)[0])) / 4000
    assert spectrum[50] == pytest.approx(0.25, rel=0.02) and spectrum[3] < 0.01


def test_seam_db_hears_a_click_and_passes_a_closed_loop() -> None:
    assert seam_db(tone(100, 1, 48000), 48000) < 4
    assert seam_db(tone(100.5, 1, 48000) + 0.1, 48000) < 10
    assert seam_db(tone(100.25, 1, 48000), 48000) > 30
    assert seam_db(np.zeros((2, 48000), np.float32), 48000) < 0


@pytest.mark.parametrize("loop", [True, False])
def test_the_gain_has_arrived_at_every_peak_and_moves_slowly(loop: bool) -> None:
    load = np.random.default_rng(1).uniform(0, 0.5, 20011).astype(np.float32)
    for place, height in ((0, 2.0), (3, 1.2), (9000, 1.5), (9100, 3.0), (20010, 1.8)):
        load[place] = height
    curve = gain_curve(load, 48000, loop)
    assert curve is not None and (load * curve).max() <= 1 + 1e-6
    assert curve.min() > 0.32 and np.abs(np.diff(curve)).max() < 0.02
    if loop:
        assert abs(curve[0] - curve[-1]) < 0.02
        rolled = gain_curve(np.roll(load, 16 * 600), 48000, True)
        assert rolled is not None and (np.roll(load, 16 * 600) * rolled).max() <= 1 + 1e-6
    assert gain_curve(load * 0.3, 48000, loop) is None


def test_very_short_clips_are_finished() -> None:
    done = finish([tone(1000, 0.1, 48000)], 48000, 44100, 4410, False)
    assert done.parts[0].shape == (2, 4410) and -20 < done.measured["lufs"] < -13
    assert finish([tone(1000, 0.1, 48000)[:1]], 48000, 44100, 4410, True).parts[0].shape == (
        1,
        4410,
    )


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (np.full((2, 48000), np.nan, np.float32), "not numbers"),
        (np.zeros((2, 48000), np.float32), "silence"),
        (noise(1, 48000, 1e-5), "silence"),
        (noise(0.9, 48000), "0.9000 s of sound where 1.0000 s"),
    ],
)
def test_a_failed_model_is_said(audio: Audio, words: str) -> None:
    with pytest.raises(BridgeError, match=words) as error:
        finish([audio], 48000, 48000, 48000, False)
    assert error.value.code == "model-failed"


def test_a_loop_that_is_short_is_refused_and_a_short_one_shot_padded() -> None:
    with pytest.raises(BridgeError, match="needed"):
        finish([noise(0.999, 48000)], 48000, 48000, 48000, True)
    assert finish([noise(1.001, 48000)], 48000, 48000, 48000, True).parts[0].shape == (2, 48000)
    assert finish([noise(0.98, 48000)], 48000, 48000, 48000, False).parts[0].shape == (2, 48000)
    assert finish([noise(2, 48000)], 48000, 48000, 48000, False).parts[0].shape == (2, 48000)


def test_parts_of_different_length_are_a_bug() -> None:
    with pytest.raises(ValueError, match="differ in shape"):
        finish([noise(1, 48000), noise(0.5, 48000)], 48000, 48000, 48000, False)
