"""The decoding loop against transformers' own generate(): greedy in fp32, the same ids exactly."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from bridge.engines.musicgen.conditioning import melody_prefix, text_condition
from bridge.engines.musicgen.decode import Condition, Decoder, decode, draw
from bridge.engines.musicgen.pattern import plan
from bridge.engines.musicgen.sampling import Sampling
from bridge.engines.musicgen.stock import DELAY_FRAMES, load_model, load_tokenizer

Tiny = Callable[..., Path]
PROMPTS = ["house drums", "slow piano in C minor, 70 bpm", "bass", "bass and drums - loud"]


def stock_codes(model: Any, inputs: dict[str, Any], frames: int) -> np.ndarray:
    """What generate() hands to the codec: [batch, codebooks, frames]."""
    seen: list[torch.Tensor] = []
    original = model.audio_encoder.decode

    def listen(codes: torch.Tensor, **rest: Any) -> Any:
        seen.append(codes[0])
        return original(codes, **rest)

    model.audio_encoder.decode = listen
    try:
        model.generate(**inputs, do_sample=False, max_new_tokens=frames + DELAY_FRAMES)
    finally:
        model.audio_encoder.decode = original
    if len(seen) == 1:
        return seen[0].numpy()
    left, right = seen
    return torch.stack([left, right], dim=2).flatten(1, 2).numpy()  # interleaved again


@pytest.mark.parametrize("name", ["tiny", "stereo-tiny"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("prompted", [False, True])
@torch.no_grad()
def test_greedy_ids_equal_transformers(
    tiny: Tiny, name: str, guidance: float, batch: int, prompted: bool
) -> None:
    model, tokenizer = load_model(tiny(name), melody=False), load_tokenizer(tiny(name))
    tokens = tokenizer(PROMPTS[:batch], padding=True, return_tensors="pt")
    decoder = Decoder(model.decoder)
    inputs = {**tokens, "guidance_scale": guidance}
    prompt, given = None, 0
    if prompted:
        given = 7
        shape = (batch, decoder.codebooks, given)
        prompt = torch.randint(
            0, decoder.vocabulary, shape, generator=torch.Generator().manual_seed(4)
        )
        inputs["decoder_input_ids"] = prompt.flatten(0, 1)
        prompt = prompt.numpy()
    frames = 40
    layout = plan(batch, decoder.codebooks, decoder.channels, frames + given, decoder.pad, prompt)
    ours = decode(
        decoder, text_condition(model, tokens), layout, Sampling(guidance, greedy=True), [0] * batch
    )
    theirs = stock_codes(model, inputs, frames)
    assert ours.shape == theirs.shape == (batch, decoder.codebooks, frames + given)
    assert np.array_equal(ours, theirs)
    assert len(np.unique(ours)) > 10  # not one token for ever
    if prompt is not None:
        assert np.array_equal(ours[:, :, :given], prompt)


def test_no_weight_is_in_memory_twice(tiny: Tiny) -> None:
    model = load_model(tiny(), melody=False).decoder
    decoder, core = Decoder(model), model.model.decoder
    attention = core.layers[1].self_attn
    for one, whole in (
        (attention.v_proj, decoder.layers[1].qkv),
        (model.lm_heads[3], decoder.to_logits),
        (core.embed_tokens[2], decoder.embeddings),
    ):
        assert one.weight.untyped_storage().data_ptr() == whole.untyped_storage().data_ptr()


@torch.no_grad()
def test_unconditional_ids_equal_transformers(tiny: Tiny) -> None:
    model = load_model(tiny(), melody=False)
    decoder = Decoder(model.decoder)
    layout = plan(2, 4, 1, 30, decoder.pad)
    ours = decode(decoder, Condition(), layout, Sampling(1.0, greedy=True), [0, 0])
    theirs = stock_codes(model, dict(model.get_unconditional_inputs(2)), 30)
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize("with_melody", [False, True])
@torch.no_grad()
def test_melody_ids_equal_transformers(tiny: Tiny, guidance: float, with_melody: bool) -> None:
    model, tokenizer = (
        f(tiny("melody-tiny")) for f in (lambda p: load_model(p, melody=True), load_tokenizer)
    )
    tokens = tokenizer(PROMPTS[:2], padding=True, return_tensors="pt")
    decoder = Decoder(model.decoder)
    chroma = None
    inputs = {**tokens, "guidance_scale": guidance}
    if with_melody:
        which = torch.randint(0, 12, (2, 5), generator=torch.Generator().manual_seed(1))
        chroma = torch.nn.functional.one_hot(which, 12).float()
        inputs["input_features"] = chroma.clone()
    prefix = melody_prefix(model, tokens, chroma, guided=guidance > 1)
    layout = plan(2, 4, 1, 30, decoder.pad)
    ours = decode(
        decoder, Condition(prefix=prefix), layout, Sampling(guidance, greedy=True), [0, 0]
    )
    assert np.array_equal(ours, stock_codes(model, inputs, 30))


@torch.no_grad()
def test_each_clip_depends_on_its_own_seed_alone(tiny: Tiny) -> None:
    model, tokenizer = load_model(tiny(), melody=False), load_tokenizer(tiny())
    decoder = Decoder(model.decoder)

    def clips(seeds: list[int]) -> np.ndarray:
        tokens = tokenizer(["house drums"] * len(seeds), return_tensors="pt")
        layout = plan(len(seeds), 4, 1, 20, decoder.pad)
        return decode(decoder, text_condition(model, tokens), layout, Sampling(), seeds)

    both, alone = clips([7, 8]), clips([8])
    assert np.array_equal(both[1], alone[0])
    assert not np.array_equal(both[0], both[1])


def test_drawing_follows_the_probabilities() -> None:
    probabilities = torch.tensor([0.5, 0.3, 0.15, 0.05])
    logits = probabilities.log().expand(1, 20000, 4)
    noise = torch.empty(1, 20000, 4).exponential_(generator=torch.Generator().manual_seed(0))
    one = torch.tensor(1.0)
    counts = Counter(draw(logits, noise, one, 0).flatten().tolist())
    for token, p in enumerate(probabilities.tolist()):
        assert abs(counts[token] / 20000 - p) < 0.015
    kept = Counter(draw(logits, noise, one, 2).flatten().tolist())
    assert set(kept) == {0, 1} and abs(kept[0] / 20000 - 0.625) < 0.015
    assert set(draw(logits, noise, torch.tensor(0.01), 0).flatten().tolist()) == {0}
