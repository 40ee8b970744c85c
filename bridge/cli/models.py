"""`daw-bridge models` and `daw-bridge models pull NAME`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from .. import stem_model
from ..engines.registry import engine_class, engine_paths, info_of, local_models, resolve
from ..errors import BridgeError
from .connect import settings


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")


def models(options: argparse.Namespace) -> int:
    """List what can be loaded and what could be pulled, or pull one."""
    if options.action == "pull":
        if not options.model_name:
            raise BridgeError(
                "bad-request", "say which model to pull: daw-bridge models pull small"
            )
        return _pull(options)
    config = settings(options)
    default = resolve(config.model, config.home)
    here = local_models(config.home)
    known = [name for engine in engine_paths() for name in _names(engine)]
    others = [name for name in known if name not in {choice.model for choice in here}]
    rows = [
        {
            "name": str(choice), "default": choice == default, "licence": info_of(choice).licence,
            "pretrained": info_of(choice).pretrained, "note": info_of(choice).note,
        }
        for choice in here
    ]  # fmt: skip
    if options.json:
        _say(json.dumps({"here": rows, "pull": others}, indent=1))
        return 0
    for row in rows:
        mark = "  (the default)" if row["default"] else ""
        _say(f"{row['name']}{mark}: licence {row['licence']}. {row['note']}")
    others.append(f"{stem_model.NAME} (stem separation)")
    _say(f"To fetch with `daw-bridge models pull NAME`: {', '.join(others)}")
    return 0


def _names(engine: str) -> list[str]:
    names: list[str] = getattr(engine_class(engine), "model_names", lambda: [])()
    return names


def _pull(options: argparse.Namespace) -> int:
    config = settings(options)
    with _bar(show=not options.json) as report:
        found = pull(options.model_name, report, config.home)
    if options.json:
        _say(json.dumps({"model": options.model_name, "folder": str(found)}))
    else:
        _say(f"{options.model_name} is in {found}")
    return 0


def pull(name: str, report: Any, home: Any) -> str:
    """Fetch one model; returns the folder it lies in."""
    if name in stem_model.PUBLISHED:
        return str(stem_model.pull(name, report, home))
    from ..engines.musicgen.pull import pull as pull_musicgen

    return str(pull_musicgen(name, report, home).folder)


@contextmanager
def _bar(show: bool) -> Iterator[Any]:
    if not show:
        yield lambda fraction, doing: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True)) as progress:
        task = progress.add_task("asking", total=1.0)
        yield lambda fraction, doing: progress.update(task, completed=fraction, description=doing)
