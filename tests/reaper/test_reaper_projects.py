"""Never twice, never in the wrong place: undo, tabs, restarts, recording, several REAPERs."""

from __future__ import annotations

import pytest
from running import wait_until

from reaper.conftest import SCRIPTS
from reaper.double.model import load_project

PROMPT = "mellow house"
SHORT = {"Prompt": PROMPT, "Bars": "1"}


def landed(project):
    return [t.name for t in project.tracks]


@pytest.mark.parametrize("undo_restores_ext", [False, True])
def test_what_was_undone_does_not_come_back_by_itself(reaper, undo_restores_ext):
    """Whether undo brings the job's note in the project back or not, which REAPER does not promise."""
    reaper.undo_restores_ext = undo_restores_ext
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    reaper.undo()
    reaper.idle(3)
    assert landed(reaper.active) == []
    assert reaper.waiting == []


def test_an_importer_that_starts_after_the_undo_leaves_it_undone(reaper):
    reaper.undo_restores_ext = True
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    reaper.act("Clip importer")  # off
    reaper.undo()
    reaper.act("Clip importer")
    reaper.idle(3)
    assert landed(reaper.active) == []


def test_a_project_closed_while_waiting_gets_its_clip_when_opened_again(
    studio, clockwork_server, tmp_path
):
    studio.act("Generate clip", {**SHORT, "Prompt": "steps 20 closed"})
    project = studio.active
    project.save(tmp_path / "song.rpp")
    studio.idle(0.5)
    studio.close_tab(project)
    clips = clockwork_server.home.clips
    studio.until(
        lambda: any("20 closed" in path.read_text() for path in clips.glob("*.json")),
        "the manifest",
    )
    studio.idle(2)
    assert landed(studio.active) == []
    studio.new_tab(load_project(tmp_path / "song.rpp"))
    studio.until_landed()
    assert landed(studio.active) == ["steps 20 closed"]


def test_news_of_a_job_whose_project_was_closed_a_moment_ago(studio, clockwork_server):
    """The event is read before the importer has looked at the tabs again."""
    studio.act("Generate clip", {**SHORT, "Prompt": "steps 100"})
    studio.until(lambda: studio.job_id, "the answer")
    with clockwork_server.client() as client:
        client.request("/bridge/cancel", studio.job_id)
    out = clockwork_server.home.mailbox_out / studio.ext["dawbridge", "process_client"]
    wait_until(
        lambda: any(b"cancelled" in path.read_bytes() for path in out.glob("*.osc")), "the event"
    )
    studio.close_tab(studio.active)
    studio.clock_offset += (
        1  # time to look into the mailbox, which comes before the look at the tabs
    )
    studio.tick()
    assert "steps 100: cancelled" in studio.console


def test_a_clip_waits_for_its_tab_and_says_so(studio, clockwork_server, tmp_path):
    studio.active.save(tmp_path / "song.rpp")
    asked_in = studio.active
    studio.act("Generate clip", {**SHORT, "Prompt": "steps 4"})
    other = studio.new_tab()
    studio.until(lambda: "switch to the project" in studio.news, "the notice")
    assert str(tmp_path / "song.rpp") in studio.news
    studio.idle(2)
    assert landed(other) == landed(asked_in) == []
    studio.active = asked_in
    studio.until_landed()
    assert landed(asked_in) == ["steps 4"] and landed(other) == []


def test_after_a_restart_of_reaper_the_clip_still_lands(start_reaper, clockwork_server, tmp_path):
    """Saved, quit before the server has even answered, opened by a new process."""
    server = clockwork_server
    first = start_reaper(server.home.root)
    first.active.cursor = 8.0
    first.act("Generate clip", {**SHORT, "Prompt": "steps 10 only once"})
    first.active.save(tmp_path / "song.rpp")
    first.quit()
    second = start_reaper(server.home.root, profile=first.profile)
    second.projects.clear()
    second.new_tab(load_project(tmp_path / "song.rpp"))
    second.act("Clip importer")
    second.until_landed()
    assert landed(second.active) == ["steps 10 only once"]
    assert second.active.items()[0].position == 8.0
    made = [path for path in server.home.clips.glob("*.json") if "only once" in path.read_text()]
    assert len(made) == 1, "the same request is the same job"


def test_opened_anew_without_the_clip_it_lands_again_in_the_same_process(
    studio, clockwork_server, tmp_path
):
    """Saved while waiting; the clip landed; the project was closed without saving and opened again."""
    studio.act("Generate clip", {**SHORT, "Prompt": "steps 2"})
    studio.until(lambda: any("job_id" in v for _, v in studio.active.ext.values()), "the answer")
    project = studio.active
    project.save(tmp_path / "song.rpp")
    studio.until_landed()
    studio.close_tab(project)
    studio.new_tab(load_project(tmp_path / "song.rpp"))
    studio.until_landed()
    assert landed(studio.active) == ["steps 2"]


