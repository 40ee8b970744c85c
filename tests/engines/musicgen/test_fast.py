"""The converted checkpoint on ONNX Runtime against transformers: the same ids and the same audio in fp32."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from test_decode import PROMPTS, stock_codes

from bridge.engines.musicgen.codec import FastCodec
from bridge.engines.musicgen.convert import convert
from bridge.engines.musicgen.fast import FastModel
from bridge.engines.musicgen.pattern import plan
from bridge.engines.musicgen.sampling import Sampling, draw
from bridge.engines.musicgen.stock import load_model, load_tokenizer

Tiny = Callable[..., Path]


@pytest.fixture(scope="session")
def converted(
    tiny: Tiny, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], tuple[Any, Any, Path]]:
    """`converted(name, scheme)` is the stock model, its tokenizer and the converted folder."""
    made: dict[tuple[str, str], tuple[Any, Any, Path]] = {}

    def get(name: str, scheme: str = "fp32") -> tuple[Any, Any, Path]:
        if (name, scheme) not in made:
            model = load_model(tiny(name), melody="melody" in name)
            tokenizer = load_tokenizer(tiny(name))
            home = tmp_path_factory.mktemp("home")
            folder = convert(model, tokenizer, home, "key", scheme, lambda fraction: None)
            made[name, scheme] = model, tokenizer, folder
        return made[name, scheme]

    return get


@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize(
    ("name", "prompted"),
    [
        ("tiny", False),
        ("tiny", True),
        ("stereo-tiny", False),
        ("stereo-tiny", True),
        ("melody-tiny", False),
    ],
)
@torch.no_grad()
def test_greedy_ids_equal_transformers(
    converted: Any, name: str, guidance: float, prompted: bool
) -> None:
    model, tokenizer, folder = converted(name)
    fast = FastModel(folder)
    codebooks, channels = fast.meta["codebooks"], fast.meta["channels"]
    tokens = tokenizer([PROMPTS[1]] * 2, return_tensors="pt")
    inputs = {**tokens, "guidance_scale": guidance}
    prompt, given = None, 0
    if prompted:
        given = 7
        codes = torch.randint(
            0, 64, (2, codebooks, given), generator=torch.Generator().manual_seed(4)
        )
        inputs["decoder_input_ids"], prompt = codes.flatten(0, 1), codes.numpy()
    layout = plan(2, codebooks, channels, 40 + given, fast.meta["pad"], prompt)
    ours = fast.decode(fast.condition(PROMPTS[1]), layout, Sampling(guidance, greedy=True), [0, 0])
    assert np.array_equal(ours, stock_codes(model, inputs, 40))


@torch.no_grad()
def test_unconditional_and_melody_ids_equal_transformers(converted: Any) -> None:
    model, _, folder = converted("tiny")
    fast = FastModel(folder)
    layout = plan(1, 4, 1, 30, fast.meta["pad"])
    ours = fast.decode(fast.condition(""), layout, Sampling(1.0, greedy=True), [0])
    assert np.array_equal(ours, stock_codes(model, dict(model.get_unconditional_inputs(1)), 30))

    model, tokenizer, folder = converted("melody-tiny")
    fast = FastModel(folder)
    chroma = np.eye(12, dtype=np.float32)[[3, 3, 7, 0, 11]]
    inputs = {
        **tokenizer([PROMPTS[0]], return_tensors="pt"), "guidance_scale": 3.0,
        "input_features": torch.from_numpy(chroma)[None].clone(),
    }  # fmt: skip
    ours = fast.decode(fast.condition(PROMPTS[0], chroma), layout, Sampling(3.0, greedy=True), [0])
    assert np.array_equal(ours, stock_codes(model, inputs, 30))


@torch.no_grad()
@pytest.mark.parametrize("frames", [25, 251, 600])
def test_codec_in_chunks_equals_transformers_in_one_go(converted: Any, frames: int) -> None:
    model, _, folder = converted("tiny")
    codec = FastCodec(folder, 640, threads=1)
    codes = np.random.default_rng(0).integers(0, 64, (2, 4, frames))
    seen: list[float] = []
    ours = codec.decode(codes, 1, seen.append)
    theirs = model.audio_encoder.decode(torch.from_numpy(codes)[None], [None]).audio_values.numpy()
    assert ours[1].shape == (1, frames * 640)
    assert np.abs(ours[1] - theirs[1]).max() < 2e-5 * np.abs(theirs).max()
    assert seen == sorted(seen) and seen[-1] == 1.0
    audio = theirs[0]
    again = model.audio_encoder.encode(torch.from_numpy(audio)[None]).audio_codes[0].numpy()
    assert (codec.encode(audio) == again).mean() > 0.999


def test_int8_logits_are_close_and_tokens_repeatable(converted: Any) -> None:
    _, _, exact_folder = converted("tiny", "fp32")
    _, _, folder = converted("tiny", "int8")
    exact, fast = FastModel(exact_folder), FastModel(folder)
    layout = plan(2, 4, 1, 20, fast.meta["pad"])
    first, second = (
        fast.decode(fast.condition("bass"), layout, Sampling(), [1, 2]) for _ in range(2)
    )
    assert np.array_equal(first, second)
    alone = fast.decode(
        fast.condition("bass"), plan(1, 4, 1, 20, fast.meta["pad"]), Sampling(), [2]
    )
    assert np.array_equal(alone[0], first[1])
    for n in range(2):  # text keys of every layer
        ours, theirs = (m.condition("bass").text[f"text_key_{n}"] for m in (fast, exact))
        assert np.abs(ours - theirs).max() < 0.05 * np.abs(theirs).max()


def test_numpy_draw_follows_the_probabilities() -> None:
    probabilities = np.array([0.5, 0.3, 0.15, 0.05], dtype=np.float32)
    logits = np.broadcast_to(np.log(probabilities), (1, 20000, 4))
    tokens = draw(logits, Sampling(top_k=0), [np.random.default_rng(0)])
    for token, p in enumerate(probabilities):
        assert abs((tokens == token).mean() - p) < 0.015
    kept = draw(logits, Sampling(top_k=2), [np.random.default_rng(0)])
    assert set(np.unique(kept)) == {0, 1} and abs((kept == 0).mean() - 0.625) < 0.015


def test_half_finished_conversion_is_never_found(converted: Any, tmp_path: Path) -> None:
    from bridge.engines.musicgen.convert import find_converted

    model, tokenizer, _ = converted("tiny")

    def fail(fraction: float) -> None:
        if fraction > 0.4:
            raise OSError(28, "no space")

    with pytest.raises(OSError, match="no space"):
        convert(model, tokenizer, tmp_path, "key", "int8", fail)
    assert find_converted(tmp_path, "key") is None
    assert list((tmp_path / "converted").iterdir()) == []


def test_noise_of_exactly_zero_does_not_revive_a_token_ruled_out() -> None:
    class Zeros(np.random.Generator):
        def standard_exponential(self, size: Any, dtype: Any) -> np.ndarray:
            return np.zeros(size, dtype)

    logits = np.array([[[0.0, 3.0, 2.0, -1.0]]], dtype=np.float32)
    assert draw(logits, Sampling(top_k=1), [Zeros(np.random.PCG64(0))]).tolist() == [[1]]
