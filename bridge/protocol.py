"""The OSC vocabulary of the bridge: every command, argument and key, once, as rows of a table.

Parsing, error sentences, the README's table, `daw-bridge schema` and the tests derive from `COMMANDS`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from .errors import BridgeError
from .music import MAX_BPM, MIN_BPM, parse_key, parse_meter
from .packet import Argument

DONE, FAIL = "/bridge/done", "/bridge/fail"
PROGRESS, CLIP = "/bridge/progress", "/bridge/clip"
FAILED, CANCELLED = "/bridge/failed", "/bridge/cancelled"

MAX_PROMPT_CHARACTERS = 2000
MAX_ID_CHARACTERS = 128
MAX_TEXT_CHARACTERS = 1000
MAX_PATH_CHARACTERS = 4096
MAX_BARS, MAX_SECONDS = 256.0, 600.0
STEMS = ("drums", "bass", "other", "vocals")

Value = str | int | float | bool | tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Param:
    """One argument or key. `kind`: text, int, float, flag, choice, names (comma list), meter, key, path."""

    name: str
    kind: str
    doc: str
    default: Value = None  # None for a key: not given
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the vocabulary. `job`: the answer means "stored durably", events follow."""

    address: str
    doc: str
    answer: tuple[str, ...]  # names of what follows the request_id in /bridge/done
    fixed: tuple[Param, ...] = ()  # after the request_id
    optional: tuple[Param, ...] = ()  # fixed arguments that may be left out
    keys: tuple[Param, ...] = ()
    job: bool = False

    @property
    def all_keys(self) -> tuple[Param, ...]:
        """The command's own keys and those that every command takes."""
        return self.keys + COMMON_KEYS


@dataclass(frozen=True, slots=True)
class Request:
    """A command that was understood: every key has its value or its default."""

    command: Command
    request_id: str
    values: Mapping[str, Value] = field(default_factory=dict)


COMMON_KEYS = (
    Param("reply_port", "int", "answer to this port at the sender's address", None, 1, 65535),
    Param("client", "text", "who asks; echoed in the manifest", ""),
    Param("token", "text", "the server's token, when it was started with one", ""),
)

_PLACE_KEYS = (
    Param("place_beats", "float", "where the clip belongs, in beats", None, -1e6, 1e7),
    Param("place_s", "float", "where the clip belongs, in seconds", None, -1e6, 1e7),
    Param("project", "text", "the host's name of the project; echoed", ""),
    Param("track", "text", "the host's name of the track; echoed", ""),
)
_TEMPO_KEYS = (
    Param("bpm", "float", "quarter notes per minute", 120.0, MIN_BPM, MAX_BPM),
    Param("meter", "meter", "time signature", "4/4"),
)
_SECTION_KEYS = (
    Param("start_s", "float", "where the section begins in the file, in seconds", 0.0, 0, 1e6),
    Param("length_s", "float", "length of the section in seconds; to the end", None, 0.01, 1e6),
)

