"""What goes wrong between a finished clip and the project: every time a sentence, never half a clip."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

WISH = {"Prompt": "house", "Bars": "1"}


@pytest.fixture
def ready(studio, clockwork_server):
    """A clip that is finished but not placed yet, because the project records; and its manifest."""
    studio.active.play_state = 4
    studio.act("Generate clip", {**WISH, "MIDI": "yes"})
    studio.until(lambda: "when the recording ends" in studio.news, "the clip")
    studio.manifest = clockwork_server.home.clips / f"{studio.job_id}.json"
    studio.active.play_state = 0
    return studio


def media(studio, suffix: str) -> Path:
    (clip,) = [
        c for c in json.loads(studio.manifest.read_text())["clips"] if c["file"].endswith(suffix)
    ]
    return studio.manifest.parent / clip["file"]


def nothing_came(studio) -> None:
    studio.until_landed()
    assert studio.active.tracks == []
    assert studio.active.undo_points == []


def test_a_read_only_media_folder_uses_the_clips_folder_and_says_so(ready):
    folder = ready.active.media_folder
    ready.read_only.append(folder.parent)
    ready.until_landed()
    audio = ready.active.tracks[0].items[0]
    assert audio.take.source.file == str(media(ready, ".wav"))
    assert f"the media folder {folder} cannot be written" in ready.console


def test_a_file_that_vanished(ready):
    path = media(ready, ".wav")
    path.unlink()
    nothing_came(ready)
    assert (
        f"could not be imported: the file is missing. The file is kept at {path}" in ready.console
    )


def test_notes_that_vanished(ready):
    notes = next(ready.manifest.parent.glob(f"{ready.manifest.stem}/*.notes.json"))
    notes.unlink()
    nothing_came(ready)
    assert str(notes) in ready.console


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"schema": 1, "job_', "text without an end"),
        ("[]", "names no job or no clips"),
        ('{"job_id": "a", "request_id": "b", "clips": [{"kind": "audio"}]}', "no usable file"),
        (
            '{"job_id": "a", "request_id": "b", "clips": [{"kind": "audio", "role": "mix", '
            '"file": "../../etc/passwd"}]}',
            "no usable file",
        ),
    ],
)
def test_a_malformed_manifest(ready, text, why):
    ready.manifest.write_text(text)
    nothing_came(ready)
    assert f"its manifest {ready.manifest} is damaged" in ready.console
    assert why in ready.console


@pytest.mark.parametrize(
    ("text", "why"),
    [("[[0, 1, 60, 90]]", "not five numbers"), ("[[0,1,60,90,0]", "no list"), ("", "no list")],
)
def test_damaged_notes(ready, text, why):
    notes = next(ready.manifest.parent.glob(f"{ready.manifest.stem}/*.notes.json"))
    notes.write_text(text)
    nothing_came(ready)
    assert why in ready.console and str(notes) in ready.console


def test_audio_that_is_none_is_kept_and_named(ready):
    media(ready, ".wav").write_bytes(b"RIFF????WAVEjunk")
    nothing_came(ready)
    assert "REAPER cannot read it as audio" in ready.console
    kept = ready.console.split("The file is kept at ")[1].split("\n")[0]
    assert Path(kept).read_bytes() == b"RIFF????WAVEjunk"


def test_audio_that_is_shorter_than_declared_is_refused(ready):
    path = media(ready, ".wav")
    path.write_bytes(path.read_bytes()[:-48000])
    nothing_came(ready)
    assert "were declared" in ready.console


def test_a_clips_folder_that_was_deleted_ends_the_waiting(ready):
    ready.active.play_state = 4
    shutil.rmtree(ready.manifest.with_suffix(""))
    ready.manifest.unlink()
    ready.idle(1)
    ready.until_landed()
    assert "failed: its clips are no longer at" in ready.console


def test_a_fault_in_the_middle_of_placing_leaves_nothing_behind(studio, monkeypatch):
    """The last call of all breaks: tracks, items and the folder depths before are as they were."""
    from reaper.double import host

    def broken(*_):
        raise host.ArgumentError("bad argument #1 to 'MIDI_InsertNote' (MediaItem_Take expected)")

    monkeypatch.setitem(host.CALLS, "MIDI_InsertNote", broken)
    studio.add_track("Band", depth=1)
    studio.add_track("Last", depth=-1, selected=True)
    before = studio.active.snapshot()
    studio.act("Generate clip", {**WISH, "MIDI": "yes"})
    studio.until_landed()
    assert studio.active.snapshot()["tracks"] == before["tracks"]
    assert "house failed: " in studio.console
    assert "MIDI_InsertNote" in studio.console


def test_a_fault_in_a_tick_does_not_end_the_importer(studio, monkeypatch):
    from reaper.double import host

    real, calls = host.CALLS["EnumProjExtState"], []

    def broken_once(*arguments):
        calls.append(1)
        if len(calls) < 3:
            raise host.ArgumentError("a passing fault")
        return real(*arguments)

    monkeypatch.setitem(host.CALLS, "EnumProjExtState", broken_once)
    studio.act("Generate clip", WISH)
    studio.until_landed()
    assert [t.name for t in studio.active.tracks] == ["house"]
    assert studio.console.count("met a fault and goes on") == 1
    studio.console = ""


def test_names_that_are_taken_get_a_number(ready):
    folder = ready.active.media_folder
    folder.mkdir(parents=True)
    taken = folder / f"house-{ready.manifest.stem[-8:]}-mix.wav"
    taken.write_bytes(b"mine")
    ready.until_landed()
    assert taken.read_bytes() == b"mine"
    assert ready.active.tracks[0].items[0].take.source.file == str(
        taken.with_stem(f"{taken.stem}-2")
    )
    assert not list(folder.glob("*.part"))
