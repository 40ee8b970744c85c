"""`daw-bridge serve`."""

from __future__ import annotations

import argparse
import sys

from ..config import load_config
from ..server import serve as run_server


def say(line: str) -> None:
    """One line to the person, at once: programs wait for the line that begins `ready`."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def serve(options: argparse.Namespace) -> int:
    """Run the server until it is told to stop."""
    names = (
        "home",
        "port",
        "host",
        "token",
        "model",
        "device",
        "precision",
        "queue_limit",
        "commercial_use",
    )
    run_server(load_config({name: getattr(options, name) for name in names}), say)
    return 0
