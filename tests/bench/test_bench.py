"""The benchmark on tiny shapes: it runs, its figures fit together, and int8 passes its own test."""

import argparse
import json
from pathlib import Path

import numpy as np
import pytest

from bridge.bench import add_arguments, format_result, run
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
        ("int8", 1), ("int8", 2), ("transformers", 1),
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


def test_bad_options_are_one_sentence(tmp_path: Path) -> None:
    for words in (["--batch", "x"], ["--batch", "9"], ["--seconds", "9999"]):
        with pytest.raises(BridgeError):
            run(arguments(*words, home=tmp_path))
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
    assert memory_mb() > 10
