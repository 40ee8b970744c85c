"""The main job, end to end: a request over UDP becomes a published clip."""

from __future__ import annotations

import json

import jsonschema
import soundfile
from running import finish

from bridge import manifest


def test_a_request_becomes_a_clip_with_a_manifest(start_server):
    server = start_server()
    with server.client() as client:
        keys = {"bars": 2, "bpm": 93.7, "meter": "7/8", "place_beats": 12.5, "project": "Söng"}
        job_id, place = client.request("/bridge/generate", "a tone ♫", keys=keys)
        path = finish(client, job_id)
    assert place == 0
    assert path == server.home.clips / f"{job_id}.json"
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(data, manifest.SCHEMA)
    assert data["place"] == {"beats": 12.5, "s": None}
    assert (data["project"], data["request"]["prompt"]) == ("Söng", "a tone ♫")
    audio = data["clips"][0]
    info = soundfile.info(server.home.clips / audio["file"])
    assert info.frames == audio["frames"] == round(2 * 7 * 4 / 8 * 60 / 93.7 * 48000)
    assert (info.samplerate, info.subtype) == (48000, "PCM_24")
