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
        config = _read_object(folder / "config.json")
    except OSError as error:
        raise _missing(f"{folder} is no checkpoint: it has no readable config.json") from error
    kind = config.get("model_type")
    if not isinstance(kind, str) or kind not in MODEL_TYPES:
        raise _missing(
            f"{folder} holds a model of type {kind!r}; this engine loads {' and '.join(MODEL_TYPES)}"
        )
    if not all(
        isinstance(config.get(part), dict) for part in ("text_encoder", "audio_encoder", "decoder")
    ):
        raise _missing(
            f"{folder / 'config.json'} lacks one of text_encoder, audio_encoder, decoder; fetch it again"
        )
    return config


def _read_object(path: Path) -> dict[str, Any]:
    """A file that holds one JSON object; OSError, or BridgeError `model-missing` when it holds none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as error:
        raise _missing(f"{path} is not valid JSON ({error}); fetch it again") from error
    if not isinstance(found, dict):
        raise _missing(f"{path} holds no JSON object; fetch it again")
    return found


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
        text = file.read(length)
    try:
        ends, parameters = _add_up(json.loads(text))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise damaged from error
    if 8 + length + ends != size:
        raise damaged
    return parameters


def _add_up(header: dict[str, Any]) -> tuple[int, int]:
    """Where the last tensor of a safetensors header ends, and how many numbers there are in all.

    Raises ValueError where a tensor's bytes are not those its shape takes; anything else that a JSON
    header of another form leads to.
    """
    ends = parameters = 0
    for name, tensor in header.items():
        if name == "__metadata__":
            continue
        begin, end = tensor["data_offsets"]
        numbers = prod(tensor["shape"])
        if end - begin != numbers * _ITEM_BYTES.get(tensor["dtype"], 0):
            raise ValueError(name)
        ends, parameters = max(ends, end), parameters + numbers
    return ends, parameters


def _weight_files(folder: Path) -> tuple[Path, ...]:
    single, index = folder / "model.safetensors", folder / "model.safetensors.index.json"
    if single.is_file():
        return (single,)
    if index.is_file():
        weight_map = _read_object(index).get("weight_map")
        if not isinstance(weight_map, dict) or not weight_map:
            raise _missing(f"{index} names no files; fetch it again")
        names = sorted({str(name) for name in weight_map.values()})
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

    def number(part: dict[str, Any], key: str, default: int) -> int:
        value = part.get(key, default)
        if not isinstance(value, int) or value < 1:
            raise _missing(
                f"{folder / 'config.json'} gives {key} as {value!r}, which must be a whole number of "
                "1 or more; fetch it again"
            )
        return value

    return FolderFacts(
        melody=MODEL_TYPES[config["model_type"]],
        channels=number(decoder, "audio_channels", 1),
        sample_rate=number(codec, "sampling_rate", 32000),
        layers=number(decoder, "num_hidden_layers", 24),
        width=number(decoder, "hidden_size", 1024),
        parameters=sum(safetensors_parameters(path) for path in files),
        weight_files=files,
    )
