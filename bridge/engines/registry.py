"""Which engines there are, and which one a model name means; other packages add theirs by entry point.

A package adds an engine with, in its pyproject.toml:

    [project.entry-points."daw_bridge.engines"]
    mine = "my_package:MyEngine"

The class is called as `MyEngine(model, device=..., precision=..., home=..., commercial_use=...)` in the
worker process; importing its module must be cheap, since the server process reads `info` from it.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from ..errors import BridgeError
from . import Engine, EngineInfo

log = logging.getLogger(__name__)

GROUP = "daw_bridge.engines"
BUILT_IN = {
    "sketch": "bridge.engines.sketch:SketchEngine",
    "musicgen": "bridge.engines.musicgen:MusicgenEngine",
}


@dataclass(frozen=True, slots=True)
class Choice:
    """An engine and what it is to load; "" for engines that have only one thing to load."""

    engine: str
    model: str = ""

    def __str__(self) -> str:
        return f"{self.engine}:{self.model}" if self.model else self.engine


@lru_cache(maxsize=1)
def engine_paths() -> dict[str, str]:
    """Name -> "module:Class" of every engine; the built-in ones come first and cannot be replaced."""
    found = {point.name: point.value for point in entry_points(group=GROUP)}
    return {**BUILT_IN, **{k: v for k, v in found.items() if k not in BUILT_IN}}


def engine_class(name: str) -> Any:
    """The class of one engine, imported now; BridgeError when its package is broken."""
    module, _, attribute = engine_paths()[name].partition(":")
    try:
        return getattr(import_module(module), attribute)
    except (ImportError, AttributeError) as error:
        raise BridgeError(
            "model-missing",
            f"the engine {name!r} ({engine_paths()[name]}) cannot be imported: {error}",
        ) from error


def info_of(choice: Choice) -> EngineInfo:
    """What the chosen engine can do, without loading it.

    A class may give a `describe(model) -> EngineInfo` where its checkpoints differ.
    """
    cls = engine_class(choice.engine)
    describe = getattr(cls, "describe", None)
    info: EngineInfo = describe(choice.model) if describe and choice.model else cls.info
    return info


def check(choice: Choice, home: Path) -> None:
    """Refuse a choice that cannot be loaded, as far as a look at its files tells.

    A class may give a `check(model, home)` that raises BridgeError with what is wrong.
    """
    look = getattr(engine_class(choice.engine), "check", None)
    if look:
        look(choice.model, home)


def create(choice: Choice, **settings: object) -> Engine:
    """Make the engine (worker process only); nothing is loaded yet."""
    engine: Engine = engine_class(choice.engine)(choice.model, **settings)
    return engine


def _ask(name: str, question: str, *arguments: object) -> Any:
    """What an engine's class answers, None when it does not know the question or is broken."""
    try:
        method = getattr(engine_class(name), question, None)
    except BridgeError as error:  # one broken package must not take the others away
        log.warning("engine.broken name=%s error=%s", name, error)
        return None
    return method(*arguments) if method else None


def local_models(home: Path) -> list[Choice]:
    """Everything that could be loaded now without any download, best first, sketch last.

    A class may give a `local_models(home)` with the names of its checkpoints on this machine.
    """
    choices = []
    for name in engine_paths():
        if name != "sketch":
            models = _ask(name, "local_models", home)
            choices += [Choice(name, model) for model in ([""] if models is None else models)]
    return [*choices, Choice("sketch")]


def resolve(name: str, home: Path) -> Choice:
    """What "auto", "sketch", "small", "facebook/musicgen-small", "engine:model" or a folder means.

    A class may claim names of its own by `accepts(name)`, and list them by `model_names()`. Raises
    BridgeError `model-missing` with the nearest names. Whether a named checkpoint is on this machine
    is the engine's own question: see `check`.
    """
    name = name.strip()
    if name in ("", "auto"):
        found = (choice for choice in local_models(home) if info_of(choice).pretrained)
        return next(found, Choice("sketch"))
    if name in engine_paths():
        return next((c for c in local_models(home) if c.engine == name), Choice(name))
    engine, colon, model = name.partition(":")
    if colon and engine in engine_paths():
        return Choice(engine, model)
    names: list[str] = list(engine_paths())
    for engine in engine_paths():
        if _ask(engine, "accepts", name):
            return Choice(engine, name)
        names += _ask(engine, "model_names") or []
    folder = Path(name).expanduser()
    if folder.is_absolute():
        what = "holds no config.json, so it is no checkpoint" if folder.is_dir() else "is no folder"
        raise BridgeError(
            "model-missing", f"{name[:400]!r} {what}; give a checkpoint's name or its folder"
        )
    near = get_close_matches(name, names, n=3) or names[:6]
    raise BridgeError(
        "model-missing", f"no engine or checkpoint is called {name[:80]!r}; try {', '.join(near)}"
    )
