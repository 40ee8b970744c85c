"""Stems: the real HTDemucs class with tiny random weights, stored and loaded as a real checkpoint."""

from __future__ import annotations

import hashlib
import http.server
import threading
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bridge import stem_model
from bridge.errors import BridgeError, Cancelled
from bridge.separate import separate

pytest.importorskip("demucs_infer", reason="the extra `stems` is not installed")


def tiny_model() -> object:
    """A random HTDemucs with half-second windows; every layer kind of the published one."""
    import torch
    from demucs_infer.htdemucs import HTDemucs

    torch.manual_seed(3)
    return HTDemucs(
        sources=["drums", "bass", "other", "vocals"], channels=8, nfft=512, depth=2, t_layers=1,
        t_heads=2, bottom_channels=16, dconv_mode=3, segment=Fraction(1, 2), samplerate=44100,
    ).eval()  # fmt: skip


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = stem_model.checkpoint_path(tmp_path_factory.mktemp("home"))
    path.parent.mkdir(parents=True)
    stem_model.save(tiny_model(), path)
    return path


def music(seconds: float, rate: int, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(1)
    t = np.arange(round(seconds * rate)) / rate
    tone = 0.3 * np.sin(2 * np.pi * 220 * t)
    noise = 0.1 * rng.standard_normal((channels, len(t)))
    return (tone + noise).astype(np.float32)


def quiet(stage: str, fraction: float) -> None:
    assert stage == "separating" and 0 <= fraction <= 1


def error_db(parts: dict[str, np.ndarray], audio: np.ndarray) -> float:
    rest = audio.astype(np.float64) - sum(p.astype(np.float64) for p in parts.values())
    return 20 * np.log10(np.max(np.abs(rest)) + 1e-12)


@pytest.mark.parametrize(("rate", "channels"), [(44100, 2), (48000, 1), (96000, 6)])
def test_stems_keep_rate_channels_and_length_and_sum_to_the_input(
    checkpoint: Path, rate: int, channels: int
) -> None:
    audio = music(0.6, rate, channels)
    parts = separate(audio, rate, stems=(), progress=quiet, checkpoint=checkpoint)
    assert set(parts) == {"drums", "bass", "other", "vocals"}
    assert all(p.shape == audio.shape and p.dtype == np.float32 for p in parts.values())
    assert error_db(parts, audio) < -120
    assert all(np.sqrt(np.mean(p**2)) > 1e-4 for p in parts.values())  # the model did run


def test_the_remainder_holds_what_was_not_asked_for(checkpoint: Path) -> None:
    audio = music(0.7, 44100)
    every = separate(audio, 44100, stems=(), progress=quiet, checkpoint=checkpoint)
    some = separate(audio, 44100, stems=("drums",), progress=quiet, checkpoint=checkpoint)
    assert set(some) == {"drums", "other"}
    assert error_db(some, audio) < -120
    np.testing.assert_array_equal(some["drums"], every["drums"])
    together = every["other"] + every["bass"] + every["vocals"]
    np.testing.assert_allclose(some["other"], together, atol=1e-5)


def test_the_model_sees_what_the_class_itself_gives(checkpoint: Path) -> None:
    """Until the second window begins, it is the plain forward pass of the network that was stored."""
    import torch

    audio = music(0.5, 44100)
    level = np.float32(audio.std())
    with torch.inference_mode():
        direct = tiny_model()(torch.from_numpy(audio / level)[None])[0].numpy() * level
    parts = separate(audio, 44100, stems=(), progress=quiet, checkpoint=checkpoint)
    for i, stem in ((1, "bass"), (3, "vocals")):
        np.testing.assert_allclose(parts[stem][:, :16000], direct[i][:, :16000], atol=1e-5)


def test_cancel_takes_effect_at_the_next_window(checkpoint: Path) -> None:
    calls: list[float] = []

    def progress(_stage: str, fraction: float) -> None:
        calls.append(fraction)
        if len(calls) == 4:
            raise Cancelled

    with pytest.raises(Cancelled):
        separate(music(2, 44100), 44100, stems=(), progress=progress, checkpoint=checkpoint)
    assert len(calls) == 4 and calls == sorted(calls)


@pytest.mark.parametrize("audio", [np.zeros((2, 5000), np.float32), np.ones((1, 1), np.float32)])
def test_silence_and_one_sample_pass(checkpoint: Path, audio: np.ndarray) -> None:
    parts = separate(audio, 44100, stems=(), progress=quiet, checkpoint=checkpoint)
    assert error_db(parts, audio) < -120


def test_broken_numbers_become_silence(checkpoint: Path) -> None:
    audio = music(0.3, 44100)
    audio[0, 100], audio[1, 200] = np.nan, np.inf
    parts = separate(audio, 44100, stems=(), progress=quiet, checkpoint=checkpoint)
    assert all(np.isfinite(p).all() for p in parts.values())


def test_an_unknown_stem_is_refused_by_name(checkpoint: Path) -> None:
    with pytest.raises(BridgeError, match="kazoo") as refused:
        separate(music(0.1, 44100), 44100, stems=("kazoo",), progress=quiet, checkpoint=checkpoint)
    assert refused.value.code == "out-of-range"


def test_without_a_checkpoint_the_command_to_run_is_said(tmp_path: Path) -> None:
    audio = music(0.1, 44100)
    for missing in (None, tmp_path / "none.safetensors"):
        with pytest.raises(BridgeError, match="daw-bridge models pull htdemucs") as refused:
            separate(audio, 44100, stems=(), progress=quiet, checkpoint=missing)
        assert refused.value.code == "model-missing"
    assert "daw-bridge models pull htdemucs" in stem_model.available(tmp_path)


def test_without_the_extra_the_command_to_run_is_said(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stem_model, "PACKAGE", "no_such_package")
    with pytest.raises(BridgeError, match=r"pip install 'daw-bridge\[stems\]'"):
        separate(music(0.1, 44100), 44100, stems=(), progress=quiet, checkpoint=checkpoint)
    assert "pip install" in stem_model.available(checkpoint.parents[2])


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    path.write_bytes(b"not a model at all")
    with pytest.raises(BridgeError, match="not a Demucs checkpoint") as refused:
        separate(music(0.1, 44100), 44100, stems=(), progress=quiet, checkpoint=path)
    assert refused.value.code == "model-failed"


class _Server:
    """A real web server that hands out one file."""

    def __init__(self, content: bytes) -> None:
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.http = http.server.HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/955717e8-0.th"
        self.thread = threading.Thread(target=self.http.serve_forever)

    def __enter__(self) -> str:
        self.thread.start()
        return self.url

    def __exit__(self, *_: object) -> None:
        self.http.shutdown()
        self.thread.join()
        self.http.server_close()


def pickled() -> bytes:
    """A checkpoint in the published layout: a pickle with class, settings and half-precision state."""
    import io

    import torch

    model = tiny_model()
    args, kwargs = model._init_args_kwargs
    buffer = io.BytesIO()
    state = {key: value.half() for key, value in model.state_dict().items()}
    content = {"klass": type(model), "args": args, "kwargs": kwargs, "state": state}
    torch.save({**content, "training_args": {"dset": {}}}, buffer)
    return buffer.getvalue()


def test_a_published_pickle_is_pulled_proved_and_loads(tmp_path: Path) -> None:
    content = pickled()
    steps: list[tuple[float, str]] = []
    with _Server(content) as url:
        source = stem_model.Published(url, hashlib.sha256(content).hexdigest())
        stem_model.pull(
            "htdemucs", lambda fraction, doing: steps.append((fraction, doing)), tmp_path,
            source=source,
        )  # fmt: skip
    assert steps[-1] == (1.0, "done") and {s[1] for s in steps} >= {"downloading", "converting"}
    assert [f.name for f in (tmp_path / "models" / "htdemucs").iterdir()] == [
        "htdemucs.safetensors"
    ]
    assert stem_model.available(tmp_path) == ""
    audio = music(0.6, 48000)
    found = stem_model.find_checkpoint(tmp_path)
    parts = separate(audio, 48000, stems=(), progress=quiet, checkpoint=found)
    assert error_db(parts, audio) < -120


def test_a_file_with_another_hash_is_neither_unpickled_nor_kept(tmp_path: Path) -> None:
    with _Server(b"cos\nsystem\n(S'false'\ntR.") as url:
        source = stem_model.Published(url, "0" * 64)
        with pytest.raises(BridgeError, match="not the published file") as refused:
            stem_model.pull("htdemucs", lambda *_: None, tmp_path, source=source)
    assert refused.value.code == "model-missing"
    assert list((tmp_path / "models" / "htdemucs").iterdir()) == []


def test_a_download_that_fails_says_so(tmp_path: Path) -> None:
    source = stem_model.Published("http://127.0.0.1:9/x.th", "0" * 64)
    with pytest.raises(BridgeError, match="could not download") as refused:
        stem_model.pull("htdemucs", lambda *_: None, tmp_path, source=source)
    assert refused.value.code == "model-missing"
    with pytest.raises(BridgeError, match="no separation model"):
        stem_model.pull("kazoo", lambda *_: None, tmp_path)


def test_asking_whether_stems_can_be_made_does_not_import_torch(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; from bridge import separate, stem_model;"
        f"stem_model.available(Path({str(tmp_path)!r}));"
        "sys.exit(bool({'torch', 'demucs_infer', 'numpy'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
