"""The decoding loop on plain torch: one step of MusicGen's decoder, as few and as large operations as possible.

Shapes: B clips, R rows (B, or 2 B with guidance: the conditional rows first, then the unconditional
ones), C codebooks, V entries of a codebook, D width, H heads, E = D / H, T text tokens, P positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from .pattern import Ids, Plan
from .sampling import SMALLEST_NOISE, Sampling


@dataclass(frozen=True, slots=True)
class Condition:
    """What the clip shall be: text for cross-attention, or (melody models) a prefix to read first.

    Both None: unconditional.
    """

    text: Tensor | None = None  # [B, T, D], projected to the decoder's width, zero where masked
    mask: Tensor | None = None  # [B, T], True at real tokens
    prefix: Tensor | None = None  # [R, T, D]

    def to(self, dtype: torch.dtype) -> Condition:
        """The same in the decoder's precision."""
        text, prefix = (None if t is None else t.to(dtype) for t in (self.text, self.prefix))
        return Condition(text, self.mask, prefix)


class Decoder:
    """The decoder of a transformers MusicGen model, refitted for single steps."""

    def __init__(self, language_model: Any) -> None:
        """Take the modules of `MusicgenForCausalLM` or its melody sister; weights are shared or fused."""
        config, core = language_model.config, language_model.model.decoder
        self.heads, self.width = config.num_attention_heads, config.hidden_size
        self.codebooks, self.channels = config.num_codebooks, config.audio_channels
        self.pad, self.vocabulary = config.pad_token_id, config.vocab_size
        self.embeddings = torch.stack([e.weight.data for e in core.embed_tokens])  # [C, V + 1, D]
        self.dtype, self.device = self.embeddings.dtype, self.embeddings.device
        self._position_rows = core.embed_positions
        self.positions = core.embed_positions.weights.to(self.embeddings)  # [2048, D]
        self.layers = [Layer(layer, self.heads) for layer in core.layers]
        self.norm = core.layer_norm
        self.to_logits = torch.cat(
            [head.weight.data for head in language_model.lm_heads]
        )  # [C V, D]

    def embed(self, ids: Tensor) -> Tensor:
        """[B, C, S] -> [B, S, D], without positions."""
        which = torch.arange(self.codebooks, device=ids.device)[None, :, None]
        return self.embeddings[which, ids].sum(1)

    def start(self, condition: Condition, batch: int, guided: bool, capacity: int) -> Cache:
        """Room for `capacity` positions, the text's keys and values, and the prefix read in."""
        rows = 2 * batch if guided else batch
        extra = 0 if condition.prefix is None else condition.prefix.shape[1]
        if capacity + extra > self.positions.shape[0]:
            table = self._position_rows.get_embedding(capacity + extra, self.width)
            self.positions = table.to(self.embeddings)
        shape = (2, rows, self.heads, capacity + extra, self.width // self.heads)
        room = [torch.zeros(shape, dtype=self.dtype, device=self.device) for _ in self.layers]
        cache = Cache([(both[0], both[1]) for both in room])
        if condition.text is not None:
            cache.cross = [layer.read_text(condition.text) for layer in self.layers]
            cache.cross_mask = None if condition.mask is None else condition.mask[:, None, None, :]
        if condition.prefix is not None:
            self._run(condition.prefix, cache, torch.arange(extra, device=self.device), extra)
            cache.length = extra
        return cache

    def feed(self, embedded: Tensor, cache: Cache) -> Tensor:
        """[R, S, D] at the next S positions -> logits after the last of them [R, C, V]."""
        end = cache.length + embedded.shape[1]
        where = torch.arange(cache.length, end, device=self.device)
        logits = self._run(embedded, cache, where, end)
        cache.length = end
        return logits

    def _run(self, x: Tensor, cache: Cache, where: Tensor, end: int) -> Tensor:
        x = x + self.positions[where]
        # one new position sees everything; several see what is before them
        seen = None
        if len(where) > 1:
            seen = torch.arange(end, device=self.device)[None, :] <= where[:, None]
        return self._layers(x, cache, where, end, seen)

    def step_in_bucket(self, embedded: Tensor, cache: Cache, where: Tensor, bucket: int) -> Tensor:
        """One step whose shapes do not depend on the position `where` [1]: what a CUDA graph records."""
        seen = torch.arange(bucket, device=self.device)[None, :] <= where[:, None]
        return self._layers(embedded + self.positions[where], cache, where, bucket, seen)

    def _layers(
        self, x: Tensor, cache: Cache, where: Tensor, end: int, seen: Tensor | None
    ) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(x, cache, number, where, end, seen)
        logits = F.linear(self.norm(x[:, -1]), self.to_logits)
        return logits.view(x.shape[0], self.codebooks, self.vocabulary).float()


@dataclass(slots=True)
class Cache:
    """Keys and values: of the sequence, written in place, and of the text, computed once."""

    own: list[tuple[Tensor, Tensor]]  # per layer 2 x [R, H, P, E]
    cross: list[tuple[Tensor, Tensor]] | None = None  # per layer 2 x [B, H, T, E]
    cross_mask: Tensor | None = None  # [B, 1, 1, T]
    length: int = 0

    @property
    def room(self) -> int:
        """Positions there is memory for."""
        return self.own[0][0].shape[2]


class Layer:
    """One decoder layer."""

    def __init__(self, layer: Any, heads: int) -> None:
        own = layer.self_attn
        self.heads = heads
        self.qkv = torch.cat(
            [p.weight.data for p in (own.q_proj, own.k_proj, own.v_proj)]
        )  # [3 D, D]
        self.out = own.out_proj.weight.data
        self.norm_own, self.norm_end = layer.self_attn_layer_norm, layer.final_layer_norm
        self.up, self.down, self.activation = (
            layer.fc1.weight.data,
            layer.fc2.weight.data,
            layer.activation_fn,
        )
        self.text = getattr(layer, "encoder_attn", None)  # melody models have none
        self.norm_text = getattr(layer, "encoder_attn_layer_norm", None)

    def _split(self, x: Tensor) -> Tensor:
        """[R, S, D] -> [R, H, S, E]."""
        return x.view(x.shape[0], x.shape[1], self.heads, -1).transpose(1, 2)

    def read_text(self, text: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values [B, H, T, E] of the text [B, T, D]."""
        assert self.text is not None, "melody models read text as a prefix"
        keys, values = self._split(self.text.k_proj(text)), self._split(self.text.v_proj(text))
        return keys.contiguous(), values.contiguous()

    def __call__(
        self, x: Tensor, cache: Cache, number: int, where: Tensor, end: int, seen: Tensor | None
    ) -> Tensor:
        """[R, S, D] -> [R, S, D]; writes this layer's keys and values at the positions `where`."""
        q, k, v = (self._split(part) for part in F.linear(self.norm_own(x), self.qkv).chunk(3, -1))
        keys, values = cache.own[number]
        keys.index_copy_(2, where, k)
        values.index_copy_(2, where, v)
        mixed = F.scaled_dot_product_attention(
            q, keys[:, :, :end], values[:, :, :end], attn_mask=seen
        )
        x = x + F.linear(mixed.transpose(1, 2).flatten(2), self.out)
        if cache.cross is not None:
            assert self.text is not None and self.norm_text is not None, (
                "this model reads no text here"
            )
            # without biases an unconditional row attends to zeros and gets exactly zero: left out
            keys, values = cache.cross[number]
            told = self.norm_text(x[: keys.shape[0]])
            mixed = F.scaled_dot_product_attention(
                self._split(self.text.q_proj(told)), keys, values, attn_mask=cache.cross_mask
            )
            said = self.text.out_proj(mixed.transpose(1, 2).flatten(2))
            x = torch.cat([x[: len(said)] + said, x[len(said) :]])
        return x + F.linear(self.activation(F.linear(self.norm_end(x), self.up)), self.down)


def mix_guidance(logits: Tensor, guidance: float) -> Tensor:
    """[2 B, C, V], conditional rows first -> [B, C, V] (classifier-free guidance)."""
    told, untold = logits.chunk(2)
    return untold + (told - untold) * guidance


def draw(logits: Tensor, sampling: Sampling, noise: Tensor | None) -> Tensor:
    """[B, C, V] -> token ids [B, C].

    Sampling is the exponential race: argmax of p / e with e ~ Exp(1) has distribution p, needs no
    sum or sort, and the noise can be drawn beforehand from each clip's own generator.
    """
    if sampling.greedy or noise is None:
        return logits.argmax(-1)
    logits = logits / sampling.temperature
    if 0 < sampling.top_k < logits.shape[-1]:
        floor = logits.topk(sampling.top_k, dim=-1).values[..., -1:]
        logits = logits.masked_fill(logits < floor, -math.inf)
    return (logits - noise.clamp_min(SMALLEST_NOISE).log()).argmax(-1)


def generators(seeds: list[int], device: torch.device) -> list[torch.Generator]:
    """One source of randomness per clip, so that its seed alone decides it."""
    return [torch.Generator(device).manual_seed(seed % 2**63) for seed in seeds]


@torch.inference_mode()
def decode(
    decoder: Decoder,
    condition: Condition,
    layout: Plan,
    sampling: Sampling,
    seeds: list[int],
    report: Callable[[float], None] = lambda fraction: None,
    fixed_step: Callable[[Tensor, Cache, Tensor | None], Tensor] | None = None,
) -> Ids:
    """Sample every unknown token of `layout`; returns codes [B, C, frames].

    `report` gets the fraction done after each step and may raise to stop. `fixed_step` takes the
    place of every step that feeds one position (see graphs.py).
    """
    device = decoder.device
    ids = torch.from_numpy(layout.ids).to(device)  # [B, C, P]
    known = torch.from_numpy(layout.known).to(device)
    conditional = condition.text is not None or condition.prefix is not None
    guided = conditional and sampling.guidance > 1
    cache = decoder.start(condition, len(ids), guided, layout.positions)
    sources = generators(seeds, device)

    def step(new: Tensor, noise: Tensor | None) -> Tensor:
        if fixed_step is not None and new.shape[2] == 1:
            return fixed_step(new, cache, noise)
        embedded = decoder.embed(new)
        logits = decoder.feed(embedded.repeat(2, 1, 1) if guided else embedded, cache)
        return draw(mix_guidance(logits, sampling.guidance) if guided else logits, sampling, noise)

    fed = 0
    for position in range(layout.first, layout.positions):
        noise = (
            None if sampling.greedy else _noise((decoder.codebooks, decoder.vocabulary), sources)
        )
        tokens = step(ids[:, :, fed:position], noise)
        ids[:, :, position] = torch.where(known[:, position], ids[:, :, position], tokens)
        fed = position
        report((position - layout.first + 1) / layout.steps)
    return layout.codes(ids.cpu().numpy())


def _noise(shape: tuple[int, int], sources: list[torch.Generator]) -> Tensor:
    """Exp(1) noise [B, C, V], each clip's from its own generator."""
    return torch.stack(
        [torch.empty(shape, device=g.device).exponential_(generator=g) for g in sources]
    )
