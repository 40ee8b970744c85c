"""The job list: every job once, in order, through legal states only, and never lost."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from running import environment

from bridge import jobs
from bridge.errors import BridgeError
from bridge.jobs import DONE, JOB_CANCELLED, JOB_FAILED, MOVES, QUEUED, RUNNING, Job, JobStore

GENERATE, SEPARATE = "/bridge/generate", "/bridge/separate"


@pytest.fixture
def store(tmp_path: Path):
    store = JobStore(tmp_path / "jobs.sqlite")
    yield store
    store.close()


def accept(store: JobStore, request_id: str, now: float = 1e9, limit: int = 64) -> Job:
    job, new = store.accept(request_id, GENERATE, {"prompt": "♫"}, "udp|::1|9", limit, now)
    assert new
    return job


def test_an_accepted_job_comes_back_as_it_was(store):
    job = accept(store, "one")
    assert store.find(job_id=job.id) == store.find(request_id="one") == job
    assert (job.state, job.place, job.params, job.worker_deaths) == (QUEUED, 0, {"prompt": "♫"}, 0)


def test_the_same_request_id_is_the_same_job(store):
    job = accept(store, "one")
    again, new = store.accept("one", GENERATE, {"prompt": "other"}, "udp|::1|10", 64, 2e9)
    assert (again, new) == (job, False)
    assert store.counts()[QUEUED] == 1


def test_a_request_id_cannot_stand_for_two_commands(store):
    accept(store, "one")
    with pytest.raises(BridgeError, match="'one' was already used for /bridge/generate") as refusal:
        store.accept("one", SEPARATE, {}, "udp|::1|9", 64, 1e9)
    assert refusal.value.code == "bad-request"


def test_a_full_queue_refuses_new_jobs_and_still_knows_the_old_ones(store):
    first = accept(store, "0", limit=2)
    accept(store, "1", limit=2)
    with pytest.raises(BridgeError, match="limit is 2") as refusal:
        accept(store, "2", limit=2)
    assert refusal.value.code == "queue-full"
    assert store.accept("0", GENERATE, {}, "udp|::1|9", 2, 1e9) == (first, False)
    store.advance(first.id, QUEUED, RUNNING, 1e9)
    assert accept(store, "2", limit=2).place == 2  # one runs, one waits


def test_jobs_have_their_turn_in_the_order_they_came_even_when_the_clock_goes_back(store):
    ids = [accept(store, str(n), now=now).id for n, now in enumerate((2e9, 1e9, 1.5e9))]
    taken = []
    while job := store.next_queued():
        taken.append(job.id)
        store.advance(job.id, QUEUED, RUNNING, 0.0)
    assert taken == ids


def test_a_hundred_jobs_of_one_second_have_a_hundred_names():
    assert len({jobs.new_job_id(1e9) for _ in range(100)}) == 100


@pytest.mark.parametrize("old", MOVES)
@pytest.mark.parametrize("new", MOVES)
def test_only_legal_moves_are_made(store, old, new):
    job = accept(store, "one")
    for step in {QUEUED: (), RUNNING: (RUNNING,)}.get(old, (RUNNING, old)):
        current = store.find(job_id=job.id)
        assert current and store.advance(job.id, current.state, step, 1e9)
    if new not in MOVES[old]:
        with pytest.raises(AssertionError, match=f"never goes from {old} to {new}"):
            store.advance(job.id, old, new, 1e9)
        new = old
    else:
        assert store.advance(job.id, old, new, 2e9)
    found = store.find(job_id=job.id)
    assert found and found.state == new
    assert (found.finished is not None) == (new in (DONE, JOB_FAILED, JOB_CANCELLED))


def test_whoever_moves_a_job_second_learns_that_it_has_moved(store):
    job = accept(store, "one")
    assert store.advance(job.id, QUEUED, JOB_CANCELLED, 1e9)
    assert not store.advance(job.id, QUEUED, RUNNING, 1e9)
    assert store.find(job_id=job.id).state == JOB_CANCELLED


def test_a_reason_is_kept_with_the_job(store):
    job = accept(store, "one")
    store.advance(job.id, QUEUED, RUNNING, 1e9, worker_deaths=1)
    store.advance(job.id, RUNNING, JOB_FAILED, 1e9, code="model-failed", message="it broke — twice")
    found = store.find(job_id=job.id)
    assert (found.code, found.message, found.worker_deaths) == (
        "model-failed",
        "it broke — twice",
        1,
    )


def test_what_was_accepted_is_on_disk_when_the_process_is_killed(tmp_path: Path):
    """The process ends itself without any goodbye right after accept() returned."""
    program = (
        "import os, sys, pathlib; from bridge.jobs import JobStore\n"
        "store = JobStore(pathlib.Path(sys.argv[1]))\n"
        "for n in range(5): store.accept(str(n), '/bridge/generate', {}, 'udp|::1|9', 64, 1e9)\n"
        "os.kill(os.getpid(), 9)"
    )
    path = tmp_path / "jobs.sqlite"
    subprocess.run([sys.executable, "-c", program, str(path)], env=environment(), check=False)
    store = JobStore(path)
    assert [job.request_id for job in store.in_state(QUEUED)] == ["0", "1", "2", "3", "4"]
    store.close()


def test_every_commit_is_synced(store):
    assert store._db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert store._db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_a_file_that_is_no_job_list_is_a_sentence(tmp_path: Path):
    (tmp_path / "jobs.sqlite").write_bytes(b"this is not a database, but it is long enough" * 40)
    with pytest.raises(BridgeError, match="move it away"):
        JobStore(tmp_path / "jobs.sqlite")


def test_a_folder_in_place_of_the_job_list_is_a_sentence(tmp_path: Path):
    with pytest.raises(BridgeError, match="cannot be opened"):
        JobStore(tmp_path)


def test_a_job_list_that_cannot_be_written_raises_and_keeps_what_it_had(store):
    accept(store, "one")
    store._db.execute("PRAGMA query_only = ON")
    with pytest.raises(sqlite3.OperationalError):
        accept(store, "two")
    store._db.execute("PRAGMA query_only = OFF")
    assert [job.request_id for job in store.in_state(QUEUED)] == ["one"]
