"""Placing and removing files: exactly ours, whatever the user did meanwhile."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.install.files import RECORD, place, read_files, remove, shipped


def contents(folder: Path) -> dict[str, bytes]:
    files = read_files(folder, "**/*")
    files.pop(RECORD, None)
    return files


def test_what_was_placed_is_removed_and_nothing_else(tmp_path: Path):
    target = tmp_path / "Scripts" / "DAW Bridge"
    place({"a.lua": b"a", "lib/b.lua": b"b"}, target)
    (target / "mine.lua").write_bytes(b"mine")
    (tmp_path / "Scripts" / "other.lua").write_bytes(b"other")
    assert remove(target).files == 2
    assert contents(tmp_path) == {
        "Scripts/DAW Bridge/mine.lua": b"mine",
        "Scripts/other.lua": b"other",
    }


def test_the_folder_goes_when_it_is_empty(tmp_path: Path):
    place({"lib/b.lua": b"b"}, tmp_path / "x")
    remove(tmp_path / "x")
    assert list(tmp_path.iterdir()) == []


def test_an_update_removes_what_is_no_longer_shipped(tmp_path: Path):
    place({"a.lua": b"1", "old/gone.lua": b"1"}, tmp_path)
    place({"a.lua": b"2"}, tmp_path)
    assert contents(tmp_path) == {"a.lua": b"2"}
    assert not (tmp_path / "old").exists()


def test_placing_twice_is_placing_once(tmp_path: Path):
    assert place({"a.lua": b"1"}, tmp_path).kept == []
    assert place({"a.lua": b"1"}, tmp_path).kept == []
    assert contents(tmp_path) == {"a.lua": b"1"}


def test_changes_of_the_user_survive_an_update_and_a_removal(tmp_path: Path):
    place({"a.lua": b"1", "b.lua": b"1"}, tmp_path)
    (tmp_path / "a.lua").write_bytes(b"mine")
    assert place({"a.lua": b"2", "b.lua": b"2"}, tmp_path).kept == [
        tmp_path / "a.lua.changed-by-you"
    ]
    assert (tmp_path / "a.lua.changed-by-you").read_bytes() == b"mine"
    (tmp_path / "b.lua").write_bytes(b"mine too")
    assert remove(tmp_path).kept == [tmp_path / "b.lua"]
    assert contents(tmp_path) == {"a.lua.changed-by-you": b"mine", "b.lua": b"mine too"}


def test_a_foreign_file_in_the_way_stops_everything(tmp_path: Path):
    (tmp_path / "b.lua").write_bytes(b"somebody's")
    with pytest.raises(BridgeError, match="in the way"):
        place({"a.lua": b"1", "b.lua": b"1"}, tmp_path)
    assert contents(tmp_path) == {"b.lua": b"somebody's"}


def test_removing_what_is_not_there_says_so(tmp_path: Path):
    with pytest.raises(BridgeError, match="nothing of daw-bridge is installed"):
        remove(tmp_path)


@pytest.mark.parametrize(
    "record", ["{", "[]", '{"files": {"../../x": "0"}}', '{"files": {"/etc/passwd": "0"}}', "{}"]
)
def test_a_damaged_record_removes_nothing(tmp_path: Path, record: str):
    target = tmp_path / "a" / "b"
    place({"a.lua": b"1"}, target)
    (target / RECORD).write_text(record)
    (tmp_path / "x").write_bytes(b"precious")
    with pytest.raises(BridgeError):
        remove(target)
    assert (tmp_path / "x").exists() and (target / "a.lua").exists()


def test_a_target_that_cannot_be_written_is_named(tmp_path: Path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BridgeError, match="cannot be written"):
        place({"a.lua": b"1"}, tmp_path / "file" / "folder")


def test_the_daw_sides_are_found_beside_the_package():
    assert (shipped("reaper_scripts") / "Generate clip.lua").is_file()
    with pytest.raises(BridgeError, match="install daw-bridge again"):
        shipped("no_such_folder")


def test_the_record_says_who_wrote_it(tmp_path: Path):
    place({"a.lua": b"1"}, tmp_path)
    assert json.loads((tmp_path / RECORD).read_text())["software"].startswith("daw-bridge ")
