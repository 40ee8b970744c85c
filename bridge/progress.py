"""How far the work in the worker is, when that is worth an event, and how long it will take."""

from __future__ import annotations

from collections.abc import Callable

from .jobs import Job

PROGRESS_EVERY_S = 0.1


class Pace:
    """How far some work is, and an ETA from the speed measured so far."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.stage, self.fraction = "loading", 0.0
        self._clock = clock
        self._began = self._announced = clock()

    def report(self, stage: str, fraction: float) -> bool:
        """Take a report; says whether it is worth an event (a new stage, or some time has passed)."""
        now, new_stage = self._clock(), stage != self.stage
        if new_stage:
            self._began = now
        self.stage, self.fraction = stage, fraction
        if not new_stage and now - self._announced < PROGRESS_EVERY_S:
            return False
        self._announced = now
        return True

    @property
    def eta_s(self) -> float:
        """Seconds until the present stage ends; -1 while nothing can be said."""
        elapsed = self._clock() - self._began
        if self.fraction < 0.01 or elapsed < 0.2:
            return -1.0
        return elapsed * (1 - self.fraction) / self.fraction


class RunningJob(Pace):
    """The job that the worker has."""

    def __init__(self, job: Job, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.job = job
        self.cancelled = False
