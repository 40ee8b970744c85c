"""Installs the REAPER actions into REAPER's resource folder, and removes them again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ..errors import BridgeError
from .files import Placed, place, read_files, remove, shipped

FOLDER = Path("Scripts") / "DAW Bridge"
NOTE = "installed.json"  # tells the scripts where home is and how the server is started
SIGNS_OF_REAPER = ("reaper.ini", "reaper-kb.ini", "Scripts")


def default_resource_path() -> Path:
    """Where REAPER keeps its files on this system when it is not a portable install."""
    home = Path.home()
    if sys.platform == "win32":
        return home / "AppData" / "Roaming" / "REAPER"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "REAPER"
    return home / ".config" / "REAPER"


def start_command(home: Path) -> str:
    """The command line that starts this very installation's server on `home`."""
    return f'"{sys.executable}" -m bridge serve --home "{home}"'


def install(resource_path: Path | None, home: Path) -> list[str]:
    """Copy the actions; returns sentences for the user, the last ones being what is left to do.

    `resource_path`: REAPER's resource folder (of a portable install: the folder of REAPER itself),
    None for the system's default. `home`: the bridge's home folder.
    Raises BridgeError `not-found` when there is no REAPER, `bad-request` when a file is in the way.
    """
    target = _resource(resource_path) / FOLDER
    files = read_files(shipped("reaper_scripts"), "*.lua", "lib/*.lua", "README.md", "*.svg")
    note = {"home": str(home), "start_command": start_command(home)}
    files[NOTE] = json.dumps(note, ensure_ascii=False, indent=1).encode()
    placed = place(files, target)
    actions = sum(1 for name in files if name.endswith(".lua") and "/" not in name)
    return [
        f"{actions} actions are now in {target}",
        *_kept(placed, "Your own changes to these files were kept beside them:"),
        "Three clicks remain, in REAPER:",
        "  1. Actions > Show action list...",
        "  2. New action > Load ReaScript...",
        f"  3. Open the folder {FOLDER.name}, select all files that end in .lua, and click Open",
        'Then run the action "Generate clip".',
    ]


def uninstall(resource_path: Path | None) -> list[str]:
    """Remove what `install` put there and nothing else; returns sentences for the user."""
    target = _resource(resource_path) / FOLDER
    removed = remove(target)
    return [
        f"{removed.files} files were removed from {target}",
        *_kept(removed, "You have changed these files, so they were left:"),
        "If the actions still show in REAPER's action list, select them there and press Delete.",
    ]


def _kept(placed: Placed, heading: str) -> list[str]:
    return [heading, *(f"  {path}" for path in placed.kept)] if placed.kept else []


def _resource(given: Path | None) -> Path:
    path = given or default_resource_path()
    if any((path / sign).exists() for sign in SIGNS_OF_REAPER):
        return path
    raise BridgeError(
        "not-found",
        f"there is no REAPER in {path}: start REAPER once, or name its resource folder with --to "
        "(REAPER shows it with Options > Show REAPER resource path...)",
    )
