"""Changing the sample rate once, by soxr, without opening the seam of a loop."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..engines import Audio

_EDGE_FRAMES = 4096  # wrapped around a loop; soxr's HQ filter reaches a few hundred frames


def resample(audio: Audio, rate_in: int, rate_out: int, *, loop_frames: int | None = None) -> Audio:
    """float32 [channels, frames] from `rate_in` to `rate_out` Hz (soxr VHQ).

    With `loop_frames` the audio is one period of an endless loop: it is resampled as such and one
    period of exactly that many frames comes back. A loop's length at the old rate is only the
    nearest whole frame, so its ratio is taken from the lengths, not from the rates (2 ppm at most
    for a clip of some seconds); that closes the seam exactly.
    """
    import numpy as np
    import soxr

    frames = audio.shape[1]
    if loop_frames is None:
        if rate_in == rate_out:
            return audio
        resampled = soxr.resample(audio.T, rate_in, rate_out, quality="VHQ")
        return np.ascontiguousarray(resampled.T, dtype=np.float32)
    if loop_frames == frames:
        return audio
    # a lead-in whose length is a whole number of frames at both rates; at worst one whole loop
    step_in = frames // math.gcd(frames, loop_frames)
    lead_in = step_in * -(-min(_EDGE_FRAMES, frames) // step_in)
    lead_out = lead_in * loop_frames // frames
    wrapped = audio.take(np.arange(-lead_in, frames + _EDGE_FRAMES), axis=1, mode="wrap")
    resampled = soxr.resample(wrapped.T, frames, loop_frames, quality="VHQ")
    return np.ascontiguousarray(resampled[lead_out : lead_out + loop_frames].T, dtype=np.float32)
