"""Servers and workers that are killed, stopped and cancelled: every accepted job ends exactly once."""

from __future__ import annotations

import os
import signal
import sqlite3
import sys
import time
from pathlib import Path

import psutil
import pytest
from accounts import rows, states, violations
from jobstream import Stream, kill_somewhere
from running import RunningServer, finish, wait_until

from bridge.errors import BridgeError


def ask(client, prompt: str, **keys) -> str:
    return str(client.request("/bridge/generate", prompt, keys={"bars": 1, **keys})[0])


def status(client, job_id: str) -> tuple[str, str, str]:
    """State, stage, detail."""
    _, state, stage, _, _, detail = client.request("/bridge/status", job_id)
    return str(state), str(stage), str(detail)


def settings(home: Path, **values: object) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    lines = (f"{name} = {value}\n" for name, value in values.items())
    (home / "config.toml").write_text("".join(lines))
    return home


def test_four_kills_at_random_moments_lose_nothing_and_repeat_nothing(tmp_path):
    stream = Stream(tmp_path / "home", seed=int.from_bytes(os.urandom(2), "big"))
    try:
        for _ in range(4):
            kill_somewhere(stream)
        stream.start()
        stream.settle()
        assert stream.wrong + violations(stream.home, stream.accepted) == []
        assert states(stream.home)["done"] > 0
    finally:
        stream.close()


def test_a_job_in_the_middle_is_taken_up_again_by_the_next_server(start_server):
    server = start_server()
    with server.client() as client:
        running, waiting = ask(client, "steps 20"), ask(client, "a tone")
        wait_until(lambda: status(client, running)[1] == "generating", "the job to run")
    server.kill()
    assert not list(server.home.clips.iterdir())
    server = start_server()
    with server.client() as client:
        client.request("/bridge/notify", 1)
        assert finish(client, running).exists() and finish(client, waiting).exists()
    assert violations(server.home, {}) == []


def test_a_published_clip_is_not_made_again_when_the_server_died_before_noting_it(start_server):
    server = start_server()
    with server.client() as client:
        job_id = ask(client, "a tone")
        path = finish(client, job_id)
    server.kill()
    db = sqlite3.connect(server.home.database)  # as if it had died between rename and note
    db.execute("UPDATE jobs SET state = 'running', manifest = '', finished = NULL")
    db.commit()
    db.close()
    before = path.stat()
    server = start_server()
    with server.client() as client:
        wait_until(lambda: status(client, job_id)[0] == "done", "the job to be found done")
        assert status(client, job_id)[2] == str(path)
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_a_killed_worker_costs_a_second_try_and_no_job(start_server):
    server = start_server()
    with server.client() as client:
        job_id = ask(client, "steps 20")
        wait_until(lambda: status(client, job_id)[1] == "generating", "the job to run")
        [worker] = psutil.Process(server.process.pid).children()
        worker.kill()
        finish(client, job_id)
    [row] = rows(server.home)
    assert (row["state"], row["worker_deaths"]) == ("done", 1)


def test_a_job_that_crashes_once_is_done_and_one_that_always_does_fails(start_server):
    server = start_server()
    with server.client() as client:
        finish(client, ask(client, "crash-once"))
        with pytest.raises(BridgeError, match="broke down 2 times.*exit code 7") as failure:
            finish(client, ask(client, "crash"))
        assert failure.value.code == "model-failed"
        finish(client, ask(client, "a tone"))
    assert states(server.home) == {"done": 2, "failed": 1}
    assert violations(server.home, {}) == []


def test_a_hanging_model_is_replaced_after_the_grace_time(start_server, tmp_path):
    server = start_server(home=settings(tmp_path / "home", cancel_grace_s=0.3))
    with server.client() as client:
        job_id = ask(client, "hang")
        wait_until(lambda: status(client, job_id)[1] == "generating", "the job to run")
        began = time.monotonic()
        assert client.request("/bridge/cancel", job_id) == (job_id, "running")
        with pytest.raises(BridgeError, match="was cancelled"):
            finish(client, job_id)
        assert time.monotonic() - began < 10
        finish(client, ask(client, "a tone"))


def test_a_stalling_model_fails_its_job_with_the_reason(start_server, tmp_path):
    server = start_server(home=settings(tmp_path / "home", stall_s=2.0))
    with server.client() as client:
        with pytest.raises(BridgeError, match="it said nothing for 2 s while generating"):
            finish(client, ask(client, "hang"))
        finish(client, ask(client, "a tone"))


def test_cancel_while_the_model_loads_hits_only_that_job(start_server):
    server = start_server()
    with server.client() as client:
        job_ids = [ask(client, f"steps {n}") for n in (40, 4)]
        assert client.request("/bridge/cancel", job_ids[0])[1] in ("queued", "running")
        with pytest.raises(BridgeError, match="was cancelled"):
            finish(client, job_ids[0])
        finish(client, job_ids[1])
    assert violations(server.home, {}) == []


