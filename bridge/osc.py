"""The UDP carrier: one socket, one answer for every packet that is OSC, a count of those that are not."""

from __future__ import annotations

import asyncio
import errno
import logging
import time
from collections.abc import Awaitable, Callable
from typing import cast

from .errors import BridgeError
from .packet import Message, PacketError, arguments_text, decode
from .protocol import DONE, EVENTS, FAIL, reply_port_of

log = logging.getLogger(__name__)

Handle = Callable[[Message, str], Awaitable[object]]

# what servers send: answering it could make two of them, or one and its own echo, talk for ever
_NOT_FOR_SERVERS = frozenset({DONE, FAIL, *EVENTS})
MAX_PENDING = 512  # requests being answered; more are dropped, senders ask again


def peer_of(host: str, port: int) -> str:
    """How the service names an address."""
    return f"udp|{host}|{port}"


class OscEndpoint(asyncio.DatagramProtocol):
    """Takes datagrams apart and hands their messages to `handle(message, peer)`."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._transport: asyncio.DatagramTransport | None = None
        self._pending: set[asyncio.Future[object]] = set()
        self._last_logged = -60.0
        self.dropped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """One packet: junk is counted, messages are answered to where they want it."""
        try:
            messages = decode(data)
        except PacketError as error:
            self._drop(f"not OSC, {error}", addr)
            return
        for message in messages:
            if message.address in _NOT_FOR_SERVERS:
                self._drop(f"{message.address} is an answer, not a command", addr)
                continue
            if len(self._pending) >= MAX_PENDING:
                self._drop(f"{MAX_PENDING} requests are being answered already", addr)
                return
            log.debug("osc.in %s %s", message.address, arguments_text(message.args))
            port = reply_port_of(message.args) or addr[1]
            task = asyncio.ensure_future(self._handle(message, peer_of(addr[0], port)))
            self._pending.add(task)
            task.add_done_callback(self._pending.discard)

    def _drop(self, why: str, addr: tuple[str, int]) -> None:
        self.dropped += 1
        now = time.monotonic()
        if now - self._last_logged >= 1.0:  # a flood must not fill the log
            self._last_logged = now
            log.warning("osc.dropped from=%s:%s total=%s why=%s", *addr[:2], self.dropped, why)

    def error_received(self, exc: Exception) -> None:
        """A client that went away (ICMP unreachable) is no reason to stop."""
        log.debug("osc.error %s", exc)

    def send(self, peer: str, packet: bytes) -> None:
        """Send one packet to a peer of this carrier."""
        _, host, port = peer.split("|")
        if self._transport is not None and not self._transport.is_closing():
            self._transport.sendto(packet, (host, int(port)))

    @property
    def port(self) -> int:
        """The port that was bound."""
        assert self._transport is not None, "listen() makes the socket"
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


async def listen(handle: Handle, host: str, port: int) -> OscEndpoint:
    """Bind the socket; BridgeError says who may have it when the port is taken."""
    loop = asyncio.get_running_loop()
    try:
        _, endpoint = await loop.create_datagram_endpoint(
            lambda: OscEndpoint(handle), local_addr=(host, port)
        )
    except OSError as error:
        taken = error.errno in (errno.EADDRINUSE, errno.EACCES, 10048, 10013)
        why = "is taken by another program" if taken else f"cannot be used ({error})"
        raise BridgeError(
            "bad-request",
            f"UDP port {port} on {host} {why}: stop that program or choose another with --port",
        ) from error
    return endpoint
