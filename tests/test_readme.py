"""The README tells the truth: its tables are the program's, its commands run, its engine works."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from running import PATIENCE_S, RunningServer, environment, finish

from bridge.schema import commands_markdown

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_osc_tables_are_those_of_the_program():
    text = README.split("<!-- schema -->")[1].split("<!-- /schema -->")[0].strip()
    assert text == commands_markdown(), "run: python -m bridge schema --markdown"


def commands() -> list[str]:
    lines = [line for block in blocks("sh") for line in block.splitlines() if line.strip()]
    return [line for line in lines if not line.startswith(("pip ", "oscsend "))]


def test_the_two_install_commands_are_what_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    installs = [line for block in blocks("sh") for line in block.splitlines() if "pip " in line]
    assert installs == ["pip install . && python -m bridge demo", "pip install '.[test]' && pytest"]
    assert "pip install --quiet .\n" in ci
    assert "python -m bridge demo" in ci
    assert "\npytest\n" in ci


def test_every_command_runs(tmp_path: Path):
    """In their order, as one reader would: serve is started, stop ends it."""
    lines = commands()
    assert lines[0] == "daw-bridge serve"
    assert lines[-1] == "daw-bridge stop"
    rate = 44100
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * rate) / rate) * 0.3
    soundfile.write(tmp_path / "my-loop.wav", tone, rate)
    server = RunningServer(tmp_path / "home", model="auto")
    try:
        for line in lines[1:]:
            words = shlex.split(line)
            assert words[0] == "daw-bridge", line
            place = ["--home", str(tmp_path / "home"), "--port", "0"]
            run = subprocess.run(
                [sys.executable, "-m", "bridge", *words[1:], *place], env=environment(),
                capture_output=True, text=True, timeout=PATIENCE_S * 3, cwd=tmp_path,
            )  # fmt: skip
            assert run.returncode == 0, f"{line}: {run.stderr}{run.stdout}"
        server.wait_for_end()
        assert server.process.returncode == 0  # `daw-bridge stop` was a clean stop
    finally:
        server.kill()


def test_the_example_engine_works(tmp_path: Path):
    package = tmp_path / "site"
    info = package / "noise_engine-1.0.dist-info"
    info.mkdir(parents=True)
    (package / "noise_engine.py").write_text(blocks("python")[0], encoding="utf-8")
    entry = blocks("toml")[0].replace("[project.entry-points.", "[").replace('"', "")
    (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: noise-engine\nVersion: 1.0\n")
    server = RunningServer(tmp_path / "home", model="sketch", extra_path=package)
    try:
        with server.client() as client:
            job_id, _ = client.request("/bridge/generate", "a waterfall", keys={"model": "noise"})
            finish(client, str(job_id))
        manifest = server.manifest(str(job_id))
    finally:
        server.kill()
    assert manifest["engine"]["name"] == "noise"
    assert manifest["clips"][0]["frames"] == 384000


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(target: str):
    assert target.startswith("https://") or (ROOT / target).exists()
