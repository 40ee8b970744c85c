"""What REAPER's Lua API looks like in one version: names, arguments, and REAPER's own error texts."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FACTS = Path(__file__).with_name("reascript_api.json")
PARMNAME_POSITION = 1  # of the parmname argument in all Get/Set...Info functions

# First versions that the collected signatures leave open (they give no version for Lua built-ins).
SINCE = {"set_action_options": "7.03"}


@lru_cache(maxsize=1)
def facts() -> dict:
    """The collected signatures; see their "meta" for the sources."""
    return json.loads(FACTS.read_text(encoding="utf-8"))


def version_key(version: str) -> tuple[int, ...]:
    """ "7.08" -> (7, 8); a date such as "2026-01" stands for the newest version."""
    if version.startswith("20"):
        return (99,)
    major, minor = version.split(".")
    return int(major), int(minor)


def lua_type(value: object) -> str:
    """The name Lua gives to the type of a value that came through lupa."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, (int, float)):
        return "number"
    if isinstance(value, str):
        return "string"
    return {"_LuaTable": "table", "_LuaFunction": "function"}.get(type(value).__name__, "userdata")


class ArgumentError(Exception):
    """A call that REAPER refuses; the text is what the script sees."""


@dataclass(frozen=True)
class Api:
    """The functions of one REAPER version without extensions."""

    version: str

    def state(self, name: str) -> str:
        """ "here"; "hidden" when this version or installation lacks it; "unknown" to any REAPER."""
        entry = facts()["functions"].get(name)
        if entry is None:
            return "unknown"
        if entry["src"] not in ("core", "lua_builtin"):
            return "hidden"
        first = entry.get("since") or SINCE.get(name) or entry.get("seen") or "6.09"
        return "here" if version_key(first) <= version_key(self.version) else "hidden"

    def check(self, name: str, count: int, given: tuple[object, ...]) -> list[object]:
        """The arguments as the function sees them, or ArgumentError with REAPER's text."""
        entry = facts()["functions"][name]
        wanted, nil_ok = entry["args"], entry.get("nil_ok", [])
        if count > len(wanted):
            raise ArgumentError(f"'{name}' takes {len(wanted)} arguments, got {count}")
        values: list[object] = []
        for number, argument in enumerate(wanted, 1):
            missing = number > count
            value = None if missing else given[number - 1]
            if value is None and (len(argument) > 2 or number in nil_ok):
                values.append(None)
                continue
            values.append(_checked(name, number, argument[1], value, missing))
        self._check_parmname(name, values)
        return values

    def _check_parmname(self, name: str, values: list[object]) -> None:
        known = facts()["parmnames"].get(name)
        if known is None:
            return
        parmname = str(values[PARMNAME_POSITION])
        exact = {key for key in known if not key.endswith(":xyz")}
        prefixes = tuple(key[:-3] for key in known if key.endswith(":xyz"))
        if parmname not in exact and not (prefixes and parmname.startswith(prefixes)):
            raise ArgumentError(f"'{name}' knows no parmname '{parmname}'")


def _checked(name: str, number: int, wanted: str, value: object, missing: bool) -> object:
    bad = f"bad argument #{number} to '{name}'"
    got = "no value" if missing else lua_type(value)
    if wanted in ("integer", "number"):
        if isinstance(value, str):
            value = float(value) if _is_number(value) else value
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise ArgumentError(f"{bad} (number expected, got {got})")
        if wanted == "number":
            return float(value)
        if float(value) != int(value):
            raise ArgumentError(f"{bad} (number has no integer representation)")
        return int(value)
    if wanted in ("string", "boolean", "function"):
        if wanted == "string" and lua_type(value) == "number":
            return str(value)
        if lua_type(value) != wanted:
            raise ArgumentError(f"{bad} ({wanted} expected, got {got})")
        return value
    if wanted == "ReaProject" and (value is None or value == 0) and not missing:
        return None
    kind = getattr(value, "kind", None)
    if wanted in ("identifier", "userdata"):
        fits = kind is not None
    else:
        fits = kind == wanted and bool(getattr(value, "alive", False))
    if not fits:
        raise ArgumentError(f"{bad} ({wanted} expected)")
    return value


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
