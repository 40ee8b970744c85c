"""One precision measured in a process of its own; prints one line of JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Any

from ..engines import GenerateRequest
from ..engines.musicgen import MusicgenEngine
from ..errors import BridgeError
from ..music import Meter
from .machine import memory_mb

PROMPT = "dusty lo-fi hip hop with warm piano and vinyl crackle"


def _request(seconds: float, batch: int) -> GenerateRequest:
    beats = Fraction(str(seconds)) * 2
    return GenerateRequest(PROMPT, beats, seconds, 120.0, Meter(4, 4), seed=1, variations=batch)


def measure(case: dict[str, Any]) -> list[dict[str, Any]]:
    """Load once, render a short clip to warm up, then one clip per batch size."""
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
    rows = []
    for batch in case["batches"]:
        highest = [0.0]

        def progress(stage: str, fraction: float, highest: list[float] = highest) -> None:
            if fraction == 1.0:  # at the end of decoding tokens, and of decoding audio
                highest[0] = max(highest[0], memory_mb())

        started = time.perf_counter()
        report = engine.generate(_request(case["seconds"], batch), progress).report
        wall_s = time.perf_counter() - started
        rows.append(
            _row(case, batch, wall_s, 1 / float(str(report["seconds_per_step"])), load_s, highest[0])
            | {"precision": str(report["precision"]), "device": report["device"],
               "bytes_per_step": engine.bytes_per_step(case["seconds"], batch)}
        )  # fmt: skip
    return rows


def measure_stock(case: dict[str, Any]) -> list[dict[str, Any]]:
    """The same through transformers' own generate(), in fp32 as it loads."""
    from ..engines.musicgen import stock
    from ..engines.musicgen.opening import settle
    from ..engines.musicgen.weights import find_weights

    device, _ = settle(case["device"], "fp32")
    started = time.perf_counter()
    model, tokenizer = find_weights(
        case["model"], Path(case["home"]) if case["home"] else None
    ).read()
    model.to(device)
    load_s = time.perf_counter() - started
    frames = round(case["seconds"] * 50)
    stock.generate(model, tokenizer, [PROMPT], 10)
    rows = []
    for batch in case["batches"]:
        started = time.perf_counter()
        stock.generate(model, tokenizer, [PROMPT] * batch, frames, seed=1)
        wall_s = time.perf_counter() - started
        steps = frames + stock.DELAY_FRAMES
        row = _row(case, batch, wall_s, steps / wall_s, load_s, memory_mb())
        weights = 4 * sum(p.numel() for p in model.decoder.model.decoder.layers.parameters())
        rows.append(row | {"device": device, "bytes_per_step": weights})
    return rows


def _row(
    case: dict[str, Any],
    batch: int,
    wall_s: float,
    steps_per_s: float,
    load_s: float,
    memory: float,
) -> dict[str, Any]:
    return {
        "precision": case["precision"],
        "batch": batch,
        "wall_s": round(wall_s, 3),
        "steps_per_s": round(steps_per_s, 2),
        "s_per_audio_s": round(wall_s / case["seconds"], 3),
        "s_per_audio_s_each": round(wall_s / case["seconds"] / batch, 3),
        "first_audio_s": round(wall_s, 3),  # a clip is handed over whole
        "load_s": round(load_s, 2),
        "memory_mb": round(memory, 0),
    }


def main() -> None:
    """Read the case from the command line, measure, print."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    case = json.loads(sys.argv[1])
    try:
        rows = measure_stock(case) if case["precision"] == "transformers" else measure(case)
        answer: dict[str, Any] = {"result": rows}
    except BridgeError as error:
        answer = {"error": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer) + "\n")
