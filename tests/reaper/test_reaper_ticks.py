"""REAPER stays fluid: no tick of the importer takes long, whatever lies in the clips folder."""

from __future__ import annotations

import json
import shutil
import statistics

WISH = {"Prompt": "house", "Bars": "1"}
TICK_S = 0.010


def own_time(ticks):
    """Seconds of each importer tick that were spent in the scripts, not inside the double's functions."""
    return sorted(t.seconds - t.inside_api for t in ticks if t.script == "Clip importer.lua")


def test_a_thousand_manifests_in_the_folder_and_one_that_was_never_announced(
    start_reaper, start_server, edition
):
    """The server answered nobody and is gone; its clip is found among 1000 by looking through them."""
    server = start_server()
    with server.client() as client:
        job_id = client.request("/bridge/generate", "house", keys={"bars": 1})[0]
        reaper = start_reaper(server.home.root, edition)
        reaper.until(lambda: (server.home.clips / f"{job_id}.json").exists(), "a clip")
    server.kill()
    manifest = server.manifest(job_id)
    for number in range(1000):
        name = f"20250101-000000-{number:08x}"
        copy = {**manifest, "job_id": name, "request_id": name, "project": "another"}
        (server.home.clips / f"{name}.json").write_text(json.dumps(copy))
    reaper.act("Generate clip", WISH)
    (record,) = [k for (_, k), _ in reaper.active.ext.items() if k.startswith("job_")]
    late = {**manifest, "job_id": "20260101-000000-00000000", "request_id": record[4:]}
    (server.home.clips / f"{late['job_id']}.json").write_text(json.dumps(late))

    def landed():
        reaper.clock_offset += 0.05
        return not reaper.waiting

    reaper.until(landed, "the clip among the thousand")
    assert [t.name for t in reaper.active.tracks] == ["house"]
    times = own_time(reaper.ticks)
    assert len(times) > 30, "it was done in one go"
    assert times[int(len(times) * 0.95)] < TICK_S
    shutil.rmtree(server.home.root)


def test_a_big_clip_is_copied_in_many_small_steps(studio):
    studio.act("Generate clip", {**WISH, "Bars": "16"})
    studio.until(lambda: "importing" in studio.news or not studio.waiting, "the import")
    studio.until_landed()
    times = own_time(studio.ticks)
    assert times[int(len(times) * 0.95)] < TICK_S


def test_thousands_of_notes_are_read_in_slices(studio, clockwork_server):
    """A long transcription; only the tick that places them is longer, and REAPER's own work is in it."""
    studio.active.play_state = 4
    studio.act("Generate clip", {**WISH, "Bars": "16", "MIDI": "yes", "Prompt": "many notes"})
    studio.until(lambda: "when the recording ends" in studio.news, "the clip")
    notes = [[beat / 100, 0.01, 60, 90, 0] for beat in range(5000)]
    for path in clockwork_server.home.clips.glob("*.json"):
        if "many notes" in path.read_text():
            (file,) = path.with_suffix("").glob("*.notes.json")
            file.write_text(json.dumps(notes))
    studio.active.play_state = 0
    studio.until_landed()
    (item,) = studio.active.tracks[1].items
    assert len(item.take.notes) == 5000
    times = own_time(studio.ticks)
    assert times[int(len(times) * 0.95)] < TICK_S


def test_an_idle_importer_does_next_to_nothing(studio):
    studio.act("Clip importer")
    studio.idle(6)
    times = own_time(studio.ticks)
    assert len(times) > 150
    assert statistics.mean(times) < 0.001
