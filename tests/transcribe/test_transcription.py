"""Audio to MIDI on music with known notes, and on everything that is not music."""

from __future__ import annotations

import math
from pathlib import Path

import mir_eval
import numpy as np
import pytest
import soxr

from bridge import transcribe as package
from bridge.errors import BridgeError, Cancelled
from bridge.music import Note, parse_meter
from bridge.transcribe import Transcription, transcribe
from bridge.transcribe.mono import one_voice

from . import pieces, synth

FOUR = parse_meter("4/4")
RATE = synth.RATE
BY_NAME = {p.name: p for p in pieces.held_out() + pieces.development()}
TIMBRES = {t.name: t for t in (*synth.HELD_OUT, *synth.DEVELOPMENT)}


def hear(
    audio: np.ndarray, bpm: float = 120.0, rate: int = RATE, **options: object
) -> Transcription:
    return transcribe(audio, rate, bpm=bpm, meter=FOUR, progress=lambda *_: None, **options)  # type: ignore[arg-type]


def f_measure(wanted: list[Note], found: list[Note], bpm: float) -> float:
    """Right key, start within 50 ms."""

    def columns(notes: list[Note]) -> tuple[np.ndarray, np.ndarray]:
        spans = np.array([[n.start, n.start + n.length] for n in notes]) * 60 / bpm
        return spans, 440.0 * 2.0 ** ((np.array([n.pitch for n in notes]) - 69) / 12)

    if not found:
        return 0.0
    scores = mir_eval.transcription.precision_recall_f1_overlap(
        *columns(wanted), *columns(found), onset_tolerance=0.05, offset_ratio=None
    )
    return float(scores[2])


def scale(timbre: str = "electric piano", bpm: float = 120.0) -> tuple[np.ndarray, list[Note]]:
    notes = pieces.line("C4 D4 E4 F4 G4 A4 B4 C5")
    return synth.render(notes, bpm, TIMBRES[timbre]), notes


@pytest.mark.parametrize(
    ("piece", "timbre", "least"),
    [
        ("minuet-in-g", "piano", 0.95), ("frere-jacques", "marimba", 0.93),
        ("the-saints", "electric piano", 0.93), ("greensleeves", "organ", 0.85),
        ("prelude-in-c", "pluck", 0.93), ("gymnopedie", "piano", 0.9), ("band-101", "piano", 0.85),
    ],
)  # fmt: skip
def test_pieces_are_heard(piece: str, timbre: str, least: float) -> None:
    music = BY_NAME[piece]
    notes = music.all_notes()
    result = hear(synth.render(notes, music.bpm, TIMBRES[timbre]), music.bpm)
    assert result.material == "poly"
    assert f_measure(notes, result.notes, music.bpm) >= least


@pytest.mark.parametrize(
    ("piece", "voice", "timbre", "least"),
    [
        ("mountain-king", "bass", "saw", 0.9), ("blues-bass", "bass", "pluck", 0.9),
        ("minuet-in-g", "melody", "flute", 0.93), ("greensleeves", "melody", "square", 0.95),
        ("band-103", "lead", "saw", 0.9),
    ],
)  # fmt: skip
def test_single_lines_are_heard_as_such(piece: str, voice: str, timbre: str, least: float) -> None:
    music = BY_NAME[piece]
    notes = music.voices[voice]
    result = hear(synth.render(notes, music.bpm, TIMBRES[timbre]), music.bpm)
    assert result.material == "mono"
    assert f_measure(notes, result.notes, music.bpm) >= least
    for one, following in zip(result.notes, result.notes[1:], strict=False):
        assert one.start + one.length <= following.start + 1e-9


@pytest.mark.parametrize("seed", [9001, 9002, 9003, 9006])
def test_drums_become_general_midi_keys_on_channel_9(seed: int) -> None:
    _, notes = pieces.drum_beat(seed)
    result = hear(synth.render_drums(notes, 110, seed), 110)
    assert result.material == "drums"
    assert {n.channel for n in result.notes} == {9}
    assert f_measure(notes, result.notes, 110) >= 0.78


