"""The part of the user's file that a job works with, and what its header says of it beforehand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import Mapping
from typing import Any

from .engines import SOURCE_SECONDS
from .errors import BridgeError
from .protocol import MAX_SECONDS

log = logging.getLogger(__name__)

# less than clients wait for an answer; a drive that has to wake up leaves it to the job
LOOK_S = 2.0
MIN_SOURCE_SECONDS = 0.02  # one frame of EnCodec's tokens

Section = dict[str, Any]  # the arguments of bridge.audio.read.read_audio


def section_of(params: Mapping[str, Any]) -> Section | None:
    """What a job with these values reads; None when it starts from no file.

    Of a clip's source only what the model looks at: the rest of a long recording is never read.
    """
    if "path" in params:
        return {
            "path": params["path"],
            "start_s": params["start_s"],
            "length_s": params["length_s"],
        }
    if not params["source"]:
        return None
    length_s, last_s = params["source_length_s"], None
    if params["source_mode"] == "melody":
        length_s = min(SOURCE_SECONDS, length_s or SOURCE_SECONDS)
    elif not params["source_join"]:
        last_s = SOURCE_SECONDS
    return {
        "path": params["source"], "start_s": params["source_start_s"], "length_s": length_s,
        "last_s": last_s, "keys": "source_",
    }  # fmt: skip


async def look_at(section: Section) -> float | None:
    """Seconds of a section, by the file's header; None where only reading it can tell.

    Raises BridgeError `bad-request`, `not-found`, `unreadable-audio` or `out-of-range`, see
    `section_seconds`.
    """
    try:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bridge.audio.header", json.dumps(section),
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
    except OSError:
        log.exception("header.not_started")
        return None
    try:
        printed, errors = await asyncio.wait_for(process.communicate(), LOOK_S)
    except asyncio.TimeoutError:
        log.warning("header.slow path=%r after_s=%g", section["path"], LOOK_S)
        return None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode:
        text = errors.decode(errors="replace")
        log.error("header.failed path=%r code=%s\n%s", section["path"], process.returncode, text)
        return None
    answer = json.loads(printed)
    if "code" in answer:
        raise BridgeError(answer["code"], answer["message"])
    seconds: float | None = answer["seconds"]
    return seconds


def refuse_short_source(seconds: float) -> None:
    """Raise BridgeError `out-of-range` for a source in which a model finds nothing to go on from."""
    if seconds < MIN_SOURCE_SECONDS:
        raise BridgeError(
            "out-of-range",
            f"the source is only {seconds * 1000:.1f} ms long; give at least "
            f"{MIN_SOURCE_SECONDS * 1000:.0f} ms of audio",
        )


def refuse_long_join(source_s: float, new_s: float) -> None:
    """Raise BridgeError `out-of-range` where a source and its continuation are longer than a clip may be."""
    if source_s + new_s > MAX_SECONDS:
        raise BridgeError(
            "out-of-range",
            f"source and continuation would be {source_s + new_s:.4g} s long together, a clip may have "
            f"{MAX_SECONDS:g}: give a shorter section with source_start_s and source_length_s, "
            "or leave out source_join",
        )
