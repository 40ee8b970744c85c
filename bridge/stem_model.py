"""The separation model on this machine: is it here, fetch it, load it. Torch-free until it loads.

Requests only ever read a safetensors file: the published checkpoint is a pickle, which `pull`
converts once, after its SHA-256 has proved it to be the published one.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

from .errors import BridgeError

PACKAGE = "demucs_infer"
INSTALL = "pip install 'daw-bridge[stems]'"
NAME = "htdemucs"
STEMS = ("drums", "bass", "other", "vocals")  # what htdemucs tells apart
LICENCE = "MIT"  # of code and weights, as published with Demucs
_CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Published:
    """Where a checkpoint is published and the hash that proves it whole and unaltered."""

    url: str
    sha256: str


# as demucs-infer 4.4 lists it; the first digits are also in the file's published name
PUBLISHED = {
    NAME: Published(
        "https://dl.fbaipublicfiles.com/demucs/hybrid_transformer/955717e8-8726e21a.th",
        "8726e21a993978c7ba086d3872e7608d7d5bfca646ca4aca459ffda844faa8b4",
    )
}


def checkpoint_path(home: Path) -> Path:
    """Where the model lies once it was pulled."""
    return home / "models" / NAME / f"{NAME}.safetensors"


def available(home: Path) -> str:
    """ "" when stems can be made, else the sentence that says what to run. Cheap, without torch."""
    if importlib.util.find_spec(PACKAGE) is None:
        return f"stem separation needs an extra that is not installed: run {INSTALL}"
    if not checkpoint_path(home).is_file():
        return f"the separation model is not on this machine: run daw-bridge models pull {NAME}"
    return ""


def find_checkpoint(home: Path) -> Path:
    """The pulled checkpoint; `model-missing` with the one command to run when it is not there."""
    missing = available(home)
    if missing:
        raise BridgeError("model-missing", missing)
    return checkpoint_path(home)


def pull(
    name: str, report: Callable[[float, str], None], home: Path, *, source: Published | None = None
) -> Path:
    """Download a published checkpoint, prove it by its hash, store it as safetensors in `home`.

    `report(fraction, doing)` is called as it goes. Raises `model-missing` for an unknown name, a
    missing extra, a failed download or a wrong hash; nothing half-fetched is left behind.
    """
    published = source or PUBLISHED.get(name)
    if published is None:
        raise BridgeError(
            "model-missing",
            f'no separation model is called "{name}": there is {", ".join(PUBLISHED)}',
        )
    if importlib.util.find_spec(PACKAGE) is None:
        raise BridgeError("model-missing", f"the model needs an extra to be read: run {INSTALL}")
    target = home / "models" / name / f"{name}.safetensors"
    target.parent.mkdir(parents=True, exist_ok=True)
    fetched = target.with_suffix(".th.part")
    stored = target.with_suffix(".safetensors.part")
    try:
        _download(published, fetched, lambda fraction: report(0.95 * fraction, "downloading"))
        report(0.95, "converting")
        _convert(fetched, stored)
        os.replace(stored, target)
    finally:
        fetched.unlink(missing_ok=True)
        stored.unlink(missing_ok=True)
    report(1.0, "done")
    return target


def _download(published: Published, path: Path, report: Callable[[float], None]) -> None:
    digest = hashlib.sha256()
    try:
        with urllib.request.urlopen(published.url, timeout=60) as answer, open(path, "wb") as out:  # noqa: S310 - the address is a constant of ours
            total = int(answer.headers.get("Content-Length") or 0)
            done = 0
            while block := answer.read(_CHUNK_BYTES):
                digest.update(block)
                out.write(block)
                done += len(block)
                report(done / total if total else 0.0)
            out.flush()
            os.fsync(out.fileno())
    except OSError as error:
        raise BridgeError(
            "model-missing",
            f"could not download {published.url}: {error}; check the network and retry",
        ) from error
    if digest.hexdigest() != published.sha256:
        raise BridgeError(
            "model-missing",
            f"{published.url} is not the published file (SHA-256 {digest.hexdigest()[:16]}...): retry",
        )


def _convert(pickled: Path, target: Path) -> None:
    """Store a Demucs pickle as safetensors with the model's settings in the header."""
    from demucs_infer.states import load_model

    save(load_model(pickled), target)


def save(model: Any, target: Path) -> None:
    """Store an HTDemucs as safetensors in the layout that demucs and demucs-infer share."""
    from safetensors.torch import save_file

    args, kwargs = model._init_args_kwargs
    header = {
        "klass": "demucs.htdemucs.HTDemucs",
        "args": json.dumps(_plain(list(args))),
        "kwargs": json.dumps(_plain(kwargs)),
    }
    tensors = {
        key: value.detach().float().contiguous() for key, value in model.state_dict().items()
    }
    save_file(tensors, str(target), metadata=header)


def _plain(value: Any) -> Any:
    """Settings as JSON; the one odd value among them is the segment's length, a fraction."""
    if isinstance(value, Fraction):
        return {"_type": "fraction", "numerator": value.numerator, "denominator": value.denominator}
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def load(checkpoint: Path) -> Any:
    """The HTDemucs stored in a safetensors file; kept in memory until another one is asked for."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise BridgeError(
            "model-missing", f"stem separation needs an extra that is not installed: run {INSTALL}"
        )
    if not checkpoint.is_file():
        raise BridgeError(
            "model-missing",
            f"there is no checkpoint {checkpoint}: run daw-bridge models pull {NAME}",
        )
    return _load(checkpoint, checkpoint.stat().st_mtime_ns)


@lru_cache(maxsize=1)
def _load(checkpoint: Path, _changed: int) -> Any:
    from demucs_infer.safetensors import load_safetensors_model
    from safetensors import SafetensorError

    try:
        return load_safetensors_model(checkpoint).eval()
    except (SafetensorError, ValueError, RuntimeError, TypeError) as error:
        raise BridgeError(
            "model-failed",
            f"{checkpoint} is not a Demucs checkpoint ({error}): run daw-bridge models pull {NAME}",
        ) from error
