"""Text and melody as the decoder wants them, from the modules that transformers loaded."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from .decode import Condition


def text_states(model: Any, tokens: Any) -> tuple[Tensor, Tensor]:
    """Tokens -> text states at the decoder's width [B, T, D], zero where masked, and the mask [B, T]."""
    hidden = model.text_encoder(**tokens).last_hidden_state
    if hasattr(model, "enc_to_dec_proj"):
        hidden = model.enc_to_dec_proj(hidden)
    mask = tokens["attention_mask"].bool()
    return hidden * mask[..., None], mask


def text_condition(model: Any, tokens: Any) -> Condition:
    """The condition of a model that reads text by cross-attention."""
    states, mask = text_states(model, tokens)
    return Condition(states, mask)


def melody_prefix(model: Any, tokens: Any, chroma: Tensor | None, guided: bool) -> Tensor:
    """The prefix [R, chroma + T, D] of a melody model; `chroma` [B, n, 12] is one-hot, None: no melody.

    With guidance the unconditional rows follow: zero text and the null melody, which is pitch class 0
    all along (in transformers `repeat`ed or cut to the length the model was trained with).
    """
    states, _ = text_states(model, tokens)
    length_given = 1 if chroma is None else chroma.shape[1]
    null = states.new_zeros(len(states), length_given, model.config.num_chroma)
    null[:, :, 0] = 1
    melody = null if chroma is None else chroma.to(states)
    if guided:
        states = torch.cat([states, torch.zeros_like(states)])
        melody = torch.cat([melody, null])
    melody = model.audio_enc_to_dec_proj(melody)
    length = model.config.chroma_length
    melody = melody.repeat(1, math.ceil(length / melody.shape[1]), 1)[:, :length]
    return torch.cat([melody, states], dim=1)


def condition(
    model: Any, tokenizer: Any, prompt: str, chroma: Tensor | None, batch: int, guided: bool
) -> Condition:
    """One prompt, and [n, 12] chroma for melody models, for a whole batch; "" is unconditional."""
    melody = hasattr(model, "audio_enc_to_dec_proj")
    if not prompt and not melody:
        return Condition()
    tokens = tokenizer([prompt] * batch, return_tensors="pt").to(model.device)
    if not melody:
        return text_condition(model, tokens)
    both = None if chroma is None else chroma[None].repeat(batch, 1, 1).to(model.device)
    return Condition(prefix=melody_prefix(model, tokens, both, guided))
