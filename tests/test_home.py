"""The home folder: one server only, atomic files, a heartbeat that goes stale."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.errors import BridgeError
from bridge.home import Home, read_heartbeat, replace_file, write_heartbeat


def test_a_file_in_place_of_the_home_is_a_sentence(tmp_path: Path):
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(BridgeError, match="cannot be used: .*choose another with --home"):
        Home(tmp_path / "home").prepare()


def test_the_second_server_is_told_about_the_first(tmp_path: Path):
    home = Home(tmp_path)
    home.prepare()
    with home.only_instance():
        import time

        write_heartbeat(home, {"pid": 4711, "port": 17710}, time.time())
        with pytest.raises(BridgeError, match="process 4711, port 17710"), home.only_instance():
            pass
    with home.only_instance():
        pass


def test_a_heartbeat_goes_stale_and_junk_is_none(tmp_path: Path):
    home = Home(tmp_path)
    assert read_heartbeat(home) is None
    write_heartbeat(home, {"pid": 1}, 1000.0)
    assert read_heartbeat(home, now=1009.0)["pid"] == 1
    assert read_heartbeat(home, now=1011.0) is None
    assert read_heartbeat(home, now=980.0) is None  # the clock was set back: not believed for long
    home.heartbeat.write_text("{")
    assert read_heartbeat(home, now=1000.0) is None


def test_replace_file_leaves_nothing_behind(tmp_path: Path):
    replace_file(tmp_path / "a", b"one")
    replace_file(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"two"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
