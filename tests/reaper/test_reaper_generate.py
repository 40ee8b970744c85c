"""Generate clip and its sisters, end to end: from the dialog to the time line, against the real server."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reaper.double.tempo import Marker

PROMPT = "mellow house, electric piano"
SHORT = {"Prompt": PROMPT, "Bars": "1", "Seed": "7"}


def test_a_clip_lands_at_the_edit_cursor_below_the_selected_track(reaper, sketch_server):
    reaper.add_track("Drums")
    reaper.add_track("Keys", selected=True)
    reaper.add_track("Vocals")
    project = reaper.active
    project.cursor = 8.0
    reaper.act("Generate clip", {"Prompt": PROMPT, "Bars": "2", "Seed": "7"})
    reaper.until_landed()

    assert [t.name for t in project.tracks] == ["Drums", "Keys", PROMPT, "Vocals"]
    (item,) = project.tracks[2].items
    assert item.position == 8.0
    assert item.length == pytest.approx(4.0, abs=1e-4)
    assert item.values["B_LOOPSRC"] == 1
    assert item.values["C_BEATATTACHMODE"] == 1
    assert item.take.name == f"{PROMPT} (seed 7)"
    assert Path(item.take.source.file).parent == project.media_folder
    assert f"prompt: {PROMPT}" in item.texts["P_NOTES"]
    assert "seed: 7" in item.texts["P_NOTES"]
    assert project.tracks[2].values["I_CUSTOMCOLOR"] > 0x1000000
    assert "is there" in reaper.news
    assert reaper.console == "", "nothing was worth a warning on the way"
    reaper.idle(1)
    out = sketch_server.home.mailbox_out / reaper.ext["dawbridge", "process_client"]
    assert list(out.iterdir()) == [], "answers that were read are removed"


@pytest.mark.parametrize("edition", [("6.09", "lua53"), ("7.18", "lua54")], indirect=False)
def test_the_oldest_and_a_later_api_set_will_do(start_reaper, sketch_server, edition):
    """6.09 has neither BuildPeaks nor set_action_options; 7.18 brought InsertTrackInProject."""
    reaper = start_reaper(sketch_server.home.root, edition)
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    reaper.idle(1)
    assert len(reaper.active.tracks) == 1
    assert reaper.toggle() == 1


def test_one_undo_step_removes_everything_and_nothing_else_moved(reaper):
    reaper.add_track("Keys", selected=True)
    project = reaper.active
    project.cursor, project.view, project.play_state = 3.5, (1.0, 9.0), 1
    reaper.act("Generate clip", {**SHORT, "MIDI": "yes", "Variations": "2"})
    assert project.undo_points == [], "asking is not an edit"
    reaper.until_landed()
    assert [t.name for t in project.tracks[1:]] == [PROMPT, f"{PROMPT} MIDI", f"{PROMPT} MIDI 2"]
    assert [i.values.get("B_MUTE", 0) for i in project.items()] == [0, 0, 1], "one take is heard"
    assert project.cursor == 3.5
    assert project.view == (1.0, 9.0)
    assert [t.name for t in project.tracks if t.values.get("I_SELECTED")] == ["Keys"]
    assert not any(item.values.get("B_UISEL") for item in project.items())
    assert [name for name, _ in project.undo_points] == [f"DAW Bridge: {PROMPT}"]
    reaper.undo()
    assert [t.name for t in project.tracks] == ["Keys"]


def test_variations_are_takes_of_one_item(reaper):
    reaper.act("Generate clip", {**SHORT, "Variations": "3"})
    reaper.until_landed()
    (item,) = reaper.active.items()
    assert [take.name[-8:] for take in item.takes] == ["(seed 7)", "(seed 8)", "(seed 9)"]
    assert len({take.source.file for take in item.takes}) == 3


def test_midi_arrives_as_a_real_midi_item_with_the_servers_notes(reaper, sketch_server):
    reaper.active.cursor = 2.0
    reaper.act("Generate clip", {**SHORT, "MIDI": "yes"})
    reaper.until_landed()
    audio, midi = reaper.active.tracks
    assert midi.name == f"{PROMPT} MIDI"
    (item,) = midi.items
    assert (item.position, item.length) == (2.0, pytest.approx(2.0))
    job_id = item.take.texts["P_EXT:DawBridge"]
    (clip,) = [c for c in sketch_server.manifest(job_id)["clips"] if c["kind"] == "midi"]
    notes = json.loads((sketch_server.home.clips / clip["notes"]).read_text())
    wanted = sorted(
        (round(start * 960), round((start + length) * 960), channel, pitch, velocity)
        for start, length, pitch, velocity, channel in notes
    )
    assert wanted, "a clip without notes proves nothing"
    assert item.take.notes == wanted


def test_the_time_selection_is_the_range(reaper):
    reaper.active.time_selection = (4.0, 7.0)
    reaper.act("Generate clip", {"Prompt": PROMPT})  # no field for bars: the range says it
    title, captions, _ = reaper.dialogs[0]
    assert "1.5 bars at bar 3, 120 bpm, 4/4" in title
    assert not any(caption.startswith("Bars") for caption in captions)
    reaper.until_landed()
    (item,) = reaper.active.items()
    assert (item.position, item.length) == (4.0, pytest.approx(3.0, abs=1e-4))
    assert item.values["B_LOOPSRC"] == 0, "one and a half bars are no loop"


def test_seven_eight_at_another_tempo(reaper, sketch_server):
    project = reaper.active
    project.tempo.bpm, project.tempo.meter = 91.0, (7, 8)
    project.cursor = project.tempo.to_time(7.0)  # bar 3
    reaper.act("Generate clip", {**SHORT, "Bars": "2"})
    assert "bar 3, 91 bpm, 7/8" in reaper.dialogs[0][0]
    reaper.until_landed()
    (item,) = project.items()
    frames = round(7.0 * 60 / 91.0 * 48000)
    assert item.take.source.length == frames / 48000
    assert project.tempo.to_qn(item.position + item.length) == pytest.approx(14.0, abs=1e-4)
    request = sketch_server.manifest(item.take.texts["P_EXT:DawBridge"])["request"]
    assert (request["bars"], request["bpm"], request["meter"]) == (2.0, 91.0, "7/8")


def test_a_tempo_change_inside_the_range_is_refused_with_the_place(reaper):
    project = reaper.active
    project.tempo.markers = [Marker(6.0, 140.0)]
    project.time_selection = (4.0, 8.0)
    reaper.act("Generate clip", "ok")
    assert "the tempo changes inside the range (bar 3 to bar 5)" in reaper.boxes[0]
    assert reaper.waiting == []


def test_a_tempo_ramp_is_a_tempo_change(reaper):
    reaper.active.tempo.markers = [Marker(2.0, 120.0, linear=True), Marker(20.0, 160.0)]
    reaper.active.cursor = 6.0
    reaper.act("Generate clip", {"Prompt": PROMPT}, "ok")
    assert "the tempo changes inside the range" in reaper.boxes[0]
    assert reaper.waiting == []


def test_a_change_of_meter_inside_the_range_is_refused(reaper):
    reaper.active.tempo.markers = [Marker(6.0, 120.0, (3, 4))]
    reaper.active.time_selection = (4.0, 8.0)
    reaper.act("Generate clip", "ok")
    assert "time signature changes inside the range, at bar 4" in reaper.boxes[0]


def test_tempo_changes_at_the_edges_of_the_range_do_not_matter(reaper):
    project = reaper.active
    project.tempo.markers = [Marker(4.0, 100.0, (3, 4)), Marker(4.0 + 1.8 * 2, 80.0, (5, 4))]
    project.time_selection = (4.0, 7.6)
    reaper.act("Generate clip", {"Prompt": PROMPT})
    assert "2 bars at bar 3, 100 bpm, 3/4" in reaper.dialogs[0][0]
    reaper.until_landed()
    assert project.items()[0].length == pytest.approx(3.6, abs=1e-4)


def test_a_clip_follows_its_bar_when_the_tempo_changed_while_it_was_made(reaper):
    """Asked for at bar 5 in 120 bpm; meanwhile the project became 100 bpm: still bar 5, and stretched."""
    project = reaper.active
    project.cursor = 8.0
    reaper.act("Generate clip", SHORT)
    project.tempo.bpm = 100.0
    reaper.until_landed()
    (item,) = project.items()
    assert project.tempo.to_qn(item.position) == pytest.approx(16.0)
    assert item.take.values["D_PLAYRATE"] == pytest.approx(100 / 120)
    assert item.length == pytest.approx(2.4, abs=1e-4)


def test_it_lands_where_it_was_asked_for_though_the_cursor_moved_and_the_track_went(reaper):
    project = reaper.active
    gone = reaper.add_track("Gone", selected=True)
    reaper.add_track("Last")
    project.cursor = 8.0
    reaper.act("Generate clip", SHORT)
    project.cursor = 0.0
    gone.delete()
    reaper.until_landed()
    assert [t.name for t in project.tracks] == ["Last", PROMPT]
    assert project.items()[0].position == 8.0


def test_generate_again_repeats_the_wish_with_a_new_seed_and_no_dialog(reaper):
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    reaper.act("Generate clip again")
    reaper.until_landed()
    assert len(reaper.dialogs) == 1
    first, second = (item.take.name for item in reaper.active.items())
    assert first == f"{PROMPT} (seed 7)"
    assert second.startswith(PROMPT) and second != first


def test_generate_again_without_a_first_time_says_so(reaper):
    reaper.act("Generate clip again", "ok")
    assert "Nothing to repeat yet" in reaper.boxes[0]


def test_instruments_land_in_a_folder_with_one_track_each(reaper):
    reaper.add_track("Band", depth=1)
    reaper.add_track("Guitar", selected=True, depth=-1)
    reaper.add_track("Vocals")
    project = reaper.active
    reaper.act(
        "Generate instruments",
        {"Prompt": PROMPT, "Instruments": "drums, bass", "Bars": "1", "MIDI": "yes"},
    )
    reaper.until_landed()
    assert project.folders() == {
        "Band": "", "Guitar": "Band", PROMPT: "Band", "drums": PROMPT, "drums MIDI": PROMPT,
        "bass": PROMPT, "bass MIDI": PROMPT, "Vocals": "",
    }  # fmt: skip
    assert {item.position for item in project.items()} == {0.0}
    assert len({t.values["I_CUSTOMCOLOR"] for t in project.tracks[2:7]}) == 3
    reaper.undo()
    assert project.folders() == {"Band": "", "Guitar": "Band", "Vocals": ""}


def test_below_a_folder_track_means_inside_it(reaper):
    reaper.add_track("Band", depth=1, selected=True)
    reaper.add_track("Guitar", depth=-1)
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    assert reaper.active.folders() == {"Band": "", PROMPT: "Band", "Guitar": "Band"}


def test_the_dialog_remembers_across_a_restart_and_takes_commas_and_quotes(
    start_reaper, sketch_server, edition
):
    home, profile = sketch_server.home.root, {}
    prompt = 'jazz, "smoky" café, 100 % `live`'
    first = start_reaper(home, edition, profile=profile)
    first.act("Generate clip", {"Prompt": prompt, "Bars": "1"})
    first.until_landed()
    assert first.active.tracks[0].name == prompt
    first.quit()
    second = start_reaper(home, edition, profile=profile)
    second.act("Generate clip", None)
    assert second.dialogs[0][2][0] == prompt


def test_bad_numbers_are_answered_with_a_sentence_and_the_dialog_again(reaper):
    reaper.act("Generate clip", {**SHORT, "Bars": "-4"}, "ok", {"Bars": "x"}, "ok", None)
    assert reaper.boxes == [
        'Bars must be a number from 0.25 to 256, not "-4".',
        'Bars must be a number from 0.25 to 256, not "x".',
    ]
    assert reaper.waiting == []


def test_cancelling_the_dialog_asks_for_nothing(reaper):
    reaper.act("Generate clip", None)
    reaper.idle(1)
    assert reaper.waiting == []
    assert reaper.scripts == [], "not even the importer was started"
    assert reaper.active.undo_points == []


def test_a_refusal_is_shown_in_the_servers_words(reaper):
    reaper.act("Generate clip", {**SHORT, "Key": "H dur"})
    reaper.until_landed()
    assert "failed: key must be a note and a mode" in reaper.console
    assert reaper.active.tracks == []


def test_peaks_are_built_in_later_ticks(start_reaper, sketch_server):
    reaper = start_reaper(sketch_server.home.root)
    reaper.act("Generate clip", SHORT)
    reaper.until_landed()
    source = reaper.active.items()[0].take.source
    reaper.until(lambda: source.peak_percent == 0, "the peaks")


def test_a_reaper_that_is_too_old_is_told_so(start_reaper, sketch_server):
    reaper = start_reaper(sketch_server.home.root, ("6.09", "lua53"))
    reaper.app_version = "5.99/x64"
    reaper.act("Generate clip", "ok")
    assert reaper.boxes == ["DAW Bridge needs REAPER 6.09 or newer; this is 5.99/x64."]
