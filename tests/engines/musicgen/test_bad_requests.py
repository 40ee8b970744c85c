"""Bad checkpoints and bad sources at a running server: one sentence each, and the next request renders."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from running import RunningServer, finish

from bridge.client import Client
from bridge.errors import BridgeError
from bridge.generate import _source

Tiny = Callable[..., Path]
RATE = 48000
NO_PLAIN_WORDS = ("Traceback", "Error:", "\n", "NoneType", "ignore_mismatched")


@pytest.fixture(scope="module")
def server(tiny: Tiny, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    running = RunningServer(tmp_path_factory.mktemp("bad") / "home", model=str(tiny()))
    yield running
    running.kill()


def ask(client: Client, **keys: Any) -> str:
    wanted = {"seconds": 0.6, "bpm": 120.0, **keys}
    return str(client.request("/bridge/generate", "house drums", keys=wanted)[0])


def told(server: RunningServer, early: bool, **keys: Any) -> BridgeError:
    """What the user is told, when it is refused (`early`) or when the job fails; the next one renders."""
    with server.client() as client:
        if early:
            with pytest.raises(BridgeError) as refused:
                ask(client, **keys)
        else:
            job_id = ask(client, **keys)
            with pytest.raises(BridgeError) as refused:
                finish(client, job_id)
        assert finish(client, ask(client)).exists()
    assert not any(words in refused.value.message for words in NO_PLAIN_WORDS)
    return refused.value


# ---- checkpoints: each function makes a bad one of a good one ----


def weights(folder: Path) -> Path:
    return folder / "model.safetensors"


def change(folder: Path, part: str, **values: object) -> None:
    config = json.loads((folder / "config.json").read_text())
    config[part].update(values)
    (folder / "config.json").write_text(json.dumps(config))


def write_header(folder: Path, header: object, size: int | None = None) -> None:
    text = json.dumps(header).encode()
    with open(weights(folder), "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + (size or 0))


def emptied(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


def not_there(folder: Path) -> None:
    shutil.rmtree(folder)


def no_checkpoint(folder: Path) -> None:
    emptied(folder)
    (folder / "song.txt").write_text("la la la")


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("la la la")


def cut_in_header(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:1000])


def cut_in_data(folder: Path) -> None:
    weights(folder).write_bytes(weights(folder).read_bytes()[:-1000])


def header_is_a_list(folder: Path) -> None:
    write_header(folder, [1, 2, 3])


def header_without_offsets(folder: Path) -> None:
    write_header(folder, {"weight": {"dtype": "F32", "shape": [2]}})


def shard_missing(folder: Path) -> None:
    weights(folder).rename(folder / "model-00001-of-00002.safetensors")
    names = {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": names}))


def index_is_no_json(folder: Path) -> None:
    weights(folder).unlink()
    (folder / "model.safetensors.index.json").write_text("{")


def index_is_empty(folder: Path) -> None:
    weights(folder).unlink()
    (folder / "model.safetensors.index.json").write_text("{}")


def pickle_with_code(folder: Path) -> None:
    weights(folder).unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"a": os.getcwd}))


def t5(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "t5", "d_model": 32}))


def llama(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))


def type_is_a_list(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": ["musicgen"]}))


def config_is_no_json(folder: Path) -> None:
    (folder / "config.json").write_text("{")


def config_is_a_list(folder: Path) -> None:
    (folder / "config.json").write_text("[1]")


def config_is_too_deep(folder: Path) -> None:
    (folder / "config.json").write_text("[" * 100_000)


def config_is_no_text(folder: Path) -> None:
    (folder / "config.json").write_bytes(b"\xff\xfe\0")


def layers_is_a_word(folder: Path) -> None:
    change(folder, "decoder", num_hidden_layers="many")


def more_layers_than_weights(folder: Path) -> None:
    change(folder, "decoder", num_hidden_layers=3)


def weights_of_another_size(folder: Path) -> None:
    change(folder, "decoder", hidden_size=128)


def unknown_activation(folder: Path) -> None:
    change(folder, "decoder", activation_function="loud")


def too_large(folder: Path) -> None:
    size = 1 << 28  # a sparse file, of which 10 000 tensors claim the same bytes: 2.7 TB in all
    tensor = {"dtype": "F32", "shape": [size // 4], "data_offsets": [0, size]}
    write_header(folder, {f"w{n}": tensor for n in range(10_000)}, size)


EARLY = [
    (emptied, "holds no config.json"),
    (no_checkpoint, "holds no config.json"),
    (not_there, "is no folder"),
    (a_file, "is no folder"),
    (cut_in_header, "not fetched to its end"),
    (cut_in_data, "not fetched to its end"),
    (header_is_a_list, "is damaged"),
    (header_without_offsets, "is damaged"),
    (shard_missing, "lacks model-00002-of-00002.safetensors"),
    (index_is_no_json, "not valid JSON"),
    (index_is_empty, "names no files"),
    (pickle_with_code, "only as a pickle"),
    (t5, "a model of type 't5'"),
    (llama, "a model of type 'llama'"),
    (type_is_a_list, "a model of type"),
    (config_is_no_json, "not valid JSON"),
    (config_is_a_list, "holds no JSON object"),
    (config_is_too_deep, "not valid JSON"),
    (config_is_no_text, "not valid JSON"),
    (layers_is_a_word, "num_hidden_layers as 'many'"),
]
LATE = [
    (more_layers_than_weights, "model-missing", "lacks 16 of the weights"),
    (weights_of_another_size, "model-missing", "in another size"),
    (unknown_activation, "model-missing", "cannot be loaded"),
    (too_large, "out-of-range", "GB are free"),
]


@pytest.mark.parametrize(("spoil", "words"), EARLY)
def test_bad_checkpoint_is_refused_at_once(
    server: RunningServer, tiny: Tiny, tmp_path: Path, spoil: Callable[[Path], None], words: str
) -> None:
    folder = Path(shutil.copytree(tiny(), tmp_path / "model"))
    spoil(folder)
    error = told(server, early=True, model=str(folder))
    assert error.code == "model-missing" and words in error.message


@pytest.mark.parametrize(("spoil", "code", "words"), LATE)
def test_bad_checkpoint_that_only_loading_shows_fails_its_job(
    server: RunningServer, tiny: Tiny, tmp_path: Path, spoil: Callable[[Path], None], code: str,
    words: str,
) -> None:  # fmt: skip
    folder = Path(shutil.copytree(tiny(), tmp_path / "model"))
    spoil(folder)
    error = told(server, early=False, model=str(folder))
    assert error.code == code and words in error.message


# ---- sources: each function writes one and gives the keys of the request ----


def tone(seconds: float, channels: int = 2, rate: int = RATE) -> np.ndarray:
    wave = 0.3 * np.sin(2 * np.pi * 220 * np.arange(int(seconds * rate)) / rate)
    return np.repeat(wave.astype(np.float32)[:, None], channels, axis=1)


def wav(folder: Path, sound: np.ndarray, rate: int = RATE, **keys: object) -> dict[str, object]:
    soundfile.write(folder / "source.wav", sound, rate, subtype="FLOAT")
    return {"source": str(folder / "source.wav"), **keys}


def text(folder: Path) -> dict[str, object]:
    (folder / "text.wav").write_text("la la la " * 100)
    return {"source": str(folder / "text.wav")}


def cut_short(folder: Path) -> dict[str, object]:
    keys = wav(folder, tone(3))
    os.truncate(folder / "source.wav", 100)
    return keys


def empty_file(folder: Path) -> dict[str, object]:
    (folder / "empty.wav").touch()
    return {"source": str(folder / "empty.wav")}


def not_a_number(folder: Path) -> dict[str, object]:
    sound = tone(3)
    sound[RATE:] = np.nan
    return wav(folder, sound)


def hour(folder: Path) -> Path:
    """An hour of 16 bit mono, silent but for its last second; sparse, so it takes no room."""
    path, size = folder / "hour.wav", 3600 * RATE * 2
    with open(path, "wb") as file:
        file.write(struct.pack("<4sI4s4sIHHIIHH", b"RIFF", 36 + size, b"WAVE", b"fmt ", 16, 1, 1,
                               RATE, 2 * RATE, 2, 16))  # fmt: skip
        file.write(struct.pack("<4sI", b"data", size))
        file.seek(44 + size - 2 * RATE)
        file.write((tone(1, 1) * 32767).astype("<i2").tobytes())
    return path


BAD_SOURCES: list[tuple[Callable[[Path], dict[str, object]], bool, str, str]] = [
    (text, True, "unreadable-audio", "no audio of a known kind"),
    (cut_short, True, "unreadable-audio", "source.wav"),
    (empty_file, True, "unreadable-audio", "is empty"),
    (lambda folder: wav(folder, tone(0)), True, "unreadable-audio", "holds no sound"),
    (lambda folder: wav(folder, 0 * tone(2)), False, "out-of-range", "is silent"),
    (lambda folder: wav(folder, tone(0.015)), True, "out-of-range", "at least 20 ms"),
    (
        lambda folder: wav(folder, tone(3), source_start_s=10.0),
        True, "out-of-range", "source_start_s is 10, but",
    ),
    (not_a_number, False, "unreadable-audio", "not numbers"),
    (lambda folder: {"source": str(folder)}, True, "unreadable-audio", "is not a file"),
    (lambda folder: {"source": f"{folder}/none.wav"}, True, "not-found", "there is no file"),
    (lambda folder: {"source": "none.wav"}, True, "bad-request", "absolute path"),
    (
        lambda folder: {"source": str(hour(folder)), "source_length_s": 3000.0},
        False, "out-of-range", "silent where it is used",
    ),
    (
        lambda folder: {"source": str(hour(folder)), "source_join": True, "loop": False},
        True, "out-of-range", "give source_start_s and source_length_s",
    ),
    (
        lambda folder: wav(folder, tone(3), source_mode="melody"),
        True, "out-of-range", "cannot use a source for melody",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "early", "code", "words"), BAD_SOURCES)
def test_bad_source_is_one_sentence(
    server: RunningServer, tmp_path: Path, make: Callable[[Path], dict[str, object]], early: bool,
    code: str, words: str,
) -> None:  # fmt: skip
    error = told(server, early, **make(tmp_path))
    assert error.code == code and words in error.message


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: {"source": str(hour(folder))},
        lambda folder: {"source": str(hour(folder)), "source_start_s": 3599.5},
        lambda folder: wav(folder, tone(3, 8, 192000), 192000),
        lambda folder: wav(folder, tone(1), source_start_s=0.5, source_length_s=100.0),
        lambda folder: wav(folder, tone(1) * 1e30),
    ],
)
def test_unusual_source_renders(
    server: RunningServer, tmp_path: Path, make: Callable[[Path], dict[str, object]]
) -> None:
    with server.client() as client:
        path = finish(client, ask(client, **make(tmp_path)))
    clip = json.loads(path.read_text())["clips"][0]
    sound, _ = soundfile.read(server.home.clips / clip["file"])
    assert np.isfinite(sound).all() and np.abs(sound).max() > 1e-3


@pytest.mark.parametrize(("mode", "loudest"), [("continue", 0.3), ("melody", 0.0)])
def test_of_an_hour_only_what_is_needed_is_in_memory(
    tmp_path: Path, mode: str, loudest: float
) -> None:
    params = {
        "source": str(hour(tmp_path)), "source_mode": mode, "source_start_s": 0.0,
        "source_length_s": None, "source_join": False,
    }  # fmt: skip
    tracemalloc.start()
    source = _source(params)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert source is not None and source.audio.shape == (1, 30 * RATE)
    assert np.abs(source.audio).max() == pytest.approx(loudest, abs=1e-3)  # the end, the beginning
    assert peak < 3 * source.audio.nbytes  # all of it would be 120 times as much


def test_melody_checkpoint_in_a_folder_takes_a_melody(
    server: RunningServer, tiny: Tiny, tmp_path: Path
) -> None:
    keys = wav(tmp_path, tone(2), source_mode="melody", model=str(tiny("melody-tiny")))
    with server.client() as client:
        assert finish(client, ask(client, **keys)).exists()
