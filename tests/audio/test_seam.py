from __future__ import annotations

import numpy as np
import pytest

from bridge.audio.seam import crossfade, join

from .signals import Audio, noise, tone

RATE, FADE = 48_000, 4_800


def rms_db(audio: Audio) -> float:
    return float(10 * np.log10(np.mean(np.square(audio, dtype=np.float64))))


def test_two_versions_that_are_the_same_are_joined_without_a_trace() -> None:
    whole = noise(2, RATE, 0.2)
    joined = join(whole[:, :RATE], RATE, whole[:, RATE:], RATE, whole[:, RATE - FADE : RATE])
    assert joined.shape == whole.shape and joined.dtype == np.float32
    np.testing.assert_array_equal(joined[:, : RATE - FADE], whole[:, : RATE - FADE])
    np.testing.assert_array_equal(joined[:, RATE:], whole[:, RATE:])
    np.testing.assert_allclose(joined, whole, atol=2e-7)  # two roundings of float32


@pytest.mark.parametrize("alike", [0.0, 0.3, 0.7, 0.95, 1.0])
def test_the_level_holds_however_alike_the_versions_are(alike: float) -> None:
    one, two = noise(0.1, RATE, 0.2, seed=1), noise(0.1, RATE, 0.2, seed=2)
    faded = crossfade(one, alike * one + np.sqrt(1 - alike**2) * two)
    levels = [rms_db(piece) for piece in np.array_split(faded, 8, axis=1)]
    assert max(abs(level - rms_db(one)) for level in levels) < 0.5


def test_versions_of_opposite_sign_are_not_blown_up() -> None:
    """Halfway they cancel, and what little remains is left as quiet as it is."""
    one, rest = noise(0.1, RATE, 0.2, seed=1), noise(0.1, RATE, 0.01, seed=2)
    halfway = crossfade(one, rest - one)[:, FADE // 2 - 200 : FADE // 2 + 200]
    assert rms_db(halfway) < rms_db(one) - 12


def test_silent_versions_stay_numbers() -> None:
    nothing = np.zeros((1, 100), np.float32)
    assert not crossfade(nothing, nothing).any()


def test_unrelated_sounds_meet_where_the_source_ends() -> None:
    source, lead, new = noise(1, RATE, 0.2, 1), noise(0.1, RATE, 0.2, 2), noise(1, RATE, 0.2, 3)
    joined = join(source, RATE, new, RATE, lead)
    np.testing.assert_array_equal(joined[:, : RATE - FADE], source[:, :-FADE])
    np.testing.assert_array_equal(joined[:, RATE:], new)
    around = joined[:, RATE - 2 * FADE : RATE + 2 * FADE]
    levels = [rms_db(piece) for piece in np.array_split(around, 32, axis=1)]
    assert max(abs(level - rms_db(source)) for level in levels) < 1


@pytest.mark.parametrize("rate", [22050, 44100, 48000])
def test_nothing_moves_between_two_rates(rate: int) -> None:
    """The model's rate is not the clip's: a tone that goes on keeps its phase through the seam."""
    whole, model = tone(220, 2, rate), tone(220, 2, 32000)[:1]
    joined = join(whole[:, :rate], rate, model[:, 32000:], 32000, model[:, 32000 - 3200 : 32000])
    assert joined.shape == whole.shape  # mono spread to stereo
    heard = slice(0, 2 * rate - rate // 50)  # the last moments of a tone that is cut ring
    np.testing.assert_allclose(joined[:, heard], whole[:, heard], atol=1e-3)


def test_a_mono_source_is_spread_and_one_of_more_channels_mixed() -> None:
    new = noise(0.5, RATE, 0.1)
    mono = noise(0.5, RATE, 0.1, 1)[:1]
    assert join(mono, RATE, new, RATE).shape == (2, RATE)
    surround = np.concatenate([mono, 3 * mono, mono, -mono, mono, mono])
    joined = join(surround, RATE, new[:1], RATE)
    assert joined.shape == (1, RATE)
    np.testing.assert_allclose(joined[:, : RATE // 4], mono[:, : RATE // 4], atol=1e-6)


def test_without_a_lead_there_is_no_click() -> None:
    source, new = np.full((1, RATE), 0.5, np.float32), np.full((1, RATE), -0.5, np.float32)
    joined = join(source, RATE, new, RATE)
    assert joined.shape == (1, 2 * RATE)
    assert np.abs(np.diff(joined)).max() < 0.02
    np.testing.assert_array_equal(joined[:, : RATE - 144], source[:, 144:])
    np.testing.assert_array_equal(joined[:, RATE + 144 :], new[:, 144:])


def test_a_source_shorter_than_the_lead_is_faded_as_far_as_it_reaches() -> None:
    whole = noise(1, RATE, 0.2)
    joined = join(whole[:, 4000:FADE], RATE, whole[:, FADE:], RATE, whole[:, :FADE])
    np.testing.assert_allclose(joined, whole[:, 4000:], atol=2e-7)
