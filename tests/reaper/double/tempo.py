"""A project's tempo map: constant and ramped tempo, meters, and the conversions REAPER offers."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Marker:
    """From `time` on: quarter notes per minute, meter; `linear`: ramps to the next marker's tempo."""

    time: float
    bpm: float
    meter: tuple[int, int] | None = None
    linear: bool = False


@dataclass
class TempoMap:
    """The first marker stands at 0 and holds the project's own tempo and meter."""

    bpm: float = 120.0
    meter: tuple[int, int] = (4, 4)
    markers: list[Marker] = field(default_factory=list)

    def _segments(self) -> list[tuple[float, float, float, float]]:
        """(start, end, bpm at start, bpm at end) of every stretch of the time line."""
        points = [Marker(0.0, self.bpm), *self.markers]
        out = []
        for here, after in zip(points, [*points[1:], None], strict=True):
            end = after.time if after else float("inf")
            ramp = after.bpm if after is not None and here.linear else here.bpm
            if end > here.time:
                out.append((here.time, end, here.bpm, ramp))
        return out

    def to_qn(self, time: float) -> float:
        """Quarter notes from the project's start to `time` (s)."""
        if time < 0:
            return time * self.bpm / 60
        total = 0.0
        for start, end, first, last in self._segments():
            here = min(time, end)
            if here <= start:
                break
            if first == last:
                total += (here - start) * first / 60
            else:
                slope = (last - first) / (end - start)
                total += (first + (first + slope * (here - start))) / 2 * (here - start) / 60
        return total

    def to_time(self, qn: float) -> float:
        """Seconds from the project's start to `qn` quarter notes: bisection, then exact where constant."""
        if qn < 0:
            return qn * 60 / self.bpm
        for start, end, first, last in self._segments():
            before = self.to_qn(start)
            if end != float("inf") and qn >= self.to_qn(end):
                continue
            if first == last:
                return start + (qn - before) * 60 / first
            low, high = start, end
            for _ in range(80):
                middle = (low + high) / 2
                low, high = (middle, high) if self.to_qn(middle) < qn else (low, middle)
            return (low + high) / 2
        raise AssertionError("the last stretch of a tempo map never ends")

    def bpm_at(self, time: float) -> float:
        """Quarter notes per minute at `time`."""
        for start, end, first, last in self._segments():
            if start <= time < end:
                if first == last:
                    return first
                return first + (last - first) * (time - start) / (end - start)
        return self.bpm

    def meter_at(self, time: float) -> tuple[int, int]:
        """The meter at `time`."""
        meter = self.meter
        for marker in self.markers:
            if marker.meter and marker.time <= time + 1e-9:
                meter = marker.meter
        return meter

    def bars_at(self, time: float) -> tuple[int, float]:
        """0-based bar number at `time`, and quarter notes since its start (meters start bars)."""
        changes = [(0.0, self.meter)] + [(m.time, m.meter) for m in self.markers if m.meter]
        bars = 0
        for (start, meter), after in zip(changes, [*changes[1:], None], strict=True):
            length = meter[0] * 4 / meter[1]
            first = self.to_qn(start)
            if after is None or time < after[0] - 1e-9:
                inside = self.to_qn(time) - first
                whole = int((inside + 1e-9) // length)
                return bars + whole, inside - whole * length
            bars += -int(-(self.to_qn(after[0]) - first) // length)
        raise AssertionError("the last meter never ends")
