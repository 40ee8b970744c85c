"""Loudness, true peak and the limiter's gain curve: what decides how loud a clip leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..engines import Audio

TARGET_LUFS = -14.0
CEILING_DBTP = -1.0
MAX_LIMITING_DB = 6.0  # a sparse clip stays a little quieter rather than losing its attacks
MAX_GAIN_DB = 40.0
_MARGIN_DB = 0.05  # the moving gain itself raises the true peak a little
_PART_CEILING = 0.999  # no part may clip either, even where another cancels it in the mix
_TOLERANCE_LU = 0.2  # what the limiter takes away beyond this is given back
_PASSES = 3

_OVERSAMPLING = 4  # ITU-R BS.1770-4, annex 2
_HOP_S, _HOPS_PER_BLOCK = 0.1, 4  # its gating blocks of 0.4 s; shorter clips have none
_ABSOLUTE_GATE_LUFS = -70.0
_EDGE_FRAMES = 256
_CURVE_STEP = 16  # frames between two points of the gain curve: 0.3 ms at 48 kHz
_LOOK_AHEAD_S = 0.002
_RELEASE_S = 0.08
_RELEASE_LEAD_S = 1.5  # how much of a loop's end shapes its beginning: exp(-1.5 / 0.08) = -163 dB


def level(
    parts: Sequence[Audio], rate: int, loop: bool, target_lufs: float = TARGET_LUFS
) -> tuple[NDArray[np.float32], dict[str, float]]:
    """The gain for each frame, [frames], that brings the first part to `target_lufs`.

    The first part (the mix) stays below -1 dBTP and no part clips; where that takes more than 6 dB
    of limiting the clip stays quieter. `measured` tells of the first part after the gain: lufs,
    true_peak_dbtp, gain_db (without the limiter) and limited_db (its deepest dip, 0 or below).
    """
    import numpy as np

    peaks = true_peaks(parts[0], loop)
    load = peaks / np.float32(_linear(CEILING_DBTP - _MARGIN_DB))
    for part in parts[1:]:
        load = np.maximum(load, np.abs(part).max(axis=0) / np.float32(_PART_CEILING))
    most_db = min(MAX_GAIN_DB, MAX_LIMITING_DB - decibels(float(load.max())))
    loudness = integrated_loudness(parts[0], rate)
    gain_db = min(target_lufs - loudness, most_db)
    curve = gain_curve(load * np.float32(_linear(gain_db)), rate, loop)
    if curve is None:  # nothing reaches the ceiling, so everything moves by exactly gain_db
        gain = np.full(len(peaks), _linear(gain_db), np.float32)
        peak_dbtp = decibels(float(peaks.max())) + gain_db
        return gain, _measured(loudness + gain_db, peak_dbtp, gain_db, 0.0)
    missing = _power_db(parts[0]) - _power_db(parts[0] * curve)  # a cheap first guess
    for _ in range(_PASSES):
        gain_db = min(gain_db + 1.5 * missing, most_db)  # the limiter takes part of that, too
        gain = np.float32(_linear(gain_db))
        curve = gain_curve(load * gain, rate, loop)
        assert curve is not None  # noqa: S101 (more gain than when a curve was needed)
        gain = curve * gain
        lufs = integrated_loudness(parts[0] * gain, rate)
        missing = target_lufs - lufs
        if missing < _TOLERANCE_LU or gain_db >= most_db:
            break
    # the gain changes too slowly to make peaks of its own: the tests measure the result again
    peak_dbtp = decibels(float((peaks * gain).max()))
    return gain, _measured(lufs, peak_dbtp, gain_db, decibels(float(curve.min())))


def _power_db(audio: Audio) -> float:
    flat = audio.reshape(-1)
    return decibels(math.sqrt(float(flat @ flat) / len(flat)))


def _measured(lufs: float, peak: float, gain: float, limited: float) -> dict[str, float]:
    return {"lufs": lufs, "true_peak_dbtp": peak, "gain_db": gain, "limited_db": limited}


def integrated_loudness(audio: Audio, rate: int) -> float:
    """Loudness of float32 [channels, frames] in LUFS (ITU-R BS.1770-4; mono and stereo).

    Weighted by pyloudnorm's filters after B. De Man ("Evaluation of Implementations of the EBU R128
    Loudness Measurement", AES 2018), which are the standard's at any rate; gated here, because that
    takes a third of the time of pyloudnorm's own meter. Clips under 0.4 s, and clips too quiet for
    the gate, fall back to unweighted RMS on the same scale; -120 for digital silence.
    """
    import numpy as np
    from scipy.signal import sosfilt

    blocks = int(audio.shape[1] / rate / _HOP_S + 1e-6) - _HOPS_PER_BLOCK + 1
    if blocks > 0:
        weighted = sosfilt(_weighting(rate), audio, axis=1)
        edges = (np.arange(blocks + _HOPS_PER_BLOCK) * _HOP_S * rate).astype(int)
        sums = np.add.reduceat(np.einsum("cn,cn->n", weighted, weighted)[: edges[-1]], edges[:-1])
        power = np.convolve(sums, np.ones(_HOPS_PER_BLOCK), "valid")
        power /= _HOPS_PER_BLOCK * _HOP_S * rate
        heard = power[power >= _lufs_power(_ABSOLUTE_GATE_LUFS)]
        if heard.size:  # the relative gate is 10 LU below what passed the absolute one
            return _power_lufs(float(heard[heard > heard.mean() / 10].mean()))
    return _power_lufs(float(np.sum(np.mean(audio.astype(np.float64) ** 2, axis=1))))


def _weighting(rate: int) -> NDArray[np.float64]:
    """K-weighting as second-order sections: a head's high shelf, and a high-pass."""
    import numpy as np
    from pyloudnorm import IIRfilter

    shelf = IIRfilter(
        3.99984385397, 0.7071752369554193, 1681.9744509555319, rate, "high_shelf_DeMan"
    )
    cut = IIRfilter(0.0, 0.5003270373253953, 38.13547087613982, rate, "high_pass_DeMan")
    return np.array([[*shelf.b, *shelf.a], [*cut.b, *cut.a]], dtype=np.float64)


