"""Generate clip, end to end: from the dialog to the item on the time line, against the real server."""

from __future__ import annotations

import pytest

PROMPT = "mellow house, electric piano"


def test_a_clip_lands_at_the_edit_cursor_below_the_selected_track(reaper):
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
    take = item.take
    assert take.name == f"{PROMPT} (seed 7)"
    assert take.source.file.startswith(str(project.media_folder))
    assert f"prompt: {PROMPT}" in item.texts["P_NOTES"]
    assert "seed: 7" in item.texts["P_NOTES"]
    assert project.tracks[2].values["I_CUSTOMCOLOR"] > 0x1000000
