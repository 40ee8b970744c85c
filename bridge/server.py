"""Builds one server from its settings and runs it: carriers, service, worker, heartbeat."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import logging.handlers
import os
import signal
import sqlite3
import time
from collections.abc import Callable

from . import PROTOCOL_VERSION, __version__
from .config import Config
from .dropfolder import DropFolder, Dropped
from .home import HEARTBEAT_S, Home, write_heartbeat
from .jobs import QUEUED, RUNNING, JobStore
from .mailbox import Mailbox
from .osc import OscEndpoint, listen
from .packet import Message
from .service import DROP_FOLDER, Service
from .worker import Limits, Worker

log = logging.getLogger(__name__)

DROP_RETRY_S = 5.0


class Server:
    """Everything of one running bridge."""

    def __init__(self, config: Config, home: Home, say: Callable[[str], None]) -> None:
        self._config, self._home, self._say = config, home, say
        self._osc: OscEndpoint | None = None
        settings = {
            "home": str(home.root), "device": config.device, "precision": config.precision,
            "commercial_use": config.commercial_use,
        }  # fmt: skip
        limits = Limits(config.cancel_grace_s, config.stall_s, config.load_stall_s)
        self._worker = Worker(settings, limits, home.logs / "worker.log")
        store = JobStore(home.database)
        self._stop = asyncio.Event()
        self._service = Service(config, home, store, self._worker, self._send, self._stop.set)
        self._mailbox = Mailbox(home.mailbox_in, home.mailbox_out, self._service.handle)

    async def run(self) -> None:
        """Serve until a signal or an error; returns after a clean stop."""
        try:
            self._osc = await listen(self._service.handle, self._config.host, self._config.port)
            await self._service.recover()
            tasks = [
                asyncio.create_task(self._service.run(), name="jobs"),
                asyncio.create_task(self._mailbox.run(), name="mailbox"),
                asyncio.create_task(self._drops(), name="drop folder"),
                asyncio.create_task(self._heartbeat(), name="heartbeat"),
                asyncio.create_task(_stopped(self._stop), name="stop"),
            ]
            await self._beat()  # whoever waits for `ready` finds the file
            self._announce()
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            for task in done:
                task.result()  # an error of a part is an error of the server
        finally:
            await self._close()

    def _announce(self) -> None:
        assert self._osc is not None, "listen() was called"
        model = self._service.default
        self._say(
            f"ready on {self._config.host}:{self._osc.port}, model {model}, home {self._home.root}"
        )
        if model.engine == "sketch" and self._config.model == "auto":
            self._say(
                "No MusicGen checkpoint is on this machine, so the rule-based sketch engine answers. "
                "Get the pretrained model with: daw-bridge models pull small"
            )
        log.info("server.ready port=%s model=%s home=%s", self._osc.port, model, self._home.root)

    async def _close(self) -> None:
        if self._osc:
            self._osc.close()
        await self._worker.stop()
        self._service.close()
        self._home.heartbeat.unlink(missing_ok=True)
        log.info("server.stopped")

    async def _drops(self) -> None:
        """Let every audio file in the drop folder be transcribed; its manifest appears like any other."""
        loop = asyncio.get_running_loop()
        folder = DropFolder(
            self._home.transcribe,
            lambda dropped: asyncio.run_coroutine_threadsafe(self._transcribe(dropped), loop),
        )
        folder.start()
        try:
            await asyncio.Event().wait()
        finally:
            folder.stop()

    async def _transcribe(self, dropped: Dropped) -> None:
        token = ("token", self._config.token) if self._config.token else ()
        words = (f"drop-{dropped.identity}", str(dropped.path), "client", DROP_FOLDER, *token)
        # refused while the queue or the disk is full: the file waits where it lies
        while not await self._service.handle(Message("/bridge/transcribe", words), DROP_FOLDER):
            await asyncio.sleep(DROP_RETRY_S)
            if not dropped.path.exists():
                return

    def _send(self, peer: str, packet: bytes) -> None:
        try:
            if peer == DROP_FOLDER:
                return  # nobody to answer: the manifest tells
            if peer.startswith("mailbox|"):
                self._mailbox.send(peer, packet)
            elif self._osc:
                self._osc.send(peer, packet)
        except OSError as error:  # an answer that cannot be delivered must not harm the job
            log.warning("send.failed peer=%s error=%s", peer, error)

    async def _heartbeat(self) -> None:
        while True:
            await asyncio.sleep(HEARTBEAT_S)
            await self._beat()

    async def _beat(self) -> None:
        try:
            await self._write_heartbeat()
        except (OSError, sqlite3.OperationalError) as error:  # a full disk: serving goes on
            log.warning("heartbeat.failed error=%s", error)

    async def _write_heartbeat(self) -> None:
        assert self._osc is not None, "listen() was called"
        counts = await self._service.totals()
        fields = {
            "pid": os.getpid(), "state": self._service.state, "version": __version__,
            "protocol": PROTOCOL_VERSION, "host": self._config.host, "port": self._osc.port,
            "model": str(self._service.default), "queued": counts[QUEUED],
            "running": counts[RUNNING], "home": self._home.root.as_posix(),
            "clips": self._home.clips.as_posix(),
        }  # fmt: skip
        write_heartbeat(self._home, fields, time.time())


async def _stopped(stop: asyncio.Event) -> None:
    """Return when the process is told to stop, by a signal or by a client."""
    loop = asyncio.get_running_loop()
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        number = getattr(signal, name, None)
        if number is None:
            continue
        try:
            loop.add_signal_handler(number, stop.set)
        except NotImplementedError:  # Windows has no loop handlers
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stop.set))
    await stop.wait()


class _LogFile(logging.handlers.RotatingFileHandler):
    def handleError(self, record: logging.LogRecord) -> None:
        """A line that a full disk cannot hold is dropped: telling stderr, which may be a pipe that
        nobody reads, could block the server."""


def _log_to_file(home: Home) -> None:
    handler = _LogFile(
        home.logs / "bridge.log", maxBytes=2_000_000, backupCount=3, encoding="utf-8"
    )
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)


async def _serve(config: Config, home: Home, say: Callable[[str], None]) -> None:
    await Server(config, home, say).run()  # made inside the loop: its parts belong to it


def serve(config: Config, say: Callable[[str], None]) -> None:
    """Run one server in this process until it is told to stop; BridgeError when it cannot start."""
    home = Home(config.home)
    home.prepare()
    with home.only_instance():
        _log_to_file(home)
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(config, home, say))
