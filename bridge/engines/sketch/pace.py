"""Progress of a render: steps counted by worker threads, told by the thread that asked."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TypeVar

from ...errors import Cancelled
from .. import Progress

_REPORT_S = 0.03  # progress is told at most this often
_THREADS = 2  # numpy computes outside Python's lock, so two threads keep two cores busy

Result = TypeVar("Result")


class Pace:
    """How far one take is. `step` may be called anywhere, `tell` only where progress may be told."""

    def __init__(self, progress: Progress, take: int, takes: int, expected: int) -> None:
        self._progress, self._take, self._takes, self._expected = progress, take, takes, expected
        self._steps = 0
        self._told = time.monotonic()
        self._stopped = False

    def step(self) -> None:
        """Count a piece of work; raises Cancelled once the job is."""
        if self._stopped:
            raise Cancelled
        self._steps += 1

    def tell(self) -> None:
        """Report how far the work is, not more often than anyone can see."""
        now = time.monotonic()
        if now - self._told < _REPORT_S:
            return
        self._told = now
        share = min(0.99, self._steps / self._expected)
        self._progress("generating", (self._take + share) / self._takes)

    def step_and_tell(self) -> None:
        """Both, for work done on the asking thread itself."""
        self.step()
        self.tell()

    def all(self, jobs: list[Callable[[], Result]]) -> Iterator[Result]:
        """Do jobs on two threads and give their results in order, telling progress meanwhile.

        When progress raises, the jobs stop at their next step and the exception goes on.
        """
        with ThreadPoolExecutor(_THREADS) as pool:
            futures = [pool.submit(job) for job in jobs]
            try:
                for index in range(len(futures)):
                    while not futures[index].done():
                        wait([futures[index]], timeout=_REPORT_S)
                        self.tell()
                    yield futures[index].result()
                    futures[index] = futures[-1]  # lets go of the finished one's audio
            except BaseException:
                self._stopped = True
                pool.shutdown(wait=False, cancel_futures=True)
                raise
