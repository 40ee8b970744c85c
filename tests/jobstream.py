"""A stubborn client and a server that is killed under it: the stream of jobs that the kill tests use."""

from __future__ import annotations

import contextlib
import random
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
from accounts import fingerprints, states
from running import PATIENCE_S, environment

from bridge.home import Home
from bridge.packet import Message, PacketError, decode, encode_request

RESEND_S = 0.25
PROMPTS = ("a tone", "steps 4", "steps 12", "steps 30", "crash", "refuse", "print")
WEIGHTS = (8, 6, 4, 2, 1, 1, 1)


def free_port() -> int:
    """A UDP port nobody has at the moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Stream:
    """Asks for jobs, resends until it is answered, cancels some; servers come and go."""

    def __init__(self, home: Path, seed: int) -> None:
        self.home, self.port, self.dice = Home(home), free_port(), random.Random(seed)
        self.accepted: dict[str, str] = {}  # request_id -> job_id
        self.events: list[Message] = []
        self.wrong: list[str] = []
        self.published: dict[str, tuple[int, int]] = {}
        self.kills = 0
        self._open: dict[str, tuple[bytes, float]] = {}  # request_id -> packet, when it was sent
        self._process: subprocess.Popen[str] | None = None
        self._count = self._waiting = 0
        self._counted = 0.0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))

    # ---- the server ----

    def start(self) -> None:
        """Start a server process; it is not waited for."""
        command = [
            sys.executable,
            "-m",
            "bridge",
            "serve",
            "--model",
            "clockwork",
            "--queue-limit",
            "1000",
        ]
        self._process = subprocess.Popen(
            [*command, "--home", str(self.home.root), "--port", str(self.port)],
            env=environment(), stdout=subprocess.DEVNULL, cwd=self.home.root.parent,
            stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip

    def kill(self) -> None:
        """SIGKILL."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(PATIENCE_S)
        self.kills += 1

    def kill_worker(self) -> bool:
        """SIGKILL for the process that owns the model; False when there is none at the moment."""
        assert self._process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self._process.pid).children():
                child.kill()
                return True
        return False

    def close(self) -> None:
        """End whatever runs."""
        if self._process and self._process.poll() is None:
            self._process.kill()
            self._process.wait(PATIENCE_S)
        self._socket.close()

    # ---- the client ----

    def ask(self) -> None:
        """One more job."""
        self._count += 1
        request_id = f"r{self._count}"
        [prompt] = self.dice.choices(PROMPTS, WEIGHTS)
        keys = ("bars", 1, "seed", self._count, "variations", self.dice.choice((1, 1, 2)))
        self._send(request_id, encode_request("/bridge/generate", request_id, prompt, *keys))

    def cancel_one(self) -> None:
        """Cancel any job that was ever accepted."""
        if self.accepted:
            job_id = self.dice.choice(list(self.accepted.values()))
            self._count += 1
            self._send(
                f"c{self._count}", encode_request("/bridge/cancel", f"c{self._count}", job_id)
            )

    def resend_something_old(self) -> None:
        """A client that does not believe its answers."""
        if self.accepted:
            request_id = self.dice.choice(list(self.accepted))
            packet = encode_request("/bridge/generate", request_id, "something else", "bars", 1)
            self._send(request_id, packet)

    def work(self, for_s: float, until_event: str = "", most_open: int = 10) -> bool:
        """Keep asking for a while, or until an event of that address comes; says whether it came."""
        until, seen = time.monotonic() + for_s, len(self.events)
        while time.monotonic() < until:
            if self._unfinished() < most_open:
                self.ask()
                if self.dice.random() < 0.15:
                    self.cancel_one()
                if self.dice.random() < 0.15:
                    self.resend_something_old()
            self._pump(0.005)
            if until_event and any(_is(event, until_event) for event in self.events[seen:]):
                return True
        return False

    def settle(self, patience_s: float = 120.0) -> None:
        """Wait, resending, until every request is answered and every job has ended."""
        until = time.monotonic() + patience_s
        while time.monotonic() < until:
            self._pump(0.02)
            if not self._open and self.home.database.exists():
                counts = states(self.home)
                if not counts["queued"] + counts["running"] and not any(
                    self.home.staging.iterdir()
                ):
                    self._look_at_manifests()
                    return
        self.wrong.append(f"not settled after {patience_s} s: {len(self._open)} unanswered")

    def _unfinished(self) -> int:
        """Requests without an answer and jobs without an end, at most 50 ms old."""
        now = time.monotonic()
        if now - self._counted > 0.05 and self.home.database.exists():
            self._counted, counts = now, states(self.home)
            self._waiting = counts["queued"] + counts["running"]
        return len(self._open) + self._waiting

    def _send(self, request_id: str, packet: bytes) -> None:
        self._open[request_id] = (packet, time.monotonic())
        with contextlib.suppress(ConnectionRefusedError):
            self._socket.sendto(packet, ("127.0.0.1", self.port))

    def _pump(self, for_s: float) -> None:
        now = time.monotonic()
        for request_id, (packet, sent) in list(self._open.items()):
            if now - sent > RESEND_S:
                self._send(request_id, packet)
        self._socket.settimeout(for_s)
        with contextlib.suppress(TimeoutError, ConnectionRefusedError):
            while True:
                self._hear(self._socket.recv(65_536))
                self._socket.settimeout(0.0001)

    def _hear(self, data: bytes) -> None:
        try:
            [message] = decode(data)
        except PacketError as error:
            self.wrong.append(f"the server sent junk: {error}")
            return
        if message.address == "/bridge/done":
            command, request_id, job_id = message.args[:3]
            self._open.pop(str(request_id), None)
            if command == "/bridge/generate":
                known = self.accepted.setdefault(str(request_id), str(job_id))
                if known != job_id:
                    self.wrong.append(f"{request_id} is {known}, then {job_id}")
        elif message.address == "/bridge/fail":
            self._open.pop(str(message.args[1]), None)
            self.wrong.append(f"refused: {message.args}")
        else:
            self.events.append(message)
            if message.address == "/bridge/clip":
                self._look_at_manifests()
                if not Path(str(message.args[1])).exists():
                    self.wrong.append(f"{message.args[1]} was announced before it was there")

    def _look_at_manifests(self) -> None:
        now = fingerprints(self.home)
        for name, fingerprint in self.published.items():
            if now.get(name) != fingerprint:
                self.wrong.append(f"{name} was published and then changed")
        self.published = now


def _is(event: Message, what: str) -> bool:
    """`what`: an address, or a stage of a progress event."""
    return what in (event.address, event.args[1] if event.address == "/bridge/progress" else "")


def kill_somewhere(stream: Stream) -> str:
    """One round: start a server, let it work, SIGKILL it at a moment of one of five kinds."""
    dice = stream.dice
    stream.start()
    kind = dice.choice(("start", "any", "generating", "writing", "published", "worker"))
    if kind == "start":
        stream.work(dice.uniform(0.0, 0.7))
    elif kind == "any":
        stream.work(dice.uniform(0.5, 3.5))
    elif kind == "worker":
        stream.work(10.0, "generating")
        stream.kill_worker()
        stream.work(dice.uniform(0.0, 1.0))
    else:
        event = "/bridge/clip" if kind == "published" else kind
        stream.work(10.0, event)
        stream.work(dice.uniform(0.0, 0.06))
    stream.kill()
    return kind
