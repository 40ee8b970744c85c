"""The command table as text and as JSON: what `daw-bridge schema` and the README show."""

from __future__ import annotations

from .errors import CODES
from .protocol import COMMANDS, EVENTS, STATUS_TOTALS, Command, Param


def _default(param: Param) -> str:
    if param.default is None or param.default == "" or param.default == ():
        return ""
    value = int(param.default) if isinstance(param.default, bool) else param.default
    return f" ({value:g})" if isinstance(value, float) else f" ({value})"


def _key_text(param: Param) -> str:
    choices = "|".join(param.choices)
    span = (
        f" {param.low:g}..{param.high:g}"
        if param.kind in ("int", "float") and _short(param)
        else ""
    )
    return f"`{param.name}`{' ' + choices if choices else ''}{span}{_default(param)}"


def _short(param: Param) -> bool:
    return (
        param.low is not None and param.high is not None and max(abs(param.low), param.high) < 1e5
    )


def commands_markdown() -> str:
    """The OSC table of the README: one row a command, then the keys, the events and the codes."""
    lines = ["| address | arguments | answer |", "|---|---|---|"]
    for command in COMMANDS:
        names = ["request_id", *(p.name for p in command.fixed)]
        names += [f"[{p.name}]" for p in command.optional]
        answer = ", ".join(["done", *command.answer])
        if command.optional:
            answer += "; without a job: " + ", ".join(STATUS_TOTALS)
        lines.append(f"| `{command.address}` | {', '.join(names)} | {answer} |")
    lines.append("")
    for command in COMMANDS:
        if command.keys:
            keys = " · ".join(_key_text(param) for param in command.keys)
            lines += [f"Keys of `{command.address}`: {keys}", ""]
    common = " · ".join(_key_text(param) for param in COMMANDS[0].all_keys)
    lines += [f"Keys of every command: {common}", ""]
    lines += ["| event | arguments |", "|---|---|"]
    lines += [f"| `{address}` | {', '.join(names)} |" for address, names in EVENTS.items()]
    lines += ["", "| code | meaning |", "|---|---|"]
    lines += [f"| `{code}` | {meaning} |" for code, meaning in CODES.items()]
    return "\n".join(lines)


def _param_json(param: Param) -> dict[str, object]:
    row: dict[str, object] = {"name": param.name, "kind": param.kind, "doc": param.doc}
    if param.default is not None:
        row["default"] = param.default
    if param.choices:
        row["choices"] = list(param.choices)
    if param.low is not None:
        row["low"], row["high"] = param.low, param.high
    return row


def _command_json(command: Command) -> dict[str, object]:
    return {
        "address": command.address,
        "doc": command.doc,
        "job": command.job,
        "fixed": [_param_json(p) for p in command.fixed],
        "optional": [_param_json(p) for p in command.optional],
        "keys": [_param_json(p) for p in command.all_keys],
        "answer": list(command.answer),
    }


def commands_json() -> dict[str, object]:
    """The same table for programs."""
    return {
        "commands": [_command_json(command) for command in COMMANDS],
        "events": {address: list(names) for address, names in EVENTS.items()},
        "codes": CODES,
    }