def test_a_saved_project_that_has_the_clip_does_not_get_it_twice(
    studio, clockwork_server, tmp_path
):
    """The job's note survived in the file beside the clip, as after a crash at a bad moment."""
    studio.act("Generate clip", SHORT)
    studio.until(lambda: any("job_id" in v for _, v in studio.active.ext.values()), "the answer")
    note = dict(studio.active.ext)
    studio.until_landed()
    studio.active.ext.update(note)
    studio.active.save(tmp_path / "song.rpp")
    studio.close_tab(studio.active)
    studio.new_tab(load_project(tmp_path / "song.rpp"))
    studio.until_landed()
    assert landed(studio.active) == [PROMPT]


def test_nothing_is_placed_while_recording(studio):
    studio.active.play_state = 5
    studio.act("Generate clip", SHORT)
    studio.until(lambda: "when the recording ends" in studio.news, "the notice")
    studio.idle(1)
    assert landed(studio.active) == []
    studio.active.play_state = 0
    studio.until_landed()
    assert landed(studio.active) == [PROMPT]


def test_two_reapers_get_their_own_clips_only(start_reaper, sketch_server):
    first, second = (start_reaper(sketch_server.home.root) for _ in range(2))
    first.act("Generate clip", {**SHORT, "Prompt": "techno"})
    second.act("Generate clip", {**SHORT, "Prompt": "jazz"})

    def both_done():
        first.tick()
        return not first.waiting and not second.waiting

    second.until(both_done, "both clips")
    for studio in (first, second):
        studio.idle(1)
    assert landed(first.active) == ["techno"]
    assert landed(second.active) == ["jazz"]


def test_a_manifest_for_another_project_is_left_alone(reaper, sketch_server):
    """Somebody else's clip appears in the folder; with "import clips asked for elsewhere" as well."""
    reaper.act("Bridge settings", {"Import": "yes"})
    reaper.act("Clip importer")
    reaper.idle(5)
    with sketch_server.client() as client:
        answer = client.request("/bridge/generate", "jazz", keys={"bars": 1, "project": "x"})
    reaper.until(lambda: (sketch_server.home.clips / f"{answer[0]}.json").exists(), "the manifest")
    reaper.idle(5)
    assert landed(reaper.active) == []


def test_clips_asked_for_elsewhere_land_when_the_user_wants_them(reaper, sketch_server):
    """Only those that appear while the importer runs, not everything ever made."""
    clips = sketch_server.home.clips
    with sketch_server.client() as client:
        old = client.request("/bridge/generate", "an old clip", keys={"bars": 1})[0]
        reaper.act("Bridge settings", {"Import": "yes"})
        reaper.until((clips / f"{old}.json").exists, "the old clip")
        reaper.active.cursor = 4.0
        reaper.act("Clip importer")
        reaper.idle(5)
        client.request("/bridge/generate", "ambient pads", keys={"bars": 1})

    def there():
        reaper.clock_offset += 0.2
        return landed(reaper.active)

    reaper.until(there, "the clip")
    reaper.idle(5)
    assert "an old clip" not in landed(reaper.active)
    assert landed(reaper.active).count("ambient pads") == 1
    assert reaper.active.items()[0].position == 4.0


def test_an_unsaved_project_is_told_where_its_audio_lies(reaper):
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    assert f"not saved yet: its audio lies in {reaper.active.media_folder}" in reaper.news


def test_the_importer_is_a_switch_with_a_light(reaper):
    reaper.act("Clip importer")
    assert reaper.toggle() == 1
    reaper.idle(0.1)
    reaper.act("Clip importer")
    reaper.idle(0.1)
    assert reaper.toggle() == 0
    assert reaper.scripts == []


def test_a_second_copy_in_an_old_reaper_switches_the_first_off(start_reaper, sketch_server):
    """Before 7.03 REAPER asks what to do; whoever picks "new instance" gets the switch as well."""
    reaper = start_reaper(sketch_server.home.root, ("6.47", "lua53"))
    reaper.relaunch = "new"
    reaper.act("Clip importer")
    reaper.idle(0.1)
    reaper.act("Clip importer")
    reaper.idle(0.1)
    assert reaper.toggle() == 0
    assert reaper.scripts == []


def test_asking_right_after_a_long_pause_leaves_the_running_importer_alone(reaper):
    """REAPER rendered for a minute; the action runs before the importer's next tick."""
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    reaper.idle(0.1)

    def before_any_tick(title):
        reaper.clock_offset += 60
        return {"Bars": "1"}

    reaper.clock_offset += 60
    reaper.run(SCRIPTS / "Generate clip.lua", before_any_tick)
    reaper.until_landed()
    assert len(landed(reaper.active)) == 2
    assert reaper.toggle() == 1


def test_asking_twice_leaves_the_running_importer_alone(reaper):
    """A modal dialog holds the timer still for longer than the importer's sign of life lasts."""
    reaper.act("Generate clip", SHORT)
    reaper.idle(0.2)

    def long_thought(title):
        reaper.clock_offset += 60
        return {"Bars": "1"}

    reaper.act("Generate clip", long_thought)
    reaper.until_landed()
    assert len(landed(reaper.active)) == 2, reaper.console
    assert reaper.toggle() == 1
