"""The engine on tiny random checkpoints, loaded from real folders."""

import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bridge.engines import Engine, GenerateRequest, Source
from bridge.engines.musicgen import MusicgenEngine
from bridge.errors import BridgeError, Cancelled
from bridge.music import Meter, parse_key

Tiny = Callable[..., Path]


def request(seconds: float = 0.5, **changes: object) -> GenerateRequest:
    values: dict[str, object] = {
        "prompt": "house drums", "beats": Fraction(1), "seconds": seconds, "bpm": 120.0,
        "meter": Meter(4, 4), "seed": 3, **changes,
    }  # fmt: skip
    return GenerateRequest(**values)  # type: ignore[arg-type]


def silent(stage: str, fraction: float) -> None:
    """A progress callback that goes on."""


def test_importing_the_engine_loads_no_torch() -> None:
    code = (
        "import sys; from bridge.engines.musicgen import MusicgenEngine as E; E.describe('small');"
        "sys.exit(any(m in sys.modules for m in ('torch', 'transformers', 'onnxruntime')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize(
    ("name", "channels"), [("tiny", 1), ("stereo-tiny", 2), ("melody-tiny", 1)]
)
def test_renders_every_variation(tiny: Tiny, name: str, channels: int) -> None:
    engine = MusicgenEngine(str(tiny(name)))
    assert isinstance(engine, Engine)
    stages: list[tuple[str, float]] = []
    engine.load(lambda stage, fraction: stages.append((stage, fraction)))
    render = engine.generate(request(variations=3), lambda s, f: stages.append((s, f)))
    assert engine.info.channels == channels
    assert [take.variation for take in render.takes] == [1, 2, 3]
    assert [take.seed for take in render.takes] == [3, 4, 5]
    audio = [take.parts[0].audio for take in render.takes]
    assert all(a.shape == (channels, 16000) and a.dtype == np.float32 for a in audio)
    assert not np.array_equal(audio[0], audio[1])
    assert all(np.isfinite(a).all() and np.abs(a).max() > 1e-4 for a in audio)
    assert render.sample_rate == 32000 and render.report["steps"] == 25
    assert {"loading", "generating", "decoding"} <= {stage for stage, _ in stages}
    assert all(0 <= fraction <= 1 for _, fraction in stages)


@pytest.mark.parametrize("name", ["stereo-tiny", "melody-tiny"])
def test_goes_on_from_a_clip_and_beyond_the_window(tiny: Tiny, tmp_path: Path, name: str) -> None:
    engine = MusicgenEngine(str(tiny(name)), home=tmp_path)
    noise = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 48000)).astype(np.float32)
    render = engine.generate(
        request(35.0, source=Source(noise, 48000, "continue"), variations=2), silent
    )
    assert engine.info.channels == len(render.takes[0].parts[0].audio)
    for take in render.takes:
        part = take.parts[0]
        assert part.audio.shape[1] == 35 * 32000
        assert part.lead is not None and part.lead.shape[1] == 3200
        seconds = part.audio[:, : 34 * 32000].reshape(len(part.audio), 34, 32000)
        assert (np.sqrt(np.square(seconds).mean((0, 2))) > 1e-3).all(), "no second is silent"


def test_same_seed_same_audio(tiny: Tiny) -> None:
    engine = MusicgenEngine(str(tiny()))
    one, two, other = (
        engine.generate(request(seed=seed), silent).takes[0].parts[0].audio for seed in (5, 5, 6)
    )
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_cancel_between_two_steps(tiny: Tiny) -> None:
    engine = MusicgenEngine(str(tiny()))
    engine.load(silent)
    seen: list[float] = []

    def progress(stage: str, fraction: float) -> None:
        if stage == "generating" and fraction > 0.3:
            seen.append(fraction)
            raise Cancelled

    with pytest.raises(Cancelled):
        engine.generate(request(2.0), progress)
    assert len(seen) == 1 and seen[0] < 0.35
    assert engine.generate(request(), silent).takes  # the engine stays usable


def test_tempo_and_key_are_told_in_words_once() -> None:
    from bridge.engines.musicgen.render import with_musical_hints

    key = parse_key("A minor")
    assert with_musical_hints(request(key=key)) == "house drums, 120 bpm, in A minor"
    assert with_musical_hints(request(prompt="drums 90 BPM in a minor", key=key)) == (
        "drums 90 BPM in a minor"
    )
    assert with_musical_hints(request(prompt=" ")) == ""


def test_commercial_use_refuses_non_commercial_weights(tiny: Tiny) -> None:
    with pytest.raises(BridgeError, match="CC-BY-NC-4.0"):
        MusicgenEngine(str(tiny()), commercial_use=True).load(silent)
    MusicgenEngine("random:tiny", commercial_use=True).load(silent)


def test_random_weights_say_so() -> None:
    info = MusicgenEngine.describe("random:tiny")
    assert not info.pretrained
    assert MusicgenEngine.describe("small").pretrained
    assert MusicgenEngine.describe("stereo-melody").channels == 2
    assert "melody" in MusicgenEngine.describe("stereo-melody").supports
    with pytest.raises(BridgeError, match="no shape is called"):
        MusicgenEngine("random:huge").load(silent)


def test_names_this_engine_answers_to(tiny: Tiny) -> None:
    for name in ("small", "facebook/musicgen-stereo-large", "random:small", str(tiny())):
        assert MusicgenEngine.accepts(name)
    assert not MusicgenEngine.accepts("sketch")


def test_unknown_precision_and_device() -> None:
    with pytest.raises(BridgeError, match="precision"):
        MusicgenEngine("random:tiny", precision="int3")
    with pytest.raises(BridgeError, match="device"):
        MusicgenEngine("random:tiny", device="tpu")
