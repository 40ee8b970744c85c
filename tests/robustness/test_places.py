"""Homes that are taken, locked, full, elsewhere or pulled away: one sentence, and no accepted job lost."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from accounts import rows, states, violations
from running import RunningServer, environment, finish, wait_until

from bridge.errors import BridgeError

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="a matter of POSIX systems")
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a matter of Linux")


def refused(home: Path, *flags: str, before: str = "", cwd: Path | None = None) -> str:
    """What `serve` says when it must not start: exit code 1, one sentence, no traceback."""
    command = [sys.executable, "-m", "bridge", "serve", "--home", str(home), "--model", "clockwork"]
    command += flags or ("--port", "0")
    if before:
        command = ["sh", "-c", f'{before}; exec "$@"', "sh", *command]
    done = subprocess.run(
        command, env=environment(), capture_output=True, text=True, timeout=60, cwd=cwd
    )
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.count("\n") == 1 and "Traceback" not in done.stderr
    return done.stderr


def ask(client, prompt: str = "a tone", **keys) -> str:
    return str(client.request("/bridge/generate", prompt, keys={"bars": 1, **keys})[0])


def still_works(server: RunningServer) -> None:
    with server.client() as client:
        assert finish(client, ask(client)).exists()


# ---- taken ----


def test_a_second_server_on_the_same_home_is_refused_and_the_first_goes_on(start_server):
    server = start_server()
    with server.client() as client:
        job_id = ask(client, "steps 30")
        text = refused(server.home.root)
        assert "another bridge already serves" in text and f"process {server.process.pid}" in text
        assert finish(client, job_id).exists()


def test_a_second_server_on_the_same_port_is_refused_and_the_first_goes_on(start_server, tmp_path):
    server = start_server()
    text = refused(tmp_path / "other", "--port", str(server.port))
    assert f"UDP port {server.port} on 127.0.0.1 is taken" in text and "--port" in text
    still_works(server)


def test_two_servers_with_homes_and_ports_of_their_own_live_side_by_side(start_server, tmp_path):
    one, other = start_server(home=tmp_path / "one"), start_server(home=tmp_path / "other")
    still_works(one)
    still_works(other)
    assert states(one.home) == states(other.home) == {"done": 1}


# ---- cannot be written ----


def test_a_file_in_place_of_the_home_is_refused(tmp_path):
    (tmp_path / "home").write_text("not a folder")
    assert "Not a directory" in refused(tmp_path / "home")


def test_a_file_in_place_of_the_clips_folder_is_refused(tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "clips").write_text("not a folder")
    assert "cannot be used" in refused(tmp_path / "home")


@contextlib.contextmanager
def not_writable(folder: Path) -> Iterator[None]:
    """Nobody can write here: by permission, or by the immutable flag where this user may do all."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        subprocess.run(["chattr", "+i", str(folder)], check=True)
        undo = ["chattr", "-i", str(folder)]
    else:
        folder.chmod(0o555)
        undo = ["chmod", "755", str(folder)]
    try:
        yield
    finally:
        subprocess.run(undo, check=True)


