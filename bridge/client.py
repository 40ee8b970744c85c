"""A client of the bridge over UDP: asks, resends until answered, listens for events. Used by the CLI."""

from __future__ import annotations

import socket
import time
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from types import TracebackType

from .errors import CODES, BridgeError
from .packet import Argument, Message, PacketError, decode, encode_request
from .protocol import CANCELLED, CLIP, DONE, FAIL, FAILED, PROGRESS

RESEND_AFTER_S = (0.25, 0.5, 1.0, 2.0)  # UDP may lose a packet; the same request_id asks once only
POLL_EVERY_S = 2.0  # events may be lost too: the status tells the same


class NoAnswer(Exception):
    """Nobody answers at that address: the server is not running, or another program has the port."""


class Client:
    """One UDP socket towards one bridge; a context manager."""

    def __init__(self, host: str, port: int, token: str = "") -> None:
        self._token = token
        self._socket = socket.socket(
            socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM
        )
        self._socket.connect((host, port))
        self._events: deque[Message] = deque()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()

    def request(
        self, address: str, *fixed: Argument, keys: Mapping[str, Argument] | None = None,
        request_id: str = "", patient: bool = False,
    ) -> tuple[Argument, ...]:  # fmt: skip
        """Ask once; returns the arguments of the answer after the request_id.

        Raises BridgeError when the bridge refuses, NoAnswer when nobody answers in about 4 s; at once
        when the system says that nobody listens, unless `patient` (a server may be restarting).
        """
        request_id = request_id or uuid.uuid4().hex
        pairs = dict(keys or {})
        if self._token:
            pairs["token"] = self._token
        flat = [value for pair in pairs.items() for value in pair]
        packet = encode_request(address, request_id, *fixed, *flat)
        for patience in RESEND_AFTER_S:
            until = time.monotonic() + patience
            try:
                self._socket.send(packet)
                answer = self._answer_to(request_id, until)
            except ConnectionRefusedError:  # an earlier packet found nobody
                answer = None
            except OSError as error:
                raise BridgeError(
                    "bad-request", f"a request of {len(packet)} bytes cannot be sent: {error}"
                ) from error
            if answer is not None:
                return answer
            if patient:
                time.sleep(max(0.0, until - time.monotonic()))
        raise NoAnswer(f"no bridge answers at {self._socket.getpeername()}")

    def _answer_to(self, request_id: str, until: float) -> tuple[Argument, ...] | None:
        while True:
            message = self._receive(until)
            if message is None:
                return None
            if message.address in (DONE, FAIL) and message.args[1] == request_id:
                if message.address == FAIL:
                    raise _error(message.args[2], message.args[3])
                return message.args[2:]
            if message.address not in (DONE, FAIL):
                self._events.append(message)

    def _receive(self, until: float) -> Message | None:
        left = until - time.monotonic()
        if left <= 0:
            return None
        self._socket.settimeout(left)
        try:
            return decode(self._socket.recv(65_536))[0]
        except (TimeoutError, ConnectionRefusedError):
            return None
        except PacketError:
            return self._receive(until)

    def follow(self, job_id: str) -> Iterator[tuple[str, float, float, str]]:
        """Yield (stage, fraction, eta_s, manifest path) until the job is done; the last one has a path.

        Raises BridgeError when it failed or was cancelled, NoAnswer when the bridge is gone.
        """
        while True:
            event = (
                self._events.popleft()
                if self._events
                else self._receive(time.monotonic() + POLL_EVERY_S)
            )
            if event is None:
                event = self._poll(job_id)
            if not event.args or event.args[0] != job_id:
                continue
            if event.address == PROGRESS:
                yield str(event.args[1]), float(event.args[2]), float(event.args[3]), ""
            elif event.address == CLIP:
                yield "done", 1.0, 0.0, str(event.args[1])
                return
            elif event.address == FAILED:
                raise _error(event.args[1], event.args[2])
            elif event.address == CANCELLED:
                raise BridgeError("not-found", f"job {job_id} was cancelled")

    def _poll(self, job_id: str) -> Message:
        """The job's status in the form of the event that may have been lost."""
        _, state, stage, fraction, eta_s, detail = self.request(
            "/bridge/status", job_id, patient=True
        )
        if state == "done":
            return Message(CLIP, (job_id, detail))
        if state == "failed":
            code, _, text = str(detail).partition(": ")
            return Message(FAILED, (job_id, code, text))
        if state == "cancelled":
            return Message(CANCELLED, (job_id,))
        return Message(PROGRESS, (job_id, stage, fraction, eta_s))


def _error(code: Argument, text: Argument) -> BridgeError:
    return BridgeError(str(code) if code in CODES else "internal", str(text))
