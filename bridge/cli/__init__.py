"""The command line: what each command takes; their work is imported only when it is asked for."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from .. import __version__
from ..bench import add_arguments as add_bench_arguments
from ..errors import BridgeError
from ..protocol import COMMANDS, Param

_GENERATE, _TRANSCRIBE, _SEPARATE = (
    next(command for command in COMMANDS if command.address == f"/bridge/{name}")
    for name in ("generate", "transcribe", "separate")
)


def run(arguments: Sequence[str]) -> int:
    """Do what the arguments say; returns the exit code: 0 done, 1 refused or failed, 2 bad usage."""
    try:
        options = _parser().parse_args(arguments)
    except SystemExit as leaving:  # argparse: 0 after --help, 2 on bad usage
        return int(leaving.code or 0)
    module, _, function = options.work.partition(":")
    try:
        return int(getattr(import_module(f".{module}", __package__), function)(options) or 0)
    except BridgeError as error:
        sys.stderr.write(f"{error.message}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 130
    except BrokenPipeError:  # `daw-bridge schema | head`
        sys.stderr.close()
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="daw-bridge",
        description="AI music inside your own DAW: prompts become clips, MIDI and stems.",
    )
    parser.add_argument("--version", action="version", version=f"daw-bridge {__version__}")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", required=True)

    def add(name: str, work: str, text: str, json: bool = True) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(work=work)
        command.add_argument("--home", help="the bridge's folder (default ~/DawBridge)")
        command.add_argument("--port", type=int, help="UDP port of the bridge (default 17710)")
        command.add_argument("--token", help="the server's token, when it has one")
        if json:
            command.add_argument("--json", action="store_true", help="print JSON for programs")
        return command

    serve = add("serve", "serve:serve", "run the server", json=False)
    serve.add_argument("--host", help="address to listen at (default 127.0.0.1)")
    serve.add_argument("--model", help="engine, checkpoint name or folder (default auto)")
    serve.add_argument("--device", choices=("auto", "cpu", "cuda", "mps"))
    serve.add_argument("--precision", help="auto, int8, bf16, fp16 or fp32")
    serve.add_argument("--queue-limit", type=int, help="how many jobs may wait (default 64)")
    serve.add_argument(
        "--commercial-use", action="store_true", default=None,
        help="refuse weights under a non-commercial licence",
    )  # fmt: skip

    generate = add("generate", "ask:generate", "make a clip from a prompt")
    generate.add_argument("prompt", help="what it should sound like")
    _add_keys(generate, _GENERATE.keys)
    transcribe = add("transcribe", "ask:transcribe", "turn an audio file into MIDI")
    transcribe.add_argument("path", help="audio file")
    _add_keys(transcribe, _TRANSCRIBE.keys)
    separate = add("separate", "ask:separate", "split an audio file into stems")
    separate.add_argument("path", help="audio file")
    _add_keys(separate, _SEPARATE.keys)

    demo = add("demo", "ask:demo", "hear it work: a server, a request over OSC, a clip")
    demo.add_argument("prompt", nargs="?", default="dusty lo-fi with a warm electric piano")
    demo.add_argument("--model", help="engine, checkpoint name or folder (default auto)")
    add("status", "info:status", "is a server running, and what is it doing")
    cancel = add("cancel", "info:cancel", "stop a job")
    cancel.add_argument("job_id", help="the job")
    add("stop", "info:stop", "stop the running server")
    schema = add("schema", "info:schema", "print the OSC commands and the manifest's JSON Schema")
    schema.add_argument("--markdown", action="store_true", help="the tables of the README")
    models = add("models", "models:models", "list the models, or pull one: models pull small")
    models.add_argument("action", nargs="?", choices=("list", "pull"), default="list")
    models.add_argument("model_name", nargs="?", metavar="NAME", help="what to pull")
    install = add("install", "install:install", "put the scripts or the device into your DAW")
    install.add_argument("daw", choices=("reaper", "ableton"))
    install.add_argument(
        "--to", help="REAPER's resource folder or Live's User Library, if elsewhere"
    )
    install.add_argument(
        "--uninstall", action="store_true", help="remove exactly what was put there"
    )
    bench = add("bench", "bench:bench", "measure how fast MusicGen is on this machine")
    add_bench_arguments(bench)
    add("doctor", "doctor:doctor", "check this install, and prove it with a clip")
    return parser


def _add_keys(command: argparse.ArgumentParser, keys: Sequence[Param]) -> None:
    """One flag for each OSC key: --source-start-s for source_start_s; a switch alone means 1."""
    types = {"int": int, "float": float, "flag": int}
    group = command.add_argument_group("keys, as over OSC")
    for key in keys:
        default = "" if key.default in (None, "", ()) else f" (default {_plain(key.default)})"
        alone: dict[str, Any] = {"nargs": "?", "const": 1} if key.kind == "flag" else {}
        group.add_argument(
            f"--{key.name.replace('_', '-')}",
            dest=f"key_{key.name}",
            type=types.get(key.kind, str),
            **alone,
            metavar="|".join(key.choices) or {"flag": "0|1"}.get(key.kind, key.kind.upper()),
            help=f"{key.doc}{default}".replace("%", "%%"),
        )


def _plain(value: object) -> object:
    return int(value) if isinstance(value, bool) else value
