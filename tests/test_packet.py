"""Datagrams to messages and back: nothing a network can deliver gets past, nothing good is refused."""

from __future__ import annotations

import math
import struct
import time

import junk
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bridge import packet
from bridge.errors import BridgeError
from bridge.packet import Message, PacketError, decode, encode, encode_answer, encode_request
from bridge.protocol import parse

TEXT = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\x00"), max_size=60)
INTEGER = st.integers(-(2**63), 2**63 - 1)
SINGLE = st.floats(width=32, allow_nan=False)
ARGUMENTS = st.lists(st.one_of(TEXT, INTEGER, SINGLE, st.booleans()), max_size=20)
ADDRESS = st.from_regex(r"/[a-z]{1,12}(/[a-z_]{1,12}){0,3}", fullmatch=True)


@pytest.mark.parametrize("name", junk.NOT_OSC)
def test_what_is_not_osc_is_refused_at_once(name):
    began = time.monotonic()
    with pytest.raises(PacketError):
        decode(junk.NOT_OSC[name])
    assert time.monotonic() - began < 1.0


@pytest.mark.parametrize("name", junk.REFUSED)
def test_what_parses_but_makes_no_sense_has_one_refusal(name):
    data, code = junk.REFUSED[name]
    [message] = decode(data)
    if message.unreadable:
        assert code == "bad-request"
        return
    with pytest.raises(BridgeError) as refusal:
        parse(message.address, message.args)
    assert refusal.value.code == code


def test_a_datagram_larger_than_udp_allows_is_refused():
    with pytest.raises(PacketError, match="more than a datagram"):
        decode(encode("/a", "x" * packet.MAX_DATAGRAM_BYTES))


def test_a_packet_of_60_kb_is_read():
    assert decode(encode("/a", "ö" * 30_000)) == [Message("/a", ("ö" * 30_000,))]


def test_bundles_are_flattened_in_order_and_their_time_is_ignored():
    future = 2**63
    data = junk.bundle(
        encode("/one", 1), junk.bundle(encode("/two", 2)), encode("/three", 3), time_tag=future
    )
    assert [(m.address, m.args) for m in decode(data)] == [
        ("/one", (1,)), ("/two", (2,)), ("/three", (3,)),
    ]  # fmt: skip


def test_eight_levels_of_bundles_are_read():
    assert decode(junk.nested(8, junk.PING)) == [Message("/bridge/ping", ("in-a-bundle",))]


def test_an_empty_bundle_holds_nothing():
    assert decode(junk.bundle()) == []


def test_every_type_the_bridge_reads():
    data = junk.packet(
        b"/a", b"ifhdsTF", struct.pack(">ifqd", -7, 0.5, 2**40, 1 / 3), junk.padded("Gis♯".encode())
    )
    assert decode(data) == [Message("/a", (-7, 0.5, 2**40, 1 / 3, "Gis♯", True, False))]


def test_arguments_before_one_of_unknown_type_are_kept():
    data = junk.packet(b"/a", b"sib", junk.padded(b"my-id"), bytes(4), struct.pack(">i", -4))
    assert decode(data) == [Message("/a", ("my-id", 0), unreadable="b")]


@pytest.mark.parametrize("value", [93.7, 0.1, 1e-45, 3.4e38, 16777216.0, -1 / 3])
def test_a_float_keeps_the_decimals_its_sender_wrote(value):
    [message] = decode(encode("/a", value))
    single = struct.unpack(">f", struct.pack(">f", value))[0]
    assert struct.pack(">f", message.args[0]) == struct.pack(">f", single)
    assert len(repr(message.args[0])) <= len(repr(single))


def test_a_whole_number_sent_as_float_keeps_its_digits():
    assert decode(encode("/a", 132094168.0))[0].args == (132094168.0,)


@pytest.mark.parametrize("value", [math.inf, -math.inf])
def test_infinity_arrives_as_infinity(value):
    assert decode(encode("/a", value))[0].args == (value,)


def test_nan_arrives_as_nan():
    assert math.isnan(decode(encode("/a", math.nan))[0].args[0])


@given(ADDRESS, ARGUMENTS)
def test_encode_then_decode_gives_the_same_arguments(address, args):
    [message] = decode(encode(address, *args))
    assert (message.address, message.unreadable) == (address, "")
    for sent, got in zip(args, message.args, strict=True):
        if isinstance(sent, float):  # the shortest decimal of the same single-precision number
            assert struct.pack(">f", got) == struct.pack(">f", sent)
        else:
            assert got == sent
    assert [type(arg) for arg in message.args] == [type(arg) for arg in args]


@given(ADDRESS, st.lists(st.one_of(TEXT, st.floats(allow_nan=False)), max_size=20))
def test_requests_keep_every_digit_of_a_number(address, args):
    assert decode(encode_request(address, *args))[0].args == tuple(args)


@given(st.binary(max_size=200))
def test_bytes_are_messages_or_a_packet_error(data):
    try:
        messages = decode(data)
    except PacketError:
        return
    assert all(message.address.startswith("/") for message in messages)


@given(ARGUMENTS, st.data())
def test_a_damaged_packet_is_messages_or_a_packet_error(args, data):
    whole = bytearray(junk.bundle(encode("/bridge/generate", *args), junk.PING))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(whole[: data.draw(st.integers(0, len(whole)))]))
    except PacketError:
        pass


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",)), max_size=3000), max_size=9))
def test_answers_always_fit_in_one_frame_and_keep_their_shape(texts):
    data = encode_answer("/bridge/fail", *texts, 7, 0.5)
    assert len(data) <= packet.MAX_ANSWER_BYTES
    [message] = decode(data)
    assert len(message.args) == len(texts) + 2
    for sent, got in zip(texts, message.args, strict=False):
        assert sent.replace("\x00", "").startswith(got.removesuffix("…"))


def test_an_answer_that_fits_is_not_cut():
    assert decode(encode_answer("/a", "x" * 1300))[0].args == ("x" * 1300,)


def test_the_longest_text_of_an_answer_is_cut_first():
    _, code, text = decode(encode_answer("/bridge/fail", "my-id", "bad-request", "ä" * 4000))[
        0
    ].args
    assert (code, text[:3], text[-1]) == ("bad-request", "äää", "…")
