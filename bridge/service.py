"""The story itself: a request is accepted, queued, rendered, published, announced."""

from __future__ import annotations

import asyncio
import hmac
import logging
import os
import shutil
import sqlite3
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from . import PROTOCOL_VERSION, __version__, manifest
from .admission import check_sound, settle
from .config import Config
from .engines.registry import Choice, local_models, resolve
from .errors import BridgeError, Cancelled, is_disk_full
from .home import Home
from .jobs import (
    DONE,
    JOB_CANCELLED,
    JOB_FAILED,
    MAX_WORKER_DEATHS,
    QUEUED,
    RUNNING,
    Job,
    JobStore,
)  # fmt: skip
from .packet import Argument, Message, encode_answer
from .progress import PROGRESS_EVERY_S, Pace, RunningJob
from .protocol import (
    CANCELLED,
    CLIP,
    FAIL,
    FAILED,
    PROGRESS,
    Request,
    parse,
    request_id_of,
)  # fmt: skip
from .protocol import DONE as ANSWER_DONE
from .worker import OnProgress, Worker, WorkerDied

log = logging.getLogger(__name__)

MAX_LISTENERS = 64
MAX_LOOKS = 2  # files that are looked at in the same moment, each by a process
DROP_FOLDER = "drop-folder"  # the peer that reads no answers

Send = Callable[[str, bytes], None]  # peer ("udp|host|port" or "mailbox|client"), packet
T = TypeVar("T")


