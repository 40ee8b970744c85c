# ruff: noqa: T201 (a program: what it finds, it prints)
"""How well takes with a wrong tempo and start are made to fit: prints a Markdown table.

Run from the repository root: python -m tests.benchmarks.fit_benchmark [--clips N] [--seed S]

Each take is off tempo by -5..+5 % and starts anywhere in a bar. The error is the distance, in the
finished clip, of the planted last beat from where the asked tempo has it: once by arithmetic from
the planted grid, and for synthetic drums also as heard, by correlating the clip with the same music
rendered at the asked tempo.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from bridge.audio.fit import Fitted, fit, material_seconds
from bridge.music import Meter
from tests.audio import takes
from tests.audio.signals import Audio

METERS = (Meter(4, 4), Meter(4, 4), Meter(3, 4), Meter(7, 8), Meter(12, 8))
TEMPI = (75.0, 93.7, 120.0, 140.0, 174.35)
STYLES = (
    "house", "techno", "drum and bass", "trap", "lo-fi", "jazz", "funk", "rock", "reggae",
    "cinematic", "waltz",
)  # fmt: skip


@dataclass(frozen=True)
class Case:
    """What was planted."""

    kind: str
    meter: Meter
    asked_bpm: float
    real_bpm: float
    bars: int
    offset_s: float
    seed: int

    @property
    def beats(self) -> Fraction:
        return self.bars * self.meter.beats_per_bar

    @property
    def pulse_s(self) -> float:
        return min(1.0, 4 / self.meter.denominator) * 60 / self.asked_bpm

    @property
    def last_beat(self) -> int:
        return math.ceil(self.beats) - 1


@dataclass(frozen=True)
class Outcome:
    """Errors at the last beat in ms: against the nearest beat, against the bar, and as heard."""

    beat_ms: float
    bar_ms: float
    heard_ms: float | None
    seconds: float
    fitted: Fitted


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=100, help="of each kind")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kinds", default="drums,chords,band,sketch")
    parser.add_argument("--verbose", action="store_true", help="print each miss")
    options = parser.parse_args()
    print("| take | clips | a beat within 5 ms | downbeat within 5 ms | median | worst 1 % "
          "| heard within 5 ms | time |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|")
    everything: list[Outcome] = []
    for kind in options.kinds.split(","):
        outcomes = []
        for case in cases(kind, options.clips, options.seed):
            outcomes.append(outcome(case))
            if options.verbose and abs(outcomes[-1].bar_ms) > 5:
                print(case, outcomes[-1].beat_ms, outcomes[-1].fitted.measured)
        print(row(kind, outcomes))
        everything += outcomes
    print(row("all", everything))


def cases(kind: str, count: int, seed: int, lengths: tuple[int, ...] = (2, 4, 8)) -> Iterator[Case]:
    """`count` cases spread over meters, tempi, lengths, tempo errors and starts."""
    rng = np.random.default_rng([seed, sum(map(ord, kind))])
    for index in range(count):
        meter = METERS[rng.integers(len(METERS))]
        asked = TEMPI[rng.integers(len(TEMPI))]
        real = asked * (1 + rng.uniform(-0.05, 0.05))
        bar_s = float(meter.beats_per_bar) * 60 / real
        bars = int(rng.choice(lengths))
        yield Case(kind, meter, asked, real, bars, rng.uniform(0, bar_s), 1000 * seed + index)


def outcome(case: Case) -> Outcome:
    """Make the take, fit it, measure."""
    seconds = material_seconds(case.beats, case.asked_bpm, case.meter)
    audio, rate = render(case, seconds)
    began = time.perf_counter()
    fitted = fit(audio, rate, beats=case.beats, bpm=case.asked_bpm, meter=case.meter, loop=False)
    took = time.perf_counter() - began
    bar_s = float(case.meter.beats_per_bar) * 60 / case.real_bpm
    start_s, ratio = fitted.measured["downbeat_shift_s"], fitted.measured["stretch"]
    bar = round((start_s - case.offset_s) / bar_s)
    late_s = (
        case.offset_s + bar * bar_s + case.last_beat * 60 / case.real_bpm - start_s
    ) * ratio - case.last_beat * 60 / case.asked_bpm
    beat_s = (late_s + case.pulse_s / 2) % case.pulse_s - case.pulse_s / 2
    heard = heard_error_ms(case, fitted.audio, bar) if case.kind in ("drums", "band") else None
    return Outcome(beat_s * 1000, late_s * 1000, heard, took, fitted)


def render(case: Case, seconds: float) -> tuple[Audio, int]:
    """The take: synthetic, or the sketch engine's at the wrong tempo with its start cut off."""
    if hasattr(takes, case.kind):
        make = getattr(takes, case.kind)
        take = make(case.real_bpm, case.meter, seconds, case.offset_s, case.seed)
        return take.audio, takes.RATE
    bar_s = float(case.meter.beats_per_bar) * 60 / case.real_bpm
    audio = sketch(case, seconds + bar_s, bar_s)
    return audio[:, round((bar_s - case.offset_s) * takes.RATE) :][
        :, : round(seconds * takes.RATE)
    ], takes.RATE


