"""Every setting of the server, once: its default, its unit, and where its value comes from.

Order: default < `home/config.toml` < environment `DAW_BRIDGE_<NAME>` < command line flag.
No other module reads the environment.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from .errors import BridgeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

DEFAULT_HOME = Path.home() / "DawBridge"
DEFAULT_PORT = 17710


@dataclass(frozen=True, slots=True)
class Config:
    """The settings of one server."""

    home: Path = DEFAULT_HOME
    host: str = "127.0.0.1"  # loopback; anything else needs a token
    port: int = DEFAULT_PORT  # OSC over UDP; 0: any free port
    token: str = ""  # when set, every request must carry it
    model: str = "auto"  # engine, checkpoint name or folder
    device: str = "auto"  # auto, cpu, cuda, mps
    precision: str = "auto"  # auto, int8, int4, bf16, fp16, fp32
    commercial_use: bool = False  # true refuses weights under a non-commercial licence
    queue_limit: int = 64  # jobs waiting
    cancel_grace_s: float = 2.0  # then a worker that does not react is replaced
    stall_s: float = 300.0  # a worker silent for so long inside a job is replaced
    load_stall_s: float = 900.0  # the same while it loads a model
    idle_unload_s: float = 0.0  # give the model's memory back after this; 0: never
    min_free_bytes: int = 200_000_000  # below this on the disk new jobs are refused


def _cast(name: str, kind: str, value: Any, origin: str) -> Any:
    try:
        if kind == "bool":
            if isinstance(value, bool):
                return value
            return {"1": True, "true": True, "0": False, "false": False}[str(value).lower()]
        if kind == "Path":
            return Path(str(value)).expanduser()
        if kind == "int" and (isinstance(value, bool) or isinstance(value, float)):
            raise ValueError
        return {"int": int, "float": float, "str": str}[kind](value)
    except (ValueError, KeyError) as error:
        raise BridgeError(
            "bad-request", f"setting {name} must be {kind.lower()}, {origin} says {value!r}"
        ) from error


def load_config(
    flags: Mapping[str, Any] | None = None, environ: Mapping[str, str] | None = None
) -> Config:
    """Put the settings together; raise BridgeError naming the setting, its origin and its value.

    `flags` holds what the command line gave; None values count as not given.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in (flags or {}).items() if value is not None}
    kinds = {field.name: str(field.type) for field in fields(Config)}
    home = _cast(
        "home", "Path", given.get("home") or environ.get("DAW_BRIDGE_HOME") or DEFAULT_HOME, ""
    )
    values: dict[str, Any] = {"home": home.absolute()}
    for name, value in _read_file(home / "config.toml").items():
        if name not in kinds or name == "home":
            raise BridgeError(
                "bad-request", f"{home / 'config.toml'} has an unknown setting: {name}"
            )
        values[name] = _cast(name, kinds[name], value, "config.toml")
    for name, kind in kinds.items():
        variable = f"DAW_BRIDGE_{name.upper()}"
        if name != "home" and variable in environ:
            values[name] = _cast(name, kind, environ[variable], variable)
        if name != "home" and name in given:
            values[name] = _cast(name, kind, given[name], f"--{name.replace('_', '-')}")
    config = Config(**values)
    _check(config)
    return config


def _read_file(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            values: dict[str, Any] = tomllib.load(file)
            return values
    except FileNotFoundError:
        return {}
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BridgeError("bad-request", f"{path} cannot be read: {error}") from error


def _check(config: Config) -> None:
    if not 0 <= config.port <= 65535:
        raise BridgeError("out-of-range", f"port must be in 0..65535, got {config.port}")
    if config.host not in ("127.0.0.1", "localhost", "::1") and not config.token:
        raise BridgeError(
            "bad-request",
            f"host {config.host} opens the bridge to the network: also set a token (--token WORD)",
        )
    if config.device not in ("auto", "cpu", "cuda", "mps"):
        raise BridgeError(
            "out-of-range", f"device must be auto, cpu, cuda or mps, got {config.device!r}"
        )
