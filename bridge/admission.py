"""Before a job is accepted: settle what its request leaves open, refuse what would fail later."""

from __future__ import annotations

import os
import random
import shutil
from typing import Any

from . import stem_model
from .config import Config
from .engines import EngineInfo
from .engines.registry import Choice, check, info_of, resolve
from .errors import BridgeError
from .music import length_beats, parse_meter
from .protocol import Request, Value
from .sections import look_at, refuse_long_join, refuse_short_source, section_of

DEFAULT_BARS = 4.0
MAX_TRACK_SECONDS = 2400.0  # variations x tracks x length: about 1 GB of float audio at 48 kHz


def settle(request: Request, config: Config, default: Choice) -> dict[str, Value]:
    """The values a job is stored with; `default` is what an empty model means.

    Reads the disk. Raises BridgeError with what is missing, out of range or not there.
    """
    params = dict(request.values)
    if shutil.disk_usage(config.home).free < config.min_free_bytes:
        least = config.min_free_bytes // 1_000_000
        raise BridgeError(
            "disk-full", f"less than {least} MB are free at {config.home}: free some space"
        )
    needs_stems = request.command.address == "/bridge/separate" or bool(params.get("stems"))
    if request.command.address == "/bridge/generate":
        info = _settle_generate(params, config, default)
        needs_stems = needs_stems or _splits(params, info)
    else:
        _check_file("path", str(params["path"]))
    missing = stem_model.available(config.home) if needs_stems else ""
    if missing:
        raise BridgeError("model-missing", missing)
    return params


async def check_sound(params: dict[str, Any]) -> None:
    """Refuse settled values whose file, by its header, cannot be used: unreadable, too long, too short.

    Raises BridgeError, see `bridge.sections.look_at`.
    """
    section = section_of(params)
    seconds = None if section is None else await look_at(section)
    if seconds is None or not params.get("source"):
        return
    refuse_short_source(seconds)
    if params["source_join"]:
        refuse_long_join(seconds, _asked_seconds(params))


def _splits(params: dict[str, Any], info: EngineInfo) -> bool:
    """Whether instruments come from separating a mix."""
    asked = params["instruments"] and params["ensemble"] == "split"
    return bool(asked) and "instruments" not in info.supports


def _settle_generate(params: dict[str, Any], config: Config, default: Choice) -> EngineInfo:
    if params["bars"] is None and params["seconds"] is None:
        params["bars"] = DEFAULT_BARS
    if params["seed"] == -1:
        params["seed"] = random.randrange(2**31)  # noqa: S311 (music, not secrets)
    choice = default
    if params["model"]:
        choice = resolve(params["model"], config.home)
        check(choice, config.home)
    info = info_of(choice)
    _check_length(params, info)
    if params["source"]:
        params["source_mode"] = params["source_mode"] or "continue"
        if params["source_mode"] not in info.supports:
            raise BridgeError(
                "out-of-range",
                f"{info.title} cannot use a source for {params['source_mode']}; "
                "choose a checkpoint that can with the key model",
            )
        _check_file("source", params["source"])
    if params["source_join"]:
        params["loop"] = False  # what goes on from somewhere does not lead back to its beginning
    return info


def _check_length(params: dict[str, Any], info: EngineInfo) -> None:
    seconds = _asked_seconds(params)
    if not info.min_seconds <= seconds <= info.max_seconds:
        raise BridgeError(
            "out-of-range",
            f"{info.title} makes clips of {info.min_seconds:g}..{info.max_seconds:g} s, this one "
            f"would be {seconds:.4g} s long: change bars, seconds or bpm",
        )
    tracks = params["variations"] * (1 + len(params["instruments"]))
    if seconds * tracks > MAX_TRACK_SECONDS:
        raise BridgeError(
            "out-of-range",
            f"{tracks} tracks of {seconds:.4g} s are {seconds * tracks / 60:.3g} minutes of audio, "
            f"one request may make {MAX_TRACK_SECONDS / 60:g}: ask for fewer or shorter ones",
        )


def _asked_seconds(params: dict[str, Any]) -> float:
    if params["seconds"] is not None:
        return float(params["seconds"])
    beats = length_beats(params["bars"], parse_meter(params["meter"]))
    return float(beats) * 60 / float(params["bpm"])


def _check_file(name: str, path: str) -> None:
    if not os.path.isabs(path):
        raise BridgeError("bad-request", f"{name} must be an absolute path, got {path[:200]!r}")
    if not os.path.exists(path):
        raise BridgeError("not-found", f"there is no file {path[:400]!r}")
    if not os.path.isfile(path):
        raise BridgeError("unreadable-audio", f"{path[:400]!r} is not a file")
    if not os.access(path, os.R_OK):
        raise BridgeError(
            "unreadable-audio",
            f"{path[:400]!r} may not be read by this user; change its permissions",
        )
    if not os.path.getsize(path):
        raise BridgeError("unreadable-audio", f"{path[:400]!r} is empty; export it again")
