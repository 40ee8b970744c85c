"""The last step before the file: the host's rate, exact frames, clean edges, loudness and peaks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import BridgeError
from .level import TARGET_LUFS, decibels, level
from .resample import resample

if TYPE_CHECKING:
    from ..engines import Audio

SILENCE_DBFS = -60.0  # a clip whose loudest moment is below is a failed one
FADE_S = 0.005
LOW_CUT_HZ = 20.0
_LOW_CUT_SETTLE_S = 0.5  # a 20 Hz Butterworth high-pass has forgotten its start by then (-380 dB)
_LENGTH_TOLERANCE_S = 0.05
_SEAM_WINDOW_S = 0.01


@dataclass(frozen=True, slots=True)
class Finished:
    """Finished parts, float32 [channels, frames] each, and what was measured on the first one.

    `measured`: lufs, true_peak_dbtp, gain_db (static), limited_db (deepest limiting, 0 or below)
    and, for loops, seam_db.
    """

    parts: list[Audio]
    measured: dict[str, float]


def finish(
    parts: Sequence[Audio],
    rate_in: int,
    rate_out: int,
    frames: int,
    loop: bool,
    *,
    target_lufs: float = TARGET_LUFS,
) -> Finished:
    """Make parts ready for the host: float32 [channels, any] at `rate_in` to exactly `frames`.

    With several parts the first is the mix, the sum of the others; every step is linear and the
    same for all of them, one gain curve included, so the finished parts still sum to the mix.
    Loops are treated as endless: resampling, low cut and limiter wrap around, nothing is faded.
    Raises BridgeError `model-failed` for silence, values that are not numbers, or too little audio.
    """
    _check(parts, rate_in, rate_out, frames, loop)
    if loop:
        parts = [part[:, : round(frames * rate_in / rate_out)] for part in parts]
    done = [_exact(low_cut(part, rate_in, loop), rate_in, rate_out, frames, loop) for part in parts]
    if not loop:
        done = [fade_edges(part, rate_out) for part in done]
    gain, measured = level(done, rate_out, loop, target_lufs)
    done = [part * gain for part in done]
    if loop:
        measured["seam_db"] = seam_db(done[0], rate_out)
    return Finished(done, {name: round(value, 2) for name, value in measured.items()})


def seam_db(audio: Audio, rate: int) -> float:
    """How far the step from the last sample to the first stands out from the steps around it.

    In dB over the RMS of the sample-to-sample steps within 10 ms on either side, worst channel;
    0 is as smooth as the music itself, a click is 20 and more.
    """
    import numpy as np

    width = max(2, round(_SEAM_WINDOW_S * rate))
    around = np.concatenate([audio[:, -width:], audio[:, :width]], axis=1).astype(np.float64)
    steps = np.diff(around, axis=1)
    seam = min(width, audio.shape[1]) - 1
    others = np.delete(steps, seam, axis=1)
    usual = np.sqrt(np.mean(others**2, axis=1)) + 1e-6  # -120 dBFS: silence has no seam
    return max(-99.0, decibels(float(np.max(np.abs(steps[:, seam]) / usual))))


def low_cut(audio: Audio, rate: int, loop: bool) -> Audio:
    """Remove what lies below 20 Hz (second-order Butterworth); a loop is filtered endlessly."""
    import numpy as np
    from scipy.signal import butter, sosfilt

    sections = butter(2, LOW_CUT_HZ, "highpass", fs=rate, output="sos")
    lead = round(_LOW_CUT_SETTLE_S * rate) if loop else 0
    lead_in = audio.take(np.arange(-lead, 0), axis=1, mode="wrap")
    filtered = sosfilt(sections, np.concatenate([lead_in, audio], axis=1), axis=1)
    cut: Audio = np.ascontiguousarray(filtered[:, lead:], dtype=np.float32)
    return cut


def fade_edges(audio: Audio, rate: int, fade_s: float = FADE_S) -> Audio:
    """The same audio with raised-cosine fades from and to zero at its ends."""
    import numpy as np

    length = min(round(fade_s * rate), audio.shape[1] // 2)
    ramp = (0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(1, length))).astype(np.float32)
    faded: Audio = audio.copy()
    faded[:, :length] *= ramp
    faded[:, audio.shape[1] - length :] *= ramp[::-1]
    return faded


def refuse_broken(audio: Audio) -> None:
    """Raise BridgeError `model-failed` when a sample is infinite or not a number."""
    import numpy as np

    if not np.isfinite(audio).all():
        raise BridgeError(
            "model-failed", "the model gave sound that is not numbers; try again with another seed"
        )


def refuse_silence(audio: Audio, rate: int) -> None:
    """Raise BridgeError `model-failed` when no moment (0.4 s) of the audio can be heard."""
    import numpy as np

    block = max(1, round(0.4 * rate))
    power = np.add.reduceat(np.mean(audio.astype(np.float64) ** 2, axis=0),
                            np.arange(0, audio.shape[1], block))  # fmt: skip
    loudest = float(np.sqrt(power.max() / min(block, audio.shape[1])))
    if decibels(loudest) < SILENCE_DBFS:
        raise BridgeError(
            "model-failed",
            f"the model gave silence (loudest moment {decibels(loudest):.0f} dBFS); "
            "try another seed or other words",
        )


def _exact(part: Audio, rate_in: int, rate_out: int, frames: int, loop: bool) -> Audio:
    """At the new rate, exactly `frames` long; a few missing at the end become silence."""
    import numpy as np

    if loop:
        return resample(part, rate_in, rate_out, loop_frames=frames)
    exact: Audio = np.zeros((part.shape[0], frames), np.float32)
    resampled = resample(part, rate_in, rate_out)[:, :frames]
    exact[:, : resampled.shape[1]] = resampled
    return exact


def _check(parts: Sequence[Audio], rate_in: int, rate_out: int, frames: int, loop: bool) -> None:
    """Refuse what cannot be a clip before any work is spent on it."""
    mix = parts[0]
    if any(part.shape != mix.shape for part in parts):
        raise ValueError(f"parts of one take differ in shape: {[part.shape for part in parts]}")
    for part in parts:
        refuse_broken(part)
    missing_s = frames / rate_out - mix.shape[1] / rate_in
    if missing_s > (2 / min(rate_in, rate_out) if loop else _LENGTH_TOLERANCE_S):
        raise BridgeError(
            "model-failed",
            f"the model gave {mix.shape[1] / rate_in:.4f} s of sound where "
            f"{frames / rate_out:.4f} s were needed; try again or ask for another length",
        )
    refuse_silence(mix, rate_in)
