"""Publishing in two halves: whatever moment a crash chooses, a clip is there whole or not at all."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge import manifest
from bridge.home import Home
from bridge.jobs import Job


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.prepare()
    return home


def staged_media(home: Home) -> Path:
    folder = home.staging / "job.1.0"
    folder.mkdir()
    (folder / "mix.wav").write_bytes(b"RIFF")
    return folder


def test_nothing_is_visible_before_publish(home: Home):
    manifest.stage(home, "job", staged_media(home), {"a": "ü"})
    assert list(home.clips.iterdir()) == []
    assert manifest.is_staged(home, "job")
    path = manifest.publish(home, "job")
    assert json.loads(path.read_text(encoding="utf-8")) == {"a": "ü"}
    assert (home.clips / "job" / "mix.wav").read_bytes() == b"RIFF"
    assert list(home.staging.iterdir()) == []


def test_publish_goes_on_after_a_crash_between_media_and_manifest(home: Home):
    manifest.stage(home, "job", staged_media(home), {})
    (home.staging / "job").replace(home.clips / "job")  # here the power went
    assert manifest.publish(home, "job").exists()
    assert (home.clips / "job" / "mix.wav").exists()


def test_a_deleted_clips_folder_is_made_again(home: Home):
    manifest.stage(home, "job", staged_media(home), {})
    home.clips.rmdir()
    assert manifest.publish(home, "job").exists()


def test_the_manifest_repeats_the_request_without_secrets():
    params = {
        "prompt": "x", "token": "secret", "reply_port": 9000, "project": "P", "track": "T",
        "client": "c", "place_beats": 4.0, "place_s": None, "seconds": None, "seed": 7,
    }  # fmt: skip
    job = Job(
        1, "j", "r", "/bridge/generate", params, "", "running", 0, 0.0, 0.0, None, 0, "", "", ""
    )
    data = manifest.build(job, [], {"name": "e"}, {"style": "funk"}, now=0.0)
    assert (data["request"], data["report"]) == ({"prompt": "x", "seed": 7}, {"style": "funk"})
    assert (data["project"], data["track"], data["client"]) == ("P", "T", "c")
    assert data["place"] == {"beats": 4.0, "s": None}
    assert data["created"] == "1970-01-01T00:00:00Z"
    assert "secret" not in json.dumps(data)
