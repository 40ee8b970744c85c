"""What the model makes of a source's last moments comes along, for the seam of a joined clip."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_engine import request, silent

from bridge.engines import Render, Source
from bridge.engines.musicgen import MusicgenEngine
from bridge.intime import render_in_time

Tiny = Callable[..., Path]
RATE = 32000


def sound(seconds: float, channels: int = 1) -> Source:
    rng = np.random.default_rng(5)
    wave = 0.1 * rng.standard_normal((channels, round(seconds * RATE)))
    return Source(wave.astype(np.float32), RATE, "continue")


def overheard(
    engine: MusicgenEngine, monkeypatch: pytest.MonkeyPatch
) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """What the codec is given to encode, and what it decodes, from now on."""
    engine.load(silent)
    backend: Any = engine._backend
    given: list[np.ndarray] = []
    decoded: list[np.ndarray] = []
    encode, audio = backend.encode, backend.audio

    def listen(source: np.ndarray) -> Any:
        given.append(source)
        return encode(source)

    def keep(codes: Any, report: Any, start: int) -> list[np.ndarray]:
        clips: list[np.ndarray] = audio(codes, report, start)
        decoded.extend(clips)
        for clip, whole in zip(clips, audio(codes, lambda fraction: None), strict=True):
            assert clip.shape[1] <= 16000 + 3200  # beside the clip no more than the lead
            np.testing.assert_allclose(clip, whole[:, -clip.shape[1] :], atol=1e-6)
        return clips

    monkeypatch.setattr(backend, "encode", listen)
    monkeypatch.setattr(backend, "audio", keep)
    return given, decoded


def leads(render: Render) -> list[np.ndarray | None]:
    return [take.parts[0].lead for take in render.takes]


@pytest.mark.parametrize(
    ("name", "channels", "seconds", "frames"),
    [("tiny", 1, 1.013, 3200), ("stereo-tiny", 2, 0.5, 3200), ("tiny", 1, 0.02, 2560)],
)
def test_lead_is_the_models_own_version_of_what_lies_before(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch, name: str, channels: int, seconds: float, frames: int
) -> None:  # fmt: skip
    engine = MusicgenEngine(str(tiny(name)))
    _, decoded = overheard(engine, monkeypatch)
    render = engine.generate(request(source=sound(seconds, channels), variations=2), silent)
    for take, whole in zip(render.takes, decoded, strict=True):
        part = take.parts[0]
        assert part.lead is not None and part.lead.shape == (channels, frames)
        assert part.audio.shape == (channels, 16000)
        both = np.concatenate([part.lead, part.audio], axis=1)
        np.testing.assert_array_equal(both, whole[:, -both.shape[1] :])
    engine.unload()


def test_what_the_model_hears_ends_where_the_source_ends(
    tiny: Tiny, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The codec takes whole frames of 20 ms: what is left over must be missing at the beginning."""
    engine = MusicgenEngine(str(tiny()))
    given, _ = overheard(engine, monkeypatch)
    source = sound(1.013)
    engine.generate(request(source=source), silent)
    assert given[0].shape == (1, 50 * 640)
    np.testing.assert_array_equal(given[0], source.audio[:, -50 * 640 :])


def test_a_clip_of_its_own_has_no_lead(tiny: Tiny) -> None:
    engine = MusicgenEngine(str(tiny()))
    assert leads(engine.generate(request(), silent)) == [None]


def test_leads_survive_the_song_s_time(tiny: Tiny) -> None:
    engine = MusicgenEngine(str(tiny()))
    engine.load(silent)
    asked = request(source=sound(0.5), variations=2, loop=False)
    render = render_in_time(engine, asked, silent, tries=2)
    kept = leads(render)
    assert [lead is not None and lead.shape for lead in kept] == [(1, 3200)] * 2
    # a guide is no source of the user's: the clip is fitted, and nothing came before it
    guided = render_in_time(engine, request(4.0, beats=8), silent, guide="rhythm")
    assert leads(guided) == [None]
