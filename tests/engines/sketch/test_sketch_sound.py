"""Whether what the sketch engine renders is clean: in tune, on the grid, without clicks, gaps or offset."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sketch_asking import render, wish

from bridge.engines.sketch.instruments import SOUNDS
from bridge.engines.sketch.mixdown import VOICES
from bridge.engines.sketch.styles import all_styles
from bridge.engines.sketch.synth.percussion import KITS, strike
from bridge.engines.sketch.synth.sustained import ENSEMBLES
from bridge.engines.sketch.synth.tones import partials

RATE = 48000


def cents_off(sound: NDArray[np.float32], hz: float) -> float:
    """Where the middle of the strongest of the first three harmonics lies, both sides together.

    The middle, not the peak: vibrato, two detuned sides and an ensemble spread evenly around it.
    """
    size = 1 << 19
    power = np.sum(np.abs(np.fft.rfft(sound * np.hanning(sound.shape[1]), size)) ** 2, axis=0)
    where = np.fft.rfftfreq(size, 1 / RATE)
    best = (0.0, 0.0)
    for number in (1, 2, 3):
        near = np.abs(1200 * np.log2(np.maximum(where, 1e-9) / (hz * number))) < 60
        total = float(power[near].sum())
        middle = float((power[near] * where[near]).sum()) / total
        best = max(best, (total, 1200 * np.log2(middle / (hz * number))))
    return best[1]


@pytest.mark.parametrize("voice", sorted({sound.voice for sound in SOUNDS.values()}))
def test_every_voice_is_in_tune_and_starts_without_a_click(voice: str) -> None:
    low = min(sound.low for sound in SOUNDS.values() if sound.voice == voice)
    for pitch in (low, low + 7):
        hz = 440 * 2 ** ((pitch - 69) / 12)
        sound = np.atleast_2d(VOICES[voice](RATE, RATE * 2, hz, 0.7, 1.0))
        assert np.isfinite(sound).all() and 0.05 < np.abs(sound).max() < 2
        assert np.abs(sound[:, 0]).max() < 1e-3
        # the players of an ensemble wander around the pitch, each side in its own way
        allowed = 3.0 if voice in ENSEMBLES else 1.0
        assert abs(cents_off(sound[:, RATE // 5 :], hz)) < allowed


def test_no_partial_folds_back_from_above_half_the_rate() -> None:
    sound = partials(8000, 8000, np.array([440.0, 5000.0]), np.ones(2), np.zeros(2), np.zeros(2))
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(8000)))
    assert spectrum.argmax() == 440
    assert spectrum[2900:3100].max() < 1e-3 * spectrum.max()


def test_partials_are_exact_sines() -> None:
    time = np.arange(RATE) / RATE
    sound = partials(
        RATE, RATE, np.array([1234.5]), np.array([0.5]), np.array([2.0]), np.array([0.25])
    )
    exact = 0.5 * np.exp(-2 * time) * np.sin(2 * np.pi * (1234.5 * time + 0.25))
    assert np.abs(sound - exact).max() < 1e-5


@pytest.mark.parametrize("kit", sorted(KITS))
def test_drums_start_and_end_in_silence_and_have_no_offset(kit: str) -> None:
    for pitch in (36, 38, 42):
        sound = strike(KITS[kit][pitch], RATE, 0.8, 0)
        assert 0.1 < np.abs(sound).max() < 1.8
        assert abs(sound[0]) < 1e-3 and abs(sound[-1]) < 1e-3
        assert abs(float(sound.mean())) < 1e-3


@pytest.mark.parametrize("name", [style.name for style in all_styles()])
def test_every_style_is_balanced_and_closes_on_itself(name: str) -> None:
    style = next(style for style in all_styles() if style.name == name)
    request = wish(name, bars=2, bpm=sum(style.bpm) / 2, rate=32000)
    audio = render(request).takes[0].parts[0].audio
    assert 0.2 < np.abs(audio).max() < 0.95
    assert np.abs(audio.mean(axis=1)).max() < 2e-3
    # the step over the seam is one that happens all the time at the start of a beat
    steps = np.abs(np.diff(audio))
    beat = 32000 * 60 / request.bpm
    onsets = [
        steps[:, max(0, int(k * beat) - 3) : int(k * beat) + 32].max()
        for k in range(1, int(request.beats))
    ]
    assert np.abs(audio[:, 0] - audio[:, -1]).max() <= max(*onsets, np.quantile(steps, 0.999))
    # and the tail of the last note is there at the beginning: no gap before the first sound
    before, after = audio[:, -1600:], audio[:, :320]
    assert np.sqrt(np.mean(after**2)) > 0.05 * np.sqrt(np.mean(before**2))
    # neither mud nor hiss: the middle carries at least a hundredth, the top is neither gone nor all
    power = np.abs(np.fft.rfft(audio.mean(axis=0))) ** 2
    hz = np.fft.rfftfreq(audio.shape[1], 1 / 32000)
    share = [float(power[(hz >= a) & (hz < b)].sum() / power.sum())
             for a, b in ((20, 250), (250, 2000), (2000, 16000))]  # fmt: skip
    assert 0.1 < share[0] < 0.93 and share[1] > 0.04 and 0.0008 < share[2] < 0.5, share


def test_drum_hits_sound_where_their_notes_are() -> None:
    part = render(wish("techno", bars=2, bpm=130, instruments=("kick",))).takes[0].parts[1]
    level = np.abs(part.audio).max(axis=0)
    for note in part.notes or []:
        at = round(note.start * 60 / 130 * RATE)
        before = level[max(0, at - 480) : at].max() if at else 0.0
        assert level[at : at + 240].max() > max(0.05, 1.5 * before)


def test_the_tail_of_a_clip_that_is_no_loop_fades_inside_its_length() -> None:
    audio = render(wish("rock", bars=4, bpm=140, loop=False)).takes[0].parts[0].audio
    level = [np.sqrt(np.mean(piece**2)) for piece in np.array_split(audio, 40, axis=1)]
    assert np.abs(audio[:, -1]).max() < 1e-4
    assert level[-1] < 0.2 * max(level) and level[-10] > 0.05 * max(level)


def test_chroma_of_the_audio_fits_the_key() -> None:
    audio = (
        render(wish("pop", bars=4, key="D minor", instruments=("piano", "bass")))
        .takes[0]
        .parts[0]
        .audio
    )
    power = np.abs(np.fft.rfft(audio.mean(axis=0))) ** 2
    hz = np.fft.rfftfreq(audio.shape[1], 1 / RATE)
    chosen = (hz > 60) & (hz < 1500)
    classes = np.round(69 + 12 * np.log2(hz[chosen] / 440)).astype(int) % 12
    chroma = np.bincount(classes, weights=power[chosen], minlength=12)
    inside = [(2 + step) % 12 for step in (0, 2, 3, 5, 7, 8, 10)]
    assert chroma[inside].sum() > 0.85 * chroma.sum()


def test_deep_notes_leave_no_offset() -> None:
    audio = render(wish("techno", bars=4, instruments=("bass",))).takes[0].parts[0].audio
    assert np.abs(audio.mean(axis=1)).max() < 5e-4