COMMANDS: tuple[Command, ...] = (
    Command(
        "/bridge/ping",
        "Is the server there, and in what state?",
        ("server_version", "protocol_version", "state", "model", "clips_folder", "pid"),
    ),
    Command(
        "/bridge/generate",
        "Make a clip from a prompt.",
        ("job_id", "place"),
        fixed=(Param("prompt", "text", "what it should sound like"),),
        keys=(
            Param("bars", "float", "length in bars; 4 when seconds is not given", None, 0.25, MAX_BARS),
            Param("seconds", "float", "length in seconds, in place of bars", None, 0.25, MAX_SECONDS),
            *_TEMPO_KEYS,
            Param("key", "key", 'such as "A minor"; "" for any', ""),
            Param("seed", "int", "-1: chosen and reported", -1, -1, 2**31 - 1),
            Param("variations", "int", "takes to render", 1, 1, 8),
            Param("instruments", "names", "comma list: one track each plus the mix", ()),
            Param("loop", "flag", "the clip closes on itself", True),
            Param("model", "text", 'engine or checkpoint; "" for the server\'s own', ""),
            Param("guidance", "float", "how closely the model keeps to the prompt", 3.0, 0, 20),
            Param("temperature", "float", "how adventurous the sampling is", 1.0, 0.01, 5),
            Param("top_k", "int", "sample from the k likeliest", 250, 1, 2048),
            Param("source", "path", "audio file to start from", ""),
            Param("source_mode", "choice", "what to do with it", "", choices=("continue", "melody")),
            Param("source_start_s", "float", "where the section begins, in seconds", 0.0, 0, 1e6),
            Param("source_length_s", "float", "its length in seconds; to the end", None, 0.01, 1e6),
            Param("source_join", "flag", "one clip: the source, then what is new; no loop", False),
            Param(
                "guide", "choice", "prime the model with a sketched bar", "off",
                choices=("off", "rhythm", "harmony"),
            ),
            Param(
                "ensemble", "choice", "instruments from a model of mixes", "layers",
                choices=("layers", "split"),
            ),
            Param("tries", "int", "takes for each variation; the one best in time is kept", 1, 1, 8),
            Param("midi", "flag", "also as MIDI", False),
            Param("stems", "flag", "also separated into stems", False),
            Param("sample_rate", "int", "of the clips, in Hz", 48000, 8000, 192000),
            *_PLACE_KEYS,
        ),
        job=True,
    ),
    Command(
        "/bridge/transcribe",
        "Turn an audio file, or a section of it, into MIDI.",
        ("job_id", "place"),
        fixed=(Param("path", "path", "audio file"),),
        keys=(
            *_TEMPO_KEYS,
            Param(
                "quantize", "choice", "grid to snap to", "off",
                choices=("off", "1/4", "1/8", "1/16", "1/8t", "1/16t"),
            ),
            Param(
                "material", "choice", "what is on it", "auto",
                choices=("auto", "poly", "mono", "drums"),
            ),
            *_SECTION_KEYS,
            *_PLACE_KEYS,
        ),
        job=True,
    ),
    Command(
        "/bridge/separate",
        "Split an audio file, or a section of it, into stems.",
        ("job_id", "place"),
        fixed=(Param("path", "path", "audio file"),),
        keys=(
            Param("stems", "names", "comma list; all the model has when left out", ()),
            *_TEMPO_KEYS,
            *_SECTION_KEYS,
            *_PLACE_KEYS,
        ),
        job=True,
    ),
    Command(
        "/bridge/cancel",
        "Stop a job, whatever it is doing.",
        ("job_id", "state"),
        fixed=(Param("job_id", "text", "the job"),),
    ),
    Command(
        "/bridge/status",
        "One job: how far it is. Without a job: the totals.",
        ("job_id", "state", "stage", "fraction", "eta_s", "detail"),
        optional=(Param("job_id", "text", "the job; left out for the totals", ""),),
    ),
    Command(
        "/bridge/notify",
        "From now on send all events to this client (1), or no longer (0).",
        (),
        fixed=(Param("on", "flag", "1 or 0"),),
    ),
    Command("/bridge/quit", "Stop the server; jobs wait for its next start.", ()),
    Command("/bridge/models", "Which engines and checkpoints are here; the first is the default.", ("name …",)),
)  # fmt: skip

STATUS_TOTALS = (
    "state",
    "model",
    "queued",
    "running",
    "done",
    "failed",
    "cancelled",
    "queue_limit",
)

# event address -> names of its arguments
EVENTS: dict[str, tuple[str, ...]] = {
    PROGRESS: ("job_id", "stage", "fraction", "eta_s"),
    CLIP: ("job_id", "manifest_path"),
    FAILED: ("job_id", "code", "message"),
    CANCELLED: ("job_id",),
}
STAGES = (
    "queued", "loading", "generating", "decoding", "fitting", "transcribing", "separating", "writing",
    "done",
)  # fmt: skip

