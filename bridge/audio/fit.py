"""Making a take fit the song: tempo conformed, shifted to the downbeat, cut to bars, seam closed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from ..errors import BridgeError
from ..music import Meter, exact_frames
from .finish import refuse_broken, seam_db
from .seam import crossfade
from .tempo import Grid, find_grid, grid_error, pulse_beats

if TYPE_CHECKING:
    from ..engines import Audio

MAX_STRETCH = 0.06  # beyond this a stretch is heard more than a wrong tempo
MIN_CONFIDENCE = 0.2
_IGNORED_DRIFT_S = 0.001  # over the whole clip; a stretch that small costs more than it mends
_FADE_S = 0.03
_CALM_FADE_S = 0.5  # for music without attacks
_SPARE_BEATS = Fraction(1, 2)
_STRETCH_SEED = 1  # the stretcher draws phases at random: the same take gives the same clip


@dataclass(frozen=True, slots=True)
class Fitted:
    """A clip of exact length, float32 [channels, frames], and what was found and done.

    `measured`: bpm_detected, confidence (0..1), stretch (new length over old), downbeat_shift_s (of
    the take that became the clip's start), residual_ms_at_last_beat (where it can be heard) and,
    for loops, seam_db. `note` is a sentence for the user where the clip does not fit, else "".
    """

    audio: Audio
    measured: dict[str, float]
    note: str = ""


def material_seconds(beats: Fraction | float, bpm: float, meter: Meter) -> float:
    """How much an engine should render so that `beats` can be cut from any downbeat at any tempo
    within the stretch limit: one bar and a half beat more, 6 % longer."""
    wanted = Fraction(beats) + meter.beats_per_bar + _SPARE_BEATS
    return float(wanted) * 60 / bpm * (1 + MAX_STRETCH)


def fit(
    audio: Audio,
    rate: int,
    *,
    beats: Fraction | float,
    bpm: float,
    meter: Meter,
    loop: bool,
) -> Fitted:
    """Cut `beats` quarter notes at `bpm` out of a take that may be off tempo and start anywhere.

    `audio` is float32 [channels, frames], at least as long as the clip, better `material_seconds`.
    Tempo is conformed up to 6 % (Signalsmith Stretch); a take further off, or without a rhythm to
    follow, is cut without stretching. Raises BridgeError `model-failed` when it is too short or
    holds values that are not numbers.
    """
    refuse_broken(audio)
    frames = exact_frames(beats, bpm, rate)
    grid = find_grid(audio, rate, bpm, meter)
    trusted = grid.confidence >= MIN_CONFIDENCE
    ratio, note = _ratio(grid, bpm, float(beats), trusted)
    start = grid.downbeat_s if trusted else 0.0
    whole = stretch(audio, rate, ratio)
    bar = round(float(meter.beats_per_bar) * 60 / grid.bpm * ratio * rate)
    pulse = round(pulse_beats(meter) * 60 / grid.bpm * ratio * rate)
    fade = round((_FADE_S if trusted else _CALM_FADE_S) * rate)
    first = _first_frame(whole.shape[1], frames, round(start * ratio * rate), bar, pulse,
                         fade if loop else 0)  # fmt: skip
    clip = _cut(whole, first, frames, min(fade, frames // 4) if loop else 0)
    measured = {
        "bpm_detected": grid.bpm,
        "confidence": grid.confidence,
        "stretch": ratio,
        "downbeat_shift_s": first / rate / ratio,
    }
    if trusted:
        last_s = (math.ceil(float(beats)) - 1) * 60 / bpm
        error_s = grid_error(clip, rate, bpm, meter, last_s)
        if error_s is not None:
            measured["residual_ms_at_last_beat"] = error_s * 1000
    if loop:
        measured["seam_db"] = seam_db(clip, rate)
    return Fitted(clip, {name: round(value, 5) for name, value in measured.items()}, note)


def cut(
    audio: Audio,
    rate: int,
    *,
    beats: Fraction | float,
    bpm: float,
    meter: Meter,
    loop: bool,
) -> Fitted:
    """Cut `beats` quarter notes from the very start; tempo is measured, and nothing is done about it.

    For takes that begin where another sound ended; otherwise as `fit`.
    """
    frames = exact_frames(beats, bpm, rate)
    _first_frame(audio.shape[1], frames, 0, frames, frames, 0)  # refuses too little audio
    clip = _cut(audio, 0, frames, min(round(_FADE_S * rate), frames // 4) if loop else 0)
    grid = find_grid(audio[:, :frames], rate, bpm, meter)
    _, note = _ratio(grid, bpm, float(beats), grid.confidence >= MIN_CONFIDENCE)
    measured = {
        "bpm_detected": grid.bpm,
        "confidence": grid.confidence,
        "stretch": 1.0,
        "downbeat_shift_s": 0.0,
    }
    if loop:
        measured["seam_db"] = seam_db(clip, rate)
    return Fitted(clip, {name: round(value, 5) for name, value in measured.items()}, note)


def choose_best(takes: Sequence[Fitted], bpm: float) -> int:
    """Index of the take that fits best: in time first, then nearest in tempo, then smoothest seam."""

    def cost(take: Fitted) -> float:
        found = take.measured
        trusted = found["confidence"] >= MIN_CONFIDENCE
        return (
            abs(found.get("residual_ms_at_last_beat", 10.0)) / 5
            + (abs(found["bpm_detected"] / bpm - 1) / MAX_STRETCH if trusted else 0)
            + 2 * (1 - found["confidence"])
            + max(0.0, found.get("seam_db", 0.0) - 6) / 6
            + (10 if take.note else 0)
        )

    return min(range(len(takes)), key=lambda index: cost(takes[index]))


def stretch(audio: Audio, rate: int, ratio: float) -> Audio:
    """The same audio `ratio` times as long at the same pitch; untouched at 1."""
    import numpy as np
    from python_stretch import Signalsmith

    if ratio == 1:
        return audio
    machine = Signalsmith.Stretch(_STRETCH_SEED)
    machine.preset(audio.shape[0], rate)
    machine.timeFactor = 1 / ratio  # it counts in speed
    return np.asarray(machine.process(np.ascontiguousarray(audio, dtype=np.float32)))


def _ratio(grid: Grid, bpm: float, beats: float, trusted: bool) -> tuple[float, str]:
    """New length over old, and a sentence where the clip keeps a tempo of its own."""
    if not trusted:
        return 1.0, ""
    ratio = grid.bpm / bpm
    if abs(ratio - 1) > MAX_STRETCH:
        return 1.0, (
            f"the take runs at {grid.bpm:.1f} bpm, more than {MAX_STRETCH:.0%} from the asked "
            f"{bpm:g}; it was cut but not stretched, try another seed"
        )
    drift_s = abs(1 / ratio - 1) * beats * 60 / bpm
    return (ratio, "") if drift_s > _IGNORED_DRIFT_S else (1.0, "")


def _first_frame(
    available: int, frames: int, downbeat: int, bar: int, pulse: int, lead: int
) -> int:
    """The frame to cut from: the first downbeat with room for the seam, or what comes nearest."""
    missing = frames - available
    if missing > 0:
        raise BridgeError(
            "model-failed",
            f"the take is {missing / max(1, frames):.1%} too short for the clip; try another seed",
        )
    latest = available - frames
    for first in range(downbeat, latest + 1, bar):
        if first >= lead:
            return first
    if downbeat <= latest:
        return downbeat
    beats_back = -(-(downbeat - latest) // pulse)  # in time, though not on one
    return max(downbeat - beats_back * pulse, min(latest, 0))


def _cut(whole: Audio, first: int, frames: int, fade: int) -> Audio:
    """`frames` frames from `first`; with `fade` the end leads back into the beginning.

    What was played before the beginning fades in over the end, so that the attack on one stays as
    it was played. Where nothing was, what was played after the end fades out over the beginning.
    The fade keeps the power, whatever the two have in common.
    """
    import numpy as np

    lead = max(0, -first)  # the first downbeat may lie a few ms before the take
    clip: Audio = np.zeros((whole.shape[0], frames), np.float32)
    clip[:, lead:] = whole[:, max(0, first) : first + frames]
    if not fade:
        return clip
    if first >= fade:
        clip[:, -fade:] = crossfade(clip[:, -fade:], whole[:, first - fade : first])
    elif whole.shape[1] - first - frames >= fade:
        after = whole[:, first + frames : first + frames + fade]
        clip[:, :fade] = crossfade(after, clip[:, :fade])
    return clip
