"""When notes begin: onset times with strengths, and how far the harmony moves at a given time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from ..engines import Audio

    Floats = NDArray[np.float64]

ANALYSIS_RATE_HZ = 24_000
_HOP = 48  # 2 ms
_WINDOW = 512  # 21 ms: long enough to keep bass ripple out of the flux
_BAND_EDGES_HZ = (0, 160, 500, 1500, 4500, 12_000)
_COMPRESSION = 100.0  # log1p(100 * level): a note 40 dB below the loudest still counts
_FLUX_LAG = 5  # hops: 10 ms
_LEAD_S = 0.1
_MIN_GAP_S = 0.04
_THRESHOLD = 0.15  # of the strongest onset, and at least
_LEAST_FLUX = 1.5  # the beating of held chords reaches 1.9, struck chords 2 to 7, drums 3 to 15
_CROSSING = 0.1  # of the rise: where a note is taken to begin
# band in Hz, and half the smoothing of its level in ms
_PLACING_BANDS = ((30, 300, 8), (300, 4000, 2), (4000, 11_500, 1))
_SMOOTHING_LEAD = 0.48  # of that half: how early a smoothed step crosses a tenth of its height


@dataclass(frozen=True, slots=True)
class Onsets:
    """Note beginnings found in a clip: times in seconds, strengths (flux), and how much the level
    rises there, [4, onsets]: below 160 Hz, to 500, to 4500, above."""

    times: Floats
    strengths: Floats
    rises: Floats


def analysis_signal(audio: Audio, rate: int) -> Floats:
    """Mono at 24 kHz with a loudest sample of 1 (or silence)."""
    import numpy as np
    import soxr

    mono = np.asarray(soxr.resample(audio.mean(axis=0), rate, ANALYSIS_RATE_HZ), dtype=np.float64)
    peak = float(np.abs(mono).max(initial=0))
    return mono / peak if peak > 1e-5 else np.zeros_like(mono)


def find_onsets(signal: Floats) -> Onsets:
    """Onsets of an `analysis_signal`, by multi-band spectral flux, then placed to about 1 ms.

    The flux is that of S. Dixon, "Onset detection revisited" (DAFx 2006), on five bands of
    logarithmic level; each peak is then moved to where the level, measured with short windows,
    first rises by a tenth of the way to its maximum: that is where a player's note begins, for
    sharp and soft attacks alike.
    """
    import numpy as np

    lead = round(_LEAD_S * ANALYSIS_RATE_HZ)  # silence first, so that a note at 0 rises, too
    signal = np.concatenate([np.zeros(lead), signal])
    levels = _band_levels(signal)
    logs = np.log1p(_COMPRESSION * levels)
    flux = np.maximum(logs[:, _FLUX_LAG:] - logs[:, :-_FLUX_LAG], 0).sum(axis=0)
    peaks = _peaks(flux, max(_LEAST_FLUX, _THRESHOLD * float(np.quantile(flux, 0.999))))
    if not peaks.size:
        return Onsets(np.zeros(0), np.zeros(0), np.zeros((4, 0)))
    rough = (peaks + _FLUX_LAG / 2) * _HOP / ANALYSIS_RATE_HZ
    after = np.minimum(peaks + 2 * _FLUX_LAG, levels.shape[1] - 1)
    rises = np.maximum(levels[:, after] - levels[:, np.maximum(peaks - 2, 0)], 0)
    rises = np.stack([rises[0], rises[1], rises[2] + rises[3], rises[4]])
    times, strengths = _place(signal, rough) - _LEAD_S, flux[peaks]
    # sound that was cut in the middle begins at 0 as loudly as a note: let it count for little
    strengths[times < 0.01] = np.minimum(strengths, 0.3 * np.median(strengths))[times < 0.01]
    return Onsets(times, strengths, rises)


def harmonic_change(signal: Floats, times: Floats, span_s: float) -> Floats:
    """How much the pitch classes differ before and after each time: 0 the same .. 1 nothing shared.

    `span_s` is how long either side is listened to; NaN where a side lies outside the signal.
    """
    import numpy as np

    span = round(span_s * ANALYSIS_RATE_HZ)
    window = np.hanning(span)
    fold = _pitch_classes(span)
    changes = np.full(len(times), np.nan)
    for index, at in enumerate(np.rint(times * ANALYSIS_RATE_HZ).astype(int)):
        if not span <= at <= len(signal) - span:
            continue
        before, after = (
            fold @ np.abs(np.fft.rfft(signal[start : start + span] * window))
            for start in (at - span, at)
        )
        size = float(np.linalg.norm(before) * np.linalg.norm(after))
        changes[index] = 1 - float(before @ after) / size if size > 1e-9 else 0
    return changes


def _pitch_classes(span: int) -> Floats:
    """Matrix [12, bins]: which pitch class each bin of a `span` long FFT belongs to, 55..1760 Hz."""
    import numpy as np

    hz = np.fft.rfftfreq(span, 1 / ANALYSIS_RATE_HZ)
    heard = (hz >= 55) & (hz <= 1760)
    classes = np.rint(12 * np.log2(np.maximum(hz, 1) / 440)).astype(int) % 12
    belongs: Floats = ((classes == np.arange(12)[:, None]) & heard).astype(np.float64)
    return belongs


def _band_levels(signal: Floats) -> Floats:
    """Levels [bands, frames], the highest 1; frame n is centred on sample n * hop."""
    import numpy as np

    padded = np.pad(signal, (_WINDOW // 2, _WINDOW // 2))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    window = np.hanning(_WINDOW)
    hz = np.fft.rfftfreq(_WINDOW, 1 / ANALYSIS_RATE_HZ)
    levels = np.empty((len(_BAND_EDGES_HZ) - 1, len(frames)))
    for start in range(0, len(frames), 4096):  # in pieces: half a minute is 100 MB of spectra
        power = np.abs(np.fft.rfft(frames[start : start + 4096] * window)) ** 2
        for band, (low, high) in enumerate(zip(_BAND_EDGES_HZ, _BAND_EDGES_HZ[1:], strict=False)):
            inside = (hz >= low) & (hz < high)
            levels[band, start : start + 4096] = np.sqrt(power[:, inside].sum(axis=1))
    loudest: float = max(float(levels.max(initial=0)), 1e-9)
    levels /= loudest
    return levels


def _peaks(curve: Floats, threshold: float) -> NDArray[np.intp]:
    """Places of local maxima above the threshold and above their surroundings."""
    import numpy as np
    from scipy.ndimage import maximum_filter1d, median_filter

    gap = round(_MIN_GAP_S * ANALYSIS_RATE_HZ / _HOP)
    floor = median_filter(curve, 8 * gap + 1, mode="nearest")
    found = (curve == maximum_filter1d(curve, 2 * gap + 1)) & (curve > floor + threshold)
    places = np.flatnonzero(found)
    keep = np.diff(places, prepend=-gap - 1) > 1  # a flat top counts once
    return places[keep]


def _place(signal: Floats, rough: Floats) -> Floats:
    """Move each rough time to the beginning of its rise, in the band where the rise is clearest."""
    import numpy as np

    step = ANALYSIS_RATE_HZ // 1000
    placed: Floats = rough.copy()
    best = np.zeros(len(rough))
    for low, high, smooth_ms in _PLACING_BANDS:
        level = _smooth_level(signal, low, high, smooth_ms * step)
        least = 0.02 * float(level.max(initial=0)) + 1e-9
        for index, time_s in enumerate(rough):
            at = round(time_s * ANALYSIS_RATE_HZ)
            first = max(0, at - 20 * step)
            section = level[first : at + 25 * step]
            top = int(section.argmax())
            foot = int(section[: top + 1].argmin())
            rise = float(section[top] - section[foot])
            clearness = rise / (float(section[foot]) + least)
            if rise > least and clearness > best[index]:
                under = section[foot : top + 1] <= section[foot] + _CROSSING * rise
                start = first + foot + int(np.flatnonzero(under)[-1])
                best[index] = clearness
                placed[index] = start / ANALYSIS_RATE_HZ + _SMOOTHING_LEAD * smooth_ms / 1000
    return placed


def _smooth_level(signal: Floats, low: int, high: int, half: int) -> Floats:
    """Smoothed magnitude of one band, without delay; `half` is half the smoothing in samples."""
    import numpy as np
    from scipy.signal import butter, oaconvolve, sosfiltfilt

    sections = butter(2, (low, high), "bandpass", fs=ANALYSIS_RATE_HZ, output="sos")
    kernel = np.hanning(2 * half + 1)
    band = np.abs(sosfiltfilt(sections, signal))
    smooth: Floats = oaconvolve(band, kernel / kernel.sum(), "same")
    return smooth