_BY_ADDRESS = {command.address: command for command in COMMANDS}


def request_id_of(args: Sequence[Argument]) -> str:
    """The first argument as text, "" when there is none: what a /fail is addressed by."""
    return _as_text(args[0])[:MAX_ID_CHARACTERS] if args else ""


def reply_port_of(args: Sequence[Argument]) -> int | None:
    """The reply_port among the arguments, also of a message that is otherwise refused."""
    for name, value in zip(args, args[1:], strict=False):
        if name == "reply_port" and isinstance(value, int | float) and 1 <= value <= 65535:
            return int(value)
    return None


def parse(address: str, args: Sequence[Argument]) -> Request:
    """Understand one message, or raise the BridgeError that answers it."""
    command = _BY_ADDRESS.get(address)
    if command is None:
        near = get_close_matches(address, _BY_ADDRESS, n=1)
        hint = f"did you mean {near[0]}?" if near else "see daw-bridge schema for the list"
        raise BridgeError("unknown-command", f"no command {address[:80]}, {hint}")
    request_id = request_id_of(args)
    if not request_id.strip():
        raise BridgeError(
            "bad-request", f"{address} needs a request_id of your choice as its first argument"
        )
    if len(_as_text(args[0])) > MAX_ID_CHARACTERS:
        raise BridgeError(
            "bad-request", f"request_id is longer than {MAX_ID_CHARACTERS} characters"
        )
    rest = list(args[1:])
    values: dict[str, Value] = {}
    for param in command.fixed:
        if not rest:
            raise BridgeError("bad-request", f"{address} needs {param.name}: {param.doc}")
        values[param.name] = _convert(param, rest.pop(0))
    for param in command.optional:
        values[param.name] = _convert(param, rest.pop(0)) if len(rest) % 2 else param.default
    values.update(_pairs(command, rest))
    _check_together(command, values)
    return Request(command, request_id, values)


def _pairs(command: Command, rest: Sequence[Argument]) -> dict[str, Value]:
    known = {param.name: param for param in command.all_keys}
    given: dict[str, Value] = {}
    for name, value in zip(rest[::2], rest[1::2], strict=False):
        if not isinstance(name, str) or name not in known:
            near = get_close_matches(str(name), known, n=1)
            hint = f", did you mean {near[0]}?" if near else f"; it knows {', '.join(known)}"
            raise BridgeError(
                "unknown-key", f"{command.address} has no key {str(name)[:40]!r}{hint}"
            )
        if name in given:
            raise BridgeError("bad-request", f"{name} is given twice")
        given[name] = _convert(known[name], value)
    if len(rest) % 2:
        raise BridgeError("bad-request", f"the last key, {str(rest[-1])[:40]!r}, has no value")
    return {param.name: given.get(param.name, param.default) for param in command.all_keys}


def _check_together(command: Command, values: Mapping[str, Value]) -> None:
    for one, other in (("bars", "seconds"), ("place_beats", "place_s")):
        if values.get(one) is not None and values.get(other) is not None:
            raise BridgeError("bad-request", f"give {one} or {other}, not both")
    if values.get("source_mode") and not values.get("source"):
        raise BridgeError("bad-request", "source_mode is given without source, the audio file")
    if values.get("source_join"):
        _check_join(values)


def _check_join(values: Mapping[str, Value]) -> None:
    if not values.get("source"):
        raise BridgeError("bad-request", "source_join is given without source, the audio file")
    if values.get("source_mode") == "melody":
        raise BridgeError(
            "bad-request", "source_join is for source_mode continue, got melody; leave out one"
        )
    if values.get("instruments"):
        raise BridgeError(
            "bad-request",
            "source_join makes one clip of the source and a mix; leave out instruments",
        )


