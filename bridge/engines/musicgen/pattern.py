"""The delay pattern: where each codebook's tokens lie in the sequence; numpy only.

Codebook k of one audio channel runs k steps behind the first (Copet et al. 2023, arXiv 2306.05284,
section 2.2); the two channels of a stereo model are interleaved and share their delays.
Position 0 holds padding everywhere, so the token of frame f in a codebook with delay d is at f + 1 + d.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Plan:
    """The whole sequence before decoding: known tokens are filled in, the others are to be sampled."""

    ids: Ids  # [batch, codebooks, positions]: prompt and padding; padding also where unknown
    known: NDArray[np.bool_]  # [codebooks, positions]
    delays: Ids  # [codebooks]
    first: int  # first position to sample
    frames: int  # of the whole clip, prompt included

    @property
    def positions(self) -> int:
        """Length of the sequence."""
        return int(self.ids.shape[2])

    @property
    def steps(self) -> int:
        """Passes through the decoder."""
        return self.positions - self.first

    def codes(self, ids: Ids) -> Ids:
        """[batch, codebooks, positions] without the delays: [batch, codebooks, frames]."""
        return np.stack(
            [ids[:, k, 1 + d : 1 + d + self.frames] for k, d in enumerate(self.delays)], axis=1
        )


def plan(
    batch: int, codebooks: int, channels: int, frames: int, pad: int, prompt: Ids | None = None
) -> Plan:
    """Lay out a clip of `frames` codec frames; `prompt` [batch or 1, codebooks, n] are its first n."""
    delays = np.arange(codebooks) // channels
    positions = frames + codebooks // channels
    frame = np.arange(positions)[None, :] - 1 - delays[:, None]  # [codebooks, positions]
    given = 0 if prompt is None else prompt.shape[2]
    known = (frame < given) | (frame >= frames)
    ids = np.full((batch, codebooks, positions), pad, dtype=np.int64)
    if prompt is not None:
        for k, delay in enumerate(delays):
            ids[:, k, 1 + delay : 1 + delay + given] = prompt[:, k]
    return Plan(ids, known, delays, 1 + given, frames)
