"""`daw-bridge generate`, `transcribe`, `separate` and `demo`: ask over OSC just as a DAW would."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from ..client import Client, NoAnswer
from ..errors import BridgeError
from ..packet import Argument
from .connect import port_of, running, settings, start_server, stop_server

Show = Callable[[str, float, float], None]  # stage, fraction, eta_s


def generate(options: argparse.Namespace) -> int:
    """Make a clip; print where it is."""
    return _ask(options, "/bridge/generate", options.prompt)


def transcribe(options: argparse.Namespace) -> int:
    """Audio to MIDI; print where it is."""
    return _ask(options, "/bridge/transcribe", str(Path(options.path).absolute()))


def separate(options: argparse.Namespace) -> int:
    """Audio to stems; print where they are."""
    return _ask(options, "/bridge/separate", str(Path(options.path).absolute()))


def _ask(options: argparse.Namespace, address: str, fixed: str) -> int:
    config = settings(options)
    client = running(config)
    if client is None:
        pid = start_server(config)
        _note(f"started a bridge (process {pid}); `daw-bridge stop` ends it")
        client = Client("127.0.0.1", port_of(config), config.token)
    with client:
        manifest = _run_job(client, address, fixed, _keys(options), show=not options.json)
    _print_result(manifest, options.json)
    return 0


def _keys(options: argparse.Namespace) -> dict[str, Argument]:
    given = {name[4:]: value for name, value in vars(options).items() if name.startswith("key_")}
    if given.get("source"):
        given["source"] = str(Path(given["source"]).absolute())
    return {name: value for name, value in given.items() if value is not None}


def _run_job(
    client: Client, address: str, fixed: str, keys: dict[str, Argument], show: bool
) -> Path:
    """Ask, show stage, bar and ETA, return the manifest's path; Ctrl-C cancels the job."""
    try:
        job_id, place = client.request(address, fixed, keys=keys)
        if place and show:
            _note(f"{place} jobs are ahead in the queue")
        try:
            with _bar(show) as bar:
                for report in client.follow(str(job_id)):
                    bar(*report[:3])
        except KeyboardInterrupt:
            client.request("/bridge/cancel", str(job_id))
            raise BridgeError("not-found", f"job {job_id} cancelled") from None
    except NoAnswer as error:
        raise BridgeError("not-found", f"the bridge is gone ({error}); see its log") from error
    return Path(report[3])


@contextlib.contextmanager
def _bar(show: bool) -> Iterator[Show]:
    """A progress bar on a terminal, one line a stage elsewhere."""
    if not show:
        yield lambda stage, fraction, eta_s: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn

    console = Console(stderr=True)
    if not console.is_terminal:
        last = [""]

        def line(stage: str, fraction: float, eta_s: float) -> None:
            if stage != last[0]:
                _note(stage)
                last[0] = stage

        yield line
        return
    columns = (TextColumn("{task.description:>12}"), BarColumn(), TextColumn("{task.fields[eta]}"))
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("queued", total=1.0, eta="")

        def update(stage: str, fraction: float, eta_s: float) -> None:
            eta = f"{eta_s:.0f} s" if eta_s >= 0 else ""
            progress.update(task, description=stage, completed=fraction, eta=eta)

        yield update


def _print_result(manifest_path: Path, as_json: bool) -> None:
    manifest = json.loads(manifest_path.read_text(encoding="utf-8"))
    files = [str(manifest_path.parent / clip["file"]) for clip in manifest["clips"]]
    if as_json:
        result = {"job_id": manifest["job_id"], "manifest": str(manifest_path), "files": files}
        result["engine"] = manifest["engine"]
        result["clips"] = manifest["clips"]
        _print(json.dumps(result, indent=1))
        return
    for path in files:
        _print(path)
    for note in manifest["report"].get("notes", []):
        _note(note)
    if "note" in manifest["engine"] and not manifest["engine"]["pretrained"]:
        _note(str(manifest["engine"]["note"]))


def demo(options: argparse.Namespace) -> int:
    """The main job on a fresh machine: a server, a clip over OSC, where it is."""
    config = settings(options)
    began = time.monotonic()
    client, started = running(config), False
    if client is None:
        start_server(config, *(("--model", options.model) if options.model else ()))
        started = True
        client = Client("127.0.0.1", port_of(config), config.token)
    try:
        with client:
            _, _, _, model, clips, _ = client.request("/bridge/ping")
            _note(f"the bridge answers on UDP port {port_of(config)}, model {model}")
            _note(f"asking for: {options.prompt}")
            keys: dict[str, Argument] = {"bars": 8, "bpm": 84.0, "key": "A minor", "midi": 1}
            manifest = _run_job(client, "/bridge/generate", options.prompt, keys, not options.json)
        _print_result(manifest, options.json)
        if not options.json:
            _note(
                f"{time.monotonic() - began:.1f} s from the request to the clip; all clips: {clips}"
            )
            _note("next: `daw-bridge serve`, then ask from REAPER or Ableton Live (see the README)")
    finally:
        if started:
            stop_server(config)
    return 0


def _note(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
