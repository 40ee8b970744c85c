"""The manifest: the JSON file that tells a DAW what was made. Its schema, checked when it is written."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from . import SOFTWARE
from .home import Home, replace_file, sync_folder
from .jobs import Job

SCHEMA_VERSION = 1

_NUMBER, _STRING, _BOOL, _INT = (
    {"type": "number"},
    {"type": "string"},
    {"type": "boolean"},
    {"type": "integer"},
)
_HASH = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_FILE = {"type": "string", "pattern": "^[^/\\\\]+/[^/\\\\]+$"}


def _object(
    properties: Mapping[str, object], required: Sequence[str] | None = None
) -> dict[str, object]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties if required is None else required),
    }


_AUDIO = {
    "file": _FILE, "kind": {"const": "audio"}, "role": _STRING, "variation": {"type": "integer", "minimum": 1},
    "sample_rate": _INT, "channels": _INT, "frames": _INT, "beats": _NUMBER, "bpm": _NUMBER,
    "loop": _BOOL, "sha256": _HASH, "measured": {"type": "object"},
}  # fmt: skip
_MIDI = {
    "file": _FILE, "kind": {"const": "midi"}, "role": _STRING, "variation": {"type": "integer", "minimum": 1},
    "beats": _NUMBER, "bpm": _NUMBER, "notes": _FILE, "sha256": _HASH,
}  # fmt: skip

# JSON Schema (draft 2020-12) of a manifest; additions are allowed everywhere.
SCHEMA: dict[str, object] = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "title": "DAW Bridge manifest",
    **_object(
        {
            "schema": {"const": SCHEMA_VERSION}, "job_id": _STRING, "request_id": _STRING,
            "command": {"enum": ["/bridge/generate", "/bridge/transcribe", "/bridge/separate"]},
            "client": _STRING, "project": _STRING, "track": _STRING,
            "place": _object({"beats": {"type": ["number", "null"]}, "s": {"type": ["number", "null"]}}),
            "created": _STRING, "software": _STRING, "request": {"type": "object"},
            "engine": _object(
                {"name": _STRING, "revision": _STRING, "licence": _STRING, "pretrained": _BOOL}
            ),
            "report": {"type": "object"},
            "clips": {"type": "array", "minItems": 1, "items": {"oneOf": [_object(_AUDIO), _object(_MIDI)]}},
        }
    ),
}  # fmt: skip

# keys of a request that say where a clip goes, not what it is
_ECHOED = ("client", "project", "track", "place_beats", "place_s")
_PRIVATE = ("reply_port", "token")


def build(
    job: Job, clips: Sequence[Mapping[str, object]], engine: Mapping[str, object],
    report: Mapping[str, object], now: float,
) -> dict[str, object]:  # fmt: skip
    """The manifest of a finished job; `report` holds what the engine says of its work."""
    request = {k: v for k, v in job.params.items() if k not in _ECHOED + _PRIVATE and v is not None}
    return {
        "schema": SCHEMA_VERSION,
        "job_id": job.id,
        "request_id": job.request_id,
        "command": job.command,
        "client": job.params.get("client", ""),
        "project": job.params.get("project", ""),
        "track": job.params.get("track", ""),
        "place": {"beats": job.params.get("place_beats"), "s": job.params.get("place_s")},
        "created": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now)),
        "software": SOFTWARE,
        "request": request,
        "engine": dict(engine),
        "report": dict(report),
        "clips": [dict(clip) for clip in clips],
    }


def path_of(home: Home, job_id: str) -> Path:
    """Where the manifest of a job appears."""
    return home.clips / f"{job_id}.json"


def stage(home: Home, job_id: str, media: Path, manifest: Mapping[str, object]) -> None:
    """First half of publishing: media folder and manifest lie complete in the staging folder.

    From here on a crash no longer costs the job: `publish` can be called again after a restart.
    """
    final_media = home.staging / job_id
    if media != final_media:
        media.replace(final_media)
    # plain ASCII: Max reads the file in slices, which must not cut a letter in two
    data = json.dumps(manifest, indent=1).encode()
    replace_file(home.staging / f"{job_id}.json", data)


def is_staged(home: Home, job_id: str) -> bool:
    """Whether `publish` can finish this job without computing anything."""
    return (home.staging / f"{job_id}.json").exists()


def publish(home: Home, job_id: str) -> Path:
    """Second half: media appear in the clips folder, then the manifest. Safe to repeat after a crash."""
    home.clips.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it meanwhile
    staged_media, media = home.staging / job_id, home.clips / job_id
    if staged_media.exists():
        staged_media.replace(media)
        sync_folder(home.clips)
    path = path_of(home, job_id)
    (home.staging / f"{job_id}.json").replace(path)
    sync_folder(home.clips)
    return path


def discard(home: Home, job_id: str) -> None:
    """Take back what was staged or half published for a job that failed; published jobs stay."""
    if path_of(home, job_id).exists():
        return
    (home.staging / f"{job_id}.json").unlink(missing_ok=True)
    for media in (home.staging / job_id, home.clips / job_id):
        shutil.rmtree(media, ignore_errors=True)
