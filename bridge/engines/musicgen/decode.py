"""The decoding loop on plain torch: one step of MusicGen's decoder, as few and as large operations as possible.

Shapes: B clips, R rows (B, or 2 B with guidance: the conditional rows first, then the unconditional
ones), C codebooks, V entries of a codebook, D width, H heads, E = D / H, T text tokens, P positions.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
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
        """Take the modules of `MusicgenForCausalLM` or its melody sister; no weight is there twice."""
        config, core = language_model.config, language_model.model.decoder
        self.heads, self.width = config.num_attention_heads, config.hidden_size
        self.codebooks, self.channels = config.num_codebooks, config.audio_channels
        self.pad, self.vocabulary = config.pad_token_id, config.vocab_size
        # [C, V + 1, D]
        self.embeddings = fuse(core.embed_tokens).view(self.codebooks, -1, self.width)
        self.dtype, self.device = self.embeddings.dtype, self.embeddings.device
        self._position_rows = core.embed_positions
        self._positions = core.embed_positions.weights.to(self.embeddings)  # [2048, D]
        self.layers = [Layer(layer, self.heads) for layer in core.layers]
        self.norm = core.layer_norm
        self.to_logits = fuse(language_model.lm_heads)  # [C V, D]

    def embed(self, ids: Tensor) -> Tensor:
        """[B, C, S] -> [B, S, D], without positions."""
        which = torch.arange(self.codebooks, device=ids.device)[None, :, None]
        return self.embeddings[which, ids].sum(1)

    def new_cache(self, rows: int, positions: int, clips: int = 0, tokens: int = 0) -> Cache:
        """Room for `rows` sequences, and for the texts of `clips` where `tokens` are read (0: none)."""
        if positions > len(self._positions):
            table = self._position_rows.get_embedding(positions, self.width)
            self._positions = table.to(self.embeddings)
        own = self._new_pairs(rows, positions)
        if not tokens:
            return Cache(own, self._positions)
        shut = torch.full((clips, 1, 1, tokens), -math.inf, dtype=self.dtype, device=self.device)
        return Cache(own, self._positions, self._new_pairs(clips, tokens), shut)

    def _new_pairs(self, rows: int, length: int) -> list[Tensor]:
        shape = (2, rows, self.heads, length, self.width // self.heads)
        return [torch.zeros(shape, dtype=self.dtype, device=self.device) for _ in self.layers]

    def begin(self, condition: Condition, cache: Cache) -> None:
        """Forget what `cache` holds and read the text or the prefix of a new clip into it."""
        cache.clear()
        if condition.text is not None:
            cache.write_text(
                [layer.read_text(condition.text) for layer in self.layers], condition.mask
            )
        if condition.prefix is not None:
            self.feed(condition.prefix, cache)

    def feed(self, embedded: Tensor, cache: Cache) -> Tensor:
        """[R, S, D] at the next S positions -> logits after the last of them [R, C, V]."""
        end = cache.length + embedded.shape[1]
        where = torch.arange(cache.length, end, device=self.device)
        # one new position sees everything; several see what is before them
        mask = self._see_back(where, end) if len(where) > 1 else None
        logits = self._layers(embedded + cache.positions[where], cache, where, end, mask)
        cache.length = end
        return logits

    def step_in_bucket(self, embedded: Tensor, cache: Cache, where: Tensor, bucket: int) -> Tensor:
        """One step whose shapes do not depend on the position `where` [1]: what a CUDA graph records."""
        mask = self._see_back(where, bucket)
        return self._layers(embedded + cache.positions[where], cache, where, bucket, mask)

    def _see_back(self, where: Tensor, end: int) -> Tensor:
        """What is added to attention scores [S, end]: 0 up to each position of `where` [S], then -inf."""
        later = torch.arange(end, device=self.device)[None, :] > where[:, None]
        return torch.zeros_like(later, dtype=self.dtype).masked_fill_(later, -math.inf)

    def _layers(
        self, x: Tensor, cache: Cache, where: Tensor, end: int, mask: Tensor | None
    ) -> Tensor:
        for number, layer in enumerate(self.layers):
            x = layer(x, cache, number, where, end, mask)
        logits = F.linear(self.norm(x[:, -1]), self.to_logits)
        return logits.view(x.shape[0], self.codebooks, self.vocabulary).float()


@dataclass(slots=True)
class Cache:
    """Keys and values of the sequence and of the text, written in place; the rooms may be larger."""

    own: list[Tensor]  # per layer [2, R, H, P, E]: keys, values
    positions: Tensor  # [P or more, D]; kept here because a recorded step reads it by its address
    cross: list[Tensor] | None = None  # per layer [2, B, H, T, E]
    cross_mask: Tensor | None = None  # [B, 1, 1, T], added to scores: 0 at real tokens, else -inf
    length: int = 0

    @property
    def room(self) -> int:
        """Positions there is memory for."""
        return self.own[0].shape[3]

    @property
    def text_room(self) -> int:
        """Text tokens there is memory for; 0 where no text is read."""
        return 0 if self.cross is None else self.cross[0].shape[3]

    def clear(self) -> None:
        """Zero everything: a mask hides old numbers, but not an infinity, as 0 * inf is not 0."""
        for kept in (*self.own, *(self.cross or ())):
            kept.zero_()
        if self.cross_mask is not None:
            self.cross_mask.fill_(-math.inf)
        self.length = 0

    def write_text(self, read: list[Tensor], mask: Tensor | None) -> None:
        """Keys and values of a text per layer, [2, B, H, t, E], and its mask [B, t] (None: all real)."""
        assert self.cross is not None and self.cross_mask is not None, "this cache has no text"
        tokens = read[0].shape[3]
        for room, new in zip(self.cross, read, strict=True):
            room[:, :, :, :tokens].copy_(new)
        shown = self.cross_mask[..., :tokens]
        shown.zero_() if mask is None else shown.masked_fill_(mask[:, None, None, :], 0)


class Layer:
    """One decoder layer."""

    def __init__(self, layer: Any, heads: int) -> None:
        own = layer.self_attn
        self.heads = heads
        self.qkv = fuse((own.q_proj, own.k_proj, own.v_proj))  # [3 D, D]
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

    def read_text(self, text: Tensor) -> Tensor:
        """Keys and values [2, B, H, T, E] of the text [B, T, D]."""
        assert self.text is not None, "melody models read text as a prefix"
        return torch.stack([self._split(p(text)) for p in (self.text.k_proj, self.text.v_proj)])

    def __call__(
        self, x: Tensor, cache: Cache, number: int, where: Tensor, end: int, mask: Tensor | None
    ) -> Tensor:
        """[R, S, D] -> [R, S, D], in place; writes this layer's keys and values at the positions `where`."""
        rows, span, _ = x.shape
        qkv = F.linear(self.norm_own(x), self.qkv).view(rows, span, 3, self.heads, -1)
        qkv = qkv.permute(2, 0, 3, 1, 4)  # [3, R, H, S, E]
        keys, values = cache.own[number].index_copy_(3, where, qkv[1:])[:, :, :, :end]
        mixed = F.scaled_dot_product_attention(qkv[0], keys, values, attn_mask=mask)
        add_linear(x, mixed.transpose(1, 2).flatten(2), self.out)
        if cache.cross is not None:
            assert self.text is not None and self.norm_text is not None, (
                "this model reads no text here"
            )
            # without biases an unconditional row attends to zeros and gets exactly zero: left out
            keys, values = cache.cross[number]
            told = x[: keys.shape[0]]
            mixed = F.scaled_dot_product_attention(
                self._split(self.text.q_proj(self.norm_text(told))), keys, values,
                attn_mask=cache.cross_mask,
            )  # fmt: skip
            add_linear(told, mixed.transpose(1, 2).flatten(2), self.text.out_proj.weight)
        add_linear(x, self.activation(F.linear(self.norm_end(x), self.up)), self.down)
        return x


