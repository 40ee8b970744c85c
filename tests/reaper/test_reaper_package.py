"""The ReaPack package: headers by reapack-index's rules, and an index that names every file."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import pytest

from bridge import __version__
from reaper.conftest import SCRIPTS

sys.path.insert(0, str(SCRIPTS))

import make_index  # noqa: E402 it lies beside the scripts

ADDRESS = "https://example.org/raw/v1"


def test_the_index_names_every_script_once_and_registers_exactly_the_actions():
    text = make_index.make_index(SCRIPTS, ADDRESS, "2026-01-01T00:00:00Z")
    index = ElementTree.fromstring(text)  # noqa: S314 it is our own
    assert (index.tag, index.get("version")) == ("index", "1")
    (version,) = index.iter("version")
    assert version.get("name") == __version__, "the header's @version is not the bridge's"
    sources = list(version.iter("source"))
    named = [source.get("file", make_index.PACKAGE) for source in sources]
    shipped = sorted(path.relative_to(SCRIPTS).as_posix() for path in SCRIPTS.rglob("*.lua"))
    assert sorted(named) == shipped
    for source, name in zip(sources, named, strict=True):
        assert source.get("main") == (None if "/" in name else "main"), name
        assert unquote(str(source.text)) == f"{ADDRESS}/reaper_scripts/{name}"


def test_only_the_package_itself_is_indexed():
    """reapack-index takes every script without @noindex for a package of its own."""
    for path in SCRIPTS.rglob("*.lua"):
        tags = make_index.read_header(path.read_text(encoding="utf-8"))
        assert ("noindex" in tags) == (path.name != make_index.PACKAGE), path


@pytest.mark.parametrize(
    ("header", "why"),
    [
        ("-- @author a", "@version is needed"),
        ("-- @version v1", "begins with a digit"),
        ("-- @version 1\n-- @author", "@author has no value"),
        ("-- @version 1\n-- @autor x", "knows no tag @autor"),
        ("-- @version 1\n-- @version 2", "given twice"),
        ("-- @version 1\n-- @author a\n--   b", "more than one line"),
        ("-- @version 1\n-- @provides\n--   gone.lua", "file not found 'gone.lua'"),
        ("-- @version 1\n-- @provides\n--   lib/*.lua\n--   lib/osc.lua", "provided twice"),
    ],
)
def test_headers_that_reapack_index_refuses(header: str, why: str):
    with pytest.raises(make_index.HeaderError, match=why):
        tags = make_index.read_header(header)
        make_index.check_header(tags)
        make_index.provided(tags, SCRIPTS)


def test_the_index_is_made_with_one_command():
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / "make_index.py"), ADDRESS], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("<?xml") and "Clip importer.lua" in done.stdout


def test_each_action_is_thin_and_each_library_file_says_what_it_is_for():
    for path in sorted(Path(SCRIPTS).rglob("*.lua")):
        lines = path.read_text(encoding="utf-8").splitlines()
        code = [line for line in lines if line and not line.startswith("--")]
        assert len(lines) <= 300, path
        if path.parent == SCRIPTS:
            assert len(code) == 3, path
        else:
            assert lines[1].startswith("-- ") and lines[1].endswith("."), path
