"""The server's half of the worker: starts the process that owns the model, feeds it, replaces it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import subprocess  # noqa: S404 (only for a constant)
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import BridgeError, Cancelled

log = logging.getLogger(__name__)

MAX_LINE_BYTES = 64_000_000
_LOG_LIMIT_BYTES = 5_000_000

OnProgress = Callable[[str, float], object]


class WorkerDied(Exception):
    """The worker process ended, or had to be ended, in the middle of a job."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long the worker may stay silent, in seconds."""

    cancel_grace_s: float
    stall_s: float
    load_stall_s: float


class Worker:
    """One child process at a time, one job at a time. Used from the event loop's thread only."""

    def __init__(self, settings: Mapping[str, object], limits: Limits, log_path: Path) -> None:
        self._settings = dict(settings)
        self._limits = limits
        self._log_path = log_path
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[dict[str, Any]] | None = None
        self._on_progress: OnProgress = lambda stage, fraction: None
        self._heard = 0.0
        self._stage = ""
        self._cancelled = False
        self._why_killed = ""

    @property
    def pid(self) -> int | None:
        """The process id of the worker, while it lives."""
        return self._process.pid if self._process and self._process.returncode is None else None

    async def run(self, request: Mapping[str, object], on_progress: OnProgress) -> dict[str, Any]:
        """Let the worker do one thing and wait for its answer.

        `request` is {"op": "run" or "load" or "unload", ...}. Returns the answer's fields; raises
        BridgeError when the job failed, Cancelled after `cancel`, WorkerDied when the process broke.
        """
        assert self._answer is None, "the worker does one thing at a time"
        self._answer = asyncio.get_running_loop().create_future()
        self._cancelled, self._why_killed, self._stage = False, "", "loading"
        self._on_progress = on_progress
        watch = None
        try:
            try:
                await self._ensure_process()
            except OSError as error:
                raise WorkerDied(f"it could not be started: {error}") from error
            if self._cancelled:
                raise Cancelled
            self._heard = time.monotonic()
            watch = asyncio.create_task(self._watch())
            self._send(request)
            answer = await self._answer
        finally:
            self._answer = None
            if watch:
                watch.cancel()
        if answer["event"] == "done":
            return answer
        if answer["event"] == "cancelled" or self._cancelled:
            raise Cancelled
        if answer["event"] == "failed":
            raise BridgeError(answer["code"], answer["message"])
        raise WorkerDied(answer["message"])

    def cancel(self) -> None:
        """Ask the running job to stop; after the grace time the process is replaced."""
        if self._answer is None or self._cancelled:
            return
        self._cancelled = True
        self._send({"op": "cancel"})
        asyncio.get_running_loop().call_later(
            self._limits.cancel_grace_s, self._kill_unless_over, self._answer
        )

    def _kill_unless_over(self, answer: asyncio.Future[dict[str, Any]]) -> None:
        if self._answer is answer and not answer.done():  # never the job that came after it
            self.kill("it did not react to cancel")

    def kill(self, why: str) -> None:
        """End the process at once; a job it was working on ends with WorkerDied(why)."""
        if self.pid and self._process:
            log.warning("worker.kill pid=%s why=%r", self.pid, why)
            self._why_killed = why
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()

    async def stop(self) -> None:
        """Close the pipe, which ends the worker; kill it when it does not go within two seconds."""
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            await asyncio.wait_for(process.wait(), 2.0)
        except asyncio.TimeoutError:
            self.kill("the server stops")
            await process.wait()
        if self._reader:
            await self._reader

    async def _ensure_process(self) -> None:
        if self.pid:
            return
        self._process = None  # the death of an idle one is not that of the job to come
        if self._reader:
            await self._reader
        if self._log_path.exists() and self._log_path.stat().st_size > _LOG_LIMIT_BYTES:
            self._log_path.replace(self._log_path.with_suffix(".old.log"))
        flags = getattr(subprocess, "BELOW_NORMAL_PRIORITY_CLASS", 0)  # Windows only
        with open(self._log_path, "ab") as stderr:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bridge.worker_main", json.dumps(self._settings),
                stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=stderr,
                limit=MAX_LINE_BYTES, creationflags=flags,
            )  # fmt: skip
        log.info("worker.start pid=%s", self._process.pid)
        self._reader = asyncio.create_task(self._read(self._process))

    def _send(self, message: Mapping[str, object]) -> None:
        if self._process and self._process.stdin and not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message).encode() + b"\n")

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        while line := await process.stdout.readline():
            message = json.loads(line)
            self._heard = time.monotonic()
            if message["event"] == "progress":
                self._stage = message["stage"]
                self._on_progress(message["stage"], message["fraction"])
            elif self._answer and not self._answer.done():
                self._answer.set_result(message)
        code = await process.wait()
        if self._answer and not self._answer.done() and process is self._process:
            self._answer.set_result({"event": "died", "message": self._why_killed or _reason(code)})

    async def _watch(self) -> None:
        """Replace a worker that says nothing for too long: the model hangs."""
        while True:
            await asyncio.sleep(min(1.0, self._limits.stall_s / 4))
            limit = self._limits.load_stall_s if self._stage == "loading" else self._limits.stall_s
            if time.monotonic() - self._heard > limit:
                self.kill(f"it said nothing for {limit:g} s while {self._stage}")


def _reason(code: int) -> str:
    if code == -9:
        return "the system ended it, most likely for lack of memory"
    if code < 0:
        return f"it was ended by signal {-code}"
    return f"it ended with exit code {code}"
