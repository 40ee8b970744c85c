"""`install reaper`: into the system's REAPER or a portable one, from a checkout and from a wheel."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.install import reaper

REPO = Path(__file__).parents[2]


@pytest.fixture
def portable(tmp_path: Path) -> Path:
    """A portable REAPER: its settings lie beside the program."""
    folder = tmp_path / "REAPER portable"
    folder.mkdir()
    (folder / "reaper.ini").touch()
    return folder


def test_the_actions_are_copied_and_the_three_clicks_named(portable: Path, tmp_path: Path):
    lines = reaper.install(portable, tmp_path / "home")
    target = portable / "Scripts" / "DAW Bridge"
    assert (target / "Generate clip.lua").is_file() and (target / "lib" / "osc.lua").is_file()
    assert lines[0] == f"11 actions are now in {target}"
    assert [line[:5] for line in lines[2:5]] == ["  1. ", "  2. ", "  3. "]
    note = json.loads((target / "installed.json").read_text(encoding="utf-8"))
    assert note["home"] == str(tmp_path / "home")
    assert sys.executable in note["start_command"]
    assert not (portable / "reaper-kb.ini").exists(), "nothing is registered behind the user's back"


def test_uninstall_leaves_reaper_as_it_was(portable: Path, tmp_path: Path):
    before = sorted(portable.rglob("*"))
    (portable / "Scripts").mkdir()
    reaper.install(portable, tmp_path)
    lines = reaper.uninstall(portable)
    assert "files were removed" in lines[0]
    (portable / "Scripts").rmdir()
    assert sorted(portable.rglob("*")) == before


def test_without_a_reaper_it_says_where_it_looked(tmp_path: Path):
    with pytest.raises(BridgeError, match="there is no REAPER in .*resource path"):
        reaper.install(tmp_path / "nothing", tmp_path)


@pytest.mark.parametrize(
    ("platform", "place"),
    [
        ("win32", "AppData/Roaming/REAPER"),
        ("darwin", "Library/Application Support/REAPER"),
        ("linux", ".config/REAPER"),
    ],
)
def test_the_resource_folder_of_each_system(tmp_path: Path, monkeypatch, platform: str, place: str):
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(Path, "home", classmethod(lambda cls: tmp_path))
    (tmp_path / place).mkdir(parents=True)
    (tmp_path / place / "reaper.ini").touch()
    reaper.install(None, tmp_path)
    assert (tmp_path / place / "Scripts" / "DAW Bridge" / "Clip importer.lua").is_file()
    reaper.uninstall(None)
    assert not (tmp_path / place / "Scripts" / "DAW Bridge").exists()


def test_the_installed_start_command_starts_this_server(portable: Path, tmp_path: Path):
    reaper.install(portable, tmp_path)
    note = json.loads((portable / "Scripts" / "DAW Bridge" / "installed.json").read_text())
    done = subprocess.run(  # noqa: S602 it is a command line
        note["start_command"] + " --help", shell=True, capture_output=True, text=True, cwd=REPO
    )
    assert done.returncode == 0 and "serve" in done.stdout, done.stderr


def test_the_wheel_carries_both_daw_sides_and_installs_from_anywhere(tmp_path: Path):
    """Built from a copy, unpacked as pip does, and used with the checkout out of reach."""
    source = tmp_path / "source"
    ignored = shutil.ignore_patterns(
        ".git", "node_modules", "__pycache__", "tests", "build", "*.egg-info"
    )
    shutil.copytree(REPO, source, ignore=ignored)
    subprocess.run(
        [
            sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation",
            "--disable-pip-version-check", "--wheel-dir", str(tmp_path), str(source),
        ],
        check=True,
    )  # fmt: skip
    (wheel,) = tmp_path.glob("*.whl")
    installed = tmp_path / "site-packages"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)
    for folder in ("reaper_scripts", "ableton_m4l"):
        there = {
            path.relative_to(source / folder)
            for path in (source / folder).rglob("*")
            if path.is_file()
        }
        came = {path.relative_to(installed / folder) for path in (installed / folder).rglob("*")}
        assert there <= came, there - came
    portable = tmp_path / "REAPER"
    portable.mkdir()
    (portable / "reaper.ini").touch()
    code = (
        "from pathlib import Path; from bridge.install import reaper; import sys;"
        "print(*reaper.install(Path(sys.argv[1]), Path(sys.argv[1])), sep='\\n')"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(portable)], check=True, cwd=tmp_path,
        env={"PYTHONPATH": str(installed), "PATH": ""},
    )  # fmt: skip
    assert (portable / "Scripts" / "DAW Bridge" / "Generate clip.lua").is_file()
