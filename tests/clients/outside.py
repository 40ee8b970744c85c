"""Runs a program that is not ours against the server and listens to what it prints."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from running import RunningServer

HERE = Path(__file__).parent
PATIENCE_S = 90.0


def program(name: str) -> str:
    """Where a program is; the test is skipped, with the reason, when it is not installed."""
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed; tests/clients/install.sh installs it")
    return found


class Outside:
    """A running program and the lines it prints, standard output and error together."""

    def __init__(self, command: Sequence[str], **environment: str) -> None:
        self.lines: list[str] = []
        self._new: queue.Queue[str] = queue.Queue()
        self._process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, encoding="utf-8",
            errors="replace",
        )  # fmt: skip
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._new.put(line.rstrip())

    def line_with(self, *words: str) -> str:
        """The first line not yet looked at that has all these words."""
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            with contextlib.suppress(queue.Empty):
                self.lines.append(self._new.get(timeout=0.2))
                if all(word in self.lines[-1] for word in words):
                    return self.lines[-1]
            if self._process.poll() is not None and self._new.empty():
                break
        raise AssertionError(f"no line with {words} in:\n" + "\n".join(self.lines[-40:]))

    def prints_within(self, patience_s: float) -> bool:
        """Whether a line is there, or comes in time, that was not looked at yet."""
        until = time.monotonic() + patience_s
        while self._new.empty() and time.monotonic() < until:
            time.sleep(0.01)
        return not self._new.empty()

    def close(self) -> None:
        """End the program."""
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self._thread.join()
        assert self._process.stdout is not None
        self._process.stdout.close()


@contextlib.contextmanager
def outside(command: Sequence[str], **environment: str) -> Iterator[Outside]:
    """A program for the time of a `with` block."""
    running = Outside(command, **environment)
    try:
        yield running
    finally:
        running.close()


def the_clip_of(server: RunningServer, request_id: str) -> dict:
    """The manifest of one request, whose files are there."""
    found = []
    for path in server.home.clips.glob("*.json"):
        manifest = server.manifest(path.stem)
        if manifest["request_id"] == request_id:
            found.append(manifest)
    [manifest] = found
    assert all((server.home.clips / clip["file"]).is_file() for clip in manifest["clips"])
    return manifest
