"""OSC 1.0 datagrams to messages and back: a structural check first, then python-osc as the codec.

python-osc's own parser can be made to loop for ever by a bundle with a negative element size, skips
arguments of unknown type and lets Unicode errors escape. So every datagram is walked here before the
codec sees it, by the layout of the OSC 1.0 specification (opensoundcontrol.stanford.edu/spec-1_0).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

MAX_DATAGRAM_BYTES = 65_507  # the most one UDP datagram can carry over IPv4
MAX_ANSWER_BYTES = 1_400  # below an Ethernet frame, so that no answer is ever cut in pieces
MAX_BUNDLE_DEPTH = 8
MAX_MESSAGES = 256  # in one bundle
MAX_ARGUMENTS = 128  # in one message; the codec's time grows with their square

_BUNDLE = b"#bundle\x00"
_FIXED_SIZES = {"i": 4, "f": 4, "h": 8, "d": 8, "T": 0, "F": 0}

Argument = str | int | float | bool


class PacketError(Exception):
    """The datagram is not OSC; there is nobody to answer, only a line to log."""


@dataclass(frozen=True, slots=True)
class Message:
    """One OSC message. `unreadable` names a type tag the bridge does not read, else ""."""

    address: str
    args: tuple[Argument, ...]
    unreadable: str = ""


def decode(datagram: bytes) -> list[Message]:
    """The messages of one datagram, bundles flattened in order, time tags ignored.

    Raises PacketError for anything that is not well-formed OSC. A message with argument types the
    bridge does not read (blob, nil, array ...) comes back with `unreadable` set and only the
    arguments before it, so that its sender can be told.
    """
    if len(datagram) > MAX_DATAGRAM_BYTES:
        raise PacketError(f"{len(datagram)} bytes is more than a datagram of {MAX_DATAGRAM_BYTES}")
    messages: list[Message] = []
    _walk(datagram, 0, messages)
    return messages


def _walk(data: bytes, depth: int, messages: list[Message]) -> None:
    if not data or len(data) % 4:
        raise PacketError(f"length {len(data)} is not a positive multiple of 4")
    if not data.startswith(_BUNDLE):
        if len(messages) >= MAX_MESSAGES:
            raise PacketError(f"more than {MAX_MESSAGES} messages in one bundle")
        messages.append(_message(data))
        return
    if depth >= MAX_BUNDLE_DEPTH:
        raise PacketError(f"bundles nested deeper than {MAX_BUNDLE_DEPTH}")
    index = len(_BUNDLE) + 8  # the time tag
    if len(data) < index:
        raise PacketError("bundle without a time tag")
    while index < len(data):
        size = int.from_bytes(data[index : index + 4], "big", signed=True)
        index += 4
        if size <= 0 or index + size > len(data):
            raise PacketError(f"bundle element of {size} bytes does not fit")
        _walk(data[index : index + size], depth + 1, messages)
        index += size


def _message(data: bytes) -> Message:
    address, index = _string(data, 0)
    if not address.startswith("/") or len(address) < 2:
        raise PacketError("address does not begin with / and a name")
    if index == len(data):  # older senders leave the type tag string out
        return Message(address, ())
    tags, index = _string(data, index)
    if not tags.startswith(","):
        raise PacketError("no type tag string")
    if len(tags) > MAX_ARGUMENTS:
        raise PacketError(f"more than {MAX_ARGUMENTS} arguments")
    for position, tag in enumerate(tags[1:]):
        if tag == "s":
            _, index = _string(data, index)
        elif tag in _FIXED_SIZES:
            index += _FIXED_SIZES[tag]
            if index > len(data):
                raise PacketError(f"argument {position + 1} ({tag}) is cut off")
        else:  # its size may be unknown: keep what came before, tell the sender
            readable = _rebuild(data, address, tags[1 : 1 + position])
            return Message(address, readable, unreadable=tag)
    if index != len(data):
        raise PacketError(f"{len(data) - index} bytes behind the last argument")
    return Message(address, _arguments(data, tags[1:]))


def _string(data: bytes, index: int) -> tuple[str, int]:
    end = data.find(b"\x00", index)
    if end < 0:
        raise PacketError("string without an end")
    try:
        text = data[index:end].decode("utf-8")
    except UnicodeDecodeError as error:
        raise PacketError("string is not UTF-8") from error
    after = end + 4 - (end - index) % 4
    if after > len(data):
        raise PacketError("string padding is cut off")
    return text, after


def _arguments(data: bytes, tags: str) -> tuple[Argument, ...]:
    values = OscMessage(data).params
    return tuple(
        _shortest(value) if tag == "f" else value for tag, value in zip(tags, values, strict=True)
    )


def _rebuild(data: bytes, address: str, tags: str) -> tuple[Argument, ...]:
    """The arguments `tags`, leading in `data`, by way of a packet that holds only those."""
    start = _string(data, _string(data, 0)[1])[1]
    head = OscMessageBuilder(address).build().dgram
    head = head[: _string(head, 0)[1]]
    tag_string = ("," + tags).encode()
    tag_string += b"\x00" * (4 - len(tag_string) % 4)
    return _arguments(head + tag_string + data[start:], tags)


def _shortest(value: float) -> float:
    """The shortest decimal that is the same float32: 93.7 sent as `f` stays 93.7, not 93.69999695."""
    if value.is_integer():  # exact already: a seed of 132094168 must not become 132094170
        return value
    for digits in (6, 7, 8):
        candidate = float(f"{value:.{digits}g}")
        try:
            if struct.pack(">f", candidate) == struct.pack(">f", value):
                return candidate
        except OverflowError:  # rounding up past the largest float32
            continue
    return value


def encode(address: str, *args: Argument) -> bytes:
    """One OSC message as bytes: str -> s, bool -> T/F, int -> i (h when it does not fit), float -> f.

    The result is not limited in size; answers of the server go through `encode_answer`.
    """
    return _build(address, args, float_tag="f")


def encode_request(address: str, *args: Argument) -> bytes:
    """Like `encode`, but floats as doubles (`d`), so that times and tempos keep every digit, and
    flags as 1 or 0 (`i`)."""
    plain = [int(arg) if isinstance(arg, bool) else arg for arg in args]
    return _build(address, plain, float_tag="d")


def _build(address: str, args: Sequence[Argument], float_tag: str) -> bytes:
    builder = OscMessageBuilder(address)
    for arg in args:
        if isinstance(arg, bool):
            builder.add_arg(arg, "T" if arg else "F")
        elif isinstance(arg, int):
            builder.add_arg(arg, "i" if -(2**31) <= arg < 2**31 else "h")
        elif isinstance(arg, float):
            builder.add_arg(arg, float_tag)
        else:
            builder.add_arg(arg.replace("\x00", ""), "s")
    return builder.build().dgram


def encode_answer(address: str, *args: Argument) -> bytes:
    """An answer of at most MAX_ANSWER_BYTES: the longest texts are cut (with …) until it fits."""
    packet = encode(address, *args)
    cut: list[Argument] = list(args)
    while len(packet) > MAX_ANSWER_BYTES:
        texts = [i for i, arg in enumerate(cut) if isinstance(arg, str)]
        longest = max(texts, key=lambda i: len(str(cut[i]).encode()))
        text = str(cut[longest])
        excess = len(packet) - MAX_ANSWER_BYTES
        cut[longest] = text.encode()[: max(0, len(text.encode()) - excess - 8)].decode(
            errors="ignore"
        ) + ("…" if len(text) > 8 else "")
        packet = encode(address, *cut)
    return packet


def arguments_text(args: Sequence[Argument]) -> str:
    """The arguments as a person would write them, for log lines."""
    return " ".join(str(arg)[:60] for arg in args)
