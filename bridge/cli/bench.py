"""`daw-bridge bench`."""

from __future__ import annotations

import argparse
import json
import sys

from ..bench import format_result, run
from .connect import settings


def bench(options: argparse.Namespace) -> int:
    """Measure and print a table, or JSON."""
    options.home = settings(options).home
    result = run(options, _note)
    sys.stdout.write(
        (json.dumps(result, indent=1) if options.json else format_result(result)) + "\n"
    )
    return 0


def _note(line: str) -> None:
    sys.stderr.write(f"{line}\n")
