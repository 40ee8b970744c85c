"""Servers that every test may start."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from running import RunningServer


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Start servers (default: on one fresh home); all are gone after the test."""
    servers: list[RunningServer] = []

    def start(*flags: str, home: Path | None = None, **options: object) -> RunningServer:
        server = RunningServer(home or tmp_path / "home", *flags, **options)  # type: ignore[arg-type]
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.kill()


@pytest.fixture(scope="session")
def sketch_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One server with the sketch engine for all tests that only ask for clips."""
    server = RunningServer(tmp_path_factory.mktemp("sketch") / "home", model="sketch")
    yield server
    server.kill()
