"""Where one sound goes over into another: cross-fades, and a source joined to its continuation."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .resample import resample

if TYPE_CHECKING:
    from ..engines import Audio

_BARE_FADE_S = 0.003  # where there is nothing to cross-fade with: short, but no click


def join(source: Audio, rate: int, new: Audio, new_rate: int, lead: Audio | None = None) -> Audio:
    """`source`, then `new`: one sound at `rate`, float32 [channels, frames].

    `source` [channels, frames] at `rate`; `new` at `new_rate` begins where that ends; `lead` is
    what came right before `new` in its own version: the source's last moments as the model renders
    them. Both versions are cross-faded over the lead, which ends at the seam, so nothing moves:
    each sample of the source keeps its place and level and the first new one follows the last.
    (Between two rates the place is right to half a sample.) Without a lead both sides are faded
    for 3 ms. Mono is spread where the other is stereo; a source of more channels is mixed to mono,
    which is what the model heard of it.
    """
    import numpy as np

    lead = new[:, :0] if lead is None else lead
    # in one piece, so that the resampler's filter finds no edge at the seam
    coming = resample(np.concatenate([lead, new], axis=1), new_rate, rate)
    source, coming = _same_channels(source, coming)
    start = round(lead.shape[1] * rate / new_rate)
    fade = min(start, source.shape[1])
    if not fade:
        return _faded(source, coming, round(_BARE_FADE_S * rate))
    end = source.shape[1] - fade
    seam = crossfade(source[:, end:], coming[:, start - fade : start])
    return np.concatenate([source[:, :end], seam, coming[:, start:]], axis=1)


def crossfade(leaving: Audio, coming: Audio) -> Audio:
    """Both [channels, frames] of one length: power stays constant, whatever they have in common.

    Powers add up for sounds that have nothing in common, so weights of equal power (cosine and
    sine) suit them; amplitudes add up for two versions of one sound, which those weights would
    lift by 3 dB halfway: these need weights whose sum is 1. How well a model's codec reproduces a
    sound lies anywhere between, so the level is corrected by the correlation that was measured.
    Sounds of opposite sign are treated as unrelated: the correction would only raise noise.
    """
    import numpy as np

    angle = (np.arange(leaving.shape[1]) + 0.5) / leaving.shape[1] * np.pi / 2
    down, up = np.cos(angle), np.sin(angle)
    power = math.sqrt(float(np.sum(leaving**2)) * float(np.sum(coming**2)))
    common = max(0.0, float(np.sum(leaving * coming)) / power) if power > 1e-12 else 0.0
    level = np.sqrt(1 + 2 * common * down * up)
    return np.asarray((leaving * down + coming * up) / level, dtype=np.float32)


def _same_channels(source: Audio, coming: Audio) -> tuple[Audio, Audio]:
    import numpy as np

    if len(source) > 2:
        source = source.mean(axis=0, keepdims=True)
    channels = max(len(source), len(coming))
    spread = [a if len(a) == channels else np.repeat(a, channels, axis=0) for a in (source, coming)]
    return spread[0], spread[1]


def _faded(source: Audio, coming: Audio, frames: int) -> Audio:
    import numpy as np

    frames = min(frames, source.shape[1], coming.shape[1])
    ramp = (0.5 - 0.5 * np.cos(np.pi * (np.arange(frames) + 0.5) / max(1, frames))).astype(
        np.float32
    )
    joined: Audio = np.concatenate([source, coming], axis=1)
    joined[:, source.shape[1] - frames : source.shape[1]] *= ramp[::-1]
    joined[:, source.shape[1] : source.shape[1] + frames] *= ramp
    return joined