def test_velocities_follow_loudness() -> None:
    velocities = [40, 100, 60, 120, 50, 80]
    notes = [Note(i, 0.9, 60 + i, v) for i, v in enumerate(velocities)]
    found = hear(synth.render(notes, 100, TIMBRES["piano"]), 100).notes
    assert len(found) == len(notes) and all(1 <= n.velocity <= 127 for n in found)
    assert np.corrcoef(velocities, [n.velocity for n in found])[0, 1] > 0.9


def test_lengths_are_about_right() -> None:
    notes = pieces.line("C4:2 E4:.5 r:.5 G4:1 r:1 C5:3")
    found = hear(synth.render(notes, 120, TIMBRES["organ"])).notes
    assert len(found) == 4
    for wanted, heard in zip(notes, found, strict=True):
        assert heard.length == pytest.approx(wanted.length, abs=0.25)


def test_starts_do_not_drift_over_many_windows() -> None:
    """The network hears 2 s at a time: a constant or growing error of its joints would show here."""
    notes = [Note(i, 0.8, 60 + i % 5, 100) for i in range(90)]
    found = hear(synth.render(notes, 120, TIMBRES["pluck"])).notes
    assert len(found) == 90
    late = np.array([(f.start - n.start) * 500 for f, n in zip(found, notes, strict=True)])
    assert np.abs(late).max() < 25 and abs(np.median(late[:30]) - np.median(late[-30:])) < 4


@pytest.mark.parametrize("rate", [8000, 11025, 48000, 96000, 192000])
def test_any_rate(rate: int) -> None:
    audio, notes = scale()
    found = hear(soxr.resample(audio[0], RATE, rate)[None], rate=rate).notes
    assert [n.pitch for n in found] == [n.pitch for n in notes]


@pytest.mark.parametrize("gain", [0.002, 1.0, 40.0])
def test_any_level_even_clipped(gain: float) -> None:
    audio, notes = scale("pluck")
    found = hear(np.clip(audio * gain, -1, 1)).notes
    heard = {n.pitch for n in found}
    assert {n.pitch for n in notes} <= heard
    if gain <= 1:
        assert len(found) == len(notes)


