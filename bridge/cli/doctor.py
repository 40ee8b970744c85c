"""`daw-bridge doctor`: an install that proves itself, check by check, with what to do where one fails."""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from .. import stem_model
from ..client import Client
from ..config import Config
from ..engines.registry import Choice, resolve
from ..errors import BridgeError
from ..home import Home, read_heartbeat
from ..packet import decode, encode_request
from .connect import running, settings, start_server, stop_server

PASS, WARN, FAIL = "PASS", "WARN", "FAIL"
MODEL_BYTES = 4_000_000_000  # room for one small checkpoint and its converted form

PACKAGES = (
    "python-osc", "transformers", "torch", "numpy", "soundfile", "mido", "watchdog", "soxr",
    "pyloudnorm", "onnxruntime", "filelock", "rich",
)  # fmt: skip

# run in a process of its own: importing torch takes seconds, and may crash
_PROBE = """
import json, sys
import numpy, soundfile, soxr, pyloudnorm, mido, onnxruntime, watchdog, torch, transformers
from bridge.engines.musicgen.opening import settle
from bridge.errors import BridgeError
gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
mps = torch.backends.mps.is_available()
facts = {"torch": torch.__version__, "gpu": gpu or ("Apple GPU" if mps else "")}
try:
    facts["device"], facts["precision"] = settle(sys.argv[1], sys.argv[2])
except BridgeError as error:
    facts["refusal"] = error.message
print(json.dumps(facts))
"""


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the report: PASS, WARN or FAIL, and a sentence."""

    name: str
    status: str
    text: str


def doctor(options: argparse.Namespace) -> int:
    """Check the install and make a clip; exit code 1 when something fails."""
    checks = []
    for check in examine(settings(options)):
        checks.append(check)
        if not options.json:
            _say(f"{check.status}  {check.name}: {check.text}")
    failed = [check.name for check in checks if check.status == FAIL]
    if options.json:
        rows = [{"name": c.name, "status": c.status, "text": c.text} for c in checks]
        _say(json.dumps({"checks": rows, "failed": failed}, indent=1))
    else:
        _say(f"Not in order: {', '.join(failed)}." if failed else "Everything works.")
    return 1 if failed else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def examine(config: Config) -> Iterator[Check]:
    """Run every check, cheap ones first; a broken check is a FAIL, never a traceback."""
    checks: tuple[tuple[str, Callable[[Config], Check]], ...] = (
        ("python", _python), ("packages", _packages), ("libraries", _libraries), ("home", _home),
        ("server", _server), ("model", _model), ("stems", _stems), ("clip over OSC", _clip),
        ("audio to MIDI", _midi), ("mailbox", _mailbox),
    )  # fmt: skip
    with tempfile.TemporaryDirectory(
        prefix="daw-bridge-doctor-", ignore_cleanup_errors=True
    ) as scratch:
        trial = Config(home=Path(scratch) / "home", port=0, model="sketch")
        pid = 0
        for name, check in checks:
            try:
                if check in (_clip, _midi, _mailbox):
                    pid = pid or start_server(trial, "--model", "sketch")
                    yield check(trial)
                else:
                    yield check(config)
            except (BridgeError, OSError, subprocess.SubprocessError, ValueError) as error:
                yield Check(name, FAIL, f"{error}")
        if pid:
            stop_server(trial)


def _python(config: Config) -> Check:
    text = f"Python {platform.python_version()} on {platform.system()} {platform.machine()}"
    good = (3, 10) <= sys.version_info[:2] <= (3, 13)
    return Check(
        "python", PASS if good else WARN, text + ("" if good else "; 3.10 to 3.13 is tested")
    )


def _packages(config: Config) -> Check:
    found, missing = [], []
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Check(
            "packages", FAIL, f"missing: {', '.join(missing)}; run: pip install daw-bridge"
        )
    return Check("packages", PASS, ", ".join(found))


def _libraries(config: Config) -> Check:
    run = subprocess.run(  # noqa: S603 (our own text)
        [sys.executable, "-c", _PROBE, config.device, config.precision],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    if run.returncode:
        last = (run.stderr.strip().splitlines() or ["it crashed"])[-1]
        return Check("libraries", FAIL, f"they cannot be imported: {last}")
    facts = json.loads(run.stdout.splitlines()[-1])
    if "refusal" in facts:
        return Check("libraries", FAIL, facts["refusal"])
    text = f"all import; torch {facts['torch']}, accelerator: {facts['gpu'] or 'none'}; MusicGen would "
    return Check("libraries", PASS, text + f"run on {facts['device']} in {facts['precision']}")


def _home(config: Config) -> Check:
    home = Home(config.home)
    home.prepare()
    free = shutil.disk_usage(home.root).free
    text = f"{home.root} can be written, {free / 1e9:.1f} GB free"
    if free < MODEL_BYTES:
        return Check(
            "home", WARN, f"{text}; a MusicGen checkpoint needs {MODEL_BYTES / 1e9:.0f} GB"
        )
    return Check("home", PASS, text)


def _server(config: Config) -> Check:
    client = running(config)
    if client is not None:
        with client:
            release, _, state, model, *_ = client.request("/bridge/ping")
        return Check("server", PASS, f"version {release} answers and is {state}, model {model}")
    beat = read_heartbeat(Home(config.home))
    if beat:
        return Check(
            "server", FAIL, f"process {beat['pid']} should answer on {beat['port']} but does not"
        )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((config.host, config.port))
        except OSError:
            text = f"UDP port {config.port} is taken by another program: use --port"
            return Check("server", FAIL, text)
    return Check("server", PASS, f"none runs, and UDP port {config.port} is free for it")


def _model(config: Config) -> Check:
    choice = resolve(config.model, config.home)
    if choice == Choice("sketch"):
        text = "no MusicGen checkpoint is here, the sketch engine answers; daw-bridge models pull small"
        return Check("model", WARN, text)
    return Check("model", PASS, f"{choice} is on this machine")


def _clip(trial: Config) -> Check:
    began = time.monotonic()
    with _trial_client(trial) as client:
        job_id, _ = client.request("/bridge/generate", "test", keys={"bars": 2, "bpm": 93.7})
        *_, last = client.follow(str(job_id))
    took = time.monotonic() - began
    data = json.loads(Path(last[3]).read_text(encoding="utf-8"))
    clip = data["clips"][0]
    import soundfile

    frames = soundfile.info(Path(last[3]).parent / clip["file"]).frames
    if frames != clip["frames"]:
        return Check(
            "clip over OSC", FAIL, f"the clip has {frames} frames in place of {clip['frames']}"
        )
    return Check(
        "clip over OSC", PASS, f"asked, rendered and checked to the sample in {took:.1f} s"
    )


def _midi(trial: Config) -> Check:
    clips = Home(trial.home).clips
    audio = next(path for path in sorted(clips.rglob("*.wav")))
    with _trial_client(trial) as client:
        job_id, _ = client.request("/bridge/transcribe", str(audio), keys={"bpm": 93.7})
        *_, last = client.follow(str(job_id))
    data = json.loads(Path(last[3]).read_text(encoding="utf-8"))
    notes = json.loads((clips / data["clips"][0]["notes"]).read_text(encoding="utf-8"))
    return Check("audio to MIDI", PASS, f"{len(notes)} notes were heard in that clip")


def _stems(config: Config) -> Check:
    missing = stem_model.available(config.home)
    return Check(
        "stems", WARN if missing else PASS, missing or f"{stem_model.NAME} is on this machine"
    )


def _mailbox(trial: Config) -> Check:
    home = Home(trial.home)
    packet = home.mailbox_in / "doctor-1.tmp"
    packet.write_bytes(encode_request("/bridge/ping", "doctor"))
    packet.replace(packet.with_suffix(".osc"))
    answers = home.mailbox_out / "doctor"
    deadline = time.monotonic() + 10
    while not (answers.is_dir() and list(answers.glob("*.osc"))):
        if time.monotonic() > deadline:
            return Check(
                "mailbox", FAIL, "no answer in 10 s to a request put into the mailbox folder"
            )
        time.sleep(0.02)
    message = decode(next(answers.glob("*.osc")).read_bytes())[0]
    good = message.address == "/bridge/done"
    return Check(
        "mailbox", PASS if good else FAIL, f"a request as a file was answered: {message.address}"
    )


def _trial_client(trial: Config) -> Client:
    beat = read_heartbeat(Home(trial.home))
    if not beat:
        raise BridgeError("internal", "the server started for this check has stopped; see its log")
    return Client("127.0.0.1", int(str(beat["port"])))
