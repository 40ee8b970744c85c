"""Runs the Node tests of the Max for Live script: the shipped file in a fake Live, against real servers."""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from running import RunningServer, environment

from bridge import stem_model

HERE = Path(__file__).parent
ALONE = ("fake_live", "logic", "es5")  # need no server
WITH_SERVERS = ("flow", "placing", "connection", "tools", "selftest")


@pytest.fixture(scope="module")
def node() -> str:
    """The Node program; its tests are skipped where it is not installed."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("Node is not installed: the Max for Live script cannot run here")
    return program


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Environment that names three servers: sketch, sketch in an odd home, one that prompts command."""
    base = tmp_path_factory.mktemp("ableton")
    (base / "My Clips ü").mkdir()
    sketch = RunningServer(base / "plain", model="sketch")
    odd = RunningServer(base / "My Clips ü", model="sketch")
    clockwork = RunningServer(base / "clockwork", "--queue-limit", "2")
    stems = {"TEST_STEMS_PORT": str(odd.port)} if tiny_stem_model(base / "My Clips ü") else {}
    yield environment(
        TEST_SKETCH_PORT=str(sketch.port),
        TEST_ODD_PORT=str(odd.port),
        TEST_CLOCKWORK_PORT=str(clockwork.port),
        TEST_PYTHON=sys.executable,
        **stems,
    )
    for server in (sketch, odd, clockwork):
        server.stop()


def tiny_stem_model(home: Path) -> bool:
    """Put the real separation network with small random weights into a home; False without the extra."""
    if importlib.util.find_spec(stem_model.PACKAGE) is None:
        return False
    import test_separate

    path = stem_model.checkpoint_path(home)
    path.parent.mkdir(parents=True)
    stem_model.save(test_separate.tiny_model(), path)
    return True


def run(node: str, name: str, variables: dict[str, str]) -> None:
    """Run one file of Node tests; its whole report is shown when one fails."""
    done = subprocess.run(
        [node, "--test", "--test-reporter=spec", f"{name}.test.js"], cwd=HERE, env=variables,
        capture_output=True, text=True, encoding="utf-8", timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", ALONE)
def test_script(node: str, name: str) -> None:
    run(node, name, environment())


@pytest.mark.parametrize("name", WITH_SERVERS)
def test_script_with_real_servers(node: str, name: str, servers: dict[str, str]) -> None:
    run(node, name, servers)


def test_every_node_test_file_is_run() -> None:
    there = {path.name.removesuffix(".test.js") for path in HERE.glob("*.test.js")}
    assert there == {*ALONE, *WITH_SERVERS}
