"""Is every job accounted for? Looks at a home from outside, after whatever has happened to its server."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import jsonschema
import soundfile

from bridge import manifest
from bridge.home import Home


def rows(home: Home) -> list[sqlite3.Row]:
    """The job list, read by a connection of its own."""
    db = sqlite3.connect(f"file:{home.database}?mode=ro", uri=True)
    db.row_factory = sqlite3.Row
    try:
        return db.execute("SELECT * FROM jobs ORDER BY seq").fetchall()
    finally:
        db.close()


def states(home: Home) -> Counter[str]:
    """How many jobs are in each state; none where the job list was not made yet."""
    try:
        return Counter(row["state"] for row in rows(home))
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return Counter()


def fingerprints(home: Home) -> dict[str, tuple[int, int]]:
    """Inode and time of every manifest: published once, they never change again."""
    found = {}
    for path in home.clips.glob("*.json"):
        status = path.stat()
        found[path.name] = (status.st_ino, status.st_mtime_ns)
    return found


def violations(home: Home, accepted: Mapping[str, str]) -> list[str]:
    """What is wrong with a home whose queue is empty; `accepted`: request_id -> the job_id answered."""
    wrong = []
    by_request = {row["request_id"]: row for row in rows(home)}
    for request_id, job_id in accepted.items():
        row = by_request.get(request_id)
        if row is None:
            wrong.append(f"{request_id}: accepted and lost")
        elif row["id"] != job_id:
            wrong.append(f"{request_id}: answered with {job_id}, stored as {row['id']}")
    visible = set()
    for row in by_request.values():
        if row["state"] == "done":
            visible |= {f"{row['id']}.json", row["id"]}
            wrong += [f"{row['id']}: {text}" for text in _clip_violations(home, row)]
        elif row["state"] in ("queued", "running"):
            wrong.append(f"{row['id']}: still {row['state']}")
        elif row["state"] == "failed" and not (row["code"] and row["message"]):
            wrong.append(f"{row['id']}: failed without a reason")
    there = {path.name for path in home.clips.iterdir()}
    wrong += [f"clips/{name} belongs to no finished job" for name in sorted(there - visible)]
    wrong += [f"staging/{path.name} was left" for path in home.staging.iterdir()]
    return wrong


def _clip_violations(home: Home, row: sqlite3.Row) -> list[str]:
    path = Path(row["manifest"])
    if not path.is_file():
        return ["done without a manifest"]
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(data, manifest.SCHEMA)
    wrong = []
    if (data["job_id"], data["request_id"]) != (row["id"], row["request_id"]):
        wrong.append("the manifest is that of another job")
    named = set()
    for clip in data["clips"]:
        media = home.clips / clip["file"]
        named |= {clip["file"], clip.get("notes", clip["file"])}
        if not media.is_file():
            wrong.append(f"{clip['file']} is missing")
        elif hashlib.sha256(media.read_bytes()).hexdigest() != clip["sha256"]:
            wrong.append(f"{clip['file']} is not what was hashed")
        elif clip["kind"] == "audio" and soundfile.info(media).frames != clip["frames"]:
            wrong.append(f"{clip['file']} has another length")
    there = {f"{row['id']}/{file.name}" for file in (home.clips / row["id"]).iterdir()}
    wrong += [f"{name} is in no manifest, or missing" for name in sorted(there ^ named)]
    return wrong
