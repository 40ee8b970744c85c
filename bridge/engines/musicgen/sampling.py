"""How the next token is drawn; the settings, and the draw in numpy (decode.py has it on torch)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .pattern import Ids

Floats = NDArray[np.float32]

SMALLEST_NOISE = 1e-30


@dataclass(frozen=True, slots=True)
class Sampling:
    """`greedy` takes the likeliest token and needs no seed; `top_k` 0 keeps all."""

    guidance: float = 3.0
    temperature: float = 1.0
    top_k: int = 250
    greedy: bool = False


def draw(logits: Floats, sampling: Sampling, sources: list[np.random.Generator]) -> Ids:
    """[B, C, V] -> token ids [B, C]; clip b draws from `sources[b]` alone.

    Sampling is the exponential race: argmax of p / e with e ~ Exp(1) has distribution p, and needs
    neither softmax nor sort.
    """
    if sampling.greedy:
        return np.asarray(logits.argmax(-1))
    chosen, size = None, logits.shape[-1]
    if 0 < sampling.top_k < size:  # noise is drawn only for the tokens that may win
        chosen = np.argpartition(logits, size - sampling.top_k)[..., size - sampling.top_k :]
        logits = np.take_along_axis(logits, chosen, -1)
    noise = np.stack(
        [source.standard_exponential(logits.shape[1:], dtype=np.float32) for source in sources]
    )
    # a draw of exactly 0 happens in single precision
    noise = np.maximum(noise, np.float32(SMALLEST_NOISE))
    won = (logits / np.float32(sampling.temperature) - np.log(noise)).argmax(-1)
    return won if chosen is None else np.take_along_axis(chosen, won[..., None], -1)[..., 0]
