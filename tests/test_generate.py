"""A model of whole mixes behind the pipeline: takes are fitted, instruments become tracks of their own."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soundfile
import test_separate
from off_tempo import OffTempo
from running import RunningServer, finish

from bridge import stem_model
from bridge.errors import BridgeError
from bridge.generate import generate
from bridge.protocol import parse

TINY = {"model": "random:tiny", "bars": 1, "bpm": 150.0}


def clips_of(server, prompt: str, **keys) -> list[dict]:
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", prompt, keys={**TINY, **keys})
        finish(client, job_id)
    return server.manifest(job_id)["clips"]


def test_a_take_of_musicgen_is_cut_to_exact_bars(sketch_server):
    (clip,) = clips_of(sketch_server, "drums", meter="7/8", tries=2)
    assert clip["frames"] == round(3.5 * 60 / 150 * 48000)
    assert {"bpm_detected", "stretch", "seam_db", "lufs"} <= set(clip["measured"])
    info = soundfile.info(sketch_server.home.clips / clip["file"])
    assert info.frames == clip["frames"]


@pytest.mark.parametrize(
    ("error", "keys", "expected"),
    [
        (0.03, {"variations": 2}, []),
        (0.1, {}, ["the take runs at 121.0 bpm"]),
        (0.1, {"variations": 2}, [f"variation {n}: the take runs at 121.0 bpm" for n in (1, 2)]),
        (0.1, {"instruments": "drums,bass"}, ["bass: the take runs at 121.0 bpm", "drums: "]),
        (
            0.1,
            {"variations": 5},
            [*(f"variation {n}: " for n in (1, 2, 3)), "2 more takes do not fit"],
        ),
    ],
)
def test_what_does_not_fit_is_said_in_the_report(tmp_path, error, keys, expected):
    flat = ["id", "rock", "bars", 2, "bpm", 110.0, "seed", 5, *itertools.chain(*keys.items())]
    params = dict(parse("/bridge/generate", flat).values)
    made = generate(params, OffTempo(error), tmp_path, "job", tmp_path, lambda *_: None)
    notes = made["report"].get("notes", [])
    assert len(notes) == len(expected), notes
    for note, beginning in zip(notes, expected, strict=True):
        assert note.startswith(beginning), notes


@pytest.mark.parametrize("guide", ["rhythm", "harmony"])
def test_a_guide_is_heard_and_cut_off(sketch_server, guide):
    (clip,) = clips_of(sketch_server, "drums", guide=guide, loop=0)
    assert clip["frames"] == round(4 * 60 / 150 * 48000)


def test_layers_sum_to_the_mix(sketch_server):
    clips = clips_of(sketch_server, "funk", instruments="drums,bass")
    assert [clip["role"] for clip in clips] == ["mix", "drums", "bass"]
    folder = sketch_server.home.clips
    mix, *parts = (soundfile.read(folder / clip["file"])[0] for clip in clips)
    assert 20 * np.log10(np.abs(mix - sum(parts)).max() + 1e-12) < -80
    assert len({clip["frames"] for clip in clips}) == 1


def test_split_without_the_separation_model_is_refused_at_once(sketch_server):
    with pytest.raises(BridgeError) as refusal:
        clips_of(sketch_server, "funk", instruments="drums,bass", ensemble="split")
    assert refusal.value.code == "model-missing"


def test_a_clip_is_continued_from_where_it_ends(sketch_server, tmp_path):
    source = tmp_path / "source.wav"
    soundfile.write(source, np.sin(np.arange(64000) / 20) * 0.3, 32000)
    (clip,) = clips_of(sketch_server, "more", source=str(source), source_start_s=0.5)
    assert clip["frames"] == round(4 * 60 / 150 * 48000)


@pytest.fixture(scope="module")
def separating_server(tmp_path_factory: pytest.TempPathFactory):
    """A server whose separation model is a tiny random network of the real class."""
    server = RunningServer(tmp_path_factory.mktemp("stems") / "home", model="sketch")
    path = stem_model.checkpoint_path(server.home.root)
    path.parent.mkdir(parents=True)
    stem_model.save(test_separate.tiny_model(), path)
    yield server
    server.kill()


def sum_error_db(server, clips: list[dict]) -> float:
    mix, *parts = (soundfile.read(server.home.clips / clip["file"])[0] for clip in clips)
    return float(20 * np.log10(np.abs(mix - sum(parts)).max() + 1e-12))


def test_split_renders_the_mix_and_separates_it(separating_server):
    clips = clips_of(separating_server, "funk", instruments="drums,bass", ensemble="split")
    assert [clip["role"] for clip in clips] == ["mix", "drums", "bass", "other"]
    assert sum_error_db(separating_server, clips) < -80


def test_stems_of_a_generated_mix_sum_to_it(separating_server):
    clips = clips_of(separating_server, "funk", stems=1, model="sketch")
    audio = [clip for clip in clips if clip["kind"] == "audio"]
    assert {clip["role"] for clip in audio} == {"mix", "drums", "bass", "other", "vocals"}
    assert sum_error_db(separating_server, audio) < -80


def test_stems_of_a_joined_clip_are_those_of_the_whole(separating_server, tmp_path):
    source = tmp_path / "source.wav"
    soundfile.write(source, np.sin(np.arange(48000) / 20) * 0.3, 48000)
    clips = clips_of(separating_server, "more", source=str(source), source_join=1, stems=1)
    assert {clip["role"] for clip in clips} == {"mix", "drums", "bass", "other", "vocals"}
    assert {clip["frames"] for clip in clips} == {48000 + round(4 * 60 / 150 * 48000)}
    assert sum_error_db(separating_server, clips) < -80


def test_a_file_is_separated_at_its_own_rate_and_channels(separating_server, tmp_path):
    source = tmp_path / "song.wav"
    sound = np.random.default_rng(0).uniform(-0.4, 0.4, 22050)
    soundfile.write(source, sound, 22050, subtype="PCM_24")
    with separating_server.client() as client:
        job_id, _ = client.request("/bridge/separate", str(source), keys={"stems": "drums"})
        finish(client, job_id)
    clips = separating_server.manifest(job_id)["clips"]
    assert {clip["role"] for clip in clips} == {"drums", "other"}
    assert all((c["sample_rate"], c["channels"], c["frames"]) == (22050, 1, 22050) for c in clips)
    parts = [soundfile.read(separating_server.home.clips / c["file"])[0] for c in clips]
    assert np.abs(sum(parts) - sound).max() < 1e-5
