"""Junk against the live socket: the server answers whom it can, logs the rest, and loses nothing."""

from __future__ import annotations

import random
import socket
import time
from collections.abc import Iterator

import junk
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from running import RunningServer, finish

from bridge.packet import Message, decode, encode
from bridge.protocol import COMMANDS


class Wire:
    """A bare UDP socket towards a server."""

    def __init__(self, port: int) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.socket.connect(("127.0.0.1", port))

    def send(self, data: bytes) -> None:
        self.socket.send(data)

    def hear(self, patience_s: float = 5.0) -> Message:
        self.socket.settimeout(patience_s)
        [message] = decode(self.socket.recv(65_536))
        return message

    def ask(self, data: bytes) -> Message:
        self.send(data)
        return self.hear()

    def silent(self, for_s: float = 0.05) -> bool:
        try:
            self.hear(for_s)
        except TimeoutError:
            return True
        return False


@pytest.fixture(scope="module")
def server(tmp_path_factory) -> Iterator[RunningServer]:
    server = RunningServer(tmp_path_factory.mktemp("junk") / "home")
    yield server
    server.kill()


@pytest.fixture
def wire(server) -> Iterator[Wire]:
    wire = Wire(server.port)
    yield wire
    wire.socket.close()


def answers_pings(wire: Wire) -> bool:
    """Within a second."""
    began = time.monotonic()
    answer = wire.ask(encode("/bridge/ping", "still-there"))
    return answer.args[:2] == ("/bridge/ping", "still-there") and time.monotonic() - began < 1.0


@pytest.mark.parametrize("name", junk.NOT_OSC)
def test_nobody_is_answered_and_the_next_ping_is(wire, name):
    wire.send(junk.NOT_OSC[name])
    assert wire.silent(0.02)
    assert answers_pings(wire)


@pytest.mark.parametrize("name", junk.REFUSED)
def test_one_refusal_with_its_code(wire, name):
    data, code = junk.REFUSED[name]
    answer = wire.ask(data)
    assert (answer.address, answer.args[2]) == ("/bridge/fail", code)
    assert wire.silent(0.02)
    assert answers_pings(wire)


def test_junk_is_one_line_in_the_log_however_much_there_is(start_server):
    server = start_server()
    wire = Wire(server.port)
    for _ in range(200):
        wire.send(junk.NOT_OSC["bundle of size -4"])
    assert answers_pings(wire)
    wire.socket.close()
    log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
    assert 1 <= log.count("osc.dropped") <= 3


def test_junk_between_requests_loses_no_job(start_server):
    server = start_server()
    bad = list(junk.NOT_OSC.values()) + [data for data, _ in junk.REFUSED.values()]
    wire, dice = Wire(server.port), random.Random(2)
    with server.client() as client:
        jobs = []
        for n in range(12):
            for data in dice.sample(bad, 8):
                wire.send(data)
            jobs.append(str(client.request("/bridge/generate", f"job {n}", keys={"bars": 1})[0]))
        manifests = [finish(client, job_id) for job_id in jobs]
    wire.socket.close()
    assert [server.manifest(path.stem)["request"]["prompt"] for path in manifests] == [
        f"job {n}" for n in range(12)
    ]


def test_a_bundle_dated_in_the_future_is_answered_now(wire):
    began = time.monotonic()
    tomorrow = (int(time.time()) + 2_208_988_800 + 86_400) << 32
    answer = wire.ask(junk.bundle(encode("/bridge/ping", "later"), time_tag=tomorrow))
    assert answer.args[1] == "later"
    assert time.monotonic() - began < 1.0


def test_each_message_of_a_bundle_has_its_answer(wire):
    ids = [f"id-{n}" for n in range(10)]
    wire.send(junk.bundle(*[encode("/bridge/ping", request_id) for request_id in ids]))
    assert sorted(str(wire.hear().args[1]) for _ in ids) == sorted(ids)


def test_a_server_does_not_answer_answers(server, wire):
    """With reply_port the server's own port, its answer came back as an unknown command, for ever."""
    wire.send(encode("/bridge/ping", "loop", "reply_port", server.port))
    wire.send(encode("/bridge/nope", "loop", "reply_port", server.port))
    for address in ("/bridge/done", "/bridge/fail", "/bridge/clip", "/bridge/progress"):
        wire.send(encode(address, "x", "y"))
    assert wire.silent(0.1)
    assert answers_pings(wire)
    log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
    assert log.count("unknown-command message='no command /bridge/fail") == 0


def good_keys(**keys: object) -> list[object]:
    return [part for pair in {"bars": 1, **keys}.items() for part in pair]


