"""The benchmark on tiny shapes: it runs, its figures fit together, and int8 passes its own test."""

import argparse
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bridge.bench import accelerator, add_arguments, compare, format_result, run
from bridge.bench.case import _rows
from bridge.bench.machine import bandwidth_gb_s, memory_mb
from bridge.bench.quality import MINIMUM_SNR_DB, linear_snr
from bridge.engines.musicgen import PRECISIONS
from bridge.engines.musicgen.opening import settle
from bridge.errors import BridgeError


def arguments(*words: str, home: Path) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    parser.add_argument("--home", type=Path)
    return parser.parse_args([*words, "--home", str(home)])


def test_bench_measures_every_case_side_by_side(tmp_path: Path) -> None:
    args = arguments(
        "--model", "random:tiny", "--seconds", "1", "--batch", "1,2", "--against", "transformers",
        "--quality", home=tmp_path,
    )  # fmt: skip
    said: list[str] = []
    result = run(args, said.append)
    rows = result["runs"]
    assert [(row["precision"], row["batch"]) for row in rows] == [
        ("int8", 1), ("int8", 2), ("transformers fp32", 1),
    ]  # fmt: skip
    for row in rows:
        assert row["steps_per_s"] > 0 and row["memory_mb"] > 20 and row["bytes_per_step"] > 0
        assert row["s_per_audio_s"] == pytest.approx(row["wall_s"], rel=0.01)
    assert rows[0]["times_stock"] == pytest.approx(rows[2]["wall_s"] / rows[0]["wall_s"], rel=0.02)
    assert "times_stock" not in rows[1]
    assert result["quality"]["int8"]["logit_error"] < result["quality"]["int4"]["logit_error"] < 1
    assert json.loads(json.dumps(result)) == result
    text = format_result(result)
    assert "transformers" in text and "accuracy int8" in text
    assert len(said) == 3


def test_precisions_are_named_as_what_was_measured(tmp_path: Path) -> None:
    args = arguments(
        "--model", "random:tiny", "--seconds", "0.5", "--batch", "1", "--rounds", "3",
        "--precision", "auto,bf16", home=tmp_path,
    )  # fmt: skip
    rows = run(args)["runs"]
    assert [row["precision"] for row in rows] == ["int8", "bf16"]
    assert all(row["device"] == "cpu" and "device_name" not in row for row in rows)


def test_sizes_take_turns_and_the_median_counts() -> None:
    taken = iter([5.0, 30.0, 1.0, 10.0, 3.0, 20.0])  # batch 1, batch 4, batch 1 ...
    asked: list[int] = []

    def clip(batch: int) -> dict[str, Any]:
        asked.append(batch)
        wall_s = next(taken)
        return {
            "wall_s": wall_s,
            "steps_per_s": 1 / wall_s,
            "memory_mb": 7 * wall_s,
            "device": "cpu",
        }

    case = {"batches": [1, 4], "rounds": 3, "seconds": 2.0}
    one, four = _rows(case, 0.5, clip)
    assert asked == [1, 4, 1, 4, 1, 4]
    assert (one["wall_s"], one["s_per_audio_s"], one["memory_mb"]) == (3.0, 1.5, 35)
    assert (four["wall_s"], four["s_per_audio_s_each"], four["memory_mb"]) == (20.0, 2.5, 210)


def test_an_accelerator_is_held_against_its_own_memory() -> None:
    row = {
        "precision": "bf16", "device": "cuda", "batch": 1, "steps_per_s": 500.0, "s_per_audio_s": 0.1,
        "first_audio_s": 1.0, "load_s": 2.0, "wall_s": 1.0, "bytes_per_step": 1_000_000_000,
        "memory_mb": 900.0, "device_name": "A card", "bandwidth_gb_s": 1000.0,
    }  # fmt: skip
    stock = {**row, "precision": "transformers bf16", "wall_s": 8.0}
    elsewhere = {**row, "precision": "int8", "device": "cpu"}
    del elsewhere["device_name"], elsewhere["bandwidth_gb_s"]
    rows = [row, elsewhere, stock]
    compare(rows, 50.0)
    assert (row["bandwidth_share"], row["times_stock"]) == (0.5, 8.0)
    assert elsewhere["bandwidth_share"] == 10.0 and "times_stock" not in elsewhere
    machine = {"processor": "A processor", "threads": 2, "bandwidth_gb_s": 50.0}
    text = format_result({"machine": machine, "model": "small", "seconds": 10.0, "runs": rows})
    assert text.count("A card, memory reads 1000.0 GB/s") == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--batch", "x"], "--batch must be numbers"),
        (["--batch", "1,9"], "--batch must be in 1..8, got 9"),
        (["--seconds", "9999"], "--seconds must be in 0.5..300, got 9999"),
        (["--rounds", "0"], "--rounds must be in 1..100, got 0"),
        (["--precision", "int9"], "precision must be one of"),
    ],
)
def test_bad_options_are_one_sentence(tmp_path: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(BridgeError, match=re.escape(sentence)):
        run(arguments("--model", "random:tiny", *words, home=tmp_path))


def test_a_shape_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(BridgeError, match="random:huge"):
        run(arguments("--model", "random:huge", home=tmp_path))


@pytest.mark.parametrize("shape", [(1024, 1024), (4096, 1024), (1024, 4096)])
def test_default_scheme_keeps_30_db_even_with_outlier_channels(shape: tuple[int, int]) -> None:
    _, default = settle("cpu", "auto")
    assert default in PRECISIONS
    rng = np.random.default_rng(2)
    weight = rng.standard_normal(shape, dtype=np.float32) * 0.02
    inputs = rng.standard_normal((8, shape[1]), dtype=np.float32)
    assert linear_snr(weight, inputs, default, outliers=False) > 40
    assert linear_snr(weight, inputs, default, outliers=True) > MINIMUM_SNR_DB
    # why int4 is not the default
    assert linear_snr(weight, inputs, "int4", outliers=False) < MINIMUM_SNR_DB


def test_machine_figures_are_plausible() -> None:
    assert 0.5 < bandwidth_gb_s() < 2000
    assert 0.5 < accelerator.bandwidth_gb_s("cpu") < 2000
    assert memory_mb() > 10