def add_linear(x: Tensor, y: Tensor, weight: Tensor) -> None:
    """x += y weight^T in place, [..., D] += [..., K] [D, K]^T: one operation, where a sum of its own (and, for
    some of the rows, a concatenation) is a launch more for a GPU."""
    x.view(-1, x.shape[-1]).addmm_(y.view(-1, y.shape[-1]), weight.t())


def fuse(modules: Iterable[Any]) -> Tensor:
    """The weights of several modules as one, row after row; each module keeps a view of its part."""
    modules = tuple(modules)
    together = torch.cat([module.weight.data for module in modules])
    sizes = [len(module.weight) for module in modules]
    for module, part in zip(modules, torch.split(together, sizes), strict=True):
        module.weight.data = part
    return together


def mix_guidance(logits: Tensor, guidance: Tensor) -> Tensor:
    """[2 B, C, V], conditional rows first -> [B, C, V] (classifier-free guidance)."""
    told, untold = logits.chunk(2)
    return untold + (told - untold) * guidance


def draw(logits: Tensor, noise: Tensor | None, temperature: Tensor, top_k: int) -> Tensor:
    """[B, C, V] -> token ids [B, C]; the likeliest without noise, `top_k` 0 keeps all.

    Sampling is the exponential race: argmax of p / e with e ~ Exp(1) has distribution p, needs no
    sum or sort, and the noise can be drawn beforehand from each clip's own generator.
    """
    if noise is None:
        return logits.argmax(-1)
    logits = logits / temperature
    if top_k:
        floor = logits.topk(top_k, dim=-1).values[..., -1:]
        logits = logits.masked_fill(logits < floor, -math.inf)
    return (logits - noise.clamp_min(SMALLEST_NOISE).log()).argmax(-1)


