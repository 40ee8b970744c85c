"""Clips longer than the model's 30 s: overlapping windows of tokens, and what each starts from.

The scheme of audiocraft's `generate` beyond 30 s: each window continues the last 12 s of what is there
and adds up to 18 s; everything stays in tokens, so the codec runs once and leaves no seams.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from .pattern import Ids, Plan, plan
from .sampling import Sampling

WINDOW_FRAMES = 1500  # 30 s
STRIDE_FRAMES = 900  # 18 s of new material a window once there is more than one
CHROMA_HOP_FRAMES = 6.4  # codec frames of one chroma frame

Floats = NDArray[np.float32]
Report = Callable[[float], None]


class TokenModel(Protocol):
    """What renders tokens: a converted checkpoint, or one on torch."""

    codebooks: int
    channels: int
    pad: int

    def tokens(
        self, prompt: str, chroma: Floats | None, layout: Plan, sampling: Sampling, seeds: list[int],
        report: Report,
    ) -> Ids:  # fmt: skip
        """Codes [B, C, frames] of a planned clip."""


def window_ends(given: int, frames: int) -> list[int]:
    """Where each window ends: `given` frames of prompt first, `frames` in all (prompt included)."""
    ends = [min(frames, WINDOW_FRAMES)]
    if given >= WINDOW_FRAMES:
        raise ValueError("the prompt fills the whole window")
    while ends[-1] < frames:
        ends.append(min(frames, ends[-1] + STRIDE_FRAMES))
    return ends


def render_tokens(
    model: TokenModel, prompt: str, melody: Floats | None, start: Ids | None, frames: int,
    sampling: Sampling, seeds: list[int], report: Report,
) -> Ids:  # fmt: skip
    """Codes [B, C, frames]; `start` [1, C, n] are the first n frames, n less than a window."""
    batch = len(seeds)
    given = 0 if start is None else start.shape[2]
    done = None if start is None else np.repeat(start, batch, axis=0)
    total = frames - given
    for number, end in enumerate(window_ends(given, frames)):
        have = 0 if done is None else done.shape[2]
        first = max(0, end - WINDOW_FRAMES) if number else 0
        context = None if done is None else done[:, :, first:]
        layout = plan(batch, model.codebooks, model.channels, end - first, model.pad, context)
        shifted = (
            None if melody is None else np.roll(melody, -round(first / CHROMA_HOP_FRAMES), axis=0)
        )

        def within(fraction: float, have: int = have, end: int = end) -> None:
            report((have - given + fraction * (end - have)) / total)

        # each window has randomness of its own; the first one's is the clip's seed
        own = [seed + number * 1_000_003 for seed in seeds]
        codes = model.tokens(prompt, shifted, layout, sampling, own, within)
        done = (
            codes if done is None else np.concatenate([done, codes[:, :, have - first :]], axis=2)
        )
    assert done is not None
    return done
