"""A checkpoint as ONNX graphs in few bits: made once, kept under the home, found again by a hash."""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from ... import __version__
from . import chroma
from .folder import inspect_folder
from .memory import BITS

log = logging.getLogger("bridge.musicgen")

FORMAT = 4  # raise when the graphs change, so that old conversions are made again
POSITIONS = 4096
_SAMPLED_BYTES = 1 << 20


def fingerprint(folder: Path, scheme: str) -> str:
    """What tells one conversion from another: the settings, and samples of every weight file.

    Hashing all of it would take longer than loading: the header and a megabyte from sixteen places do.
    """
    digest = hashlib.sha256(f"{FORMAT} {scheme}".encode())
    digest.update((folder / "config.json").read_bytes())
    for path in inspect_folder(folder).weight_files:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with open(path, "rb") as file:
            for part in range(16):
                file.seek(part * size // 16)
                digest.update(file.read(_SAMPLED_BYTES // 16 if part else _SAMPLED_BYTES))
    return digest.hexdigest()[:24]


def find_converted(home: Path, key: str) -> Path | None:
    """The folder of a finished conversion, if there is one."""
    folder = home / "converted" / key
    return folder if (folder / "meta.json").is_file() else None


def convert(
    model: Any, tokenizer: Any, home: Path, key: str, scheme: str, report: Callable[[float], None]
) -> Path:
    """Write all graphs and tables of a loaded transformers model; the folder appears whole or not at all."""
    target = home / "converted" / key
    partial = target.with_name(f"{key}.partial-{os.getpid()}")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        write_converted(model, tokenizer, partial, scheme, report)
        shutil.rmtree(target, ignore_errors=True)
        os.replace(partial, target)
        _remove_outdated(target.parent)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    log.info("musicgen.converted folder=%s scheme=%s", target, scheme)
    return target


def _remove_outdated(folder: Path) -> None:
    """Delete conversions of earlier formats, and unreadable ones: nothing can use them any more."""
    for meta in folder.glob("*/meta.json"):
        try:
            outdated = json.loads(meta.read_text())["format"] < FORMAT
        except (OSError, ValueError, KeyError, TypeError):
            outdated = True
        if outdated and ".partial-" not in meta.parent.name:
            shutil.rmtree(meta.parent, ignore_errors=True)


def write_converted(
    model: Any, tokenizer: Any, folder: Path, scheme: str, report: Callable[[float], None]
) -> None:
    """Fill `folder`."""
    from .activations import record_inputs
    from .codec_graph import write_codec_graphs
    from .onnx_file import array_of
    from .step_graph import write_step_graph
    from .text_graph import distance_bias, write_text_graph

    core, config = model.decoder.model.decoder, model.decoder.config
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    tables = {
        "embeddings": np.stack([array_of(e.weight) for e in core.embed_tokens]),  # [C, V + 1, D]
        "positions": array_of(core.embed_positions.get_embedding(POSITIONS, config.hidden_size)),
        "text_embeddings": array_of(model.text_encoder.get_input_embeddings().weight),
        "text_bias": distance_bias(model.text_encoder),
    }
    melody = hasattr(model, "audio_enc_to_dec_proj")
    if melody:
        tables["chroma_weight"] = array_of(model.audio_enc_to_dec_proj.weight)
        tables["chroma_filters"] = chroma.filters()
        tables["chroma_bias"] = array_of(model.audio_enc_to_dec_proj.bias)
    for name, table in tables.items():
        np.save(folder / f"{name}.npy", table)
    report(0.1)
    write_codec_graphs(model.audio_encoder, folder)
    report(0.3)
    write_text_graph(model, folder / "text.onnx", scheme)
    report(0.5)
    inputs = None
    if scheme == "int8":
        inputs = record_inputs(model, tokenizer, lambda f: report(0.5 + 0.1 * f))
    write_step_graph(model.decoder, folder / "step.onnx", scheme, inputs)
    report(0.8)
    codec = model.audio_encoder.config
    meta = {
        "format": FORMAT,
        "scheme": scheme,
        "software": f"daw-bridge {__version__}",
        "layers": config.num_hidden_layers,
        "heads": config.num_attention_heads,
        "width": config.hidden_size,
        "codebooks": config.num_codebooks,
        "channels": config.audio_channels,
        "vocabulary": config.vocab_size,
        "pad": config.pad_token_id,
        "text_width": model.text_encoder.config.d_model,
        "sample_rate": codec.sampling_rate,
        "hop": int(np.prod(codec.upsampling_ratios)),
        "chroma_frames": model.config.chroma_length if melody else 0,
    }
    (folder / "meta.json").write_text(json.dumps(meta, indent=1))
    if scheme in BITS:
        from .fast import FastModel
        from .rounded_cache import measure_peaks, write_rounded

        exact = FastModel(folder, rounded_cache=False)
        peaks = measure_peaks(exact, lambda f: report(0.8 + 0.2 * f))
        del exact  # Windows keeps mapped files in place
        write_rounded(folder / "step.onnx", folder / "step_rounded.onnx", peaks)
