"""The worker process: owns the engine, does one job at a time, talks JSON lines with the server.

Started as `python -m bridge.worker_main SETTINGS`. Ends when its standard input closes, so it never
outlives the server.
"""

from __future__ import annotations

import json
import logging
import os
import queue
import signal
import sys
import threading
import time
from pathlib import Path
from typing import Any, BinaryIO

from .engines import Engine
from .engines.registry import Choice, create
from .errors import BridgeError, Cancelled, is_disk_full
from .generate import warm_up
from .tasks import Task, run_task

log = logging.getLogger("bridge.worker")

PROGRESS_EVERY_S = 0.05


class Pipe:
    """The line to the server, and the cancel flag that it may raise at any time."""

    def __init__(self, source: BinaryIO, sink: BinaryIO) -> None:
        self._source, self._sink = source, sink
        self._lock = threading.Lock()
        self._last = ("", 0.0)
        self.requests: queue.Queue[dict[str, Any]] = queue.Queue()
        self.cancelled = threading.Event()
        threading.Thread(target=self._listen, daemon=True, name="pipe").start()

    def send(self, **message: object) -> None:
        """One line to the server."""
        with self._lock:
            self._sink.write(json.dumps(message).encode() + b"\n")
            self._sink.flush()

    def progress(self, stage: str, fraction: float) -> None:
        """Tell the server how far the job is; raise Cancelled when it was cancelled."""
        if self.cancelled.is_set():
            raise Cancelled
        now = time.monotonic()
        if stage != self._last[0] or now - self._last[1] >= PROGRESS_EVERY_S:
            self._last = (stage, now)
            self.send(
                event="progress", stage=stage, fraction=round(min(1.0, max(0.0, fraction)), 4)
            )

    def _listen(self) -> None:
        for line in self._source:
            message = json.loads(line)
            if message["op"] == "cancel":
                self.cancelled.set()
            else:
                self.cancelled.clear()  # here, not when it is taken up: its own cancel may come first
                self.requests.put(message)
        os._exit(0)  # the server is gone; a computation must not keep this process alive


class EngineHolder:
    """The one engine that is loaded; another choice replaces it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._choice: Choice | None = None
        self._engine: Engine | None = None

    @property
    def home(self) -> Path:
        """The bridge's folder, where checkpoints are looked for."""
        home: Path = self._settings["home"]
        return home

    def get(self, choice: Choice, pipe: Pipe) -> Engine:
        """The engine of `choice`, loaded."""
        if self._engine is None or choice != self._choice:
            self.unload()
            pipe.progress("loading", 0.0)
            engine = create(choice, **self._settings)
            engine.load(pipe.progress)
            self._engine, self._choice = engine, choice
            log.info("engine.loaded choice=%s licence=%r", choice, engine.info.licence)
        return self._engine

    def unload(self) -> None:
        """Give the memory back."""
        if self._engine is not None:
            self._engine.unload()
        self._engine, self._choice = None, None


def _perform(request: dict[str, Any], holder: EngineHolder, pipe: Pipe) -> dict[str, object]:
    if request["op"] == "unload":
        holder.unload()
        return {}
    choice = Choice(request["engine"], request["model"])
    if request["op"] == "load":
        holder.get(choice, pipe)
        warm_up()
        return {}
    task = Task(
        request["command"],
        request["params"],
        Path(request["folder"]),
        request["job_id"],
        holder.home,
    )
    return run_task(task, lambda: holder.get(choice, pipe), pipe.progress)


def serve(settings: dict[str, Any], source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the pipe closes."""
    pipe = Pipe(source, sink)
    settings["home"] = Path(settings["home"])
    holder = EngineHolder(settings)
    while True:
        request = pipe.requests.get()
        try:
            pipe.send(event="done", **_perform(request, holder, pipe))
        except Cancelled:
            pipe.send(event="cancelled")
        except BridgeError as error:
            pipe.send(event="failed", code=error.code, message=error.message)
        except MemoryError:
            log.exception("job.memory job_id=%s", request.get("job_id"))
            pipe.send(event="failed", code="model-failed", message=_OUT_OF_MEMORY)
        except OSError as error:
            log.exception("job.failed job_id=%s", request.get("job_id"))
            full = is_disk_full(error)
            text = "the disk is full: free some space and ask again" if full else f"{error}"
            pipe.send(event="failed", code="disk-full" if full else "internal", message=text)
        except Exception as error:  # a bug must fail one job, not the worker
            log.exception("job.failed job_id=%s", request.get("job_id"))
            pipe.send(event="failed", code="internal", message=f"{type(error).__name__}: {error}")


_OUT_OF_MEMORY = (
    "not enough memory for this job: ask for a shorter clip, fewer variations or a smaller model"
)


def main() -> None:
    """Set the process up and serve."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which closes the pipe
    if hasattr(os, "nice"):
        os.nice(5)  # answers and audio come before models
    # whatever libraries print must not reach the pipe
    sink = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    sys.stdout = sys.stderr
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    serve(json.loads(sys.argv[1]), sys.stdin.buffer, sink)


if __name__ == "__main__":
    main()