class Service:
    """Accepts requests, runs jobs one after another, tells whoever wants to know.

    It never sees a socket or a file carrier: packets leave through `send(peer, packet)`.
    """

    def __init__(
        self, config: Config, home: Home, store: JobStore, worker: Worker, send: Send,
        quit: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._config, self._home, self._store, self._worker = config, home, store, worker
        self._send, self._quit_server, self._clock = send, quit, clock
        self._listeners: dict[str, None] = {}  # in the order of their last notify
        self._running: RunningJob | None = None
        self._loading = True
        self._work = asyncio.Event()
        self._looks = asyncio.Semaphore(MAX_LOOKS)
        # the job list is one connection: one thread; publishing may wait for the disk: another one
        self._store_thread = ThreadPoolExecutor(1, "jobs")
        self._disk_thread = ThreadPoolExecutor(1, "disk")
        self.default = resolve(config.model, home.root)
        self._handlers: dict[str, Callable[[Request, str], Awaitable[tuple[Argument, ...]]]] = {
            "/bridge/ping": self._ping,
            "/bridge/generate": self._accept,
            "/bridge/transcribe": self._accept,
            "/bridge/separate": self._accept,
            "/bridge/cancel": self._cancel,
            "/bridge/status": self._status,
            "/bridge/notify": self._notify,
            "/bridge/models": self._models,
            "/bridge/quit": self._quit,
        }

    # ---- requests ----

    async def handle(self, message: Message, peer: str) -> bool:
        """Answer one message with exactly one done (True) or fail (False)."""
        accepted = False
        try:
            if message.unreadable:
                raise BridgeError(
                    "bad-request",
                    f"{message.address} carries an argument of type {message.unreadable!r}; "
                    "use i h f d s T F",
                )
            request = parse(message.address, message.args)
            self._check_token(request)
            answer = await self._handlers[message.address](request, peer)
            packet = encode_answer(ANSWER_DONE, message.address, request.request_id, *answer)
            accepted = True
        except BridgeError as error:
            packet = self._fail(message, error.code, error.message)
        except sqlite3.OperationalError as error:
            log.exception("store.failed address=%s", message.address)
            full = "full" in str(error) or "disk I/O" in str(error)
            code = "disk-full" if full else "internal"
            packet = self._fail(message, code, f"the job could not be stored: {error}")
        except Exception as error:  # a bug in one request must not stop the server
            log.exception("request.failed address=%s", message.address)
            packet = self._fail(
                message, "internal", f"{type(error).__name__}: {error}; see the log"
            )
        self._send(peer, packet)
        return accepted

    def _fail(self, message: Message, code: str, text: str) -> bytes:
        log.info("fail address=%s code=%s message=%r", message.address[:80], code, text)
        request_id = request_id_of(message.args)
        return encode_answer(FAIL, message.address, request_id, code, text)

    def _check_token(self, request: Request) -> None:
        token = str(request.values.get("token") or "")
        if self._config.token and not hmac.compare_digest(
            token.encode(), self._config.token.encode()
        ):
            raise BridgeError("unauthorized", "this bridge wants its token: add the key token")

    @property
    def state(self) -> str:
        """loading, busy or idle."""
        if self._running:
            return "busy"
        return "loading" if self._loading else "idle"

    async def _ping(self, request: Request, peer: str) -> tuple[Argument, ...]:
        clips = self._home.clips.as_posix()
        return (__version__, PROTOCOL_VERSION, self.state, str(self.default), clips, os.getpid())

    async def _accept(self, request: Request, peer: str) -> tuple[Argument, ...]:
        address = request.command.address
        old = await self._in_store(lambda: self._store.find(request_id=request.request_id))
        if old and old.command == address:
            return (old.id, old.place)
        params = await self._on_disk(lambda: settle(request, self._config, self.default))
        if peer != DROP_FOLDER:  # there a job that failed is seen, a refusal is not
            async with self._looks:
                await check_sound(params)
        job, new = await self._in_store(
            lambda: self._store.accept(
                request.request_id, address, params, peer, self._config.queue_limit, time.time()
            )
        )
        if new:
            log.info("job.accepted job_id=%s command=%s place=%s", job.id, job.command, job.place)
            self._work.set()
        return (job.id, job.place)

    async def _cancel(self, request: Request, peer: str) -> tuple[Argument, ...]:
        job = await self._find(str(request.values["job_id"]))
        state = job.state
        if state == QUEUED:
            moved = await self._in_store(
                lambda: self._store.advance(job.id, QUEUED, JOB_CANCELLED, time.time())
            )
            if moved:
                log.info("job.cancelled job_id=%s state=queued", job.id)
                self._emit(job, CANCELLED, job.id)
            else:  # it was taken up in this very moment
                state = RUNNING
        if state == RUNNING and self._running and self._running.job.id == job.id:
            self._running.cancelled = True
            self._worker.cancel()
        return (job.id, state)

    async def _status(self, request: Request, peer: str) -> tuple[Argument, ...]:
        if not request.values["job_id"]:
            n = await self._in_store(self._store.counts)
            counts = (n[QUEUED], n[RUNNING], n[DONE], n[JOB_FAILED], n[JOB_CANCELLED])
            return (self.state, str(self.default), *counts, self._config.queue_limit)
        job = await self._find(str(request.values["job_id"]))
        running = self._running
        if job.state == RUNNING and running and running.job.id == job.id:
            return (job.id, RUNNING, running.stage, running.fraction, running.eta_s, "")
        detail = f"{job.code}: {job.message}" if job.code else job.manifest
        return (job.id, job.state, job.state, 1.0 if job.state == DONE else 0.0, -1.0, detail)

    async def _notify(self, request: Request, peer: str) -> tuple[Argument, ...]:
        self._listeners.pop(peer, None)
        if request.values["on"]:
            self._listeners[peer] = None
            if len(self._listeners) > MAX_LISTENERS:  # most likely gone without a word
                silent = next(iter(self._listeners))
                del self._listeners[silent]
                log.warning("listener.forgotten peer=%s limit=%s", silent, MAX_LISTENERS)
        return ()

    async def _models(self, request: Request, peer: str) -> tuple[Argument, ...]:
        found = await self._on_disk(lambda: local_models(self._home.root))
        names = [str(self.default), *(str(choice) for choice in found)]
        return tuple(dict.fromkeys(names))

    async def _quit(self, request: Request, peer: str) -> tuple[Argument, ...]:
        log.info("server.quit asked_by=%s", peer)
        self._quit_server()  # takes effect after this answer
        return ()

    async def _find(self, job_id: str) -> Job:
        job = await self._in_store(lambda: self._store.find(job_id=job_id))
        if job is None:
            raise BridgeError("not-found", f"there is no job {job_id[:80]!r}")
        return job

    # ---- jobs ----

    async def recover(self) -> None:
        """After a start: finish what was published or staged, take up again what was interrupted."""
        for job in await self._in_store(lambda: self._store.in_state(RUNNING)):
            if manifest.path_of(self._home, job.id).exists() or manifest.is_staged(
                self._home, job.id
            ):
                try:
                    await self._publish(job)
                except OSError as error:
                    await self._unpublishable(job, error)
            else:
                log.info("job.resumed job_id=%s", job.id)
                await self._advance(job, RUNNING, QUEUED)
        await self._on_disk(self._clear_staging)

    def _clear_staging(self) -> None:
        for leftover in self._home.staging.iterdir():
            if leftover.is_dir():
                shutil.rmtree(leftover, ignore_errors=True)
            else:
                leftover.unlink(missing_ok=True)

    async def run(self) -> None:
        """Load the model, then work off the queue until cancelled."""
        await self._warm_up()
        while True:
            self._work.clear()
            job = await self._patiently(lambda: self._in_store(self._store.next_queued))
            if job is None:
                await self._wait_for_work()
            else:
                await self._take_up(job)

    async def _wait_for_work(self) -> None:
        idle = self._config.idle_unload_s or None
        try:
            await asyncio.wait_for(self._work.wait(), idle)
        except asyncio.TimeoutError:
            log.info("model.unload after_idle_s=%g", self._config.idle_unload_s)
            await self._ask_worker({"op": "unload"})
            await self._work.wait()

    async def _warm_up(self) -> None:
        """Load the model; a job that already waits for it sees how far that is."""
        pace = Pace(self._clock)
        request: dict[str, object] = {"op": "load", **_choice_fields(self.default)}
        load = asyncio.create_task(self._ask_worker(request, pace.report))
        try:
            while not (await asyncio.wait({load}, timeout=2 * PROGRESS_EVERY_S))[0]:
                await self._tell_waiting(pace)
            await load
        finally:
            load.cancel()
            self._loading = False

    async def _tell_waiting(self, pace: Pace) -> None:
        job = await self._patiently(lambda: self._in_store(self._store.next_queued))
        if job is not None:
            self._emit(job, PROGRESS, job.id, pace.stage, pace.fraction, pace.eta_s)

    async def _ask_worker(
        self, request: dict[str, object], on_progress: OnProgress = lambda stage, fraction: None
    ) -> None:
        try:
            await self._worker.run(request, on_progress)
        except (BridgeError, WorkerDied) as error:  # jobs will say it again to whoever asks
            log.warning("worker.%s failed: %s", request["op"], error)

    async def _take_up(self, job: Job) -> None:
        # known before the job list says running, so that no cancel can fall in between
        self._running = running = RunningJob(job, self._clock)
        try:
            if await self._advance(job, QUEUED, RUNNING):
                await self._run_job(job, running)
        finally:
            self._running = None

    async def _run_job(self, job: Job, running: RunningJob) -> None:
        """One job from the queue to its published manifest, or to the sentence why not."""
        try:
            await self._render(job, running)
            await self._publish(job)
        except Cancelled:
            await self._end(job, JOB_CANCELLED)
        except WorkerDied as error:
            await self._after_death(job, running, error)
        except BridgeError as error:
            await self._end(job, JOB_FAILED, error.code, error.message)
        except OSError as error:
            await self._unpublishable(job, error)
        except Exception as error:  # a bug must fail one job, not the queue
            log.exception("job.failed job_id=%s", job.id)
            text = f"{type(error).__name__}: {error}; see the log"
            await self._end(job, JOB_FAILED, "internal", text)

    async def _render(self, job: Job, running: RunningJob) -> None:
        """Let the worker make the clips of a job; they and their manifest lie staged afterwards."""
        folder = self._home.staging / f"{job.id}.{os.getpid()}.{job.worker_deaths}"
        try:
            if running.cancelled:
                raise Cancelled
            result = await self._worker.run(
                {
                    "op": "run", "job_id": job.id, "command": job.command, "params": dict(job.params),
                    "folder": str(folder), **_choice_fields(self._choice_for(job)),
                },
                self._on_progress,
            )  # fmt: skip
            fields = manifest.build(
                job, result["clips"], result["engine"], result["report"], time.time()
            )
            await self._on_disk(lambda: manifest.stage(self._home, job.id, folder, fields))
        finally:
            # before anything is noted: half a clip may be what fills the disk
            await self._on_disk(lambda: shutil.rmtree(folder, ignore_errors=True))

    async def _unpublishable(self, job: Job, error: OSError) -> None:
        log.error("job.publish_failed job_id=%s", job.id, exc_info=error)
        await self._on_disk(lambda: manifest.discard(self._home, job.id))
        text = f"the clips could not be published: {error}"
        if is_disk_full(error):
            text = f"the disk is full, {text}; free some space and ask again"
        await self._end(job, JOB_FAILED, "disk-full" if is_disk_full(error) else "internal", text)

    def _choice_for(self, job: Job) -> Choice:
        model = str(job.params.get("model") or "")
        return resolve(model, self._home.root) if model else self.default

    def _on_progress(self, stage: str, fraction: float) -> None:
        running = self._running
        if running and running.report(stage, fraction):
            self._emit(running.job, PROGRESS, running.job.id, stage, fraction, running.eta_s)

    async def _publish(self, job: Job) -> None:
        if manifest.is_staged(self._home, job.id):
            path = await self._on_disk(lambda: manifest.publish(self._home, job.id))
        else:  # it was published before the last crash
            path = manifest.path_of(self._home, job.id)
        await self._advance(job, RUNNING, DONE, manifest=str(path))
        log.info("job.done job_id=%s manifest=%s", job.id, path)
        self._emit(job, PROGRESS, job.id, "done", 1.0, 0.0)
        self._emit(job, CLIP, job.id, str(path))

    async def _end(self, job: Job, state: str, code: str = "", message: str = "") -> None:
        await self._advance(job, RUNNING, state, code=code, message=message)
        log.info("job.%s job_id=%s code=%s message=%r", state, job.id, code, message)
        if state == JOB_CANCELLED:
            self._emit(job, CANCELLED, job.id)
        else:
            self._emit(job, FAILED, job.id, code, message)

    async def _after_death(self, job: Job, running: RunningJob, error: WorkerDied) -> None:
        deaths = job.worker_deaths + 1
        log.warning("worker.died job_id=%s deaths=%s why=%s", job.id, deaths, error)
        if running.cancelled:
            await self._end(job, JOB_CANCELLED)
        elif deaths >= MAX_WORKER_DEATHS:
            text = f"the model's process broke down {deaths} times on this job: {error}"
            await self._end(job, JOB_FAILED, "model-failed", text)
        else:
            await self._advance(job, RUNNING, QUEUED, worker_deaths=deaths)
            if running.cancelled and await self._advance(job, QUEUED, JOB_CANCELLED):
                self._emit(job, CANCELLED, job.id)  # the cancel came while that was written

    # ---- small parts ----

    def _emit(self, job: Job, address: str, *args: Argument) -> None:
        packet = encode_answer(address, *args)
        for peer in {job.peer, *self._listeners}:
            self._send(peer, packet)

    async def _advance(self, job: Job, old: str, new: str, **fields: object) -> bool:
        return await self._patiently(
            lambda: self._in_store(
                lambda: self._store.advance(job.id, old, new, time.time(), **fields)
            )
        )

    async def _patiently(self, ask: Callable[[], Awaitable[T]]) -> T:
        """Repeat until the job list can be written: a full disk must not lose what happened."""
        while True:
            try:
                return await ask()
            except sqlite3.OperationalError as error:
                log.error("store.failed error=%s; trying again in a second", error)
                await asyncio.sleep(1.0)

    async def _in_store(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._store_thread, call)

    async def _on_disk(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._disk_thread, call)

    async def totals(self) -> dict[str, int]:
        """Jobs in each state, for the heartbeat."""
        return await self._in_store(self._store.counts)

    def close(self) -> None:
        """Finish the threads and close the job list."""
        self._disk_thread.shutdown(wait=True)
        self._store_thread.submit(self._store.close)
        self._store_thread.shutdown(wait=True)


def _choice_fields(choice: Choice) -> dict[str, object]:
    return {"engine": choice.engine, "model": choice.model}
