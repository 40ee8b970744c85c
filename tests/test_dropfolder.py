"""The drop folder with real files: complete ones are reported once, everything else never."""

from __future__ import annotations

import os
import queue
from pathlib import Path

import pytest

from bridge.dropfolder import DropFolder, Dropped


class Watched:
    """A drop folder under a clock that only the test moves."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, 0.0
        self.found: list[Dropped] = []
        self.drop = DropFolder(folder, self.found.append, settle_s=1.0, clock=lambda: self.now)

    def look(self, after_s: float = 0.0) -> list[str]:
        """Scan after some time; the names reported by this scan."""
        self.now += after_s
        before = len(self.found)
        self.drop.scan()
        return [f.path.name for f in self.found[before:]]


def test_a_file_is_reported_once_when_its_size_has_settled(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    assert watched.look() == []
    (tmp_path / "beat.wav").write_bytes(b"x" * 10)
    assert watched.look() == []
    assert watched.look(0.9) == []
    assert watched.look(0.2) == ["beat.wav"]
    assert watched.look(5) == [] and watched.look(5) == []


def test_a_growing_file_is_waited_for(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    with open(tmp_path / "long.aiff", "wb") as out:
        for _ in range(5):
            out.write(b"more")
            out.flush()
            assert watched.look(0.8) == []
    assert watched.look(0.5) == []
    assert watched.look(0.6) == ["long.aiff"]


def test_an_empty_file_is_waited_for(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "a.flac").touch()
    assert watched.look() == [] and watched.look(9) == [] and watched.look(9) == []
    (tmp_path / "a.flac").write_bytes(b"now")
    assert watched.look() == [] and watched.look(2) == ["a.flac"]


def test_a_file_renamed_in_is_reported_under_its_last_name(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    part = tmp_path / "mix.wav.part"
    part.write_bytes(b"x")
    assert watched.look() == [] and watched.look(5) == []
    part.rename(tmp_path / "mix.wav")
    assert watched.look() == [] and watched.look(1.1) == ["mix.wav"]


@pytest.mark.parametrize(
    "name",
    [".beat.wav", "beat.wav.tmp", "beat.wav.part", "beat.wav.asd", "beat.txt", "beat", ".wav"],
)
def test_what_is_no_finished_audio_is_ignored(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    watched = Watched(tmp_path)
    assert watched.look() == [] and watched.look(9) == []


def test_folders_are_ignored_and_vanished_files_forgotten(tmp_path: Path) -> None:
    (tmp_path / "folder.wav").mkdir()
    (tmp_path / "a.WAV").write_bytes(b"x")
    watched = Watched(tmp_path)
    assert watched.look() == []
    os.remove(tmp_path / "a.WAV")
    assert watched.look(2) == []
    (tmp_path / "a.WAV").write_bytes(b"x")
    assert watched.look() == []  # a new file: its time starts anew
    assert watched.look(2) == ["a.WAV"]


def test_a_replaced_file_is_reported_again_with_another_identity(tmp_path: Path) -> None:
    watched = Watched(tmp_path)
    (tmp_path / "a.wav").write_bytes(b"x")
    watched.look()
    watched.look(2)
    (tmp_path / "a.wav").write_bytes(b"other")
    watched.look()
    watched.look(2)
    again = Watched(tmp_path)  # as after a restart
    again.look()
    again.look(2)
    first, second, restarted = watched.found[0], watched.found[1], again.found[0]
    assert first.identity != second.identity == restarted.identity


def test_a_folder_that_goes_away_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "transcribe"
    watched = Watched(folder)
    assert watched.look() == []
    folder.mkdir()
    (folder / "a.mp3").write_bytes(b"x")
    assert watched.look() == [] and watched.look(2) == ["a.mp3"]


def test_the_thread_reports_new_files_and_stops(tmp_path: Path) -> None:
    found: queue.Queue[Dropped] = queue.Queue()
    folder = tmp_path / "made" / "by itself"
    with DropFolder(folder, found.put, settle_s=0.05, poll_s=60):
        # the poll is far too slow: only the event of the file system can be heard in time
        (folder / "one.wav").write_bytes(b"x")
        assert found.get(timeout=10).path == folder / "one.wav"
        (folder / "two.wav.tmp").write_bytes(b"x")
        (folder / "two.wav.tmp").rename(folder / "two.wav")
        assert found.get(timeout=10).path == folder / "two.wav"
    (folder / "three.wav").write_bytes(b"x")
    assert found.empty()
