"""Installs the Max for Live device into Live's User Library, and removes it again."""

from __future__ import annotations

import re
import sys
from html import unescape
from pathlib import Path

from ..errors import BridgeError
from .files import place, read_files, remove, shipped

DEVICE = "DawBridge.amxd"  # holds the patch and the script; nothing else is needed
FOLDER = Path("Presets") / "Audio Effects" / "Max Audio Effect" / "DAW Bridge"
LIBRARY = "User Library"
# what makes a folder a User Library: Live writes these into it
SIGNS_OF_A_LIBRARY = ("Ableton Folder Info", "Ableton Project Info", "Presets")
_SPACE = (
    "The path {home} holds a space: if Live refuses clips from there, start the server with --home and a "
    "folder without one."
)


def user_libraries(platform: str = sys.platform, home: Path | None = None) -> list[Path]:
    """Where Live may keep its User Library, likeliest first.

    The folder that Live's own settings name (`Library.cfg`, of the version used last), then the place
    Live uses by default. `platform` as in `sys.platform`; `home` is the user's home folder.
    """
    user = home or Path.home()
    named = [
        library
        for settings in _settings_files(platform, user)
        if (library := _library_named_in(settings)) is not None
    ]
    documents = user / ("Music" if platform == "darwin" else "Documents")
    return list(dict.fromkeys([*named, documents / "Ableton" / LIBRARY]))


def _settings_files(platform: str, user: Path) -> list[Path]:
    if platform == "darwin":
        files = (user / "Library" / "Preferences" / "Ableton").glob("Live */Library.cfg")
    else:
        roaming = user / "AppData" / "Roaming" / "Ableton"
        files = roaming.glob("Live */Preferences/Library.cfg")
    return sorted(files, key=lambda path: path.stat().st_mtime, reverse=True)


def _library_named_in(settings: Path) -> Path | None:
    text = settings.read_text(encoding="utf-8", errors="replace")
    section = re.search(r"<UserLibrary>.*?</UserLibrary>", text, re.DOTALL)
    path = re.search(r'<ProjectPath Value="([^"]+)"', section[0] if section else text)
    name = re.search(r'<ProjectName Value="([^"]+)"', section[0] if section else text)
    if path is None:
        return None
    folder = Path(unescape(path[1]))
    inner = folder / (unescape(name[1]) if name else LIBRARY)
    return inner if inner.is_dir() else folder


def install(library: Path | None, home: Path) -> list[str]:
    """Copy the device; returns sentences for the user, the last ones being what is left to do.

    `library`: a User Library, None for the one Live uses. `home`: the bridge's home folder.
    Raises BridgeError `not-found` when there is no library, `bad-request` when a file of the user's
    is in the way.
    """
    target = _library(library) / FOLDER
    placed = place(read_files(shipped("ableton_m4l"), DEVICE), target)
    return [
        f"{DEVICE} is now in {target}",
        *(f"Your own change of it was kept as {path}" for path in placed.kept),
        "In Live's browser: User Library > Presets > Audio Effects > Max Audio Effect > DAW Bridge.",
        "Drag it onto any track, start the server with: daw-bridge serve, and press Generate.",
        "Live 11.3.25 or later, or 12.0.5 or later, with Max for Live is needed.",
        *([_SPACE.format(home=home)] if " " in str(home) else []),
    ]


def uninstall(library: Path | None) -> list[str]:
    """Remove what `install` put there and nothing else; returns sentences for the user."""
    target = _library(library) / FOLDER
    removed = remove(target)
    return [
        f"{removed.files} file was removed from {target}",
        *(f"You have changed {path}, so it was left" for path in removed.kept),
        "Sets that use the device show an empty one in its place until it is installed again.",
    ]


def _library(given: Path | None) -> Path:
    candidates = [given] if given else user_libraries()
    for path in candidates:
        if any((path / sign).exists() for sign in SIGNS_OF_A_LIBRARY):
            return path
    looked = ", ".join(str(path) for path in candidates)
    raise BridgeError(
        "not-found",
        f"there is no User Library in {looked}: start Live once, or name the folder that Live shows in "
        "its settings under Library > Location of User Library",
    )
