"""Writes ReaPack's index.xml from the header of the actions, for the address they are published at.

    python reaper_scripts/make_index.py https://example.org/daw-bridge/raw/v0.1.0 > index.xml

The address is that of the folder that holds `reaper_scripts`. Format and rules: the wikis of
cfillion/reapack (Index Format) and cfillion/reapack-index (Packaging Documentation).
"""

from __future__ import annotations

import re
import sys
from fnmatch import fnmatch
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

FOLDER = Path(__file__).parent
PACKAGE = "Generate clip.lua"
TAGS = {"description", "author", "version", "changelog", "provides", "about", "noindex"}
_TAG = re.compile(r"--\s*@(\w+)\s?(.*)")
_PROVIDED = re.compile(r"(?:\[(main|nomain)\]\s+)?(\S.*)")


class HeaderError(ValueError):
    """A header that reapack-index would refuse."""


def read_header(text: str) -> dict[str, str]:
    """Tag -> value of the comment at the top of a script; lines of one value are joined by newlines."""
    tags: dict[str, list[str]] = {}
    current = ""
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        tag = _TAG.match(line)
        if tag:
            current = tag[1]
            if current not in TAGS:
                raise HeaderError(f"reapack-index knows no tag @{current}")
            if current in tags:
                raise HeaderError(f"@{current} is given twice")
            tags[current] = [tag[2]] if tag[2] else []
        elif line.startswith("--  ") or line.rstrip() == "--":
            tags.setdefault(current, []).append(line[2:].strip())
        else:
            break
    return {name: "\n".join(lines).strip() for name, lines in tags.items()}


def check_header(tags: dict[str, str]) -> None:
    """The rules of reapack-index for a package."""
    if not re.match(r"\d", tags.get("version", "")):
        raise HeaderError("@version is needed and begins with a digit")
    for name in ("version", "author", "description"):
        if "\n" in tags.get(name, ""):
            raise HeaderError(f"@{name} has more than one line")
    for name in ("author", "changelog", "provides"):
        if name in tags and not tags[name]:
            raise HeaderError(f"@{name} has no value")


def provided(tags: dict[str, str], folder: Path) -> list[tuple[str, bool]]:
    """(path relative to the category, whether it is an action) of every file besides the package."""
    files = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    found: dict[str, bool] = {}
    for line in tags.get("provides", "").splitlines():
        parsed = _PROVIDED.fullmatch(line)
        if not parsed:
            raise HeaderError(f"@provides cannot be understood: {line}")
        depth = parsed[2].count("/")
        matches = [file for file in files if fnmatch(file, parsed[2]) and file.count("/") == depth]
        if not matches:
            raise HeaderError(f"file not found '{parsed[2]}'")
        for file in matches:
            if file in found:
                raise HeaderError(f"'{file}' is provided twice")
            found[file] = parsed[1] == "main"
    return list(found.items())


def make_index(folder: Path, address: str, time: str) -> str:
    """The index of one package with one version; `time` is ISO 8601 in UTC."""
    tags = read_header((folder / PACKAGE).read_text(encoding="utf-8"))
    check_header(tags)
    base = f"{address.rstrip('/')}/{folder.name}"
    index = ElementTree.Element("index", version="1", name="DAW Bridge")
    category = ElementTree.SubElement(index, "category", name=folder.name)
    package = ElementTree.SubElement(
        category, "reapack", name=PACKAGE, type="script", desc=tags["description"]
    )
    version = ElementTree.SubElement(
        package, "version", name=tags["version"], author=tags["author"], time=time
    )
    ElementTree.SubElement(version, "changelog").text = tags["changelog"]
    for file, is_action in [(PACKAGE, True), *provided(tags, folder)]:
        source = ElementTree.SubElement(version, "source")
        source.text = f"{base}/{quote(file)}"
        if is_action:
            source.set("main", "main")
        if file != PACKAGE:
            source.set("file", file)
    ElementTree.indent(index)
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return head + ElementTree.tostring(index, encoding="unicode") + "\n"


if __name__ == "__main__":
    from datetime import datetime, timezone

    now = datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    sys.stdout.write(make_index(FOLDER, sys.argv[1], now))
