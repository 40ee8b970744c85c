"""The file carrier: the same OSC packets as files, for hosts that have no sockets.

A client writes `mailbox/in/<client>-<counter>.osc` (as .tmp, then renamed) and finds its answers and
events as `mailbox/out/<client>/<12 digits>.osc`, one packet a file, which it deletes after reading.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import time
from pathlib import Path

from watchdog.events import FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from .osc import Handle
from .packet import MAX_DATAGRAM_BYTES, Message, PacketError, decode

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
        self._stuck: set[str] = set()  # handled, but they cannot be removed
        # counters go on behind the clock and behind unread answers, so that no name comes twice
        self._counter = max([int(time.time() * 10), *_numbers(outbox)])
        self._pruned = 0.0

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Called in watchdog's thread: something changed, look again."""
        if event.event_type in ("created", "moved", "closed"):
            self._loop.call_soon_threadsafe(self._hint.set)

    async def run(self) -> None:
        """Read packets as they appear, until cancelled."""
        try:
            self._observer.schedule(self, str(self._inbox), recursive=False)
            self._observer.start()
        except OSError as error:  # the system has a limit of watched folders
            log.warning("mailbox.no_events error=%s; looking every %g s", error, RESCAN_S)
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
        try:
            self._inbox.mkdir(parents=True, exist_ok=True)  # somebody may have deleted it
            with os.scandir(self._inbox) as entries:
                names = sorted(entry.name for entry in entries if entry.name.endswith(".osc"))
        except OSError as error:  # something else lies in its place: the sockets go on
            log.warning("mailbox.unreadable error=%s", error)
            return
        self._stuck &= set(names)
        for name in names:
            if name not in self._stuck:
                await self._take(self._inbox / name)

    async def _take(self, path: Path) -> None:
        client = ""
        messages: list[Message] = []
        try:
            client, messages = _read(path)
        except (FileNotFoundError, PermissionError):
            return  # taken back by its client, or still held by its writer (Windows)
        except (PacketError, OSError) as error:
            log.warning("mailbox.dropped file=%s why=%s", path.name, error)
        for message in messages:
            await self._handle(message, f"mailbox|{client}")
        try:
            # only now: a request is durable before its file goes; handled twice is answered the same
            path.unlink(missing_ok=True)
        except OSError as error:
            self._stuck.add(path.name)
            log.warning("mailbox.stuck file=%s error=%s", path.name, error)

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
        try:
            for folder in self._outbox.iterdir():
                if folder.is_dir():
                    _prune_folder(folder, now - ANSWERS_KEPT_S)
        except OSError as error:  # tried again in an hour
            log.warning("mailbox.prune_failed error=%s", error)


def _read(path: Path) -> tuple[str, list[Message]]:
    """The client's name and its messages; PacketError says why there are none."""
    match = _NAME.fullmatch(path.name)
    if not match:
        raise PacketError("its name is not <client>-<counter>.osc")
    if path.stat().st_size > MAX_DATAGRAM_BYTES:
        raise PacketError(f"it is larger than {MAX_DATAGRAM_BYTES} bytes")
    return match[1], decode(path.read_bytes())


def _numbers(outbox: Path) -> list[int]:
    """The counters of all answers that lie there unread."""
    stems = [path.stem for path in outbox.glob("*/*.osc")]
    return [int(stem) for stem in stems if re.fullmatch("[0-9]{12}", stem)]


def _prune_folder(folder: Path, before: float) -> None:
    idle = folder.stat().st_mtime < before
    for file in folder.iterdir():
        if file.stat().st_mtime < before:
            file.unlink(missing_ok=True)
    if idle and not any(folder.iterdir()):
        folder.rmdir()
