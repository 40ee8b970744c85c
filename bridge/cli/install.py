"""`daw-bridge install reaper|ableton`."""

from __future__ import annotations

import argparse
import json
import sys
from importlib import import_module
from pathlib import Path

from .connect import settings


def install(options: argparse.Namespace) -> int:
    """Put a DAW's scripts where it looks for them, or take exactly those away again."""
    place = Path(options.to).expanduser().absolute() if options.to else None
    module = import_module(f"bridge.install.{options.daw}")
    if options.uninstall:
        lines: list[str] = module.uninstall(place)
    else:
        lines = module.install(place, settings(options).home)
    if options.json:
        lines = [json.dumps({"daw": options.daw, "said": lines}, indent=1)]
    sys.stdout.write("\n".join(lines) + "\n")
    return 0
