"""A REAPER (the double) in two editions, wired to a real server's home, and what tests ask of it."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from running import RunningServer

from reaper.double.host import Reaper
from reaper.double.model import Track

SCRIPTS = Path(__file__).parents[2] / "reaper_scripts"
EDITIONS = {"6.47-lua53": ("6.47", "lua53"), "7.40-lua54": ("7.40", "lua54")}


class Studio(Reaper):
    """A REAPER with the scripts loaded, and short names for what a user does with them."""

    def act(self, name: str, *answers: Any) -> None:
        """Run one of the scripts' actions; nobody is quicker than a quarter of a second."""
        self.idle(0.25)
        self.run(SCRIPTS / f"{name}.lua", *answers)

    @property
    def waiting(self) -> list[str]:
        """Keys of the jobs the active project still waits for."""
        return [key for (_, key), _ in self.active.ext.items() if key.startswith("job_")]

    @property
    def job_id(self) -> str:
        """The server's name for the only job the active project waits for, "" before it is known."""
        (record,) = [
            text for (_, key), (_, text) in self.active.ext.items() if key.startswith("job_")
        ]
        return str(json.loads(unquote(record)).get("job_id", ""))

    @property
    def news(self) -> str:
        """What the status line shows."""
        return self.status_line[-1] if self.status_line else ""

    def until_landed(self) -> None:
        """Let the timer run until the active project waits for nothing."""
        self.until(lambda: not self.waiting, "the clip to land")

    def toggle(self, name: str = "Clip importer") -> int:
        """The toolbar state of an action."""
        return self.toggles.get(self.register(SCRIPTS / f"{name}.lua"), -1)

    def add_track(self, name: str, *, selected: bool = False, depth: int = 0) -> Track:
        """A track the user made before."""
        track = self.active.add(Track())
        assert isinstance(track, Track)
        track.texts["P_NAME"] = name
        track.values.update(I_SELECTED=float(selected), I_FOLDERDEPTH=float(depth))
        return track


@pytest.fixture(params=list(EDITIONS))
def edition(request: pytest.FixtureRequest) -> tuple[str, str]:
    """REAPER version and its Lua."""
    return EDITIONS[request.param]


@pytest.fixture
def start_reaper(tmp_path: Path) -> Iterator[Callable[..., Studio]]:
    """Start REAPERs; at the end none of their scripts may have met a fault."""
    started: list[Studio] = []

    def start(home: Path, edition: tuple[str, str] = ("7.40", "lua54"), **more: Any) -> Studio:
        until = time.monotonic() + 60
        while home.exists() and not (home / "bridge.json").exists():
            assert time.monotonic() < until, "the server shows no sign of life"
            time.sleep(0.01)
        folder = tmp_path / f"REAPER {len(started)}"
        studio = Studio(
            folder, version=edition[0], lua=edition[1],
            environment={"DAW_BRIDGE_HOME": str(home), "HOME": str(tmp_path)}, **more,
        )  # fmt: skip
        studio.active.media_folder = tmp_path / f"project {len(started)}" / "Media"
        studio.relaunch = "terminate"
        started.append(studio)
        return studio

    yield start
    for studio in started:
        sys.stdout.write(studio.console)  # shown when a test fails
        assert "met a fault" not in studio.console, studio.console
        studio.quit()
        for process in studio.processes:
            if hasattr(os, "killpg"):
                os.killpg(process.pid, signal.SIGKILL)
            process.kill()
            process.wait()


@pytest.fixture
def reaper(
    start_reaper: Callable[..., Studio], sketch_server: RunningServer, edition: tuple[str, str]
) -> Studio:
    """A REAPER beside the shared sketch server."""
    return start_reaper(sketch_server.home.root, edition)


@pytest.fixture(scope="session")
def clockwork_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose engine does what the prompt says, takes sources, and says what it heard."""
    server = RunningServer(tmp_path_factory.mktemp("clockwork") / "home")
    yield server
    server.kill()


@pytest.fixture
def studio(
    start_reaper: Callable[..., Studio], clockwork_server: RunningServer, edition: tuple[str, str]
) -> Studio:
    """A REAPER beside the shared clockwork server."""
    return start_reaper(clockwork_server.home.root, edition)


@pytest.fixture
def child_environment() -> dict[str, str]:
    """The environment of programs that REAPER starts: this checkout's bridge."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("DAW_BRIDGE_", "PYTHON"))}
    return {**kept, "PYTHONPATH": str(SCRIPTS.parent)}
