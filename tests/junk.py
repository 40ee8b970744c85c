"""Packets that broke other OSC servers, each with what the bridge must make of it: a shared table."""

from __future__ import annotations

import random
import struct


def padded(text: bytes) -> bytes:
    """An OSC string."""
    return text + b"\x00" * (4 - len(text) % 4)


def packet(address: bytes, tags: bytes, *payload: bytes) -> bytes:
    """A message put together by hand, so that it may be wrong."""
    return padded(address) + padded(b"," + tags) + b"".join(payload)


def bundle(*elements: bytes, time_tag: int = 1) -> bytes:
    """A bundle with true sizes."""
    sized = (struct.pack(">i", len(element)) + element for element in elements)
    return b"#bundle\x00" + struct.pack(">Q", time_tag) + b"".join(sized)


def nested(depth: int, inner: bytes) -> bytes:
    """A bundle in a bundle in a bundle."""
    for _ in range(depth):
        inner = bundle(inner)
    return inner


PING = packet(b"/bridge/ping", b"s", padded(b"in-a-bundle"))

# name -> bytes that are not OSC: nobody can be answered, one log line, and life goes on
NOT_OSC: dict[str, bytes] = {
    "empty": b"",
    "text": b"hello there, is this a server?\n",
    "http request": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "zeros": bytes(64),
    "noise": bytes(range(256)),
    "no slash": packet(b"bridge/ping", b"s", padded(b"x")),
    "slash alone": packet(b"/", b"s", padded(b"x")),
    "unterminated address": b"/bridge/ping____",
    "unterminated string": padded(b"/bridge/ping") + padded(b",s") + b"abcd",
    "padding cut off": padded(b"/bridge/ping") + padded(b",s") + b"abc\x00de\x00\x00"[:6],
    "truncated int": packet(b"/bridge/ping", b"i", b"\x00\x00"),
    "no int at all": packet(b"/bridge/ping", b"i"),
    "truncated double": packet(b"/bridge/ping", b"d", b"\x00\x00\x00\x00"),
    "bytes behind the end": packet(b"/bridge/ping", b"s", padded(b"x"), b"more"),
    "tags without a comma": padded(b"/bridge/ping") + padded(b"s") + padded(b"x"),
    "length not a multiple of four": PING + b"\x00",
    "address is not UTF-8": packet(b"/bridge/\xff\xfe", b"s", padded(b"x")),
    "string is not UTF-8": packet(b"/bridge/ping", b"s", padded(b"\xc3\x28\xa0\xff")),
    "string is a lone surrogate": packet(b"/bridge/ping", b"s", padded(b"\xed\xa0\x80")),
    "too many arguments": packet(b"/bridge/ping", b"i" * 4000, bytes(16000)),
    "bundle of size -4": b"#bundle\x00" + bytes(8) + struct.pack(">i", -4),
    "bundle of size 0": b"#bundle\x00" + bytes(8) + struct.pack(">i", 0),
    "bundle element too long": b"#bundle\x00" + bytes(8) + struct.pack(">i", 4000) + PING,
    "bundle element of huge size": b"#bundle\x00" + bytes(8) + struct.pack(">i", 2**31 - 1),
    "bundle without a time tag": b"#bundle\x00",
    "bundle with half a time tag": b"#bundle\x00" + bytes(4),
    "bundle nested 1500 deep": nested(1500, PING),
    "bundle nested 9 deep": nested(9, PING),
    "good message beside a bad one": bundle(PING, b"junk"),
    "bundle of too many messages": bundle(*[packet(b"/a", b"")] * 3000),
}

# name -> a message that parses but says nothing the bridge can do: one fail with a code
REFUSED: dict[str, tuple[bytes, str]] = {
    "unknown address": (packet(b"/bridge/nope", b"s", padded(b"id")), "unknown-command"),
    "pattern for everything": (packet(b"/*", b"s", padded(b"id")), "unknown-command"),
    "pattern of alternatives": (
        packet(b"/bridge/{ping,generate}", b"s", padded(b"id")),
        "unknown-command",
    ),
    "pattern with a bad range": (packet(b"/bridge/[z-a]", b"s", padded(b"id")), "unknown-command"),
    "a longer address": (packet(b"/bridge/ping/more", b"s", padded(b"id")), "unknown-command"),
    "60 kB of address": (packet(b"/" + b"a" * 60_000, b"s", padded(b"id")), "unknown-command"),
    "no arguments": (packet(b"/bridge/ping", b""), "bad-request"),
    "no type tags": (padded(b"/bridge/ping"), "bad-request"),
    "empty request_id": (packet(b"/bridge/ping", b"s", padded(b"")), "bad-request"),
    "60 kB of request_id": (packet(b"/bridge/ping", b"s", padded(b"i" * 60_000)), "bad-request"),
    "blob of size -4": (
        packet(b"/bridge/ping", b"sb", padded(b"id"), struct.pack(">i", -4)),
        "bad-request",
    ),
    "blob of huge size": (
        packet(b"/bridge/ping", b"sb", padded(b"id"), struct.pack(">i", 2**31 - 1)),
        "bad-request",
    ),
    "unbalanced array": (packet(b"/bridge/ping", b"s[[", padded(b"id")), "bad-request"),
    "closed array": (packet(b"/bridge/ping", b"s]", padded(b"id")), "bad-request"),
    "nil": (packet(b"/bridge/ping", b"sN", padded(b"id")), "bad-request"),
    "infinitum": (packet(b"/bridge/ping", b"sI", padded(b"id")), "bad-request"),
    "symbol": (packet(b"/bridge/ping", b"sS", padded(b"id"), padded(b"x")), "bad-request"),
    "character": (packet(b"/bridge/ping", b"sc", padded(b"id"), bytes(4)), "bad-request"),
    "a tag nobody knows": (packet(b"/bridge/ping", b"sQ", padded(b"id")), "bad-request"),
    "a blob first": (packet(b"/bridge/ping", b"b", struct.pack(">i", 0)), "bad-request"),
}


def damaged(data: bytes, dice: random.Random) -> bytes:
    """A packet with bytes put in, left out or changed at random places."""
    damaged = bytearray(data)
    for _ in range(dice.randrange(4)):
        place = dice.randrange(len(damaged) + 1)
        kind = dice.randrange(3)
        if kind == 0:
            damaged[place:place] = dice.randbytes(dice.choice((1, 4, 4, 8)))
        elif kind == 1:
            del damaged[place : place + dice.choice((1, 4, 4, 16))]
        elif place < len(damaged):
            damaged[place] = dice.choice(
                (0, 0x23, 0x2C, 0x2F, 0x7F, 0x80, 0xFF, dice.randrange(256))
            )
    return bytes(damaged)
