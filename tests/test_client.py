"""The client against the real server over a line that loses packets."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from running import PATIENCE_S, finish

from bridge.client import Client, NoAnswer
from bridge.errors import BridgeError
from bridge.packet import decode


class LossyLine:
    """A UDP relay in front of a server; `keep(direction, count, packet)` decides what gets through."""

    def __init__(self, port: int, keep) -> None:
        self._keep, self._server = keep, ("127.0.0.1", port)
        self._front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._front.bind(("127.0.0.1", 0))
        self._back = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._back.bind(("127.0.0.1", 0))
        self.port = self._front.getsockname()[1]
        self.counts = {"in": 0, "out": 0}
        self._client = None
        for source, work in ((self._front, self._inward), (self._back, self._outward)):
            threading.Thread(target=self._pump, args=(source, work), daemon=True).start()

    def _pump(self, source, work) -> None:
        while True:
            try:
                work(*source.recvfrom(65536))
            except OSError:
                return

    def _inward(self, packet, address) -> None:
        self._client = address
        self.counts["in"] += 1
        if self._keep("in", self.counts["in"], packet):
            self._back.sendto(packet, self._server)

    def _outward(self, packet, address) -> None:
        self.counts["out"] += 1
        if self._keep("out", self.counts["out"], packet):
            self._front.sendto(packet, self._client)

    def close(self) -> None:
        self._front.close()
        self._back.close()


def test_a_lost_request_and_a_lost_answer_are_healed_by_asking_again(start_server):
    server = start_server()
    line = LossyLine(server.port, lambda way, count, packet: count > 1)
    with Client("127.0.0.1", line.port) as client:
        job_id, _ = client.request("/bridge/generate", "a tone")
        assert line.counts["in"] >= 3  # first lost on the way in, second's answer on the way out
        finish(client, job_id)
        totals = client.request("/bridge/status")
    assert totals[4] == 1  # done: one job, however often it was asked
    line.close()


def test_lost_events_are_healed_by_the_status(start_server):
    server = start_server()

    def no_events(way, count, packet):
        return way == "in" or decode(packet)[0].address in ("/bridge/done", "/bridge/fail")

    line = LossyLine(server.port, no_events)
    with Client("127.0.0.1", line.port) as client:
        job_id, _ = client.request("/bridge/generate", "steps 3")
        assert finish(client, job_id).exists()
        job_id, _ = client.request("/bridge/generate", "refuse")
        with pytest.raises(BridgeError, match="clockwork refuses") as refusal:
            finish(client, job_id)
    assert refusal.value.code == "model-failed"
    line.close()


def test_nobody_there_is_known_at_once():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    began = time.monotonic()
    with Client("127.0.0.1", port) as client, pytest.raises(NoAnswer):
        client.request("/bridge/ping")
    assert time.monotonic() - began < PATIENCE_S


def test_a_client_follows_a_job_across_a_restart_of_the_server(start_server, tmp_path):
    first = start_server()
    with first.client() as client:
        job_id, _ = client.request("/bridge/generate", "steps 60")
        events = client.follow(job_id)
        next(events)
        first.kill()
        second = start_server("--port", str(first.port))
        *_, last = events
    assert last[3] == str(second.home.clips / f"{job_id}.json")


def test_progress_tells_stage_fraction_and_eta(start_server):
    server = start_server()
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", "steps 60")
        reports = list(client.follow(job_id))
    stages = [report[0] for report in reports]
    assert stages[-1] == "done"
    assert "generating" in stages
    fractions = [r[1] for r in reports if r[0] == "generating"]
    assert fractions == sorted(fractions)
    assert len(fractions) > 5
    etas = [r[2] for r in reports if r[0] == "generating" and r[2] >= 0]
    assert etas and max(etas) < 10 and etas[-1] < etas[0]


def test_a_token_is_asked_for(start_server):
    server = start_server("--token", "secret")
    with server.client() as stranger, pytest.raises(BridgeError, match="token") as refusal:
        stranger.request("/bridge/ping")
    assert refusal.value.code == "unauthorized"
    with server.client(token="secret") as friend:
        assert friend.request("/bridge/ping")[1] == 1