def test_cancel_of_a_waiting_a_running_and_a_finished_job(start_server):
    server = start_server()
    with server.client() as client:
        running, waiting = ask(client, "steps 4000"), ask(client, "a tone")
        wait_until(lambda: status(client, running)[1] == "generating", "the job to run")
        assert client.request("/bridge/cancel", waiting) == (waiting, "queued")
        assert client.request("/bridge/cancel", running) == (running, "running")
        wait_until(lambda: status(client, running)[0] == "cancelled", "the job to stop")
        assert client.request("/bridge/cancel", running) == (running, "cancelled")
        done = ask(client, "a tone")
        finish(client, done)
        assert client.request("/bridge/cancel", done) == (done, "done")
        assert status(client, done)[0] == "done"
        with pytest.raises(BridgeError, match="there is no job"):
            client.request("/bridge/cancel", "nothing-like-that")
    assert states(server.home) == {"cancelled": 2, "done": 1}
    assert violations(server.home, {}) == []


def test_cancel_at_any_moment_of_a_short_job_ends_it_once(start_server):
    server, ends = start_server(), []
    with server.client() as client:
        finish(client, ask(client, "a tone"))
        for n in range(15):
            job_id = ask(client, "steps 1", variations=2)
            wait_until(lambda n=n, job_id=job_id: status(client, job_id)[1] != "queued", "its turn")
            time.sleep(0.004 * n)
            client.request("/bridge/cancel", job_id)
            try:
                finish(client, job_id)
                ends.append("done")
            except BridgeError as error:
                ends.append("cancelled" if "was cancelled" in error.message else error.message)
    assert set(ends) <= {"done", "cancelled"}
    assert states(server.home)["done"] == ends.count("done") + 1
    wait_until(lambda: not list(server.home.staging.iterdir()), "leftovers to be removed")
    assert violations(server.home, {}) == []


def test_cancelled_jobs_stay_cancelled_when_their_worker_dies_too(start_server, tmp_path):
    server = start_server(home=settings(tmp_path / "home", cancel_grace_s=5.0))
    with server.client() as client:
        job_id = ask(client, "hang")
        wait_until(lambda: status(client, job_id)[1] == "generating", "the job to run")
        client.request("/bridge/cancel", job_id)
        [worker] = psutil.Process(server.process.pid).children()
        worker.kill()
        with pytest.raises(BridgeError, match="was cancelled"):
            finish(client, job_id)


def test_a_client_that_resends_everything_makes_no_job_twice(start_server):
    server = start_server()
    with server.client() as client:
        ids = [f"id-{n}" for n in range(8)]
        answers = [
            client.request("/bridge/generate", "a tone", keys={"bars": 1}, request_id=request_id)
            for _ in range(4)
            for request_id in ids
        ]
        assert answers == answers[:8] * 4
        for job_id, _ in answers[:8]:
            finish(client, str(job_id))
        server.kill()
        server = start_server(port=server.port)
        again = [
            client.request("/bridge/generate", "x", request_id=request_id, patient=True)
            for request_id in ids
        ]
    assert again == answers[:8]
    accepted = dict(zip(ids, (str(job_id) for job_id, _ in again), strict=True))
    assert violations(server.home, accepted) == []
    assert states(server.home) == {"done": 8}


def stopped_by(server: RunningServer, number: int) -> int:
    server.process.send_signal(number)
    server.wait_for_end()
    return server.process.returncode


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no signals between processes")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_clean_stop_takes_the_worker_along_and_keeps_the_jobs(start_server, name):
    server = start_server()
    with server.client() as client:
        running, waiting = ask(client, "hang"), ask(client, "a tone")
        wait_until(lambda: status(client, running)[1] == "generating", "the job to run")
        [worker] = psutil.Process(server.process.pid).children()
        began = time.monotonic()
        assert stopped_by(server, getattr(signal, name)) == 0
        assert time.monotonic() - began < 10
    assert not worker.is_running()
    assert not server.home.heartbeat.exists()
    assert states(server.home) == {"running": 1, "queued": 1}
    log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
    assert "Traceback" not in log and "server.stopped" in log
    server = start_server()
    with server.client() as client:
        client.request("/bridge/cancel", running)
        wait_until(lambda: status(client, waiting)[0] == "done", "the waiting job")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_the_worker_does_not_outlive_a_killed_server(start_server):
    server = start_server()
    with server.client() as client:
        job_id = ask(client, "steps 4000")
        wait_until(lambda: status(client, job_id)[1] == "generating", "the job to run")
    [worker] = psutil.Process(server.process.pid).children()
    server.kill()
    wait_until(lambda: not psutil.pid_exists(worker.pid), "the worker to end", 10)
