"""`install ableton`: into the User Library that Live uses, found per platform, and out again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.install import ableton

REPO = Path(__file__).parents[2]
SHIPPED = REPO / "ableton_m4l" / "DawBridge.amxd"
HOME = Path("/home/me/DawBridge")
SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<Ableton MajorVersion="5"><ContentLibrary><UserLibrary><LibraryProject Id="0">
<ProjectName Value="User Library" /><ProjectPath Value="{path}" />
</LibraryProject></UserLibrary></ContentLibrary></Ableton>
"""


def library_in(folder: Path) -> Path:
    library = folder / "User Library"
    (library / "Ableton Folder Info").mkdir(parents=True)
    (library / "Presets" / "Audio Effects").mkdir(parents=True)
    return library


def settings(folder: Path, path: Path, age_s: int = 0) -> None:
    folder.mkdir(parents=True)
    file = folder / "Library.cfg"
    file.write_text(SETTINGS.format(path=str(path).replace("&", "&amp;")), encoding="utf-8")
    os.utime(file, (1_700_000_000 - age_s,) * 2)


def test_the_device_is_copied_and_the_next_step_named(tmp_path: Path) -> None:
    library = library_in(tmp_path)
    lines = ableton.install(library, HOME)
    target = library / "Presets" / "Audio Effects" / "Max Audio Effect" / "DAW Bridge"
    assert (target / "DawBridge.amxd").read_bytes() == SHIPPED.read_bytes()
    assert lines[0] == f"DawBridge.amxd is now in {target}"
    assert any("daw-bridge serve" in line for line in lines)
    assert not any("space" in line for line in lines)


def test_a_home_with_a_space_is_mentioned(tmp_path: Path) -> None:
    lines = ableton.install(library_in(tmp_path), Path("/home/me/My Bridge"))
    assert "The path /home/me/My Bridge holds a space" in lines[-1].replace("\\", "/")


def test_uninstall_removes_exactly_that(tmp_path: Path) -> None:
    library = library_in(tmp_path)
    mine = library / "Presets" / "Audio Effects" / "Max Audio Effect" / "mine.amxd"
    mine.parent.mkdir()
    mine.write_bytes(b"mine")
    before = sorted(path.relative_to(library) for path in library.rglob("*"))
    ableton.install(library, HOME)
    ableton.install(library, HOME)  # again, as an update does
    ableton.uninstall(library)
    assert sorted(path.relative_to(library) for path in library.rglob("*")) == before
    with pytest.raises(BridgeError, match="nothing of daw-bridge"):
        ableton.uninstall(library)


def test_a_changed_device_is_kept(tmp_path: Path) -> None:
    library = library_in(tmp_path)
    ableton.install(library, HOME)
    device = library / ableton.FOLDER / "DawBridge.amxd"
    device.write_bytes(b"edited in Max")
    lines = ableton.install(library, HOME)
    kept = device.with_name("DawBridge.amxd.changed-by-you")
    assert kept.read_bytes() == b"edited in Max"
    assert any(str(kept) in line for line in lines)


def test_the_default_places_of_mac_and_windows(tmp_path: Path) -> None:
    assert ableton.user_libraries("darwin", tmp_path) == [
        tmp_path / "Music" / "Ableton" / "User Library"
    ]
    assert ableton.user_libraries("win32", tmp_path) == [
        tmp_path / "Documents" / "Ableton" / "User Library"
    ]


@pytest.mark.parametrize(
    ("platform", "folder"),
    [
        ("darwin", "Library/Preferences/Ableton/Live {}"),
        ("win32", "AppData/Roaming/Ableton/Live {}/Preferences"),
    ],
)
def test_a_library_that_was_moved_is_found_in_lives_settings(
    tmp_path: Path, platform: str, folder: str
) -> None:
    library_in(tmp_path / "old")
    new = library_in(tmp_path / "Müsic & more")
    settings(tmp_path / folder.format("11.3.25"), tmp_path / "old", age_s=100)
    settings(tmp_path / folder.format("12.3.5"), tmp_path / "Müsic & more")
    assert ableton.user_libraries(platform, tmp_path)[0] == new


def test_settings_that_name_the_library_itself_or_nothing(tmp_path: Path) -> None:
    library = library_in(tmp_path)
    prefs = tmp_path / "Library" / "Preferences" / "Ableton"
    settings(prefs / "Live 12.0.5", library)
    (prefs / "Live 12.3.5").mkdir()
    (prefs / "Live 12.3.5" / "Library.cfg").write_text("<Ableton/>")
    assert ableton.user_libraries("darwin", tmp_path)[0] == library


def test_no_library_says_where_it_was_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    with pytest.raises(
        BridgeError, match="no User Library in .*Location of User Library"
    ) as caught:
        ableton.install(None, HOME)
    assert str(tmp_path) in caught.value.message
    with pytest.raises(BridgeError, match="no User Library"):
        ableton.install(tmp_path / "somewhere", HOME)


def test_the_library_of_the_system_is_used_when_none_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    folder = "Music" if sys.platform == "darwin" else "Documents"
    library = library_in(tmp_path / folder / "Ableton")
    ableton.install(None, HOME)
    assert (library / ableton.FOLDER / "DawBridge.amxd").is_file()


def test_a_wheel_carries_the_device_and_installs_it(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "README.md", "LICENSE", "NOTICE"):
        if (REPO / name).exists():
            shutil.copy(REPO / name, source)
    skip = shutil.ignore_patterns("__pycache__", "node_modules")
    for name in ("bridge", "ableton_m4l", "reaper_scripts"):
        shutil.copytree(REPO / name, source / name, ignore=skip)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "-q"]
    subprocess.run([*build, "-w", str(tmp_path), str(source)], check=True, timeout=200)
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    library = library_in(tmp_path)
    code = (
        "import pathlib, sys; from bridge.install import ableton; "
        "ableton.install(pathlib.Path(sys.argv[1]), pathlib.Path('home'))"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(library)], check=True, cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
    )  # fmt: skip
    assert (library / ableton.FOLDER / "DawBridge.amxd").read_bytes() == SHIPPED.read_bytes()
