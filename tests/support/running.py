"""A real server in a process of its own, on a free port and a fresh home, and ways to wait for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import bridge
from bridge.client import Client
from bridge.home import Home

SUPPORT = Path(__file__).parent
PATIENCE_S = 60.0  # how long anything in a real process may take on a slow, busy machine


def environment(extra_path: Path = SUPPORT, **extra: str) -> dict[str, str]:
    """The environment of a child process: this bridge, and a package beside it (the clockwork engine)."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DAW_BRIDGE_", "PYTHON"))}
    roots = [str(Path(bridge.__file__).parent.parent), str(extra_path)]
    return {**kept, "PYTHONPATH": os.pathsep.join(roots), "HF_HUB_OFFLINE": "1", **extra}


def wait_until(true: Callable[[], object], what: str, patience_s: float = PATIENCE_S) -> None:
    """Wait for something another process does."""
    until = time.monotonic() + patience_s
    while not true():
        assert time.monotonic() < until, f"waited {patience_s} s for: {what}"
        time.sleep(0.01)


class RunningServer:
    """A `bridge serve` process and ways to talk to it."""

    def __init__(
        self, home: Path, *flags: str, model: str = "clockwork", port: int = 0,
        extra_path: Path = SUPPORT, **extra: str,
    ) -> None:  # fmt: skip
        self.home = Home(home)
        command = [
            sys.executable,
            "-m",
            "bridge",
            "serve",
            "--home",
            str(home),
            "--port",
            str(port),
        ]
        self.process = subprocess.Popen(
            [*command, "--model", model, *flags], env=environment(extra_path, **extra), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, encoding="utf-8", cwd=home.parent,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.ready = self.process.stdout.readline()
        assert self.ready.startswith("ready"), self.ready + self.process.stdout.read()
        self.port = int(self.ready.split()[2].rstrip(",").rsplit(":", 1)[1])

    def client(self, token: str = "") -> Client:
        return Client("127.0.0.1", self.port, token)

    def kill(self) -> None:
        """SIGKILL: no chance to clean up."""
        self.process.kill()
        self.wait_for_end()

    def stop(self) -> str:
        """A clean stop; returns what it printed after the ready line."""
        if self.process.poll() is None:
            self.process.terminate()
        return self.wait_for_end()

    def wait_for_end(self) -> str:
        """Wait for the end of the process; returns what it printed."""
        output, _ = self.process.communicate(timeout=PATIENCE_S)
        return str(output)

    def manifest(self, job_id: str) -> dict:
        return json.loads((self.home.clips / f"{job_id}.json").read_text(encoding="utf-8"))


def finish(client: Client, job_id: str) -> Path:
    """Follow a job to its end; returns the manifest's path."""
    *_, last = client.follow(job_id)
    return Path(last[3])
