"""`daw-bridge bench`: how fast this machine renders with MusicGen, in which precision, and what limits it."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import BridgeError

STOCK = "transformers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command, beside --home and --json."""
    parser.add_argument(
        "--model", default="random:small", help="checkpoint, folder or random:SHAPE"
    )
    parser.add_argument(
        "--precision", default="auto",
        help="comma list of auto, int8, int4, bf16, fp16, fp32; auto is what `serve` takes here",
    )  # fmt: skip
    parser.add_argument("--batch", default="1,4", help="comma list of variations rendered at once")
    parser.add_argument("--seconds", type=float, default=10.0, help="length of the clip")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or mps")
    parser.add_argument(
        "--rounds",
        type=int,
        default=1,
        help="render each clip so often, in turns; the median counts",
    )
    parser.add_argument(
        "--against", choices=["", STOCK], default="", help="also run its own generate()"
    )
    parser.add_argument(
        "--quality", action="store_true", help="also measure what int8 costs in accuracy"
    )


def _cases(args: argparse.Namespace) -> list[dict[str, Any]]:
    try:
        batches = [int(text) for text in args.batch.split(",")]
    except ValueError as error:
        raise BridgeError(
            "bad-request", f"--batch must be numbers like 1,4, got {args.batch!r}"
        ) from error
    for name, values, least, most in (
        ("batch", batches, 1, 8), ("seconds", [args.seconds], 0.5, 300), ("rounds", [args.rounds], 1, 100),
    ):  # fmt: skip
        for value in values:
            if not least <= value <= most:
                raise BridgeError(
                    "out-of-range", f"--{name} must be in {least}..{most}, got {value:g}"
                )
    common = {
        "model": args.model, "seconds": args.seconds, "device": args.device, "home": str(args.home or ""),
        "rounds": args.rounds,
    }  # fmt: skip
    cases = [{**common, "precision": p, "batches": batches} for p in args.precision.split(",")]
    if args.against == STOCK:
        cases.append({**common, "precision": STOCK, "batches": batches[:1]})
    return cases


def run(
    args: argparse.Namespace, report: Callable[[str], None] = lambda text: None
) -> dict[str, Any]:
    """Measure; returns what `format_result` prints and `--json` gives.

    Every precision runs in a fresh process, so that its memory is its own. `report` gets a line
    before each. Raises BridgeError for a model that cannot be loaded.
    """
    from .machine import bandwidth_gb_s, processor_name, threads  # numpy: not for the help text

    result: dict[str, Any] = {
        "machine": {
            "processor": processor_name(), "system": platform.platform(), "threads": threads(),
            "bandwidth_gb_s": round(bandwidth_gb_s(), 1),
        },
        "model": args.model,
        "seconds": args.seconds,
        "runs": [],
    }  # fmt: skip
    for case in _cases(args):
        report(f"measuring {case['precision']} ...")
        if case["precision"] != STOCK:  # what has to be converted first is converted elsewhere
            _in_child("bridge.bench.case", {**case, "batches": []})
        result["runs"] += _in_child("bridge.bench.case", case)
    compare(result["runs"], result["machine"]["bandwidth_gb_s"])
    if args.quality:
        report("measuring accuracy ...")
        case = {"model": args.model, "home": str(args.home or "")}
        result["quality"] = _in_child("bridge.bench.quality", case)
    return result


def compare(rows: list[dict[str, Any]], main_memory_gb_s: float) -> None:
    """Add to each row its share of the bandwidth of the memory that it reads, and, where transformers' own
    generate() ran as many takes on the same device, how many times as fast it is."""
    for row in rows:
        read_gb_s = row["bytes_per_step"] * row["steps_per_s"] / 1e9
        row["bandwidth_share"] = round(read_gb_s / row.get("bandwidth_gb_s", main_memory_gb_s), 3)
    stock = next((row for row in rows if row["precision"].startswith(STOCK)), None)
    for row in rows:
        if stock and (row["device"], row["batch"]) == (stock["device"], stock["batch"]):
            row["times_stock"] = round(stock["wall_s"] / row["wall_s"], 2)


def _in_child(module: str, case: dict[str, Any]) -> Any:
    """Run a module of this package in a process of its own; it prints one line of JSON at its end."""
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from {module} import main; main()"
    child = subprocess.run(  # noqa: S603  # our own interpreter and module
        [sys.executable, "-c", code, json.dumps(case)], capture_output=True, text=True, encoding="utf-8",
        check=False,
    )  # fmt: skip
    if child.returncode:
        last = child.stderr.strip().splitlines()[-1:] or [f"exit code {child.returncode}"]
        raise BridgeError(
            "model-failed", f"measuring {case.get('precision', module)} failed: {last[0]}"
        )
    answer = json.loads(child.stdout.strip().splitlines()[-1])
    if "error" in answer:
        raise BridgeError(answer["error"], answer["message"])
    return answer["result"]


def format_result(result: dict[str, Any]) -> str:
    """The table people read."""
    machine = result["machine"]
    cards = {r["device_name"]: r["bandwidth_gb_s"] for r in result["runs"] if "device_name" in r}
    lines = [
        f"{machine['processor']}, {machine['threads']} threads, memory reads {machine['bandwidth_gb_s']} GB/s",
        *(f"{name}, memory reads {rate} GB/s" for name, rate in cards.items()),
        f"{result['model']}, clips of {result['seconds']:g} s",
        "",
        "precision          device batch  steps/s  s per s of audio  "
        "first audio  memory   load  of bandwidth  x stock",
    ]
    for row in result["runs"]:
        lines.append(
            f"{row['precision']:<18} {row['device']:<6} {row['batch']:>5} {row['steps_per_s']:>8.1f} "
            f"{row['s_per_audio_s']:>17.2f} {row['first_audio_s']:>10.1f} s {row['memory_mb']:>4.0f} MB "
            f"{row['load_s']:>4.1f} s {row['bandwidth_share']:>12.0%} "
            f"{format(row['times_stock'], '.1f') if 'times_stock' in row else '':>8}"
        )
    for name, row in result.get("quality", {}).items():
        lines.append(
            f"accuracy {name}: each linear at least {row['linear_snr_db']:.1f} dB, with outlier channels "
            f"{row['outlier_snr_db']:.1f} dB; logits off by {row['logit_error']:.1%}"
        )
    return "\n".join(lines)
