"""Jobs and their states, stored in SQLite so that an accepted job outlives any crash."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .errors import BridgeError

QUEUED, RUNNING, DONE, JOB_FAILED, JOB_CANCELLED = (
    "queued",
    "running",
    "done",
    "failed",
    "cancelled",
)

# state -> the states it may change to; running -> queued: its worker or its server died
MOVES: dict[str, tuple[str, ...]] = {
    QUEUED: (RUNNING, JOB_CANCELLED, JOB_FAILED),
    RUNNING: (DONE, JOB_FAILED, JOB_CANCELLED, QUEUED),
    DONE: (),
    JOB_FAILED: (),
    JOB_CANCELLED: (),
}
MAX_WORKER_DEATHS = 2

_TABLE = """
CREATE TABLE IF NOT EXISTS jobs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT UNIQUE NOT NULL,
    request_id TEXT UNIQUE NOT NULL,
    command TEXT NOT NULL,
    params TEXT NOT NULL,
    peer TEXT NOT NULL,
    state TEXT NOT NULL,
    place INTEGER NOT NULL,
    created REAL NOT NULL,
    started REAL,
    finished REAL,
    worker_deaths INTEGER NOT NULL DEFAULT 0,
    code TEXT NOT NULL DEFAULT '',
    message TEXT NOT NULL DEFAULT '',
    manifest TEXT NOT NULL DEFAULT ''
);
CREATE INDEX IF NOT EXISTS jobs_by_state ON jobs (state, seq);
"""


@dataclass(frozen=True, slots=True)
class Job:
    """One row. `peer` is where its events go, `place` the place in the queue it was promised."""

    seq: int
    id: str
    request_id: str
    command: str
    params: Mapping[str, object]
    peer: str
    state: str
    place: int
    created: float
    started: float | None
    finished: float | None
    worker_deaths: int
    code: str
    message: str
    manifest: str


def new_job_id(now: float) -> str:
    """A name that sorts by time, is unique without a clock, and is safe in every file system."""
    return time.strftime("%Y%m%d-%H%M%S-", time.gmtime(now)) + secrets.token_hex(4)


class JobStore:
    """The table of jobs. One thread at a time; every change is on disk when the method returns."""

    def __init__(self, path: Path) -> None:
        try:
            self._db = _open(path)
        except sqlite3.DatabaseError as error:
            raise BridgeError(
                "bad-request",
                f"the job list {path} cannot be opened ({error}); move it away to start a new one",
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def accept(
        self, request_id: str, command: str, params: Mapping[str, object], peer: str,
        queue_limit: int, now: float,
    ) -> tuple[Job, bool]:  # fmt: skip
        """Store a new job, or find the one this request_id already stands for.

        Returns the job and whether it is new. Raises BridgeError `queue-full` with the limit, and
        `bad-request` when the id was used for a different command.
        """
        old = self.find(request_id=request_id)
        if old:
            if old.command != command:
                raise BridgeError(
                    "bad-request",
                    f"request_id {request_id!r} was already used for {old.command}; take a new one",
                )
            return old, False
        counts = self.counts()
        waiting, running = counts[QUEUED], counts[RUNNING]
        if waiting >= queue_limit:
            raise BridgeError(
                "queue-full",
                f"{waiting} jobs are waiting, the limit is {queue_limit}; try again later",
            )
        job_id = new_job_id(now)
        self._db.execute(
            "INSERT INTO jobs (id, request_id, command, params, peer, state, place, created) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (job_id, request_id, command, json.dumps(params), peer, QUEUED, waiting + running, now),
        )
        job = self.find(job_id=job_id)
        assert job is not None, "the row was just inserted"
        return job, True

    def advance(self, job_id: str, old: str, new: str, now: float, **fields: object) -> bool:
        """Move one job from `old` to `new` and set `fields`; False when it is no longer in `old`."""
        assert new in MOVES[old], f"a job never goes from {old} to {new}"
        sets: dict[str, object] = {"state": new, **fields}
        if new == RUNNING:
            sets["started"] = now
        elif not MOVES[new]:
            sets["finished"] = now
        columns = ", ".join(f"{name} = ?" for name in sets)
        cursor = self._db.execute(
            f"UPDATE jobs SET {columns} WHERE id = ? AND state = ?",  # noqa: S608 (names are ours)
            (*sets.values(), job_id, old),
        )
        return cursor.rowcount == 1

    def find(self, *, job_id: str = "", request_id: str = "") -> Job | None:
        """One job by its id or its request_id."""
        column, value = ("id", job_id) if job_id else ("request_id", request_id)
        row = self._db.execute(f"SELECT * FROM jobs WHERE {column} = ?", (value,)).fetchone()  # noqa: S608
        return _job(row) if row else None

    def next_queued(self) -> Job | None:
        """The job whose turn it is."""
        row = self._db.execute(
            "SELECT * FROM jobs WHERE state = ? ORDER BY seq LIMIT 1", (QUEUED,)
        ).fetchone()
        return _job(row) if row else None

    def in_state(self, state: str) -> list[Job]:
        """All jobs in one state, oldest first."""
        rows = self._db.execute("SELECT * FROM jobs WHERE state = ? ORDER BY seq", (state,))
        return [_job(row) for row in rows]

    def counts(self) -> dict[str, int]:
        """How many jobs there are in each state."""
        counts = dict.fromkeys(MOVES, 0)
        for state, count in self._db.execute("SELECT state, count(*) FROM jobs GROUP BY state"):
            counts[state] = count
        return counts


def _open(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_TABLE)
    except sqlite3.DatabaseError:
        db.close()
        raise
    return db


def _job(row: sqlite3.Row) -> Job:
    values = dict(row)
    values["params"] = json.loads(values["params"])
    return Job(**values)
