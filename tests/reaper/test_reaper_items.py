"""Continue, melody, transcribe, separate: the selected item as source, with its file, offset, rate, section."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest

from reaper.conftest import SCRIPTS
from reaper.double.media import Source
from reaper.double.model import audio_item
from reaper.double.tempo import Marker

RATE = 24000


@pytest.fixture
def tone(tmp_path: Path) -> Path:
    """8 s: silence, but 220 Hz from 2 s to 5 s, where a note of A3 is to be heard."""
    time = np.arange(8 * RATE) / RATE
    audio = np.where((time >= 2) & (time < 5), 0.5 * np.sin(2 * np.pi * 220 * time), 0.0)
    path = tmp_path / "my täke 1.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((audio * 32767).astype("<i2").tobytes())
    return path


def heard(server, item):
    """The request, and what the engine says about the source it got."""
    manifest = server.manifest(item.take.texts["P_EXT:DawBridge"])
    return {**manifest["request"], **manifest["report"]}


def test_continue_lands_where_the_item_ends_and_hears_its_part_of_the_file(
    studio, clockwork_server, tone
):
    audio_item(studio.active, tone, 10.0, 2.5, offset=2.0)
    studio.act("Continue selected item", {"Prompt": "go on", "Bars": "2"})
    studio.until_landed()
    source, new = studio.active.tracks
    (item,) = new.items
    assert (source.name, new.name) == ("Audio", "go on")
    assert (item.position, item.length) == (12.5, pytest.approx(4.0, abs=1e-4))
    assert item.values["B_LOOPSRC"] == 0
    request = heard(clockwork_server, item)
    assert request["source"] == str(tone)
    assert request["source_mode"] == "continue"
    assert request["heard_s"] == pytest.approx(2.5, abs=1e-3)
    assert request["heard_peak"] > 0.45, "the engine heard the silence, not the item"


def test_melody_covers_the_item_and_follows_its_section_and_rate(studio, clockwork_server, tone):
    """The item plays 1.5 s of a section that begins at 2 s, 0.5 s into it, at 1.25 times the speed."""
    audio_item(studio.active, tone, 4.0, 1.2, offset=0.5, rate=1.25, section=(2.0, 3.0, False))
    studio.act("Melody from selected item", {"Prompt": "as strings"})
    studio.until_landed()
    (item,) = studio.active.tracks[1].items
    assert item.position == 4.0
    assert item.length == pytest.approx(1.2, abs=1e-4)
    assert item.take.values["D_PLAYRATE"] == pytest.approx(1.25)
    request = heard(clockwork_server, item)
    assert request["source_mode"] == "melody"
    assert request["source_start_s"] == pytest.approx(2.5)
    assert request["heard_s"] == pytest.approx(1.5, abs=1e-3)
    assert request["bpm"] == pytest.approx(96.0), "the file's own tempo"


def test_a_looped_item_gives_its_first_pass(studio, clockwork_server, tone):
    audio_item(studio.active, tone, 0.0, 24.0, offset=10.0)
    studio.act("Continue selected item", {"Prompt": "go on", "Bars": "1"})
    studio.until_landed()
    (item,) = studio.active.tracks[1].items
    assert item.position == 24.0
    request = heard(clockwork_server, item)
    assert request["source_start_s"] == pytest.approx(2.0)
    assert request["heard_s"] == pytest.approx(6.0, abs=1e-3)


def test_an_engine_that_cannot_continue_says_so(reaper, tone):
    audio_item(reaper.active, tone, 0.0)
    reaper.act("Continue selected item", {"Prompt": "go on", "Bars": "1"})
    reaper.until_landed()
    assert "cannot use a source for continue" in reaper.console


def test_transcribe_puts_a_midi_item_under_the_audio(studio, clockwork_server, tone):
    """The note sounds from 2 s to 5 s of the file; the item begins 1 s into it, at 8 s of the project."""
    audio_item(studio.active, tone, 8.0, 6.0, offset=1.0)
    studio.act("Transcribe selected item to MIDI", {"Snap": "1/4", "Material": "mono"})
    studio.until_landed()
    assert len(studio.active.tracks) == 2, studio.console
    (item,) = studio.active.tracks[1].items
    assert item.take.is_midi and item.position == 8.0
    assert item.length == pytest.approx(6.0, abs=0.01)
    (note,) = item.take.notes
    assert note[:2] == (2 * 960, 8 * 960), "beats 2 to 8 at 120 bpm"
    assert note[3] == 57


def test_transcribe_follows_the_items_rate(studio, tone):
    """At twice the speed 220 Hz lasts 1.5 s = 3 beats of the project; the pitch of the file is kept."""
    audio_item(studio.active, tone, 0.0, 3.5, offset=1.0, rate=2.0)
    studio.act("Transcribe selected item to MIDI", {"Snap": "1/4", "Material": "mono"})
    studio.until_landed()
    (item,) = studio.active.tracks[1].items
    (note,) = item.take.notes
    assert note[:2] == (1 * 960, 4 * 960)


def test_separate_puts_stems_into_a_folder_at_the_items_place_and_rate(
    studio, clockwork_server, tone
):
    """The real network class with tiny random weights: what it hears is noise, but it sums up."""
    test_separate = pytest.importorskip("test_separate", reason="the extra for stems is missing")
    path = test_separate.stem_model.checkpoint_path(clockwork_server.home.root)
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        test_separate.stem_model.save(test_separate.tiny_model(), path)
    audio_item(studio.active, tone, 3.0, 2.0, offset=2.0, rate=1.5)
    studio.act("Separate selected item", {"Stems": "drums, bass"})
    studio.until_landed()
    project = studio.active
    folder = project.tracks[1]
    assert folder.name == tone.name and folder.items == []
    parents = project.folders()
    assert {name for name, parent in parents.items() if parent == folder.name} == {
        "drums", "bass", "other",
    }  # fmt: skip
    for track in project.tracks[2:]:
        (item,) = track.items
        assert item.position == 3.0
        assert item.length == pytest.approx(2.0, abs=1e-3)
        assert item.take.values["D_PLAYRATE"] == 1.5
        assert item.values["B_LOOPSRC"] == 0
    studio.undo()
    assert [t.name for t in project.tracks] == ["Audio"]


def test_separate_without_the_model_says_what_to_do(reaper, tone):
    audio_item(reaper.active, tone, 3.0)
    reaper.act("Separate selected item", {})
    reaper.until_landed()
    assert "stems of my täke 1.wav failed: " in reaper.console
    assert "daw-bridge models pull" in reaper.console or "pip install" in reaper.console
    assert [t.name for t in reaper.active.tracks] == ["Audio"]


@pytest.mark.parametrize("action", ["Continue selected item", "Separate selected item"])
def test_without_an_item_it_says_so(studio, action):
    studio.act(action, "ok")
    assert studio.boxes == ["Select an audio item first."]


def test_items_without_plain_audio_are_refused_kindly(studio, tone, tmp_path):
    project = studio.active
    item = audio_item(project, tone, 0.0, section=(0.0, 2.0, True))
    studio.act("Continue selected item", "ok")
    item.take.source = Source("MIDI", "", 4.0)
    studio.act("Continue selected item", "ok")
    item.take.source = Source("RPP_PROJECT", str(tmp_path / "sub.rpp"), 4.0)
    studio.act("Transcribe selected item to MIDI", "ok")
    item.take.source = Source("WAVE", str(tmp_path / "gone.wav"), 4.0)
    studio.act("Separate selected item", "ok")
    assert [box.split(";")[0].split(":")[0] for box in studio.boxes] == [
        "The selected item is reversed",
        "The selected item is MIDI",
        "The selected item has no audio file of its own",
        "The item's file is missing",
    ]
    assert studio.waiting == []


def test_transcribing_across_a_tempo_change_is_refused(studio, tone):
    studio.active.tempo.markers = [Marker(4.0, 90.0)]
    audio_item(studio.active, tone, 0.0)
    studio.act("Transcribe selected item to MIDI", "ok")
    assert "the tempo changes inside the range" in studio.boxes[0]


def test_the_readme_names_every_action():
    text = (SCRIPTS / "README.md").read_text(encoding="utf-8")
    for path in SCRIPTS.glob("*.lua"):
        assert f"**{path.stem}**" in text, path.stem
