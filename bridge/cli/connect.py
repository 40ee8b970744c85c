"""Finding the running bridge from the command line, or starting one."""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

from ..client import Client, NoAnswer
from ..config import Config, load_config
from ..errors import BridgeError
from ..home import Home, read_heartbeat

START_PATIENCE_S = 30.0
STOP_PATIENCE_S = 15.0


def settings(options: argparse.Namespace) -> Config:
    """The settings that say where the bridge is."""
    return load_config({"home": options.home, "port": options.port, "token": options.token})


def port_of(config: Config) -> int:
    """The port of the server of this home, when it says one; else the configured one."""
    beat = read_heartbeat(Home(config.home))
    return int(str(beat["port"])) if beat else config.port


def running(config: Config) -> Client | None:
    """A client of the running server, or None when nobody answers."""
    if read_heartbeat(Home(config.home)) is None and config.port == 0:
        return None
    client = Client("127.0.0.1", port_of(config), config.token)
    try:
        client.request("/bridge/ping")
        return client
    except NoAnswer:
        return None


@contextlib.contextmanager
def connected(options: argparse.Namespace) -> Iterator[Client]:
    """A client of the running server; BridgeError with how to start it when there is none."""
    config = settings(options)
    client = running(config)
    if client is None:
        raise _nobody(config)
    with client:
        yield client


def stop_server(config: Config) -> int:
    """Stop the server of this home and wait until it is gone (at most 15 s); returns its process id."""
    client = running(config)
    if client is None:
        raise _nobody(config)
    with client:
        pid = int(client.request("/bridge/ping")[5])
        client.request("/bridge/quit")
    deadline = time.monotonic() + STOP_PATIENCE_S
    while read_heartbeat(Home(config.home)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return pid


def _nobody(config: Config) -> BridgeError:
    return BridgeError(
        "not-found",
        f"no bridge answers on port {port_of(config)} for {config.home}: start one with "
        "`daw-bridge serve`",
    )


def start_server(config: Config, *flags: str) -> int:
    """Start a server in the background for this home; returns its process id once it answers.

    Raises BridgeError with what the server said when it does not come up.
    """
    command = [
        sys.executable, "-m", "bridge", "serve", "--home", str(config.home), "--port", str(config.port),
        *flags,
    ]  # fmt: skip
    Home(config.home).prepare()
    said = Home(config.home).logs / "start.log"
    with open(said, "wb") as output:
        process = subprocess.Popen(  # noqa: S603 (our own module)
            command, stdout=output, stderr=output, stdin=subprocess.DEVNULL,
            start_new_session=os.name != "nt",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )  # fmt: skip
    deadline = time.monotonic() + START_PATIENCE_S
    while time.monotonic() < deadline:
        beat = read_heartbeat(Home(config.home))
        if beat and beat["pid"] == process.pid:
            return process.pid
        if process.poll() is not None:
            break
        time.sleep(0.02)
    text = said.read_text(encoding="utf-8", errors="replace").strip()
    process.kill()
    raise BridgeError("internal", f"the server did not start: {text or 'it said nothing'}")
