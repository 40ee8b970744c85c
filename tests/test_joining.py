"""A continuation as one clip with its source: where everything lies in the file, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import soundfile
from running import finish
from test_cli import bridge_cli

from bridge.audio.finish import fade_edges, low_cut
from bridge.engines import GenerateRequest, Part, Source, Take
from bridge.errors import BridgeError
from bridge.joining import with_source
from bridge.music import Meter, exact_frames

RATE = 48_000
REQUEST = GenerateRequest("x", Fraction(4), 2.0, 120.0, Meter(4, 4), 1, loop=False)


def music(seconds: float, rate: int) -> np.ndarray:
    """A stereo source, [frames, 2]: a chord that moves, and some noise."""
    t = np.arange(round(seconds * rate)) / rate
    chord = sum(np.sin(2 * np.pi * hz * t + np.sin(3 * t)) for hz in (220, 277, 330))
    rng = np.random.default_rng(1)
    return 0.1 * np.stack([chord, 0.5 * chord], 1) + 0.01 * rng.standard_normal((len(t), 2))


def make(server, prompt: str, **keys) -> dict:
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", prompt, keys=keys)
        finish(client, job_id)
    return server.manifest(job_id)


def test_the_clip_is_the_source_and_then_what_is_new(sketch_server, tmp_path):
    path = tmp_path / "source.wav"
    sound = music(3, RATE)
    soundfile.write(path, sound, RATE, subtype="FLOAT")
    keys = {
        "model": "random:tiny", "seconds": 1.25, "bpm": 133.7, "seed": 7, "source": str(path),
        "source_start_s": 0.5, "source_length_s": 1.500021,
    }  # fmt: skip
    manifest = make(sketch_server, "more", **keys, source_join=1, variations=2)
    section = sound[24_000 : 24_000 + 72_001].T.astype(np.float32)
    seam, frames = 72_001, 72_001 + 60_000
    assert manifest["request"]["loop"] is False and manifest["request"]["source_join"] is True
    heard = []
    for clip in manifest["clips"]:
        assert (clip["frames"], clip["channels"], clip["loop"]) == (frames, 2, False)
        assert clip["beats"] == pytest.approx(frames / RATE * 133.7 / 60, abs=1e-12)
        assert clip["measured"]["source_s"] == round(seam / RATE, 6)
        assert clip["measured"]["limited_db"] == 0  # or the gain below is not constant
        info = soundfile.info(sketch_server.home.clips / clip["file"])
        assert (info.frames, info.samplerate, info.subtype) == (frames, RATE, "PCM_24")
        audio = soundfile.read(sketch_server.home.clips / clip["file"])[0].T
        gain = 10 ** (clip["measured"]["gain_db"] / 20)
        before = seam - 4_800
        expected = fade_edges(low_cut(section, RATE, loop=False), RATE) * gain
        np.testing.assert_allclose(
            audio[:, 480:before], expected[:, 480:before], atol=2e-3 * gain * np.abs(section).max()
        )
        # the last 0.1 s go over into the model's own version of the source
        differs = np.abs(audio[:, 480:seam] - expected[:, 480:seam]).max(axis=0) / gain
        halfway = slice(before - 480 + 1_600, before - 480 + 3_200)
        assert differs[halfway].max() > 5 * differs[: before - 480].max()
        heard.append(audio / gain)
    np.testing.assert_allclose(heard[0][:, :before], heard[1][:, :before], atol=1e-3)
    assert np.abs(heard[0][:, seam:] - heard[1][:, seam:]).max() > 1e-3

    # behind the seam comes what a continuation alone gives, at the level it had beside the source
    alone = make(sketch_server, "more", **keys, loop=0)["clips"][0]
    assert alone["frames"] == 60_000 and "source_s" not in alone["measured"]
    new = soundfile.read(sketch_server.home.clips / alone["file"])[0]
    new = new / 10 ** (alone["measured"]["gain_db"] / 20)
    assert alone["measured"]["limited_db"] == 0
    late = slice(30_000, 59_000)  # the low cut of either has forgotten where it began
    for channel in heard[0]:
        np.testing.assert_allclose(channel[seam:][late], new[late], atol=2e-3 * np.abs(new).max())


def test_midi_is_heard_on_the_whole_clip(start_server, tmp_path):
    """The engine knows the notes of its half only, and gives no lead."""
    path = tmp_path / "source.wav"
    t = np.arange(2 * 44_100) / 44_100
    soundfile.write(path, 0.25 * np.sin(2 * np.pi * 330 * t) * np.minimum(1, 20 * (2 - t)), 44_100)
    server = start_server()
    manifest = make(server, "a tone", source=str(path), source_join=1, seconds=2, midi=1)
    mix, midi = manifest["clips"]
    assert (mix["frames"], mix["beats"], midi["beats"]) == (4 * RATE, 8.0, 8.0)
    notes = json.loads((server.home.clips / midi["notes"]).read_text())
    early = {pitch for start, _, pitch, *_ in notes if start < 3.5}
    late = {pitch for start, _, pitch, *_ in notes if start > 3.5}
    assert 64 in early and 57 in late


def test_the_command_line_has_the_switch(start_server, tmp_path):
    path = tmp_path / "source.wav"
    soundfile.write(path, music(1, 44_100), 44_100)
    server = start_server()
    asked = ["generate", "a tone", "--seconds", "1", "--source", str(path), "--source-join"]
    run = bridge_cli(*asked, "--home", str(server.home.root), "--json")
    assert run.returncode == 0, run.stderr
    (clip, *_) = json.loads(run.stdout)["clips"]
    assert clip["frames"] == 2 * RATE


def test_too_much_together_is_refused(start_server, tmp_path):
    path = tmp_path / "long.wav"
    soundfile.write(path, np.full(8_000 * 599, 0.1), 8_000)
    server = start_server()
    with pytest.raises(BridgeError, match="would be 601 s long together, a clip may have 600"):
        make(server, "a tone", source=str(path), source_join=1, seconds=2)


def source_of(frames: int, rate: int) -> Source:
    audio = np.random.default_rng(0).uniform(-0.1, 0.1, (1, frames)).astype(np.float32)
    return Source(audio, rate, "continue")


@pytest.mark.parametrize("bpm", [20.0, 93.7, 133.333])
@pytest.mark.parametrize(("frames", "rate"), [(44_101, 44_100), (11_027, 22_050), (7_919, 96_000)])
def test_the_length_is_exact_at_any_rate_and_tempo(bpm, frames, rate):
    beats = Fraction(7, 2)
    seconds = float(beats) * 60 / bpm
    joined = with_source(
        replace(REQUEST, beats=beats, seconds=seconds, bpm=bpm, source=source_of(frames, rate))
    )
    exact = Fraction(frames, rate) + beats * 60 / Fraction(str(bpm))
    assert exact_frames(joined.request.beats, bpm, RATE) == round(exact * RATE)
    assert joined.request.seconds == pytest.approx(float(exact))
    new = np.ones((1, exact_frames(beats, bpm, 32_000)), np.float32)
    audio = joined.take(Take(1, 1, [Part("mix", new)]), 32_000).parts[0].audio
    assert abs(audio.shape[1] - round(exact * RATE)) <= 1  # the last sample is faded out anyway


def test_silence_behind_a_source_is_still_a_failed_take():
    joined = with_source(replace(REQUEST, source=source_of(RATE, RATE)))
    silence = Take(1, 1, [Part("mix", np.zeros((1, 64_000), np.float32))])
    with pytest.raises(BridgeError, match="silence"):
        joined.take(silence, 32_000)