def _as_text(value: Argument) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def _number(param: Param, value: Argument) -> float:
    if isinstance(value, str):
        raise BridgeError(
            "bad-request", f'{param.name} must be a number, got the text "{value[:40]}"'
        )
    if not math.isfinite(value):
        raise BridgeError("out-of-range", f"{param.name} must be a finite number, got {value}")
    low = -math.inf if param.low is None else param.low
    high = math.inf if param.high is None else param.high
    if not low <= value <= high:
        raise BridgeError(
            "out-of-range", f"{param.name} must be in {low:.10g}..{high:.10g}, got {value:.10g}"
        )
    return value


def _int(param: Param, value: Argument) -> int:
    number = _number(param, value)
    if number != int(number):
        raise BridgeError("bad-request", f"{param.name} must be a whole number, got {number}")
    return int(number)


def _flag(param: Param, value: Argument) -> bool:
    if value in (0, 1):  # True, False, 0, 1, 0.0, 1.0
        return bool(value)
    raise BridgeError("bad-request", f"{param.name} must be 1 or 0, got {_as_text(value)[:40]!r}")


def _text(param: Param, value: Argument) -> str:
    text = _as_text(value).strip()
    most = MAX_PROMPT_CHARACTERS if param.name == "prompt" else MAX_TEXT_CHARACTERS
    if len(text) > most:
        raise BridgeError(
            "out-of-range", f"{param.name} has {len(text)} characters, at most {most} are allowed"
        )
    if param.name == "prompt" and not text:
        raise BridgeError("bad-request", "the prompt is empty: say what it should sound like")
    if any(ord(c) < 32 and c not in "\t\n\r" for c in text):
        raise BridgeError("bad-request", f"{param.name} holds control characters")
    return text


def _path(param: Param, value: Argument) -> str:
    text = _as_text(value)
    if len(text) > MAX_PATH_CHARACTERS:
        raise BridgeError("out-of-range", f"{param.name} is longer than {MAX_PATH_CHARACTERS}")
    if not text and param.default is None:
        raise BridgeError("bad-request", f"{param.name} is empty: give the path of an audio file")
    return text


def _choice(param: Param, value: Argument) -> str:
    text = _as_text(value).strip().lower()
    if text not in param.choices and text != param.default:
        raise BridgeError(
            "out-of-range",
            f"{param.name} must be one of {', '.join(param.choices)}, got {text[:40]!r}",
        )
    return text


def _names(param: Param, value: Argument) -> tuple[str, ...]:
    names = [name.strip().lower() for name in _as_text(value).split(",") if name.strip()]
    for name in names:
        if not re.fullmatch(r"[^\W_][\w '&-]{0,31}", name):
            raise BridgeError(
                "out-of-range", f"{param.name} holds {name[:40]!r}, which is not a plain name"
            )
    if len(names) > 8:
        raise BridgeError("out-of-range", f"{param.name} takes at most 8 names, got {len(names)}")
    if len(set(names)) != len(names):
        raise BridgeError("bad-request", f"{param.name} names one thing twice: {', '.join(names)}")
    if "mix" in names:
        raise BridgeError(
            "bad-request",
            f"{param.name} names mix, which is what all of them together are called: leave it out",
        )
    return tuple(names)


def _meter(param: Param, value: Argument) -> str:
    return str(parse_meter(_as_text(value)))


def _key(param: Param, value: Argument) -> str:
    key = parse_key(_as_text(value))
    return str(key) if key else ""


_KINDS: dict[str, Callable[[Param, Argument], Value]] = {
    "text": _text, "int": _int, "float": lambda p, v: float(_number(p, v)), "flag": _flag,
    "choice": _choice, "names": _names, "meter": _meter, "key": _key, "path": _path,
}  # fmt: skip


def _convert(param: Param, value: Argument) -> Value:
    return _KINDS[param.kind](param, value)
