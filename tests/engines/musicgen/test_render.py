"""What happens around the model: batches that fit, silent clips, the ways back when int8 is not to be had."""

import logging
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_engine import request, silent

from bridge.engines.musicgen import MusicgenEngine, opening
from bridge.engines.musicgen import render as rendering
from bridge.engines.musicgen.backend import FastBackend, TorchBackend
from bridge.engines.musicgen.sampling import Sampling
from bridge.errors import BridgeError

Tiny = Callable[..., Path]


@pytest.fixture
def engine(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> MusicgenEngine:
    made = MusicgenEngine(str(tiny()), home=tmp_path_factory.mktemp("home"))
    made.load(silent)
    return made


def mute(engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch, bad: set[int]) -> None:
    """Let the model render silence for some seeds."""
    backend: Any = engine._backend
    seeds_heard: list[int] = []
    tokens, audio = backend.tokens, backend.audio

    def remember(
        prompt: str, melody: Any, layout: Any, sampling: Any, seeds: list[int], report: Any
    ) -> Any:
        seeds_heard[:] = seeds
        return tokens(prompt, melody, layout, sampling, seeds, report)

    def silence(codes: Any, report: Any, start: int) -> list[np.ndarray]:
        clips = audio(codes, report, start)
        return [
            0 * clip if seed in bad else clip for clip, seed in zip(clips, seeds_heard, strict=True)
        ]

    monkeypatch.setattr(backend, "tokens", remember)
    monkeypatch.setattr(backend, "audio", silence)


def test_silent_clip_is_rendered_again_with_another_seed(
    engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute(engine, monkeypatch, bad={4})
    render = engine.generate(request(variations=3), silent)
    assert render.report["retries"] == 1
    assert [take.seed for take in render.takes] == [3, 4 + rendering.RETRY_SEED_STEP, 5]
    again = engine.generate(request(seed=render.takes[1].seed), silent)
    assert np.array_equal(again.takes[0].parts[0].audio, render.takes[1].parts[0].audio)


def test_silence_twice_is_a_sentence(
    engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    mute(engine, monkeypatch, bad={3, 3 + rendering.RETRY_SEED_STEP})
    with pytest.raises(BridgeError, match="silence twice") as caught:
        engine.generate(request(), silent)
    assert caught.value.code == "model-failed"
    assert rendering.is_failed(np.full((1, 10), np.nan, np.float32))


def test_variations_that_do_not_fit_are_rendered_in_turn(
    engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = engine.generate(request(variations=3), silent)
    monkeypatch.setattr(rendering, "batch_size", lambda work, variations: 2)
    seen: list[float] = []
    parts = engine.generate(
        request(variations=3), lambda s, f: seen.append(f) if s == "generating" else None
    )
    for one, two in zip(whole.takes, parts.takes, strict=True):
        assert np.array_equal(one.parts[0].audio, two.parts[0].audio)
    assert seen == sorted(seen)


def test_clip_too_long_for_memory_is_refused(
    engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = engine._backend
    assert backend is not None
    work = rendering._Work(backend, "", Sampling(), 500, None, None, silent)
    assert rendering.batch_size(work, 4, available=8_000_000_000) == 4
    with pytest.raises(BridgeError, match="shorter clip"):
        rendering.batch_size(work, 4, available=100_000)
    monkeypatch.setattr(backend, "device", "cuda")  # main memory says nothing about a card's
    assert rendering.batch_size(work, 4, available=100_000) == 4


def test_prompt_may_be_empty(engine: MusicgenEngine) -> None:
    assert engine.generate(request(prompt=""), silent).report["prompt"] == ""


def test_second_load_reuses_the_conversion(
    engine: MusicgenEngine, tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(engine._backend, FastBackend)
    first = engine.generate(request(), silent).takes[0].parts[0].audio
    engine.unload()

    def never(*anything: object) -> None:
        raise AssertionError("the transformers model was loaded again")

    monkeypatch.setattr(opening.Weights, "read", never)
    engine.load(silent)
    assert np.array_equal(engine.generate(request(), silent).takes[0].parts[0].audio, first)


def test_serving_a_conversion_needs_neither_torch_nor_onnx(
    engine: MusicgenEngine, tiny: Tiny
) -> None:
    code = (
        "import sys; from pathlib import Path; from bridge.engines.musicgen import MusicgenEngine as E;"
        "e = E(sys.argv[1], home=Path(sys.argv[2]), device='cpu'); e.load(lambda s, f: None);"
        "e._backend._model.condition('house drums' * 400);"
        "sys.exit(', '.join({'torch', 'transformers', 'onnx'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tiny()), str(engine._home)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_damaged_conversion_is_made_again(
    tiny: Tiny, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    engine = MusicgenEngine(str(tiny()), home=tmp_path)
    first = engine.generate(request(), silent).takes[0].parts[0].audio
    engine.unload()
    (folder,) = (tmp_path / "converted").iterdir()
    (folder / "step.bin").write_bytes(b"")
    with caplog.at_level(logging.ERROR, "bridge.musicgen"):
        engine.load(silent)
    assert "conversion-unreadable" in caplog.text
    assert np.array_equal(engine.generate(request(), silent).takes[0].parts[0].audio, first)


def test_failed_conversion_falls_back_to_torch(
    tiny: Tiny, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    from bridge.engines.musicgen import convert

    def fail(*anything: object) -> None:
        raise OSError(28, "no space left")

    monkeypatch.setattr(convert, "convert", fail)
    engine = MusicgenEngine(str(tiny()), home=tmp_path)
    with caplog.at_level(logging.ERROR, "bridge.musicgen"):
        engine.load(silent)
    assert isinstance(engine._backend, TorchBackend)
    assert "conversion-failed" in caplog.text
    assert engine.generate(request(), silent).report["precision"] == "fp32"


@pytest.mark.parametrize("name", ["tiny", "stereo-tiny", "melody-tiny"])
def test_torch_precisions_render_too(tiny: Tiny, tmp_path: Path, name: str) -> None:
    from bridge.engines import Source

    sound = np.random.default_rng(0).standard_normal((2, 32000), dtype=np.float32) * 0.1
    mode = "melody" if "melody" in name else "continue"
    for precision in ("fp32", "bf16"):
        engine = MusicgenEngine(str(tiny(name)), home=tmp_path, precision=precision)
        render = engine.generate(request(source=Source(sound, 32000, mode), variations=2), silent)
        assert render.report["precision"] == precision
        assert render.takes[1].parts[0].audio.shape == (engine.info.channels, 16000)
        assert np.isfinite(render.takes[1].parts[0].audio).all()


def test_device_that_is_not_there(tiny: Tiny, tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        return
    with pytest.raises(BridgeError, match="no cuda device"):
        MusicgenEngine(str(tiny()), home=tmp_path, device="cuda").load(silent)
    with pytest.raises(BridgeError, match="for processors"):
        MusicgenEngine(str(tiny()), home=tmp_path, device="mps", precision="int8").load(silent)