@pytest.mark.parametrize(
    ("prompt", "keys", "code", "words"),
    [
        ("", {}, "bad-request", "prompt is empty"),
        ("   ", {}, "bad-request", "prompt is empty"),
        ("x" * 60_000, {}, "out-of-range", "60000 characters"),
        ("ö" * 30_000, {}, "out-of-range", "30000 characters"),
        ("bell \x07", {}, "bad-request", "control characters"),
        ("x", {"bars": float("nan")}, "out-of-range", "bars must be a finite number"),
        ("x", {"bars": float("inf")}, "out-of-range", "bars must be a finite number"),
        ("x", {"bpm": float("nan")}, "out-of-range", "bpm"),
        ("x", {"seed": float("nan")}, "out-of-range", "seed"),
        ("x", {"loop": float("nan")}, "bad-request", "loop"),
        ("x", {"reply_port": float("nan")}, "out-of-range", "reply_port"),
        ("x", {"bars": 0}, "out-of-range", "bars must be in 0.25..256, got 0"),
        ("x", {"bars": -1}, "out-of-range", "got -1"),
        ("x", {"bars": 10_000}, "out-of-range", "got 10000"),
        ("x", {"bars": "four"}, "bad-request", 'a number, got the text "four"'),
        ("x", {"meter": "0/4"}, "out-of-range", "meter"),
        ("x", {"meter": "7/3"}, "out-of-range", "meter"),
        ("x", {"meter": "4"}, "bad-request", "meter"),
        ("x", {"meter": 4.0}, "bad-request", "meter"),
        ("x", {"bpm": 0}, "out-of-range", "bpm"),
        ("x", {"bpm": 1e30}, "out-of-range", "bpm"),
        ("x", {"key": "H moll"}, "out-of-range", "key"),
        ("x", {"seed": 2.5}, "bad-request", "whole number"),
        ("x", {"seed": 2**40}, "out-of-range", "seed"),
        ("x", {"variations": 9}, "out-of-range", "variations"),
        ("x", {"instruments": "../../etc,drums"}, "out-of-range", "plain name"),
        ("x", {"instruments": "drums,drums"}, "bad-request", "twice"),
        ("x", {"reply_port": 70_000}, "out-of-range", "reply_port"),
        ("x", {"reply_port": -1}, "out-of-range", "reply_port"),
        ("x", {"bar": 4}, "unknown-key", "did you mean bars"),
        ("x", {"bars": 4, "seconds": 3}, "bad-request", "not both"),
        ("x", {"model": "../../evil"}, "model-missing", "evil"),
        ("x", {"source": "relative.wav"}, "bad-request", "absolute"),
        ("x", {"place_s": "now"}, "bad-request", "place_s"),
    ],
)  # fmt: skip
def test_wrong_values_are_refused_by_name(wire, prompt, keys, code, words):
    answer = wire.ask(encode("/bridge/generate", "wrong", prompt, *good_keys(**keys)))
    assert answer.address == "/bridge/fail"
    assert answer.args[:3] == ("/bridge/generate", "wrong", code)
    assert words in str(answer.args[3])
    assert wire.silent(0.02)


@pytest.mark.parametrize(
    "prompt", ["ドラムとベース", "глубокий хаус", "épinette à quatre mains", "🎹🥁", "‮right to left", "a\u0301"]
)  # fmt: skip
def test_a_prompt_in_any_language_becomes_a_clip(server, prompt):
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", prompt, keys={"bars": 1, "track": prompt})
        manifest = server.manifest(finish(client, str(job_id)).stem)
    assert (manifest["request"]["prompt"], manifest["track"]) == (prompt, prompt)


def test_sixty_five_thousand_bytes_are_read_and_refused(wire):
    answer = wire.ask(encode("/bridge/generate", "big", "x" * 65_400))
    assert answer.args[:3] == ("/bridge/generate", "big", "out-of-range")


ARGUMENT = st.one_of(
    st.text(max_size=20), st.integers(-(2**63), 2**63 - 1), st.floats(width=32), st.booleans(),
    st.sampled_from(["bars", "seed", "meter", "loop", "prompt", "job_id", "token", ""]),
)  # fmt: skip


@given(
    address=st.one_of(
        st.sampled_from([c.address for c in COMMANDS if not c.job and c.address != "/bridge/quit"]),
        st.just("/bridge/generate"),
    ),
    args=st.lists(ARGUMENT, max_size=12),
)
@settings(
    deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_every_packet_that_parses_has_exactly_one_answer(server, address, args):
    wire = Wire(server.port)
    if address == "/bridge/generate":
        args = [*args[:1], "", *args[1:]]  # no prompt: always refused, so that no job is made
    try:
        wire.send(encode(address, *args))
        answer = wire.hear()
        assert answer.address in ("/bridge/done", "/bridge/fail")
        assert answer.args[0] == address
        assert wire.silent(0.005)
    finally:
        wire.socket.close()


def test_two_thousand_random_packets_do_not_disturb_the_next_request(start_server):
    server = start_server()
    wire, dice = Wire(server.port), random.Random(7)
    seeds = [*junk.NOT_OSC.values(), *(data for data, _ in junk.REFUSED.values())]
    seeds = [data for data in seeds if len(data) < 3000]
    for _ in range(2000):
        wire.send(junk.damaged(dice.choice(seeds), dice))
    with server.client() as client:
        finish(client, str(client.request("/bridge/generate", "a tone", keys={"bars": 1})[0]))
    wire.socket.close()
