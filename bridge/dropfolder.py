"""The drop folder: notices audio files that were put into it, once each, when they are complete.

For hosts that can only export files. Events of the file system wake it up; what it acts on is the
listing of the folder, so a lost event costs a moment and never a file.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from watchdog.observers.api import BaseObserver

AUDIO_SUFFIXES = frozenset({".wav", ".aif", ".aiff", ".flac", ".ogg", ".mp3", ".w64", ".caf"})
SETTLE_S = 1.0  # a file whose size has not changed for this long is complete
POLL_S = 2.0  # the folder is listed this often even when no event comes


@dataclass(frozen=True, slots=True)
class Dropped:
    """A complete file, and an identity that stays the same until its content changes.

    As a request id, `identity` makes a restart of the server harmless: the same file is the same job.
    """

    path: Path
    identity: str


_State = tuple[int, int]  # size in bytes, time of change in ns


class DropFolder:
    """Calls `found` once for every audio file that comes to lie complete in `folder`.

    `start` watches from a thread of its own until `stop`; `scan` is one look, for the thread and for
    tests. Files that were there before count too. A file that is replaced is reported again.
    """

    def __init__(
        self, folder: Path, found: Callable[[Dropped], object], *, settle_s: float = SETTLE_S,
        poll_s: float = POLL_S, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._folder, self._found = folder, found
        self._settle_s, self._poll_s, self._clock = settle_s, poll_s, clock
        self._waiting: dict[str, tuple[_State, float]] = {}  # name -> state and since when
        self._reported: dict[str, _State] = {}
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None
        self._observer: BaseObserver | None = None

    def scan(self) -> bool:
        """Look once; True while files are there that may still be growing."""
        now = self._clock()
        seen = self._listing()
        self._waiting = {n: w for n, w in self._waiting.items() if n in seen}
        self._reported = {n: s for n, s in self._reported.items() if n in seen}
        for name, state in sorted(seen.items()):
            if self._reported.get(name) == state:
                continue
            if self._waiting.get(name, (None,))[0] != state:
                self._waiting[name] = (state, now)
            elif state[0] > 0 and now - self._waiting[name][1] >= self._settle_s:
                del self._waiting[name]
                self._reported[name] = state
                self._found(Dropped(self._folder / name, _identity(name, state)))
        return bool(self._waiting)

    def start(self) -> None:
        """Watch from now on; the folder is made if it is missing."""
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        wake = self._wake

        class Waker(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type not in ("opened", "closed_no_write"):
                    wake.set()

        self._folder.mkdir(parents=True, exist_ok=True)
        self._observer = Observer()
        self._observer.schedule(Waker(), str(self._folder))
        self._observer.start()
        self._thread = threading.Thread(target=self._watch, name="drop folder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop watching; a report that is under way is finished first."""
        self._stopping = True
        self._wake.set()
        if self._observer is not None:
            self._observer.stop()
            self._observer.join()
        if self._thread is not None:
            self._thread.join()

    def __enter__(self) -> DropFolder:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.stop()

    def _watch(self) -> None:
        while not self._stopping:
            self._wake.clear()
            growing = self.scan()
            self._wake.wait(self._settle_s / 2 if growing else self._poll_s)

    def _listing(self) -> dict[str, _State]:
        found: dict[str, _State] = {}
        try:
            entries = list(os.scandir(self._folder))
        except FileNotFoundError:
            return found  # taken away while we watch; it may come back
        for entry in entries:
            if entry.name.startswith(".") or Path(entry.name).suffix.lower() not in AUDIO_SUFFIXES:
                continue
            try:
                if entry.is_file():
                    facts = os.stat(entry.path)
                    found[entry.name] = (facts.st_size, facts.st_mtime_ns)
            except FileNotFoundError:
                continue  # gone between the listing and the look
        return found


def _identity(name: str, state: _State) -> str:
    text = f"{name}\0{state[0]}\0{state[1]}"
    return "drop-" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:20]