@pytest.mark.parametrize("channels", [2, 6])
def test_any_channels(channels: int) -> None:
    audio, notes = scale()
    many = np.zeros((channels, audio.shape[1]), np.float32)
    many[: channels // 2] = audio
    assert [n.pitch for n in hear(many).notes] == [n.pitch for n in notes]


def test_channels_that_cancel_each_other_are_heard() -> None:
    audio, notes = scale()
    found = hear(np.concatenate([audio, -audio])).notes
    assert [n.pitch for n in found] == [n.pitch for n in notes]


def test_broken_numbers_are_mended_and_reported() -> None:
    audio, notes = scale()
    audio[0, 1000:1010] = np.nan
    audio[0, 5000] = np.inf
    result = hear(audio)
    assert [n.pitch for n in result.notes] == [n.pitch for n in notes]
    assert result.report["repaired_samples"] == 11


@pytest.mark.parametrize("material", ["auto", "poly", "mono", "drums"])
@pytest.mark.parametrize(
    "audio",
    [
        np.zeros((2, 44100), np.float32), np.zeros((1, 1), np.float32), np.ones((1, 1), np.float32),
        np.zeros((1, 0), np.float32), np.full((1, 5000), np.nan, np.float32),
        np.full((2, 30000), 0.5, np.float32),
    ],
    ids=["silence", "one zero", "one sample", "nothing", "only NaN", "a constant"],
)  # fmt: skip
def test_no_music_gives_no_notes_and_a_sentence(audio: np.ndarray, material: str) -> None:
    result = hear(audio, material=material)
    if result.notes:
        pytest.fail(f"heard {result.notes}")
    assert str(result.report["sentence"]).endswith(".")


def test_faint_noise_gives_no_pitched_notes() -> None:
    noise = np.random.default_rng(0).standard_normal((1, 3 * RATE)).astype(np.float32) * 0.1
    assert len(hear(noise, material="poly").notes) <= 2


def test_positions_are_in_beats_of_the_asked_tempo() -> None:
    audio, _ = scale(bpm=120)
    slow, fast = hear(audio, 60.0).notes, hear(audio, 180.0).notes
    for one, other in zip(slow, fast, strict=True):
        assert other.start == pytest.approx(3 * one.start, abs=1e-6)


def test_quantised_to_the_grid() -> None:
    audio, notes = scale(bpm=120)
    found = hear(audio, 120.0, quantize="1/8").notes
    assert [(n.start, n.pitch) for n in found] == [(n.start, n.pitch) for n in notes]
    assert all((n.length * 2).is_integer() and n.length > 0 for n in found)


def test_bends_follow_the_pitch() -> None:
    """A tone that glides up by a quarter tone, and one that stays."""
    t = np.arange(2 * RATE) / RATE
    glide = 0.5 * np.clip((t - 0.3) / 1.0, 0, 1)
    tones = []
    for move in (glide, 0 * glide):
        phase = 2 * np.pi * np.cumsum(440 * 2 ** (move / 12)) / RATE
        tone = sum(np.sin(h * phase) / h for h in range(1, 6)) * np.clip(20 * (2 - t), 0, 1)
        tones.append((0.3 * tone).astype(np.float32)[None])
    bent, straight = (hear(a, 60.0, material="mono", bends=True) for a in tones)
    assert len(bent.bends) == len(bent.notes) and len(straight.bends) == len(straight.notes)
    rise = [semitones for _, semitones in bent.bends[0]]
    assert rise[-10] - rise[5] == pytest.approx(0.5, abs=0.15)
    assert abs(np.median([semitones for _, semitones in straight.bends[0]])) < 0.1
    beats = [at for at, _ in bent.bends[0]]
    assert beats == sorted(beats) and beats[-1] <= bent.notes[0].length + 0.02


def test_progress_rises_and_cancels_within_a_few_seconds_of_audio() -> None:
    audio = np.tile(scale()[0], (1, 8))
    seen: list[float] = []

    def watch(stage: str, fraction: float) -> None:
        assert stage == "transcribing"
        seen.append(fraction)

    transcribe(audio, RATE, bpm=120, meter=FOUR, progress=watch)
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert len(seen) > audio.shape[1] / RATE / 8
    calls = 0

    def cancel(stage: str, fraction: float) -> None:
        nonlocal calls
        calls += 1
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        transcribe(audio, RATE, bpm=120, meter=FOUR, progress=cancel)
    assert calls < len(seen) / 2


def test_unknown_words_are_refused_by_name() -> None:
    audio = np.zeros((1, 100), np.float32)
    with pytest.raises(BridgeError, match="kazoo"):
        hear(audio, material="kazoo")
    with pytest.raises(BridgeError, match="1/5"):
        hear(audio, quantize="1/5")


def test_the_same_audio_gives_the_same_notes() -> None:
    music = BY_NAME["band-102"]
    audio = synth.render(music.all_notes(), music.bpm, TIMBRES["piano"])[:, : 6 * RATE]
    assert hear(audio).notes == hear(audio).notes


def test_the_network_travels_with_its_licence() -> None:
    folder = Path(package.__file__).parent
    assert (folder / "nmp.onnx").stat().st_size == 230444
    assert "Apache License" in (folder / "nmp.LICENSE").read_text(encoding="utf-8")
    notice = (folder.parents[1] / "NOTICE").read_text(encoding="utf-8")
    assert "nmp.onnx" in notice and "Spotify" in notice
    assert math.isclose(sum(f.suffix == ".npz" for f in folder.iterdir()), 2)


@pytest.mark.parametrize("material", ["auto", "mono", "poly"])
def test_a_note_that_sounds_in_the_very_first_sample_is_heard(material: str) -> None:
    """A loop is cut on its downbeat: nothing comes before its first note."""
    tone = 0.3 * np.sin(2 * np.pi * 440 * np.arange(2 * 44100) / 44100)
    heard = transcribe(
        tone[None].astype(np.float32), 44100, bpm=120.0, meter=parse_meter("4/4"), material=material,
        progress=lambda stage, fraction: None,
    )  # fmt: skip
    assert [(note.start, note.pitch) for note in heard.notes] == [(0.0, 69)]


def test_one_voice_of_nothing_is_nothing() -> None:
    assert one_voice([]) == []
