"""One precision measured in a process of its own; prints one line of JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..engines import GenerateRequest
from ..engines.musicgen import MusicgenEngine
from ..errors import BridgeError
from ..music import Meter
from . import STOCK, accelerator
from .machine import memory_mb

PROMPT = "dusty lo-fi hip hop with warm piano and vinyl crackle"


def _request(seconds: float, batch: int) -> GenerateRequest:
    beats = Fraction(str(seconds)) * 2
    return GenerateRequest(PROMPT, beats, seconds, 120.0, Meter(4, 4), seed=1, variations=batch)


def measure(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Load once, render a short clip to warm up, then clips of each batch size in turn."""
    home = Path(case["home"]) if case["home"] else None
    engine = MusicgenEngine(
        case["model"], device=case["device"], precision=case["precision"], home=home
    )
    engine.load(lambda stage, fraction: None)  # converts where that was never done
    engine.unload()
    started = time.perf_counter()
    engine.load(lambda stage, fraction: None)
    load_s = time.perf_counter() - started
    engine.generate(_request(0.5, 1), lambda stage, fraction: None)

    def clip(batch: int) -> dict[str, Any]:
        highest = 0.0

        def progress(stage: str, fraction: float) -> None:
            nonlocal highest
            if fraction == 1.0:  # at the end of decoding tokens, and of decoding audio
                highest = max(highest, memory_mb())

        started = time.perf_counter()
        report = engine.generate(_request(case["seconds"], batch), progress).report
        return {
            "wall_s": time.perf_counter() - started,
            "steps_per_s": 1 / float(str(report["seconds_per_step"])),
            "memory_mb": highest,
            "precision": report["precision"],
            "device": report["device"],
            "bytes_per_step": engine.bytes_per_step(case["seconds"], batch),
        }

    return _rows(case, load_s, clip)


def measure_stock(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The same through transformers' own generate(): in fp32 as it loads, on an accelerator in half precision
    as its authors advise."""
    from ..engines.musicgen import stock
    from ..engines.musicgen.backend import torch_type
    from ..engines.musicgen.opening import settle
    from ..engines.musicgen.weights import find_weights

    device, half = settle(case["device"], "auto")
    precision = "fp32" if device == "cpu" else half
    started = time.perf_counter()
    model, tokenizer = find_weights(
        case["model"], Path(case["home"]) if case["home"] else None
    ).read()
    model.to(device, torch_type(precision))
    load_s = time.perf_counter() - started
    frames = round(case["seconds"] * 50)
    stock.generate(model, tokenizer, [PROMPT], 10)
    read = [p.numel() * p.element_size() for p in model.decoder.model.decoder.layers.parameters()]

    def clip(batch: int) -> dict[str, Any]:
        started = time.perf_counter()
        stock.generate(model, tokenizer, [PROMPT] * batch, frames, seed=1)
        wall_s = time.perf_counter() - started
        return {
            "wall_s": wall_s, "steps_per_s": (frames + stock.DELAY_FRAMES) / wall_s,
            "memory_mb": memory_mb(), "precision": f"{STOCK} {precision}", "device": device,
            "bytes_per_step": sum(read),
        }  # fmt: skip

    return _rows(case, load_s, clip)


def _rows(
    case: dict[str, Any], load_s: float, clip: Callable[[int], dict[str, Any]]
) -> list[dict[str, Any]]:
    """For each batch size the clip that took the median time; the sizes take turns, as machines drift."""
    rounds = [[clip(batch) for batch in case["batches"]] for _ in range(case["rounds"])]
    rows = []
    for batch, clips in zip(case["batches"], zip(*rounds, strict=True), strict=True):
        row = sorted(clips, key=lambda found: found["wall_s"])[len(clips) // 2]
        each_s = row["wall_s"] / case["seconds"]
        row |= {
            "batch": batch,
            "wall_s": round(row["wall_s"], 3),
            "steps_per_s": round(row["steps_per_s"], 2),
            "s_per_audio_s": round(each_s, 3),
            "s_per_audio_s_each": round(each_s / batch, 3),
            "first_audio_s": round(row["wall_s"], 3),  # a clip is handed over whole
            "load_s": round(load_s, 2),
            "memory_mb": round(max(found["memory_mb"] for found in clips), 0),
        }
        rows.append(row)
    if rows and rows[0]["device"] != "cpu":
        card = accelerator.measure(rows[0]["device"])
        rows = [row | card for row in rows]
    return rows


def main() -> None:
    """Read the case from the command line, measure, print."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    case = json.loads(sys.argv[1])
    try:
        rows = measure_stock(case) if case["precision"] == STOCK else measure(case)
        answer: dict[str, Any] = {"result": rows}
    except BridgeError as error:
        answer = {"error": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer) + "\n")
