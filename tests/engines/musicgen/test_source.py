"""Audio that a clip starts from: continuation, melody, and sources that cannot be used."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from test_engine import request, silent

from bridge.engines import Source
from bridge.engines.musicgen import MusicgenEngine
from bridge.engines.musicgen.chroma import chroma, filters
from bridge.engines.musicgen.source import prepare
from bridge.errors import BridgeError

Tiny = Callable[..., Path]
RATE = 48000


def tone(seconds: float, channels: int = 2, hertz: float = 220.0, rate: int = RATE) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * rate)) / rate)
    return np.repeat(wave[None].astype(np.float32), channels, axis=0)


@pytest.mark.parametrize(("name", "channels"), [("tiny", 1), ("stereo-tiny", 2)])
def test_continuation_gives_new_material_only(
    tiny: Tiny, tmp_path: Path, name: str, channels: int
) -> None:
    engine = MusicgenEngine(str(tiny(name)), home=tmp_path)
    loud, other = (
        engine.generate(request(1.0, source=Source(tone(2.0, 2, hertz), RATE, "continue")), silent)
        for hertz in (220.0, 3000.0)
    )
    plain = engine.generate(request(1.0), silent)
    clips = [render.takes[0].parts[0].audio for render in (loud, other, plain)]
    assert all(clip.shape == (channels, 32000) for clip in clips)
    assert not np.array_equal(clips[0], clips[1])  # it does depend on the source
    assert not np.array_equal(clips[0], clips[2])


def test_melody_steers_a_melody_model_only(tiny: Tiny, tmp_path: Path) -> None:
    engine = MusicgenEngine(str(tiny("melody-tiny")), home=tmp_path)
    clips = [
        engine.generate(
            request(0.6, temperature=0.01, source=Source(tone(3.0, 1, hertz), RATE, "melody")), silent
        )
        .takes[0].parts[0].audio
        for hertz in (261.6, 392.0)
    ]  # fmt: skip
    assert not np.array_equal(*clips)
    assert "melody" in engine.info.supports
    plain = MusicgenEngine(str(tiny()), home=tmp_path)
    with pytest.raises(BridgeError, match="Melody checkpoint"):
        plain.generate(request(source=Source(tone(1.0), RATE, "melody")), silent)


@pytest.mark.parametrize(
    ("audio", "words"),
    [
        (tone(0.01), "at least 20 ms"),
        (np.zeros((1, 0), np.float32), "at least 20 ms"),
        (np.zeros((2, RATE), np.float32), "silent"),
        (np.full((2, RATE), np.nan, np.float32), "not numbers"),
    ],
)
def test_unusable_sources_are_refused(
    tiny: Tiny, tmp_path: Path, audio: np.ndarray, words: str
) -> None:
    engine = MusicgenEngine(str(tiny()), home=tmp_path)
    with pytest.raises(BridgeError, match=words):
        engine.generate(request(source=Source(audio, RATE, "continue")), silent)
    assert engine.generate(request(), silent).takes


def test_any_rate_and_number_of_channels_is_brought_to_the_model() -> None:
    wide = Source(tone(4.0, 8, rate=192000), 192000, "continue")
    sound = prepare(wide, 32000, 2, 1.0, from_end=True)
    assert sound.shape == (2, 32000) and sound.dtype == np.float32
    spectrum = np.abs(np.fft.rfft(sound[0] * np.hanning(32000)))
    assert spectrum.argmax() == 220
    hour = Source(np.broadcast_to(tone(1.0, 1), (1, RATE)), RATE, "continue")
    assert prepare(hour, 32000, 1, 0.5, from_end=False).shape == (1, 16000)


def test_chroma_finds_the_pitch_class_and_equals_a_torch_reference() -> None:
    bank = filters()
    rng = np.random.default_rng(0)
    notes = [261.63, 329.63, 440.0, 493.88]  # C E A B
    sound = np.concatenate([tone(1.5, 1, hertz, 32000)[0] for hertz in notes])
    sound += rng.standard_normal(len(sound)).astype(np.float32) * 0.01
    ours = chroma(sound, bank)
    middle = [int(ours[round((n + 0.5) * 1.5 * 7.8125)].argmax()) for n in range(4)]
    assert middle == [0, 4, 9, 11]

    # the steps of transformers' MusicgenMelodyFeatureExtractor, whose spectrogram is torchaudio's
    window = torch.hann_window(16384)
    for audio in (sound, sound[:9001], rng.standard_normal(40000).astype(np.float32)):
        wave = torch.from_numpy(audio)
        lacking = max(0, 16384 - len(wave))
        wave = torch.nn.functional.pad(wave, (lacking // 2, lacking // 2 + lacking % 2))
        stft = torch.stft(wave, 16384, 4096, window=window, pad_mode="reflect", return_complex=True)
        power = (stft / window.square().sum().sqrt()).abs().square()
        expected = torch.einsum("cf,ft->tc", torch.from_numpy(bank), power).argmax(-1)
        assert np.array_equal(chroma(audio, bank).argmax(-1), expected.numpy())
        assert (chroma(audio, bank).sum(-1) == 1).all()