@dataclass(frozen=True, slots=True)
class Kind:
    """What decides which operations a step consists of; everything else is data."""

    clips: int  # B
    guided: bool
    reads_text: bool
    greedy: bool
    top_k: int  # 0: all

    @classmethod
    def of(cls, clips: int, condition: Condition, sampling: Sampling, vocabulary: int) -> Kind:
        """The kind of these clips; there is nothing to guide towards without a condition."""
        conditional = condition.text is not None or condition.prefix is not None
        chosen = not sampling.greedy and 0 < sampling.top_k < vocabulary
        return cls(
            clips, conditional and sampling.guidance > 1, condition.text is not None,
            sampling.greedy, sampling.top_k if chosen else 0,
        )  # fmt: skip


class Stepper:
    """What one step works on: the cache, the settings as tensors, the noise. Steps run one by one."""

    def __init__(self, decoder: Decoder, kind: Kind, positions: int, tokens: int) -> None:
        self._decoder, self._kind = decoder, kind
        rows = 2 * kind.clips if kind.guided else kind.clips
        self.cache = decoder.new_cache(rows, positions, kind.clips, tokens)
        self._guidance, self._temperature = torch.ones(2, device=decoder.device)
        shape = (kind.clips, decoder.codebooks, decoder.vocabulary)
        self._noise = None if kind.greedy else torch.zeros(shape, device=decoder.device)

    def begin(self, condition: Condition, sampling: Sampling) -> None:
        """Start a clip."""
        self._guidance.fill_(sampling.guidance)
        self._temperature.fill_(sampling.temperature)
        self._decoder.begin(condition, self.cache)

    def __call__(self, ids: Tensor, sources: list[torch.Generator]) -> Tensor:
        """Token ids [B, C, S] at the next S positions -> the tokens after them [B, C]."""
        if self._noise is not None:  # Exp(1), each clip's from its own generator
            for row, source in zip(self._noise, sources, strict=True):
                row.exponential_(generator=source)
        return self._step(ids)

    def _step(self, ids: Tensor) -> Tensor:
        return self._choose(self._decoder.feed(self._embed(ids), self.cache))

    def _embed(self, ids: Tensor) -> Tensor:
        """[B, C, S] -> [R, S, D]."""
        x = self._decoder.embed(ids)
        return x.repeat(2, 1, 1) if self._kind.guided else x

    def _choose(self, logits: Tensor) -> Tensor:
        """[R, C, V] -> [B, C]."""
        logits = mix_guidance(logits, self._guidance) if self._kind.guided else logits
        return draw(logits, self._noise, self._temperature, self._kind.top_k)


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
    stepper_for: Callable[[Decoder, Kind, int, int], Stepper] = Stepper,
) -> Ids:
    """Sample every unknown token of `layout`; returns codes [B, C, frames].

    `report` gets the fraction done after each step and may raise to stop. `stepper_for` is called as
    Stepper is, and may give one that was used before (see graphs.py).
    """
    device = decoder.device
    ids = torch.from_numpy(layout.ids).to(device)  # [B, C, P]
    known = torch.from_numpy(layout.known).to(device)
    prefix, tokens = (
        0 if part is None else part.shape[1] for part in (condition.prefix, condition.text)
    )
    kind = Kind.of(len(ids), condition, sampling, decoder.vocabulary)
    stepper = stepper_for(decoder, kind, prefix + layout.positions, tokens)
    stepper.begin(condition, sampling)
    sources, fed = generators(seeds, device), 0
    for position in range(layout.first, layout.positions):
        drawn = stepper(ids[:, :, fed:position], sources)
        ids[:, :, position] = torch.where(known[:, position], ids[:, :, position], drawn)
        fed = position
        report((position - layout.first + 1) / layout.steps)
    return layout.codes(ids.cpu().numpy())
