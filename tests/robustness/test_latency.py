"""The server answers while its model uses every core. Generous bounds; tests/stress/latency.py has figures."""

from __future__ import annotations

import statistics
import time

from running import wait_until


def timed(call) -> float:
    began = time.monotonic()
    call()
    return time.monotonic() - began


def test_pings_and_requests_are_answered_while_the_model_uses_every_core(start_server):
    server = start_server()
    with server.client() as client:
        job_id = str(client.request("/bridge/generate", "spin steps 4000", keys={"bars": 1})[0])
        wait_until(lambda: client.request("/bridge/status", job_id)[2] == "generating", "the spin")
        pings = [timed(lambda: client.request("/bridge/ping")) for _ in range(200)]
        jobs = [timed(lambda: client.request("/bridge/generate", "a tone")) for _ in range(20)]
        client.request("/bridge/cancel", job_id)
    assert statistics.median(pings) < 0.05
    assert statistics.median(jobs) < 0.25


def test_a_clip_is_announced_soon_after_it_was_rendered(sketch_server):
    with sketch_server.client() as client:
        for _ in range(2):  # the first clip of a worker imports much
            job_id = str(client.request("/bridge/generate", "lo-fi", keys={"bars": 4})[0])
            stages = {}
            for stage, _, _, _ in client.follow(job_id):
                stages.setdefault(stage, time.monotonic())
    assert stages["done"] - stages["writing"] < 3.0
