"""The converted checkpoint on ONNX Runtime against transformers: the same ids and the same audio in fp32."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from test_decode import PROMPTS, stock_codes

from bridge.engines.musicgen import codec as codec_module
from bridge.engines.musicgen.codec import FastCodec
from bridge.engines.musicgen.convert import convert
from bridge.engines.musicgen.fast import FastModel, StepRun, open_session
from bridge.engines.musicgen.onnx_file import OnnxFile
from bridge.engines.musicgen.pattern import plan
from bridge.engines.musicgen.quantize import (
    SUFFICIENT_SNR_DB,
    choose_block,
    linear,
    rounded,
    snr_db,
)
from bridge.engines.musicgen.sampling import Sampling, draw
from bridge.engines.musicgen.step_graph import write_step_graph
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
        ("melody-tiny", True),
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
@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize(
    ("frames", "start"), [(4, 0), (4, 3), (25, 0), (25, 1), (101, 0), (600, 0), (600, 410)]
)
def test_codec_in_chunks_equals_transformers_in_one_go(
    converted: Any, frames: int, start: int, threads: int
) -> None:
    model, _, folder = converted("tiny")
    codec = FastCodec(folder, 640, threads)
    codes = np.random.default_rng(0).integers(0, 64, (2, 4, frames))
    seen: list[float] = []
    ours = codec.decode(codes, 1, seen.append, start)
    theirs = model.audio_encoder.decode(torch.from_numpy(codes)[None], [None]).audio_values.numpy()
    assert ours[1].shape == (1, (frames - start) * 640)
    assert np.abs(ours[1] - theirs[1][:, start * 640 :]).max() < 2e-5 * np.abs(theirs).max()
    assert seen == sorted(seen) and seen[-1] == 1.0
    assert len(seen) >= (frames - start) / codec_module.CHUNK_FRAMES * 2
    audio = theirs[0]
    again = model.audio_encoder.encode(torch.from_numpy(audio)[None]).audio_codes[0].numpy()
    assert (codec.encode(audio) == again).mean() > 0.999


def test_codec_stops_between_two_chunks(converted: Any) -> None:
    _, _, folder = converted("tiny")
    codec, ran = FastCodec(folder, 640, threads=2), []
    back = codec._back

    class Counted:
        def run(self, *args: Any) -> Any:
            ran.append(args)
            return back.run(*args)

    def stop(fraction: float) -> None:
        raise InterruptedError

    codec._back = Counted()
    with pytest.raises(InterruptedError):
        codec.decode(np.zeros((4, 4, 1000), dtype=np.int64), 1, stop)
    assert len(ran) < 10, "of 40"


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


@pytest.mark.parametrize("scheme", ["fp32", "int8"])
@pytest.mark.parametrize("guidance", [1.0, 3.0])
@pytest.mark.parametrize(("name", "given"), [("tiny", 30), ("melody-tiny", 0), ("melody-tiny", 30)])
def test_what_all_takes_begin_with_is_read_once(
    converted: Any,
    name: str,
    given: int,
    guidance: float,
    scheme: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, _, folder = converted(name, scheme)
    fast = FastModel(folder)
    prompt = np.random.default_rng(5).integers(0, 64, (1, 4, given)) if given else None
    fed: list[tuple[int, ...]] = []
    run = StepRun._run
    monkeypatch.setattr(StepRun, "_run", lambda self, x: fed.append(x.shape) or run(self, x))

    def takes(seeds: list[int]) -> np.ndarray:
        fed.clear()
        start = None if prompt is None else prompt.repeat(len(seeds), axis=0)
        layout = plan(len(seeds), 4, 1, given + 20, fast.meta["pad"], start)
        return fast.decode(fast.condition("bass"), layout, Sampling(guidance), seeds)

    together = takes([1, 2, 3])
    rows = 1 if guidance == 1 else 2
    assert [shape[:2] for shape in fed[:2]] == [(rows, fed[0][1]), (3 * rows, 1)] and fed[0][1] > 10
    for number, seed in enumerate((1, 2, 3)):
        assert np.array_equal(takes([seed])[0], together[number])


@pytest.mark.parametrize("name", ["tiny", "melody-tiny"])
@pytest.mark.parametrize("alike", [[0, 1, 2], [0, 0, 2], [0, 1, 0], [0, 0, 0]])
def test_each_take_knows_its_own_beginning(converted: Any, name: str, alike: list[int]) -> None:
    """By logits: tokens of a tiny random model hardly depend on what it read."""
    _, _, folder = converted(name, "int8")
    fast = FastModel(folder)
    starts = np.random.default_rng(5).integers(0, 64, (3, 4, 30))[alike]

    def logits(start: np.ndarray) -> np.ndarray:
        layout = plan(len(start), 4, 1, 31, fast.meta["pad"], start)
        run = fast.begin(fast.condition("bass"), layout, guidance=3.0)
        x = fast.embed(start, run.start)
        x = np.concatenate([x, x])
        return np.stack([run.feed(part).copy() for part in (x, x[:, :1])], axis=1)

    together = logits(starts)
    alone = np.concatenate([logits(start[None]) for start in starts])
    np.testing.assert_allclose(together, alone, atol=1e-6 * np.abs(alone).max())
    for number, other in ((0, 1), (0, 2), (1, 2)):
        differ = not np.allclose(alone[number], alone[other], atol=1e-4 * np.abs(alone).max())
        assert differ == (alike[number] != alike[other])


def read_codes(fast: FastModel, codes: np.ndarray, given: int) -> np.ndarray:
    """Logits after the first `given` frames and each later one, when two clips read codes [C, F]."""
    layout = plan(2, 4, 1, codes.shape[1], fast.meta["pad"])
    run = fast.begin(fast.condition("bass in minor"), layout, guidance=3.0)
    x = np.repeat(fast.embed(codes[None], 0), 4, axis=0)
    chunks = [x[:, :given], *(x[:, n : n + 1] for n in range(given, x.shape[1]))]
    return np.stack([run.feed(np.ascontiguousarray(chunk)).copy() for chunk in chunks])


def test_cache_in_8_bits_costs_little_and_reads_prompts_like_steps(converted: Any) -> None:
    _, _, folder = converted("tiny", "int8")
    fast, exact = FastModel(folder), FastModel(folder, rounded_cache=False)
    assert fast.rounded_cache and not exact.rounded_cache
    codes = np.random.default_rng(3).integers(0, 64, (4, 60))
    ours, theirs = (read_codes(model, codes, 1) for model in (fast, exact))
    assert not np.array_equal(ours, theirs)
    assert np.linalg.norm(ours - theirs) < 0.02 * np.linalg.norm(theirs)
    prompted = read_codes(fast, codes, 40)
    assert len(prompted) == 21
    assert np.linalg.norm(prompted - ours[39:]) < 0.02 * np.linalg.norm(ours[39:])


def test_cache_scales_hold_what_is_kept_with_room_to_spare(converted: Any) -> None:
    _, _, folder = converted("tiny", "int8")
    fast = FastModel(folder)
    layout = plan(2, 4, 1, 200, fast.meta["pad"])
    run = fast.begin(fast.condition("slow piano, 60 bpm"), layout, guidance=3.0)
    fast.sample(run, layout, Sampling(), [7, 8], lambda fraction: None)
    peaks = run.peaks()  # in steps of the scale; 127 is where clipping begins
    assert peaks.shape == (2, 2, 4, 16)
    assert (peaks >= 127).mean() < 0.01 and np.median(peaks) > 50


def test_blocks_get_smaller_where_activations_stand_out(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    weight = rng.standard_normal((256, 1024), dtype=np.float32)
    plain = rng.standard_normal((16, 1024), dtype=np.float32)
    loud, shifted = plain.copy(), plain.copy()
    loud[:, rng.choice(1024, 4, replace=False)] *= 50
    shifted[:, 7] += 60  # always alike: as an overall ratio this would look harmless
    blocks = {}
    for name, inputs in (("plain", plain), ("loud", loud), ("shifted", shifted)):
        blocks[name] = choose_block(weight, inputs)
        with OnnxFile(tmp_path / f"{name}.onnx") as graph:
            graph.input("x", "float", ["R", 1024])
            graph.output("y", "float", ["R", 256])
            y = linear(graph, "x", weight, "int8", inputs=inputs)
            graph.node("Identity", y, outputs=["y"])
        (found,) = open_session(tmp_path / f"{name}.onnx", 1).run(["y"], {"x": inputs})
        exact = inputs @ weight.T
        foretold = rounded(inputs, blocks[name]) @ rounded(weight, blocks[name]).T
        assert snr_db(exact, found) > SUFFICIENT_SNR_DB - 0.5
        assert abs(snr_db(exact, found) - snr_db(exact, foretold)) < 0.5
        assert snr_db(exact - exact.mean(0), found - found.mean(0)) > SUFFICIENT_SNR_DB - 0.5
    assert blocks["plain"] == 256 and blocks["loud"] < 256 and blocks["shifted"] < 256


def blocks_of(step: Path) -> list[int]:
    """Of every linear layer, in order."""
    return [
        attribute.i
        for node in onnx.load(str(step), load_external_data=False).graph.node
        for attribute in node.attribute
        if attribute.name == "block_size"
    ]


def test_conversion_measures_what_goes_into_each_layer(tiny: Tiny, tmp_path: Path) -> None:
    model, tokenizer = load_model(tiny("tiny"), melody=False), load_tokenizer(tiny("tiny"))
    norm = model.decoder.model.decoder.layers[1].final_layer_norm
    with torch.no_grad():
        norm.bias[5] += 100
    folder = convert(model, tokenizer, tmp_path, "key", "int8", lambda fraction: None)
    blocks = blocks_of(folder / "step.onnx")
    assert len(blocks) == 13  # qkv, out, query and out of the text, up, down; twice; and the heads
    assert blocks[10] < min(blocks[:10]), "the layer behind the loud channel"


def test_heads_are_measured_on_what_guidance_makes_of_both_rows(tiny: Tiny, tmp_path: Path) -> None:
    language_model = load_model(tiny("tiny"), melody=False).decoder
    inputs = np.random.default_rng(0).standard_normal((24, 64), dtype=np.float32)
    for name, loud in (("plain", 0.0), ("untold", 60.0)):
        inputs[1::2, 7] += loud
        heads = dict.fromkeys(language_model.lm_heads, inputs)
        write_step_graph(language_model, tmp_path / f"{name}.onnx", "int8", heads)
    assert blocks_of(tmp_path / "plain.onnx")[-1] > 32 >= blocks_of(tmp_path / "untold.onnx")[-1]


def test_a_prompt_is_read_once(converted: Any) -> None:
    _, _, folder = converted("tiny", "int8")
    fast = FastModel(folder)
    first = fast.condition("bass").text["text_key_0"]
    assert fast.condition("bass").text["text_key_0"] is first
    for n in range(5):
        fast.condition(f"drums {n}")
    again = fast.condition("bass").text["text_key_0"]
    assert again is not first and np.array_equal(again, first)


@torch.no_grad()
def test_tracks_decoded_one_by_one_equal_all_together(
    converted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, _, folder = converted("stereo-tiny")
    codec = FastCodec(folder, 640, threads=1)
    codes = np.random.default_rng(0).integers(0, 64, (2, 8, 40))
    together = codec.decode(codes, 2, lambda fraction: None)
    monkeypatch.setattr(codec_module, "STATE_FRAMES", 1)
    alone = codec.decode(codes, 2, lambda fraction: None)
    assert [clip.shape for clip in together] == [(2, 40 * 640)] * 2
    assert np.allclose(together, alone, atol=1e-5)


def test_conversions_of_an_earlier_format_are_removed(converted: Any, tmp_path: Path) -> None:
    model, tokenizer, _ = converted("tiny")
    for name, meta in (("old", '{"format": 1}'), ("new", '{"format": 99}'), ("torn", '{"for')):
        (tmp_path / "converted" / name).mkdir(parents=True)
        (tmp_path / "converted" / name / "meta.json").write_text(meta, encoding="utf-8")
    convert(model, tokenizer, tmp_path, "key", "int8", lambda fraction: None)
    assert {path.name for path in (tmp_path / "converted").iterdir()} == {"new", "key"}


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
