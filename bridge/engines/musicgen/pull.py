"""Fetching a checkpoint from the hub, on the user's word only: progress, resume, hash check, no pickle left."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from ...errors import BridgeError
from .checkpoints import (
    CHECKPOINTS,
    Checkpoint,
    LocalCheckpoint,
    find_local,
    has_weights,
    published,
)
from .folder import inspect_folder, read_config

SMALL_FILES = (
    "config.json", "generation_config.json", "preprocessor_config.json", "tokenizer.json",
    "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "spiece.model",
)  # fmt: skip

# fraction 0..1 and what is being done
Report = Callable[[float, str], None]


def pull(name: str, report: Report, home: Path, *, endpoint: str | None = None) -> LocalCheckpoint:
    """Bring a checkpoint onto this machine so that it loads offline, and say where it lies.

    `name` is a short name, a hub id, or a local folder that holds only a pickle (which is then stored
    as safetensors). Interrupted downloads go on where they stopped. Raises BridgeError.
    """
    row = published(name)
    if row is None:
        folder = Path(name).expanduser()
        if not folder.is_dir():
            raise BridgeError(
                "model-missing", f"{name!r} is neither a folder nor one of {', '.join(CHECKPOINTS)}"
            )
        return _pull_folder(folder, report, home)
    snapshot, revision = _download(row, report, endpoint)
    if has_weights(snapshot):
        inspect_folder(snapshot)
        report(1.0, "done")
        return LocalCheckpoint(snapshot, revision, row)
    target = home / "models" / row.name
    store_as_safetensors(snapshot, target, revision, report)
    return find_local(row.name, home)


def _pull_folder(folder: Path, report: Report, home: Path) -> LocalCheckpoint:
    read_config(folder)
    if has_weights(folder):
        inspect_folder(folder)
        report(1.0, "done")
        return LocalCheckpoint(folder, "", None)
    target = home / "models" / folder.resolve().name
    store_as_safetensors(folder, target, "", report)
    return LocalCheckpoint(target, "", None)


def _wanted(names: Sequence[str]) -> list[str]:
    """The files worth fetching: settings, and weights as safetensors or, failing that, as pickles."""

    def stored_as(start: str, end: str) -> list[str]:
        return [n for n in names if n.startswith(start) and n.endswith((end, end + ".index.json"))]

    weights = stored_as("model", ".safetensors") or stored_as("pytorch_model", ".bin")
    return [n for n in names if n in SMALL_FILES] + weights


def _download(row: Checkpoint, report: Report, endpoint: str | None) -> tuple[Path, str]:
    """Fetch into the shared hub cache; returns the snapshot folder and its commit."""
    from huggingface_hub import HfApi, hf_hub_download
    from huggingface_hub.errors import HfHubHTTPError

    # its first base is the error of the HTTP library that this version of the hub client is built on
    network: tuple[type[BaseException], ...] = (HfHubHTTPError.__bases__[0], OSError)
    unreachable = BridgeError(
        "model-missing",
        f"the model hub cannot be reached, so {row.hub_id} was not fetched; connect and try again, or "
        "copy a checkpoint folder here and give its path as --model",
    )
    try:
        info = HfApi(endpoint=endpoint).model_info(row.hub_id, files_metadata=True)
        files = {s.rfilename: s for s in info.siblings or []}
        wanted = _wanted(list(files))
        total = sum(files[name].size or 0 for name in wanted)
        counter = _Counter(total, report)
        path = Path()
        for name in wanted:
            counter.name = name
            path = Path(
                hf_hub_download(
                    row.hub_id,
                    name,
                    revision=info.sha,
                    endpoint=endpoint,
                    tqdm_class=counter.bar_class(),
                )
            )
            lfs = files[name].lfs
            if lfs is not None:
                _check_hash(path, lfs.sha256, report)
            counter.file_done(files[name].size or 0)
        _remember_main(path.parent, str(info.sha))
        return path.parent, str(info.sha)
    except network as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise BridgeError(
                "disk-full",
                f"the disk of the model cache is full; {row.hub_id} was not fetched whole",
            ) from error
        raise unreachable from error


def _remember_main(snapshot: Path, revision: str) -> None:
    """Downloads by commit leave no `refs/main`, which is how the checkpoint is found offline."""
    reference = snapshot.parent.parent / "refs" / "main"
    reference.parent.mkdir(parents=True, exist_ok=True)
    reference.write_text(revision)


class _Counter:
    """Adds the bytes of all downloads up to one fraction."""

    def __init__(self, total: int, report: Report) -> None:
        self._total, self._report, self._done, self._now = max(1, total), report, 0, 0
        self._lock = threading.Lock()
        self.name = ""

    def file_done(self, size: int) -> None:
        """A whole file is here, downloaded or found."""
        self._done, self._now = self._done + size, 0
        self._report(min(1.0, self._done / self._total), self.name)

    def bar_class(self) -> Any:
        """A progress bar class for huggingface_hub that reports here and draws nothing."""
        counter = self
        tqdm: Any = import_module("tqdm.auto").tqdm

        class Bar(tqdm):  # type: ignore[misc]  # untyped
            def __init__(self, *args: Any, **kwargs: Any) -> None:
                kwargs.pop("name", None)
                super().__init__(*args, **{**kwargs, "disable": True})
                counter._now = int(kwargs.get("initial") or 0)

            def update(self, n: float | None = 1) -> bool | None:
                with counter._lock:
                    counter._now += int(n or 0)
                    done = min(counter._total, counter._done + counter._now)
                counter._report(done / counter._total, counter.name)
                return None

        return Bar


def _check_hash(path: Path, expected: str, report: Report) -> None:
    """Compare a large file with the SHA-256 that the hub lists; a wrong file is removed."""
    report(0.0, f"checking {path.name}")
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            digest.update(block)
    if digest.hexdigest() != expected:
        os.unlink(path.resolve())
        path.unlink(missing_ok=True)
        raise BridgeError(
            "model-missing",
            f"{path.name} arrived damaged (its SHA-256 is not the one the hub lists) and was removed; "
            "pull again",
        )


def store_as_safetensors(source: Path, target: Path, revision: str, report: Report) -> None:
    """Read the pickled weights in `source` once, without running any code in them, into `target`.

    One shard at a time; each becomes one safetensors file. The folder appears whole or not at all.
    """
    shards = sorted(source.glob("pytorch_model*.bin"))
    if not shards:
        raise BridgeError(
            "model-missing", f"{source} holds no pytorch_model*.bin and no model.safetensors"
        )
    partial = target.with_name(target.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    weight_map: dict[str, str] = {}
    for number, shard in enumerate(shards, 1):
        report(number / (len(shards) + 1), f"converting {shard.name}")
        part = f"-{number:05d}-of-{len(shards):05d}" if len(shards) > 1 else ""
        name = f"model{part}.safetensors"
        weight_map.update((key, name) for key in _convert_shard(shard, partial / name))
    if len(shards) > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (partial / "model.safetensors.index.json").write_text(json.dumps(index))
    _copy_settings(source, partial)
    (partial / "pulled.json").write_text(json.dumps({"revision": revision}))
    inspect_folder(partial)
    shutil.rmtree(target, ignore_errors=True)
    os.replace(partial, target)
    report(1.0, "done")


def _copy_settings(source: Path, target: Path) -> None:
    for name in SMALL_FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, target / name)


def _convert_shard(shard: Path, target: Path) -> Iterable[str]:
    """One pickle to one safetensors file; refuses a pickle that holds more than tensors."""
    import pickle

    import torch
    from safetensors.torch import save_file

    refused = BridgeError(
        "model-missing",
        f"{shard} is not a plain file of tensors and was not read: it is damaged or may carry program "
        "code; get the checkpoint from its publisher",
    )
    try:
        tensors = torch.load(shard, map_location="cpu", weights_only=True, mmap=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise refused from error
    if not isinstance(tensors, dict) or not all(
        isinstance(t, torch.Tensor) for t in tensors.values()
    ):
        raise refused
    save_file(
        {name: tensor.contiguous().clone() for name, tensor in tensors.items()}, target,
        metadata={"format": "pt"},
    )  # fmt: skip
    return list(tensors)