def _power_lufs(power: float) -> float:
    return -0.691 + 10 * math.log10(max(power, 1e-12))


def _lufs_power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def true_peaks(audio: Audio, loop: bool) -> NDArray[np.float32]:
    """Highest absolute value of any channel around each frame, at four times the rate: [frames]."""
    import numpy as np
    import soxr

    head, tail = audio[:, :_EDGE_FRAMES], audio[:, -_EDGE_FRAMES:]
    if not loop:
        head, tail = np.zeros_like(head), np.zeros_like(tail)
    padded = np.concatenate([tail, audio, head], axis=1)
    peaks: NDArray[np.float32] = np.zeros(audio.shape[1], np.float32)
    start = _OVERSAMPLING * tail.shape[1]
    for channel in padded:
        dense = np.abs(soxr.resample(channel, 1, _OVERSAMPLING, quality="HQ"))
        dense = dense[start : start + _OVERSAMPLING * len(peaks)]
        for phase in range(_OVERSAMPLING):
            np.maximum(peaks, dense[phase::_OVERSAMPLING], out=peaks)
    np.maximum(peaks, np.abs(audio).max(axis=0), out=peaks)
    return peaks


def gain_curve(load: NDArray[np.float32], rate: int, loop: bool) -> NDArray[np.float32] | None:
    """The limiter's gain for each frame, [frames], or None where `load` never exceeds 1.

    `load` [frames] is each frame's peak over the ceiling; load * gain stays at 1 or below. A
    feed-forward look-ahead limiter: needed reduction, exponential release, maximum over the
    look-ahead, two moving averages as long as the look-ahead (so the gain has fully arrived at
    each peak and never jumps), straight lines between points 16 frames apart. For a loop it wraps.
    """
    import numpy as np
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    if load.max() <= 1:
        return None
    frames = len(load)
    blocks = np.pad(load, (0, -frames % _CURVE_STEP)).reshape(-1, _CURVE_STEP)
    points = blocks.max(axis=1).astype(np.float64)
    reduction = _released(1 - 1 / np.maximum(points, 1), rate / _CURVE_STEP, loop)
    half = max(1, round(_LOOK_AHEAD_S * rate / _CURVE_STEP / 2))  # of the reach, for each average
    mode = "wrap" if loop else "nearest"
    # one point more on either side: a line between two points must hold for both their blocks
    held = maximum_filter1d(reduction, 2 * (2 * half + 1) + 1, mode=mode)
    for _ in range(2):
        held = uniform_filter1d(held, 2 * half + 1, mode=mode)
    here = (1 - held).astype(np.float32)[:, None]
    following = np.roll(here, -1, axis=0)
    if not loop:
        following[-1] = here[-1]
    ramp = np.arange(_CURVE_STEP, dtype=np.float32) / _CURVE_STEP
    curve: NDArray[np.float32] = (here + (following - here) * ramp).reshape(-1)[:frames]
    return curve


def _released(
    reduction: NDArray[np.float64], points_per_s: float, loop: bool
) -> NDArray[np.float64]:
    """Let each reduction die away exponentially: d[n] = max(r[n], a * d[n-1]).

    In logarithms that is a running maximum along a slope, which numpy does at once.
    """
    import numpy as np

    lead = min(round(_RELEASE_LEAD_S * points_per_s), len(reduction)) if loop else 0
    extended = np.concatenate([reduction[len(reduction) - lead :], reduction])
    slope = np.arange(len(extended)) / (_RELEASE_S * points_per_s)
    logs = np.log(np.maximum(extended, 1e-9)) + slope
    decayed: NDArray[np.float64] = np.exp(np.maximum.accumulate(logs) - slope)
    return decayed[lead:]


def decibels(value: float) -> float:
    """20 log10 of a linear amplitude; -200 at zero."""
    return 20 * math.log10(max(value, 1e-10))


def _linear(db: float) -> float:
    return float(10 ** (db / 20))
