"""The server as the musician meets it: absent, slow, cancelled, broken, killed, back again."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

SHORT = {"Bars": "1"}


def wish(prompt):
    return {**SHORT, "Prompt": prompt}


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.glob("*")) if folder.exists() else []


def test_without_a_server_the_question_says_how_to_start_it_and_no_means_no(start_reaper, tmp_path):
    reaper = start_reaper(tmp_path / "nobody")
    reaper.act("Generate clip", wish("house"), "no")
    assert "not running" in reaper.boxes[0]
    assert "daw-bridge serve" in reaper.boxes[0]
    assert reaper.waiting == [] and reaper.started == []


def test_yes_starts_the_server_without_waiting_for_it_and_the_clip_lands(
    start_reaper, tmp_path, child_environment, edition
):
    home = tmp_path / "new home"
    reaper = start_reaper(home, edition)
    reaper.really_start, reaper.child_environment = True, child_environment
    command = f'"{sys.executable}" -m bridge serve --model sketch --port 0 --home "{home}"'
    reaper.act("Bridge settings", {"Start command": command})
    reaper.act("Generate clip", wish("house"), "yes")
    assert reaper.started == [command]
    reaper.until_landed()
    assert [t.name for t in reaper.active.tracks] == ["house"]
    reaper.status_line.clear()
    reaper.act("Generate clip again")
    reaper.until_landed()
    assert not any("starting the server" in line for line in reaper.status_line)


def test_with_autostart_nobody_is_asked(start_reaper, tmp_path):
    reaper = start_reaper(tmp_path / "nobody")
    reaper.act("Bridge settings", {"Start the server": "yes"})
    reaper.act("Generate clip", wish("house"))
    assert reaper.started == ["daw-bridge serve"]
    assert reaper.boxes == []
    reaper.idle(3)
    assert reaper.started == ["daw-bridge serve"], "once is enough while it starts"
    assert reaper.news == "DAW Bridge: starting the server; your request is kept"


def test_the_installers_note_beside_the_scripts_gives_home_and_command(start_reaper, tmp_path):
    import shutil

    from reaper.conftest import SCRIPTS

    copy = tmp_path / "Scripts" / "DAW Bridge"
    shutil.copytree(SCRIPTS, copy)
    note = {"home": str(tmp_path / "möbel"), "start_command": '"/opt/x y/python" -m bridge serve'}
    (copy / "installed.json").write_text(json.dumps(note, ensure_ascii=False), encoding="utf-8")
    reaper = start_reaper(tmp_path / "nobody")
    del reaper.environment["DAW_BRIDGE_HOME"]
    reaper.run(copy / "Generate clip.lua", wish("house"), "yes")
    assert reaper.started == ['"/opt/x y/python" -m bridge serve']
    reaper.idle(0.5)
    assert files_in(tmp_path / "möbel" / "mailbox" / "in")[0].endswith(".osc")


def test_silence_is_noticed_within_two_seconds_and_the_request_is_kept(
    start_reaper, start_server, tmp_path
):
    """The heartbeat still looks fresh: the server was killed a moment ago."""
    server = start_server()
    reaper = start_reaper(server.home.root)
    server.kill()
    reaper.act("Generate clip", wish("house"))
    asked = reaper.clock_offset
    while "does not answer" not in reaper.console:
        reaper.idle(0.1)
        assert reaper.clock_offset - asked < 2.5
    assert "Your request is kept. Start it with:  daw-bridge serve" in reaper.news
    assert len(files_in(server.home.root / "mailbox" / "in")) == 1
    start_server(home=server.home.root)
    reaper.until_landed()
    assert [t.name for t in reaper.active.tracks] == ["house"]


def test_a_server_that_dies_in_the_middle_of_a_job_and_returns(start_reaper, start_server):
    server = start_server()
    reaper = start_reaper(server.home.root)
    reaper.act("Generate clip", wish("steps 60"))
    reaper.until(lambda: "generating" in reaper.news, "the work to begin")
    server.kill()
    reaper.idle(4)
    assert "does not answer" in reaper.news
    start_server(home=server.home.root)
    reaper.until_landed()
    assert [t.name for t in reaper.active.tracks] == ["steps 60"]


def test_a_server_that_forgot_its_jobs_is_asked_again(start_reaper, start_server):
    server = start_server()
    reaper = start_reaper(server.home.root)
    reaper.act("Generate clip", wish("steps 60"))
    reaper.until(lambda: "generating" in reaper.news, "the work to begin")
    server.kill()
    for path in server.home.root.glob("jobs.sqlite*"):
        path.unlink()
    start_server(home=server.home.root)
    reaper.until_landed()
    assert [t.name for t in reaper.active.tracks] == ["steps 60"]


def test_progress_stage_percent_and_time_left_are_in_the_status_line(studio):
    studio.act("Generate clip", wish("steps 60"))
    studio.until_landed()
    lines = [line for line in studio.status_line if "generating" in line]
    assert len({line for line in lines if "%" in line}) > 3
    assert any("s left" in line for line in lines), lines


def test_a_job_says_behind_how_many_others_it_waits(studio, clockwork_server):
    with clockwork_server.client() as client:
        client.request("/bridge/generate", "steps 60", keys={"bars": 1})
    studio.act("Generate clip", wish("steps 2"))
    studio.until_landed()
    assert any("steps 2: queued behind 1 other job" in line for line in studio.status_line)
    assert len(studio.active.tracks) == 1


def test_cancel_stops_the_job_and_says_so(studio, clockwork_server):
    studio.act("Generate clip", wish("steps 400 cancelled"))
    studio.until(lambda: "generating" in studio.news, "the work to begin")
    studio.act("Cancel generation")
    studio.until_landed()
    assert "steps 400 cancelled: cancelled" in studio.console
    assert studio.active.tracks == []
    with clockwork_server.client() as client:
        assert client.request("/bridge/status")[3] == 0, "nothing is running"


def test_cancel_asks_when_there_are_several(studio):
    for _ in range(3):
        studio.act("Generate clip", wish("steps 100"))
    studio.act("Cancel generation", "no")
    assert "3 clips" in studio.boxes[0]
    assert len(studio.waiting) == 3
    studio.act("Cancel generation", "yes")
    studio.until_landed()
    assert studio.active.tracks == []


def test_cancel_with_nothing_to_cancel(studio):
    studio.act("Cancel generation", "ok")
    assert studio.boxes == ["Nothing is being made for this project."]


def test_cancel_without_a_server_takes_the_request_back(start_reaper, tmp_path):
    reaper = start_reaper(tmp_path / "nobody")
    reaper.act("Bridge settings", {"Start the server": "yes"})
    reaper.act("Generate clip", wish("house"))
    reaper.idle(3)
    inbox = tmp_path / "nobody" / "mailbox" / "in"
    assert len(files_in(inbox)) == 1
    reaper.act("Cancel generation")
    reaper.idle(1)
    assert reaper.waiting == []
    assert files_in(inbox) == []


@pytest.mark.parametrize(
    ("prompt", "sentence"), [("refuse", "clockwork refuses to work"), ("raise", "failed")]
)
def test_a_failed_job_is_told_in_the_servers_words(studio, prompt, sentence):
    studio.act("Generate clip", wish(prompt))
    studio.until_landed()
    assert f"{prompt} failed: " in studio.console
    assert sentence in studio.console
    assert studio.active.tracks == []


def test_a_clip_that_does_not_fit_lands_and_says_so(studio):
    studio.act("Generate clip", {**SHORT, "Prompt": "rush"})
    studio.until_landed()
    assert len(studio.active.tracks) == 1
    assert "rush: the take rushes, try another seed" in studio.console


def test_a_server_with_a_token(start_reaper, start_server):
    server = start_server("--token", "sesame")
    reaper = start_reaper(server.home.root)
    reaper.act("Generate clip", wish("house"))
    reaper.until_landed()
    assert "token" in reaper.console
    reaper.act("Bridge settings", {"Token": "sesame"})
    reaper.act("Generate clip", wish("house"))
    reaper.until_landed()
    assert [t.name for t in reaper.active.tracks] == ["house"]


def test_bridge_status_writes_what_the_server_says(studio, clockwork_server):
    studio.act("Bridge status")
    studio.until(lambda: studio.console, "the report")
    assert "version" in studio.console and "model clockwork" in studio.console
    assert "0 running" in studio.console
    assert "mailbox" in studio.console
    assert str(clockwork_server.home.root) in studio.console


def test_bridge_status_without_a_server_says_how_to_start_it(start_reaper, tmp_path):
    reaper = start_reaper(tmp_path / "nobody")
    reaper.act("Bridge status")
    reaper.idle(2.5)
    assert "does not answer. Start it with:  daw-bridge serve" in reaper.console
