"""The command line as a person uses it: real processes, exit codes, plain sentences."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from running import PATIENCE_S, environment, wait_until

from bridge.home import Home, read_heartbeat
from bridge.protocol import COMMANDS


def bridge_cli(*arguments: str, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bridge", *arguments], env=environment(**extra), capture_output=True,
        text=True, encoding="utf-8", timeout=PATIENCE_S,
    )  # fmt: skip


def test_demo_makes_a_clip_and_leaves_no_process(tmp_path: Path):
    home = tmp_path / "home"
    run = bridge_cli("demo", "--home", str(home), "--port", "0")
    assert run.returncode == 0, run.stderr
    files = [Path(line) for line in run.stdout.splitlines()]
    assert {file.suffix for file in files} == {".wav", ".mid"}
    assert all(file.stat().st_size > 100 for file in files)
    assert "sketch" in run.stderr
    assert read_heartbeat(Home(home)) is None


def test_generate_starts_a_server_and_stop_ends_it(tmp_path: Path):
    home = tmp_path / "home"
    base = ("--home", str(home), "--port", "0")
    run = bridge_cli("generate", "slow waltz", "--meter", "3/4", "--bars", "2", *base, "--json")
    assert run.returncode == 0, run.stderr
    result = json.loads(run.stdout)
    assert Path(result["manifest"]).exists()
    assert result["clips"][0]["beats"] == 6.0
    status = bridge_cli("status", *base, "--json")
    assert json.loads(status.stdout)["done"] == 1
    stopped = bridge_cli("stop", *base)
    assert "has stopped" in stopped.stdout
    assert bridge_cli("status", *base).returncode == 1


def test_doctor_says_where_the_model_would_run_or_why_not(tmp_path: Path):
    def libraries(**settings: str) -> tuple[int, dict[str, str]]:
        run = bridge_cli(
            "doctor", "--json", "--home", str(tmp_path), "--port", "0",
            **{f"DAW_BRIDGE_{name.upper()}": value for name, value in settings.items()},
        )  # fmt: skip
        (line,) = [
            check for check in json.loads(run.stdout)["checks"] if check["name"] == "libraries"
        ]
        return run.returncode, line

    code, line = libraries(device="cpu")
    assert (code, line["status"]) == (0, "PASS") and line["text"].endswith("run on cpu in int8")
    code, line = libraries(device="cuda", precision="int4")
    assert (code, line["status"]) == (1, "FAIL")
    assert line["text"].startswith("precision int4 is for processors")


def test_a_refusal_is_one_sentence_and_exit_code_1(start_server):
    server = start_server()
    base = ("--home", str(server.home.root))
    run = bridge_cli("generate", "x", "--bars", "9999", *base)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "bars must be in 0.25..256, got 9999\n"
    run = bridge_cli("generate", "refuse", *base)
    assert run.returncode == 1
    assert run.stderr.splitlines()[-1] == "clockwork refuses to work"
    run = bridge_cli("cancel", "no-such-job", *base)
    assert (run.returncode, run.stderr) == (1, "there is no job 'no-such-job'\n")
    run = bridge_cli("transcribe", "no-such-file.wav", *base)
    assert run.returncode == 1
    assert "there is no file" in run.stderr


def test_what_does_not_fit_is_said_below_the_files(start_server):
    server = start_server()
    run = bridge_cli("generate", "rush", "--bars", "1", "--home", str(server.home.root))
    assert run.returncode == 0 and len(run.stdout.splitlines()) == 2, run.stderr
    assert "the take rushes, try another seed" in run.stderr


@pytest.mark.parametrize(
    "arguments",
    [[], ["nonsense"], ["generate"], ["generate", "x", "--bars", "four"], ["serve", "--x"]],
)
def test_bad_usage_is_exit_code_2(arguments):
    run = bridge_cli(*arguments)
    assert run.returncode == 2
    assert "usage:" in run.stderr
    assert "Traceback" not in run.stderr


def test_no_server_is_a_sentence(tmp_path: Path):
    run = bridge_cli("status", "--home", str(tmp_path / "none"), "--port", "0")
    assert run.returncode == 1
    assert "daw-bridge serve" in run.stderr


def test_a_wrong_setting_is_a_sentence(tmp_path: Path):
    run = bridge_cli("serve", "--home", str(tmp_path), DAW_BRIDGE_PORT="many")
    assert run.returncode == 1
    assert run.stderr == "setting port must be int, DAW_BRIDGE_PORT says 'many'\n"


def test_ctrl_c_cancels_the_job(start_server):
    server = start_server()
    command = [
        sys.executable,
        "-m",
        "bridge",
        "generate",
        "steps 2000",
        "--home",
        str(server.home.root),
    ]
    process = subprocess.Popen(
        command, env=environment(), stderr=subprocess.PIPE, text=True,
        # a shell that runs the tests in the background has them ignore Ctrl-C
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip
    with server.client() as client:
        wait_until(lambda: client.request("/bridge/status")[3], "the job runs")
        process.send_signal(2)
        _, errors = process.communicate(timeout=PATIENCE_S)
        wait_until(lambda: client.request("/bridge/status")[6], "the job is cancelled")
    assert process.returncode == 1
    assert "cancelled" in errors


def test_schema_prints_the_tables():
    schema = json.loads(bridge_cli("schema").stdout)
    assert [c["address"] for c in schema["commands"]] == [c.address for c in COMMANDS]
    assert schema["manifest"]["properties"]["schema"] == {"const": 1}
    assert "| `/bridge/generate` |" in bridge_cli("schema", "--markdown").stdout


def test_every_command_has_help():
    listing = bridge_cli("--help").stdout
    for name in (
        "serve",
        "generate",
        "transcribe",
        "separate",
        "demo",
        "status",
        "cancel",
        "schema",
    ):
        assert name in listing
        run = bridge_cli(name, "--help")
        assert run.returncode == 0
        assert "--home" in run.stdout
