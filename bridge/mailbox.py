"""The file carrier: the same OSC packets as files, for hosts that have no sockets.

A client writes `mailbox/in/<client>-<counter>.osc` (as .tmp, then renamed) and finds its answers and
events as `mailbox/out/<client>/<12 digits>.osc`, one packet a file, which it deletes after reading.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import shutil
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from .osc import Handle
from .packet import MAX_DATAGRAM_BYTES, PacketError, decode

log = logging.getLogger(__name__)

RESCAN_S = 1.0  # events are hints: some file systems send none
PRUNE_EVERY_S = 3600.0
ANSWERS_KEPT_S = 86_400.0
_NAME = re.compile(r"([A-Za-z0-9_-][A-Za-z0-9._-]{0,63})-[^-]*\.osc")


class Mailbox(FileSystemEventHandler):
    """Watches the in-folder, hands packets to `handle(message, peer)`, files the answers."""

    def __init__(self, inbox: Path, outbox: Path, handle: Handle) -> None:
        self._inbox, self._outbox, self._handle = inbox, outbox, handle
        self._loop = asyncio.get_running_loop()
        self._hint = asyncio.Event()
        self._observer = Observer()
        # counters start at the clock, so that names stay unused after a restart
        self._counter = int(time.time() * 10)
        self._pruned = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called in watchdog's thread: something changed, look again."""
        if event.event_type in ("created", "moved", "closed"):
            self._loop.call_soon_threadsafe(self._hint.set)

    async def run(self) -> None:
        """Read packets as they appear, until cancelled."""
        self._observer.schedule(self, str(self._inbox), recursive=False)
        self._observer.start()
        try:
            while True:
                self._hint.clear()
                await self._scan()
                try:
                    await asyncio.wait_for(self._hint.wait(), RESCAN_S)
                except asyncio.TimeoutError:
                    self._prune()
        finally:
            self._observer.stop()

    async def _scan(self) -> None:
        self._inbox.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it
        with os.scandir(self._inbox) as entries:
            names = sorted(entry.name for entry in entries if entry.name.endswith(".osc"))
        for name in names:
            await self._take(self._inbox / name)

    async def _take(self, path: Path) -> None:
        match = _NAME.fullmatch(path.name)
        try:
            if not match:
                raise PacketError("its name is not <client>-<counter>.osc")
            if path.stat().st_size > MAX_DATAGRAM_BYTES:
                raise PacketError(f"it is larger than {MAX_DATAGRAM_BYTES} bytes")
            messages = decode(path.read_bytes())
        except FileNotFoundError:
            return  # taken back by its client
        except PacketError as error:
            log.warning("mailbox.dropped file=%s why=%s", path.name, error)
            messages = []
        except PermissionError:
            return  # still held by its writer (Windows): the next scan finds it
        for message in messages:
            assert match is not None, "only a good name leads to messages"
            await self._handle(message, f"mailbox|{match[1]}")
        # only now: a request is durable before its file goes; handled twice is answered the same
        path.unlink(missing_ok=True)

    def send(self, peer: str, packet: bytes) -> None:
        """File one packet for a peer of this carrier."""
        folder = self._outbox / peer.split("|")[1]
        folder.mkdir(parents=True, exist_ok=True)
        self._counter += 1
        path = folder / f"{self._counter:012d}.osc"
        temporary = path.with_suffix(".tmp")
        temporary.write_bytes(packet)
        temporary.replace(path)

    def _prune(self) -> None:
        """Remove answers that nobody fetched for a day."""
        now = time.time()
        if now - self._pruned < PRUNE_EVERY_S:
            return
        self._pruned = now
        for folder in self._outbox.iterdir():
            if folder.is_dir() and all(
                now - file.stat().st_mtime > ANSWERS_KEPT_S for file in folder.iterdir()
            ):
                shutil.rmtree(folder, ignore_errors=True)
