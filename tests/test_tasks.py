"""Transcription and the extras of generate, end to end through the real server."""

from __future__ import annotations

import json
import shutil

import jsonschema
import mido
import numpy as np
import pytest
import soundfile
from running import finish, wait_until

from bridge import manifest
from bridge.errors import BridgeError
from bridge.protocol import STATUS_TOTALS


@pytest.fixture
def melody(tmp_path):
    """Four plucked notes, half a second each, at 44.1 kHz: A4 C5 E5 A5."""
    rate, notes = 44100, []
    for pitch in (69, 72, 76, 81):
        t = np.arange(rate // 2) / rate
        base = 2 * np.pi * 440 * 2 ** ((pitch - 69) / 12) * t
        notes.append(sum(np.sin(base * n) / n**2 for n in (1, 2, 3)) * np.exp(-4 * t) * 0.4)
    path = tmp_path / "mélodie.wav"
    soundfile.write(path, np.concatenate(notes), rate)
    return path


def test_audio_becomes_midi_in_the_projects_tempo(sketch_server, melody):
    keys = {"bpm": 120.0, "meter": "3/4", "quantize": "1/8", "project": "P"}
    with sketch_server.client() as client:
        job_id, _ = client.request("/bridge/transcribe", str(melody), keys=keys)
        path = finish(client, job_id)
    data = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.validate(data, manifest.SCHEMA)
    clip = data["clips"][0]
    assert (clip["kind"], clip["bpm"], clip["beats"]) == ("midi", 120.0, 4.0)
    notes = json.loads((path.parent / clip["notes"]).read_text())
    assert [(n[0], n[2]) for n in notes] == [(0, 69), (1, 72), (2, 76), (3, 81)]
    file = mido.MidiFile(path.parent / clip["file"])
    assert [m.numerator for m in file.tracks[0] if m.type == "time_signature"] == [3]


def test_a_section_starts_at_its_own_zero(sketch_server, melody):
    with sketch_server.client() as client:
        keys = {"start_s": 1.0, "length_s": 1.0, "quantize": "1/8"}
        job_id, _ = client.request("/bridge/transcribe", str(melody), keys=keys)
        finish(client, job_id)
    clip = sketch_server.manifest(job_id)["clips"][0]
    notes = json.loads((sketch_server.home.clips / clip["notes"]).read_text())
    assert [(n[0], n[2]) for n in notes] == [(0, 76), (1, 81)]
    assert clip["beats"] == 2.0


def test_silence_and_text_are_a_sentence_each(sketch_server, tmp_path):
    silent, text = tmp_path / "silent.wav", tmp_path / "text.wav"
    soundfile.write(silent, np.zeros(48000), 48000)
    text.write_text("this is no audio")
    with sketch_server.client() as client:
        with pytest.raises(BridgeError, match=r"text\.wav.*no audio of a known kind") as refusal:
            client.request("/bridge/transcribe", str(text))
        job_id, _ = client.request("/bridge/transcribe", str(silent))
        with pytest.raises(BridgeError, match="silent") as failure:
            finish(client, job_id)
    assert (refusal.value.code, failure.value.code) == ("unreadable-audio", "not-found")
    assert not (sketch_server.home.clips / f"{job_id}.json").exists()
    assert not (sketch_server.home.clips / job_id).exists()


def test_instruments_sum_to_the_mix(sketch_server):
    keys = {"bars": 2, "instruments": "drums,bass,piano", "bpm": 97.3}
    with sketch_server.client() as client:
        job_id, _ = client.request("/bridge/generate", "funk", keys=keys)
        path = finish(client, job_id)
    clips = [c for c in sketch_server.manifest(job_id)["clips"] if c["kind"] == "audio"]
    assert [c["role"] for c in clips] == ["mix", "drums", "bass", "piano"]
    mix, *parts = (soundfile.read(path.parent / c["file"])[0] for c in clips)
    residue = np.abs(mix - sum(parts)).max()
    assert 20 * np.log10(residue + 1e-12) < -80
    assert clips[0]["measured"]["true_peak_dbtp"] <= -0.9


def test_a_prompt_becomes_audio_and_midi_of_every_part(sketch_server):
    keys = {"bars": 1, "instruments": "drums,bass", "meter": "7/8"}
    with sketch_server.client() as client:
        job_id, _ = client.request("/bridge/generate", "techno", keys=keys)
        path = finish(client, job_id)
    midi = {c["role"]: c for c in sketch_server.manifest(job_id)["clips"] if c["kind"] == "midi"}
    assert set(midi) == {"mix", "drums", "bass"}
    file = mido.MidiFile(path.parent / midi["drums"]["file"])
    assert {m.channel for t in file.tracks for m in t if m.type == "note_on"} == {9}
    assert file.ticks_per_beat >= 220


def test_a_dropped_file_that_is_no_audio_is_a_failed_job(sketch_server):
    """Nobody reads a refusal there; a job that failed is counted, and listeners hear of it."""
    dropped = sketch_server.home.transcribe / "text.wav"
    with sketch_server.client() as client:

        def failed() -> int:
            return dict(zip(STATUS_TOTALS, client.request("/bridge/status"), strict=True))["failed"]

        before = failed()
        dropped.write_text("this is no audio")
        wait_until(lambda: failed() == before + 1, "the dropped file's job to fail")
    dropped.unlink()


def test_a_file_put_into_the_drop_folder_becomes_midi(sketch_server, melody):
    folder = sketch_server.home.transcribe
    shutil.copy(melody, folder / "dropped.wav")
    clips = sketch_server.home.clips

    def manifests():
        found = (json.loads(path.read_text(encoding="utf-8")) for path in clips.glob("*.json"))
        return [data for data in found if data["client"] == "drop-folder"]

    wait_until(manifests, "the dropped file's manifest")
    (data,) = manifests()
    assert data["request"]["path"] == str(folder / "dropped.wav")
    assert [clip["kind"] for clip in data["clips"]] == ["midi"]


@pytest.mark.parametrize("stems", ["separate", "generate"])
def test_stems_without_the_model_name_the_one_command(sketch_server, melody, stems):
    with sketch_server.client() as client, pytest.raises(BridgeError) as refusal:
        if stems == "separate":
            client.request("/bridge/separate", str(melody))
        else:
            client.request("/bridge/generate", "funk", keys={"stems": 1})
    assert refusal.value.code == "model-missing"
    assert "run" in refusal.value.message