def sketch(case: Case, seconds: float, bar_s: float) -> Audio:
    from bridge.engines import GenerateRequest
    from bridge.engines.sketch import SketchEngine

    bars = math.ceil(seconds / bar_s)
    prompt = STYLES[case.seed % len(STYLES)]
    request = GenerateRequest(
        prompt=prompt, beats=bars * case.meter.beats_per_bar, seconds=bars * bar_s,
        bpm=case.real_bpm, meter=case.meter, seed=case.seed, sample_rate=takes.RATE,
    )  # fmt: skip
    rendered = SketchEngine().generate(request, lambda stage, fraction: None)
    return rendered.takes[0].parts[0].audio


def heard_error_ms(case: Case, clip: Audio, bar: int) -> float:
    """Lag of the clip around its last beat behind the same music rendered at the asked tempo."""
    make = getattr(takes, case.kind)
    bar_s = float(case.meter.beats_per_bar) * 60 / case.asked_bpm
    length_s = clip.shape[1] / takes.RATE
    ideal = make(case.asked_bpm, case.meter, length_s, -bar * bar_s, case.seed).audio
    middle = round(case.last_beat * 60 / case.asked_bpm * takes.RATE)
    reach, step = round(0.15 * takes.RATE), round(0.00025 * takes.RATE)
    envelopes = [envelope(audio)[max(0, middle - reach) : middle + reach : step]
                 for audio in (clip, ideal)]  # fmt: skip
    size = min(map(len, envelopes))
    found, wanted = (np.gradient(one[:size]) for one in envelopes)
    match = np.correlate(found, wanted, "full")
    centre, lags = size - 1, 160  # 40 ms
    return float((np.argmax(match[centre - lags : centre + lags + 1]) - lags) * 0.25)


def envelope(audio: Audio) -> np.ndarray:
    """Magnitude above a few hundred Hz, smoothed over 2 ms."""
    bright = np.abs(np.diff(audio[0].astype(np.float64), prepend=0))
    kernel = np.hanning(round(0.004 * takes.RATE))
    return np.convolve(bright, kernel / kernel.sum(), "same")


def row(name: str, outcomes: list[Outcome]) -> str:
    beat, bar = (np.abs([getattr(o, field) for o in outcomes]) for field in ("beat_ms", "bar_ms"))
    heard = np.abs([o.heard_ms for o in outcomes if o.heard_ms is not None])
    share = [f"{np.mean(errors <= 5):.1%}" if len(errors) else "" for errors in (beat, bar, heard)]
    speed = 1000 * np.mean([o.seconds for o in outcomes])
    return (
        f"| {name} | {len(outcomes)} | {share[0]} | {share[1]} | {np.median(beat):.2f} ms "
        f"| {np.quantile(beat, 0.99):.1f} ms | {share[2]} | {speed:.0f} ms |"
    )


if __name__ == "__main__":
    main()