@LINUX
def test_a_read_only_home_is_refused(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    with not_writable(home):
        assert f"{home} cannot be used" in refused(home)


@LINUX
def test_a_clips_folder_that_becomes_read_only_fails_jobs_with_a_sentence(start_server):
    server = start_server()
    still_works(server)
    with server.client() as client:
        with not_writable(server.home.clips):
            with pytest.raises(BridgeError, match="could not be published") as failure:
                finish(client, ask(client))
            assert "Errno 1" in failure.value.message or "Errno 13" in failure.value.message
        assert finish(client, ask(client)).exists()
    wait_until(lambda: not list(server.home.staging.iterdir()), "staging to be emptied")
    assert violations(server.home, {}) == []


# ---- full ----


@pytest.fixture
def small_disk(tmp_path) -> Iterator[Path]:
    """A file system of 8 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)], check=True)
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


ROOT_LINUX = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="only root on Linux can make a small disk; the file size limit below stands in",
)


def fill(disk: Path, leave_bytes: int) -> Path:
    filler = disk / "filler"
    filler.unlink(missing_ok=True)
    free = shutil.disk_usage(disk).free - leave_bytes
    filler.write_bytes(bytes(max(0, free)))
    return filler


@ROOT_LINUX
def test_a_nearly_full_disk_refuses_new_jobs(start_server, small_disk):
    server = start_server(home=small_disk / "home")  # 8 MB are less than the 200 MB it wants
    with server.client() as client, pytest.raises(BridgeError, match="free some space") as refusal:
        ask(client)
    assert refusal.value.code == "disk-full"


@ROOT_LINUX
def test_a_disk_that_fills_up_fails_the_job_and_the_next_works_after_tidying(
    start_server, small_disk
):
    home = small_disk / "home"
    home.mkdir()
    (home / "config.toml").write_text("min_free_bytes = 0\n")
    server = start_server(home=home)
    with server.client() as client:
        assert finish(client, ask(client)).exists()
        filler = fill(small_disk, leave_bytes=200_000)  # a 2 s clip takes 580 kB
        with pytest.raises(BridgeError, match="free some") as failure:
            finish(client, ask(client, bars=1))
        assert failure.value.code == "disk-full"
        filler.unlink()
        assert finish(client, ask(client)).exists()
    wait_until(lambda: not list(server.home.staging.iterdir()), "staging to be emptied")
    assert violations(server.home, {}) == []


@ROOT_LINUX
def test_a_disk_without_one_free_byte_loses_no_accepted_job(start_server, small_disk):
    home = small_disk / "home"
    home.mkdir()
    (home / "config.toml").write_text("min_free_bytes = 0\n")
    server = start_server(home=home)
    accepted: dict[str, str] = {}
    with server.client() as client:
        accepted["running"] = ask_as(client, "running", "steps 40")
        accepted["waiting"] = ask_as(client, "waiting", "a tone")
        filler = fill(small_disk, leave_bytes=0)
        codes = set()
        for n in range(30):  # the job list may have some room left in its own pages
            try:
                accepted[f"late-{n}"] = ask_as(client, f"late-{n}", "a tone")
            except BridgeError as error:
                codes.add(error.code)
        assert codes <= {"disk-full"}
        time.sleep(2.5)  # longer than a heartbeat and the end of the running job
        client.request("/bridge/ping")  # is answered
        filler.unlink()
        wait_until(
            lambda: not states(server.home).keys() & {"queued", "running"}, "the jobs to end"
        )
        assert finish(client, ask(client)).exists()
    wait_until(lambda: not list(server.home.staging.iterdir()), "staging to be emptied")
    assert violations(server.home, accepted) == []
    reasons = {row["code"] for row in rows(server.home) if row["state"] == "failed"}
    assert reasons <= {"disk-full"}


def ask_as(client, request_id: str, prompt: str) -> str:
    answer = client.request(
        "/bridge/generate", prompt, keys={"bars": 1}, request_id=request_id, patient=True
    )
    return str(answer[0])


@POSIX
def test_a_file_size_limit_fails_the_large_clip_and_not_the_server(tmp_path):
    """What stands in for a full disk where no disk can be made: no file may exceed 1 MB."""
    import resource

    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
    try:
        server = RunningServer(tmp_path / "home")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    try:
        with server.client() as client:
            with pytest.raises(BridgeError, match="free some") as failure:
                finish(client, ask(client, bars=8))
            assert failure.value.code == "disk-full"
            assert finish(client, ask(client)).exists()
        assert violations(server.home, {}) == []
    finally:
        server.kill()


# ---- elsewhere ----


@LINUX
def test_a_clips_folder_on_another_file_system_is_refused(tmp_path):
    elsewhere = Path("/dev/shm") / f"bridge-test-{os.getpid()}"
    elsewhere.mkdir()
    try:
        (tmp_path / "home").mkdir()
        if elsewhere.stat().st_dev == tmp_path.stat().st_dev:
            pytest.skip("/dev/shm and the temporary folder are one file system here")
        (tmp_path / "home" / "clips").symlink_to(elsewhere)
        assert "another file system" in refused(tmp_path / "home")
    finally:
        elsewhere.rmdir()


@POSIX
def test_a_clips_folder_that_is_a_link_on_the_same_file_system_works(start_server, tmp_path):
    (tmp_path / "music").mkdir()
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "clips").symlink_to(tmp_path / "music")
    server = start_server()
    still_works(server)
    assert len(list((tmp_path / "music").glob("*.json"))) == 1


def test_a_home_with_spaces_and_letters_of_any_language_works(start_server, tmp_path):
    server = start_server(home=tmp_path / "Mes débuts — 音楽 (1)")
    still_works(server)


def test_a_home_with_a_path_too_long_for_answers_is_refused(tmp_path):
    home = tmp_path.joinpath(*["d" * 150] * 4)
    assert "at most 400 can be used" in refused(home)
    assert not home.exists()


@LINUX
def test_a_home_whose_name_is_not_utf_8_is_refused(tmp_path):
    assert r"home-\udcff' is not UTF-8" in refused(tmp_path / os.fsdecode(b"home-\xff"))


# ---- pulled away ----


def test_a_clips_folder_deleted_while_running_is_made_again(start_server):
    server = start_server()
    still_works(server)
    with server.client() as client:
        job_id = ask(client, "steps 20")
        shutil.rmtree(server.home.clips)
        assert finish(client, job_id).exists()
        shutil.rmtree(server.home.clips)
        assert finish(client, ask(client)).exists()


def test_a_staging_folder_deleted_while_running_is_made_again(start_server):
    server = start_server()
    still_works(server)
    shutil.rmtree(server.home.staging)
    still_works(server)


def test_a_mailbox_that_goes_away_does_not_stop_the_sockets(start_server, tmp_path):
    server = start_server()
    (server.home.root / "mailbox").rename(tmp_path / "away")
    wait_until(server.home.mailbox_in.exists, "the inbox to be made again")
    still_works(server)


def test_a_deleted_heartbeat_comes_back(start_server):
    server = start_server()
    wait_until(server.home.heartbeat.exists, "the first heartbeat")
    server.home.heartbeat.unlink()
    wait_until(server.home.heartbeat.exists, "the next heartbeat")


# ---- clocks ----

A_DAY_S = 86_400.0


class Clock:
    """A system clock for one server, which can be set while it runs."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self._file = folder / "shift"
        self.set(0.0)
        (folder / "sitecustomize.py").write_text(
            "import time\n"
            "real = time.time\n"
            f"time.time = lambda: real() + float(open({str(self._file)!r}).read())\n"
        )
        paths = [environment()["PYTHONPATH"], str(folder)]
        self.environment = {"PYTHONPATH": os.pathsep.join(paths)}

    def set(self, shift_s: float) -> None:
        temporary = self._file.with_suffix(".new")
        temporary.write_text(str(shift_s))
        temporary.replace(self._file)


def test_a_clock_set_back_while_jobs_wait_changes_nothing_about_their_order(start_server, tmp_path):
    clock = Clock(tmp_path / "clock")
    server = start_server(**clock.environment)
    with server.client() as client:
        jobs = [ask(client, "steps 30")]
        for shift_s in (-A_DAY_S, A_DAY_S, -365 * A_DAY_S):
            clock.set(shift_s)
            jobs.append(ask(client, f"shift {shift_s}"))
        for job_id in jobs:
            assert finish(client, job_id).exists()
    assert [row["id"] for row in rows(server.home)] == jobs
    ends = sorted((server.home.clips / f"{job_id}.json").stat().st_mtime_ns for job_id in jobs)
    assert ends == [(server.home.clips / f"{j}.json").stat().st_mtime_ns for j in jobs]
    assert violations(server.home, {}) == []


def test_a_server_started_a_day_in_the_past_takes_up_the_jobs_of_the_future(start_server, tmp_path):
    clock = Clock(tmp_path / "clock")
    server = start_server(**clock.environment)
    with server.client() as client:
        jobs = [ask(client, "steps 40"), ask(client, "a tone")]
    server.kill()
    clock.set(-A_DAY_S)
    server = start_server(**clock.environment)
    with server.client() as client:
        jobs.append(ask(client, "a tone"))
        for job_id in jobs:
            assert finish(client, job_id).exists()
    assert violations(server.home, {}) == []
