"""Where the beats are: tempo near the asked one, the beat's phase, and the first downbeat."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..music import Meter
from .onsets import ANALYSIS_RATE_HZ, Onsets, analysis_signal, find_onsets, harmonic_change

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..engines import Audio

    Floats = NDArray[np.float64]

SEARCH = 0.12  # tempo is looked for within +-12 % of the asked one
_HARMONICS = (1, 2, 3, 4, 6, 8)  # of the pulse: notes on it, on halves, triplets, quarters ...
_TRUST_ONSETS = 4
# what speaks for a place being one: harmony that changes there, and level that rises there in the
# bands of `Onsets.rises` (kick and bass do, a hi-hat alone does not); and for it being a pulse
# rather than a division of one: level that rises on pulses more than between them
_AT_ONE = (6.0, 3.0, 3.0, 0.0, -1.5)
_DIVISIONS = 4
_ON_PULSE = (0.0, 0.0, 2.0, 1.0, 1.0)
_STARTS_ON_ONE = 0.1  # takes tend to start on one: it decides where nothing else does


@dataclass(frozen=True, slots=True)
class Grid:
    """The beat grid found in a clip.

    `bpm` is in the asked octave; `downbeat_s` is the first downbeat (it may lie up to 20 ms before
    the clip's start); `confidence` 0..1 says how much of the rhythm follows the grid beyond chance.
    """

    bpm: float
    downbeat_s: float
    confidence: float


def pulse_beats(meter: Meter) -> float:
    """What is counted, in quarter notes: the quarter, or the denominator's note where shorter."""
    return min(1.0, 4 / meter.denominator)


def find_grid(audio: Audio, rate: int, bpm: float, meter: Meter) -> Grid:
    """Find tempo and downbeat of float32 [channels, frames] near `bpm`.

    Onset times are treated as points on a circle one pulse long (the Rayleigh statistic, N. I.
    Fisher, "Statistical Analysis of Circular Data", 1993): the tempo is where they gather most on
    the pulse and its divisions, refined by a robust straight-line fit of onsets to grid lines.
    Half and double time fall on the same grid and need no case of their own.
    """
    signal = analysis_signal(audio, rate)
    onsets = find_onsets(signal)
    pulse_s = 60 / bpm * pulse_beats(meter)
    if len(onsets.times) < _TRUST_ONSETS or len(signal) < 2 * pulse_s * ANALYSIS_RATE_HZ:
        return Grid(bpm, 0.0, 0.0)
    period, phase, confidence = _tempo(onsets, pulse_s)
    downbeat = _downbeat(signal, onsets, period, phase, meter)
    return Grid(bpm * pulse_s / period, downbeat, confidence)


def grid_error(audio: Audio, rate: int, bpm: float, meter: Meter, at_s: float) -> float | None:
    """How late the rhythm is at `at_s` against a grid of `bpm` from 0, in seconds; None unknown.

    A robust straight line through the onsets' distances from the grid.
    """
    onsets = find_onsets(analysis_signal(audio, rate))
    if len(onsets.times) < _TRUST_ONSETS:
        return None
    pulse_s = 60 / bpm * pulse_beats(meter)
    period, phase = _regress(onsets, pulse_s, 0.0)
    lines = round((at_s - phase) / period)
    return float(phase + lines * period - round(at_s / pulse_s) * pulse_s)


def _tempo(onsets: Onsets, pulse_s: float) -> tuple[float, float, float]:
    """Pulse period and phase in seconds, and confidence."""
    import numpy as np

    weights = onsets.strengths
    span = float(np.ptp(onsets.times)) + pulse_s
    step = pulse_s / (8 * max(_HARMONICS) * span)  # an eighth of a turn at the clip's end
    count = int(np.ceil(SEARCH / step))
    rates = (1 + np.arange(-count, count + 1) * step) / pulse_s
    turns = rates[:, None] * onsets.times
    gathered = np.stack([
        np.abs(np.exp(2j * np.pi * h * turns) @ weights) / weights.sum() for h in _HARMONICS
    ])  # fmt: skip
    score = (gathered**2).sum(axis=0) * (1 - 0.5 * (np.abs(rates * pulse_s - 1) / SEARCH) ** 2)
    best = int(score.argmax())
    strength = gathered[:, best]
    effective = weights.sum() ** 2 / float(weights @ weights)
    # how many independent tempi were tried, twice because the best lies between them
    trials = 2 * np.array(_HARMONICS) * (1 + 2 * SEARCH * span / pulse_s)
    chance = np.minimum(1, trials * np.exp(-effective * strength**2))
    confidence = float((strength * (1 - chance)).max())
    period = 1 / rates[best]
    period, phase = _regress(onsets, period, _phase(onsets, period))
    return period, phase, confidence


def _phase(onsets: Onsets, period: float) -> float:
    """Where in the pulse its line lies: most notes on it, fewer on its half, few elsewhere."""
    import numpy as np

    tries = np.arange(0, period, 0.002)
    score = np.zeros(len(tries))
    for division, weight in ((1, 1.0), (2, 0.4), (4, 0.1)):
        part = period / division
        away = (onsets.times - tries[:, None] + part / 2) % part - part / 2
        score += weight * (np.exp(-0.5 * (away / 0.012) ** 2) @ onsets.strengths)
    return float(tries[score.argmax()])


def _regress(onsets: Onsets, period: float, phase: float) -> tuple[float, float]:
    """Straight line through the onsets near pulses and half pulses, far ones losing their say.

    Iteratively reweighted least squares with Tukey's biweight (P. J. Huber, "Robust Statistics").
    """
    import numpy as np

    lines = np.rint((onsets.times - phase) / period * 2) / 2
    strengths = onsets.strengths * np.where(lines % 1 == 0, 1.0, 0.3)
    for reach in (0.06, 0.04, 0.025, 0.025, 0.015, 0.015):
        away = onsets.times - phase - lines * period
        say = strengths * np.clip(1 - (away / reach) ** 2, 0, None) ** 2
        if np.count_nonzero(say) < 3 or np.ptp(lines[say > 0]) < 2:
            break
        design = np.stack([np.ones_like(lines), lines], axis=1)
        normal = design.T @ (design * say[:, None])
        phase, period = np.linalg.solve(normal, design.T @ (say * onsets.times))
    return float(period), float(phase)


def _downbeat(signal: Floats, onsets: Onsets, period: float, phase: float, meter: Meter) -> float:
    """Time of the first downbeat, looked for on every pulse of the bar and the quarters of it.

    Quarters too, because the strongest notes are not always on the pulse (off-beat bass, reggae).
    """
    import numpy as np

    step = period / _DIVISIONS
    per_bar = _DIVISIONS * max(1, round(float(meter.beats_per_bar) / pulse_beats(meter)))
    first = np.ceil((-0.02 - phase) / step)
    end = len(signal) / ANALYSIS_RATE_HZ
    slots = phase + step * np.arange(first, np.floor((end - phase) / step) + 1)
    slots = slots[slots < end - 0.05]
    near = np.abs(slots[:, None] - onsets.times) < min(0.03, step / 2)
    change = harmonic_change(signal, slots, min(0.6, max(0.2, 1.5 * period)))
    features = [np.clip(1.5 * (change - 0.15), 0, 1)]  # drums alone move it by about 0.1
    features += [_scaled(near @ rise) for rise in onsets.rises]
    places = np.stack([_by_place(feature, per_bar) for feature in features])
    by_division = places.reshape(len(places), -1, _DIVISIONS).mean(axis=1)
    others = (by_division.sum(axis=1, keepdims=True) - by_division) / (_DIVISIONS - 1)
    lead = np.array(_ON_PULSE) @ (by_division - others)
    score = np.array(_AT_ONE) @ places + np.tile(lead, per_bar // _DIVISIONS)
    if abs(slots[0]) < 0.02:
        score[0] += _STARTS_ON_ONE
    return float(slots[int(score[: len(slots)].argmax())])


def _scaled(feature: Floats) -> Floats:
    scaled: Floats = feature / max(float(feature.max(initial=0)), 1e-9)
    return scaled


def _by_place(feature: Floats, bar: int) -> Floats:
    """Mean of a feature over all bars for each pulse of the bar; unknown (NaN) ones do not count."""
    import numpy as np

    known = np.isfinite(feature)
    place = np.arange(len(feature)) % bar
    total = np.bincount(place[known], feature[known], minlength=bar)
    counts = np.bincount(place[known], minlength=bar)
    mean: Floats = total / np.maximum(counts, 1)
    return mean
