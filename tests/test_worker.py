"""The worker process may crash, hang, stall or be killed; the server's half always gets an answer."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
import pytest
from running import environment

from bridge.errors import BridgeError, Cancelled
from bridge.protocol import parse
from bridge.worker import Limits, Worker, WorkerDied

PATIENT = Limits(cancel_grace_s=20.0, stall_s=30.0, load_stall_s=30.0)


@pytest.fixture(autouse=True)
def engines(monkeypatch):
    """The worker process finds the clockwork engine."""
    for name, value in environment().items():
        monkeypatch.setenv(name, value)


def job(folder: Path, prompt: str, **more: object) -> dict[str, object]:
    """What the service sends for one generate job."""
    request = parse("/bridge/generate", ("id", prompt, "bars", 1, "seed", 1))
    return {
        "op": "run", "job_id": "a-job", "command": "/bridge/generate",
        "params": dict(request.values), "folder": str(folder), "engine": "clockwork", "model": "",
        **more,
    }  # fmt: skip


def with_worker(
    tmp_path: Path, story: Callable[[Worker], Awaitable[None]], limits: Limits = PATIENT
) -> None:
    """Run one story with a worker that is stopped afterwards."""

    async def main() -> None:
        settings = {"home": str(tmp_path), "device": "auto", "precision": "auto"}
        worker = Worker({**settings, "commercial_use": False}, limits, tmp_path / "worker.log")
        try:
            await asyncio.wait_for(story(worker), 60)
        finally:
            await worker.stop()
            assert worker.pid is None

    asyncio.run(main())


async def run(worker: Worker, tmp_path: Path, prompt: str, **more: object) -> dict[str, object]:
    reports: list[tuple[str, float]] = []
    number = len(list(tmp_path.glob("take-*")))
    folder = tmp_path / f"take-{number}"
    answer = await worker.run(job(folder, prompt, **more), lambda *report: reports.append(report))
    return {**answer, "reports": reports, "folder": folder}


async def cancel_while_it_works(worker: Worker, tmp_path: Path, prompt: str) -> None:
    heard = asyncio.Event()
    request = job(tmp_path / "cancelled", prompt)
    task = asyncio.create_task(worker.run(request, lambda *report: heard.set()))
    await asyncio.wait_for(heard.wait(), 30)
    worker.cancel()
    with pytest.raises(Cancelled):
        await task


def test_a_job_is_files_in_its_folder_and_an_answer(tmp_path):
    async def story(worker):
        answer = await run(worker, tmp_path, "steps 4")
        files = {clip["file"] for clip in answer["clips"]}
        assert files == {f"a-job/{path.name}" for path in answer["folder"].glob("*.[wm]*[vd]")}
        assert answer["engine"]["name"] == "clockwork"
        assert "generating" in {stage for stage, _ in answer["reports"]}

    with_worker(tmp_path, story)


def test_what_an_engine_prints_does_not_disturb_the_answers(tmp_path):
    async def story(worker):
        assert (await run(worker, tmp_path, "print"))["clips"]

    with_worker(tmp_path, story)
    assert "this must not reach the pipe" in (tmp_path / "worker.log").read_text()


def test_a_refusal_keeps_its_code_and_the_process(tmp_path):
    async def story(worker):
        with pytest.raises(BridgeError, match="refuses to work") as refusal:
            await run(worker, tmp_path, "refuse")
        assert refusal.value.code == "model-failed"
        pid = worker.pid
        await run(worker, tmp_path, "fine")
        assert worker.pid == pid

    with_worker(tmp_path, story)


def test_a_bug_fails_one_job_and_is_in_the_log(tmp_path):
    async def story(worker):
        with pytest.raises(BridgeError, match="ZeroDivisionError") as refusal:
            await run(worker, tmp_path, "raise")
        assert refusal.value.code == "internal"
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)
    assert "Traceback" in (tmp_path / "worker.log").read_text()


def test_a_crash_is_said_with_its_exit_code_and_a_new_process_takes_over(tmp_path):
    async def story(worker):
        with pytest.raises(WorkerDied, match="exit code 7"):
            await run(worker, tmp_path, "crash")
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to be killed by")
def test_a_killed_worker_is_explained_as_lack_of_memory(tmp_path):
    async def story(worker):
        task = asyncio.create_task(run(worker, tmp_path, "steps 4000"))
        while not worker.pid:
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.05)
        os.kill(worker.pid, signal.SIGKILL)
        with pytest.raises(WorkerDied, match="lack of memory"):
            await task
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no signals to be killed by")
def test_a_worker_killed_while_idle_is_not_missed(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")
        old = psutil.Process(worker.pid)
        old.kill()
        while worker.pid == old.pid:
            await asyncio.sleep(0.01)
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


def test_the_end_of_an_idle_worker_that_is_noticed_late_is_not_the_next_jobs(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")
        psutil.Process(worker.pid).kill()
        told = worker._process.wait

        async def late():
            code = await told()
            await asyncio.sleep(0.3)  # busy with other things
            return code

        worker._process.wait = late
        while worker.pid:
            await asyncio.sleep(0.01)
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


def test_cancel_stops_a_working_model_softly(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")
        pid = worker.pid
        await cancel_while_it_works(worker, tmp_path, "steps 4000")
        assert worker.pid == pid
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


def test_a_model_that_does_not_react_to_cancel_is_replaced_after_the_grace_time(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")
        pid = worker.pid
        task = asyncio.create_task(run(worker, tmp_path, "hang"))
        await asyncio.sleep(0.05)
        began = time.monotonic()
        worker.cancel()
        with pytest.raises(Cancelled):
            await task
        assert 0.3 <= time.monotonic() - began < 10
        await run(worker, tmp_path, "fine")
        assert worker.pid != pid

    with_worker(tmp_path, story, Limits(cancel_grace_s=0.3, stall_s=30.0, load_stall_s=30.0))


def test_a_cancel_in_the_moment_of_the_start_does_not_hit_the_next_job(tmp_path):
    """The process was still being made when its job was cancelled; the grace time belongs to that job."""

    async def story(worker):
        task = asyncio.create_task(run(worker, tmp_path, "steps 4000"))
        await asyncio.sleep(0)  # its process is being started
        worker.cancel()
        with pytest.raises(Cancelled):
            await task
        await run(worker, tmp_path, "steps 40")  # a second, longer than the grace time

    with_worker(tmp_path, story, Limits(cancel_grace_s=0.4, stall_s=30.0, load_stall_s=30.0))


def test_cancel_without_a_job_does_nothing(tmp_path):
    async def story(worker):
        worker.cancel()
        await run(worker, tmp_path, "fine")
        worker.cancel()
        await run(worker, tmp_path, "steps 20")

    with_worker(tmp_path, story, Limits(cancel_grace_s=0.2, stall_s=30.0, load_stall_s=30.0))


def test_a_silent_model_is_replaced_and_the_reason_said(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")  # the first job imports much
        worker._limits = Limits(cancel_grace_s=2.0, stall_s=0.5, load_stall_s=30.0)
        with pytest.raises(WorkerDied, match="said nothing for 0.5 s while generating"):
            await run(worker, tmp_path, "hang")
        worker._limits = PATIENT
        await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


def test_a_slow_model_that_reports_is_left_alone(tmp_path):
    async def story(worker):
        await run(worker, tmp_path, "fine")
        worker._limits = Limits(cancel_grace_s=2.0, stall_s=1.0, load_stall_s=30.0)
        await run(worker, tmp_path, "steps 80")  # 2 s, a report every 25 ms

    with_worker(tmp_path, story)


def test_a_model_that_cannot_be_loaded_is_a_sentence(tmp_path):
    async def story(worker):
        with pytest.raises(BridgeError, match="cannot be loaded") as refusal:
            await worker.run({"op": "load", "engine": "clockwork", "model": "broken"}, print)
        assert refusal.value.code == "model-missing"
        assert (await worker.run({"op": "unload"}, print))["event"] == "done"

    with_worker(tmp_path, story)


def test_a_worker_that_cannot_start_has_died(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python-here"))

    async def story(worker):
        with pytest.raises(WorkerDied, match="could not be started"):
            await run(worker, tmp_path, "fine")

    with_worker(tmp_path, story)


def test_stop_ends_even_a_hanging_worker(tmp_path):
    pids = []

    async def story(worker):
        await run(worker, tmp_path, "fine")
        pids.append(worker.pid)
        task = asyncio.create_task(run(worker, tmp_path, "hang"))
        await asyncio.sleep(0.05)
        await worker.stop()
        with pytest.raises(WorkerDied):
            await task

    with_worker(tmp_path, story)
    assert not psutil.pid_exists(pids[0])


def test_the_log_of_the_worker_does_not_grow_for_ever(tmp_path):
    (tmp_path / "worker.log").write_bytes(b"x" * 6_000_000)

    async def story(worker):
        await run(worker, tmp_path, "print")

    with_worker(tmp_path, story)
    assert (tmp_path / "worker.log").stat().st_size < 100_000
    assert (tmp_path / "worker.old.log").stat().st_size == 6_000_000
