"""Fetching checkpoints from a hub on localhost with the real huggingface_hub client."""

import json
import os
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from hub import COMMIT, serve_hub
from safetensors.torch import load_file

from bridge.engines.musicgen.checkpoints import find_local, list_local
from bridge.engines.musicgen.pull import pull
from bridge.errors import BridgeError

REPO = "facebook/musicgen-small"
Tiny = Callable[..., Path]


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty hub cache in place of the user's."""
    from huggingface_hub import constants, file_download

    folder = tmp_path / "cache"
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(file_download.constants, "HF_HUB_CACHE", str(folder))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
    monkeypatch.setattr(constants, "DOWNLOAD_CHUNK_SIZE", 4096)  # so that a small file has many
    return folder


def pickled_copy(source: Path, target: Path) -> Path:
    """The same checkpoint with its weights as a pickle."""
    shutil.copytree(source, target)
    torch.save(load_file(target / "model.safetensors"), target / "pytorch_model.bin")
    (target / "model.safetensors").unlink()
    return target


def test_pull_puts_a_checkpoint_where_it_is_found_offline(
    tiny: Tiny, tmp_path: Path, cache: Path
) -> None:
    seen: list[float] = []
    assert list_local(tmp_path) == []
    with serve_hub(tiny(), REPO) as (endpoint, _):
        pulled = pull("small", lambda f, text: seen.append(f), tmp_path, endpoint=endpoint)
    found = find_local("facebook/musicgen-small", tmp_path)
    assert found == pulled and found.revision == COMMIT
    assert (found.folder / "model.safetensors").read_bytes() == (
        tiny() / "model.safetensors"
    ).read_bytes()
    assert seen[-1] == 1.0 and 0 <= min(seen) and len(set(seen)) > 3
    assert [item.published.name for item in list_local(tmp_path) if item.published] == ["small"]


def test_interrupted_pull_goes_on_where_it_stopped(tiny: Tiny, tmp_path: Path, cache: Path) -> None:
    with serve_hub(tiny(), REPO, break_after=20_000) as (endpoint, ranges):
        try:
            pull("small", lambda f, text: None, tmp_path, endpoint=endpoint)
        except BridgeError:
            pull("small", lambda f, text: None, tmp_path, endpoint=endpoint)
        assert any(int(text[6:].split("-")[0]) > 0 for text in ranges)
    assert find_local("small", tmp_path).folder.is_dir()


def test_file_with_wrong_hash_is_refused_and_removed(
    tiny: Tiny, tmp_path: Path, cache: Path
) -> None:
    with serve_hub(tiny(), REPO, lie_about="model.safetensors") as (endpoint, _):
        with pytest.raises(BridgeError, match="SHA-256"):
            pull("small", lambda f, text: None, tmp_path, endpoint=endpoint)
    with pytest.raises(BridgeError, match="models pull"):
        find_local("small", tmp_path)


def test_pickle_only_checkpoint_becomes_safetensors_in_the_home(
    tiny: Tiny, tmp_path: Path, cache: Path
) -> None:
    served = pickled_copy(tiny(), tmp_path / "served")
    with serve_hub(served, REPO) as (endpoint, _):
        pulled = pull("small", lambda f, text: None, tmp_path / "home", endpoint=endpoint)
    assert pulled.folder == tmp_path / "home" / "models" / "small"
    assert pulled.revision == COMMIT
    ours, theirs = (load_file(f / "model.safetensors") for f in (pulled.folder, tiny()))
    assert ours.keys() == theirs.keys()
    assert all(torch.equal(ours[key], theirs[key]) for key in ours)


def test_pickle_with_code_is_never_run(tiny: Tiny, tmp_path: Path) -> None:
    folder = pickled_copy(tiny(), tmp_path / "evil")
    trap = tmp_path / "trap"

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(trap),)

    torch.save({"weight": Trap()}, folder / "pytorch_model.bin")
    with pytest.raises(BridgeError, match="program code"):
        pull(str(folder), lambda f, text: None, tmp_path / "home")
    assert not trap.exists()
    assert not (tmp_path / "home" / "models" / "evil").exists()


def test_unreachable_hub_is_one_sentence(tmp_path: Path, cache: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    with pytest.raises(BridgeError, match="hub cannot be reached") as caught:
        pull("small", lambda f, text: None, tmp_path, endpoint=endpoint)
    assert caught.value.code == "model-missing"
    assert "\n" not in caught.value.message


def test_sharded_pickle_keeps_every_tensor(tiny: Tiny, tmp_path: Path) -> None:
    folder = tmp_path / "sharded"
    shutil.copytree(tiny(), folder)
    tensors = load_file(folder / "model.safetensors")
    (folder / "model.safetensors").unlink()
    names = sorted(tensors)
    for number, part in enumerate((names[::2], names[1::2]), 1):
        torch.save(
            {n: tensors[n] for n in part}, folder / f"pytorch_model-0000{number}-of-00002.bin"
        )
    pulled = pull(str(folder), lambda f, text: None, tmp_path / "home")
    index = json.loads((pulled.folder / "model.safetensors.index.json").read_text())
    assert set(index["weight_map"]) == set(names)
