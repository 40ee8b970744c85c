"""Checks of a checkpoint folder before anything is loaded: kind, sizes, truncated files; no torch."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

from ...errors import BridgeError

MODEL_TYPES = {"musicgen": False, "musicgen_melody": True}  # model_type -> has a melody input
_ITEM_BYTES = {
    "F64": 8,
    "I64": 8,
    "F32": 4,
    "I32": 4,
    "F16": 2,
    "BF16": 2,
    "I16": 2,
    "I8": 1,
    "U8": 1,
}


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What a checkpoint folder says about itself."""

    melody: bool
    channels: int
    sample_rate: int
    layers: int
    width: int
    parameters: int  # of all three networks
    weight_files: tuple[Path, ...]


def _missing(text: str) -> BridgeError:
    return BridgeError("model-missing", text)


def read_config(folder: Path) -> dict[str, Any]:
    """The folder's `config.json`; BridgeError `model-missing` when it is no MusicGen checkpoint."""
    if not folder.is_dir():
        raise _missing(f"{folder} is not a folder; give the folder that holds config.json")
    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    except OSError as error:
        raise _missing(f"{folder} is no checkpoint: it has no readable config.json") from error
    except ValueError as error:
        raise _missing(
            f"{folder / 'config.json'} is not valid JSON ({error}); fetch it again"
        ) from error
    kind = config.get("model_type") if isinstance(config, dict) else None
    if kind not in MODEL_TYPES:
        raise _missing(
            f"{folder} holds a model of type {kind!r}; this engine loads {' and '.join(MODEL_TYPES)}"
        )
    if not all(
        isinstance(config.get(part), dict) for part in ("text_encoder", "audio_encoder", "decoder")
    ):
        raise _missing(
            f"{folder / 'config.json'} lacks one of text_encoder, audio_encoder, decoder; fetch it again"
        )
    return dict(config)


def safetensors_parameters(path: Path) -> int:
    """Number of parameters in one safetensors file, after checking that none of its bytes is missing.

    The format: 8 bytes little-endian header length, a JSON header with dtype, shape and byte range of
    each tensor, then the data (https://github.com/huggingface/safetensors#format).
    """
    damaged = _missing(
        f"{path} is damaged or was not fetched to its end; delete it and fetch it again"
    )
    size = path.stat().st_size
    with open(path, "rb") as file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else 0
        if not 2 <= length <= min(size - 8, 100_000_000):
            raise damaged
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise damaged from error
    tensors = [value for name, value in header.items() if name != "__metadata__"]
    for tensor in tensors:
        begin, end = tensor["data_offsets"]
        if end - begin != prod(tensor["shape"]) * _ITEM_BYTES.get(tensor["dtype"], 0):
            raise damaged
    if 8 + length + max((tensor["data_offsets"][1] for tensor in tensors), default=0) != size:
        raise damaged
    return sum(prod(tensor["shape"]) for tensor in tensors)


def _weight_files(folder: Path) -> tuple[Path, ...]:
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if index.is_file():
        names = sorted(set(json.loads(index.read_text())["weight_map"].values()))
        absent = [name for name in names if not (folder / name).is_file()]
        if absent:
            raise _missing(f"{folder} lacks {', '.join(absent)}; fetch the checkpoint again")
        return tuple(folder / name for name in names)
    if list(folder.glob("*.bin")):
        raise _missing(
            f"{folder} holds its weights only as a pickle, which is never loaded when serving; "
            "`daw-bridge models pull` (a name or this folder) stores them as safetensors"
        )
    raise _missing(f"{folder} has no model.safetensors; fetch the checkpoint again")


def inspect_folder(folder: Path) -> FolderFacts:
    """Read what can be known without loading; BridgeError `model-missing` says what is wrong."""
    config = read_config(folder)
    files = _weight_files(folder)
    decoder, codec = config["decoder"], config["audio_encoder"]
    return FolderFacts(
        melody=MODEL_TYPES[config["model_type"]],
        channels=int(decoder.get("audio_channels", 1)),
        sample_rate=int(codec.get("sampling_rate", 32000)),
        layers=int(decoder.get("num_hidden_layers", 24)),
        width=int(decoder.get("hidden_size", 1024)),
        parameters=sum(safetensors_parameters(path) for path in files),
        weight_files=files,
    )
