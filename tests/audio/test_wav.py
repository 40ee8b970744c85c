from __future__ import annotations

import errno
import os
import struct
import wave
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import soundfile

from bridge.audio.wav import write_wav
from bridge.errors import BridgeError
from bridge.music import Meter

from .signals import noise, peak_db, tone


def chunks(path: Path) -> dict[str, bytes]:
    """Walk the RIFF file strictly: sizes add up to the file, chunks start at even places."""
    data = path.read_bytes()
    riff, size, form = struct.unpack_from("<4sI4s", data)
    assert (riff, form, size + 8) == (b"RIFF", b"WAVE", len(data))
    found, at = {}, 12
    while at < len(data):
        name, length = struct.unpack_from("<4sI", data, at)
        found[name.decode()] = data[at + 8 : at + 8 + length]
        assert len(found[name.decode()]) == length
        at += 8 + length + length % 2
    assert at == len(data)
    return found


def info(path: Path) -> dict[str, str]:
    body, at, tags = chunks(path)["LIST"], 4, {}
    assert body[:4] == b"INFO"
    while at < len(body):
        name, length = struct.unpack_from("<4sI", body, at)
        tags[name.decode()] = body[at + 8 : at + 8 + length].rstrip(b"\0").decode()
        at += 8 + length + length % 2
    return tags


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_samples_come_back_within_half_a_step(tmp_path: Path, channels: int) -> None:
    audio = np.concatenate([noise(0.1, 44100, 0.2, seed) for seed in range(3)])[:channels]
    write_wav(tmp_path / "a.wav", audio, 44100, tags={})
    read, rate = soundfile.read(tmp_path / "a.wav", dtype="float64", always_2d=True)
    assert rate == 44100 and soundfile.info(tmp_path / "a.wav").subtype == "PCM_24"
    assert np.abs(read.T - audio).max() <= 2**-24
    assert "LIST" not in chunks(tmp_path / "a.wav")


def test_full_scale_is_clipped_not_wrapped(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.array([[1.0, -1.0, 1.5, -1.5]], np.float32), 8000, tags={})
    read, _ = soundfile.read(tmp_path / "a.wav")
    np.testing.assert_allclose(read, [1 - 2**-23, -1, 1 - 2**-23, -1])


def test_the_standard_library_reads_it_and_odd_data_is_padded(tmp_path: Path) -> None:
    write_wav(tmp_path / "a.wav", np.zeros((1, 333), np.float32), 8000, tags={"INAM": "odd"})
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getnframes()) == (1, 3, 333)
    assert len(chunks(tmp_path / "a.wav")["data"]) == 999


def test_long_audio_is_written_whole(tmp_path: Path) -> None:
    audio = noise(13, 48000)  # more than two blocks
    write_wav(tmp_path / "a.wav", audio, 48000, tags={})
    read, _ = soundfile.read(tmp_path / "a.wav", dtype="float32")
    assert peak_db(read.T - audio) < -135


def test_tags_keep_every_script(tmp_path: Path) -> None:
    tags = {
        "INAM": "夜の lo-fi",
        "ICMT": "dusty\nkeys…",
        "ISFT": "daw-bridge",
        "IGNR": "",
        "ICOP": "a\0b",
    }
    write_wav(tmp_path / "a.wav", tone(440, 0.1, 8000), 8000, tags=tags)
    assert info(tmp_path / "a.wav") == {
        "INAM": "夜の lo-fi", "ICMT": "dusty\nkeys…", "ISFT": "daw-bridge", "ICOP": "ab",
    }  # fmt: skip
    with soundfile.SoundFile(tmp_path / "a.wav") as file:
        assert file.title == "夜の lo-fi" and file.software.startswith("daw-bridge")


def test_a_loop_of_whole_beats_carries_its_tempo(tmp_path: Path) -> None:
    write_wav(
        tmp_path / "a.wav", tone(440, 0.1, 8000), 8000, tags={}, bpm=93.7, beats=Fraction(14),
        meter=Meter(7, 8), loop=True,
    )  # fmt: skip
    acid = chunks(tmp_path / "a.wav")["acid"]
    flags, root, _, _, beats, denominator, numerator, tempo = struct.unpack("<IHHfIHHf", acid)
    assert (flags & 1, root, beats, denominator, numerator) == (0, 0x3C, 14, 8, 7)
    assert tempo == pytest.approx(93.7)


@pytest.mark.parametrize(
    "facts",
    [
        {"bpm": 120, "beats": 3.5, "loop": True},
        {"bpm": 120, "beats": 4, "loop": False},
        {"beats": 4, "loop": True},
    ],
)
def test_nothing_else_claims_a_tempo(tmp_path: Path, facts: dict[str, float]) -> None:
    write_wav(tmp_path / "a.wav", tone(440, 0.1, 8000), 8000, tags={}, **facts)  # type: ignore[arg-type]
    assert "acid" not in chunks(tmp_path / "a.wav")


def test_a_placed_clip_says_where(tmp_path: Path) -> None:
    tags = {"ICMT": "naïve " * 99, "ISFT": "daw-bridge 0.1.0", "ICRD": "2026-11-22T12:34:56Z"}
    place_s = 200_000.5  # beyond 32 bits of samples
    write_wav(tmp_path / "a.wav", tone(440, 0.1, 48000), 48000, tags=tags, place_s=place_s)
    bext = chunks(tmp_path / "a.wav")["bext"]
    assert len(bext) == 602
    assert bext[:12] == b"na?ve na?ve " and bext[255] != 0
    assert bext[256:288].rstrip(b"\0") == b"daw-bridge 0.1.0"
    assert bext[320:338] == b"2026-11-2212:34:56"
    assert struct.unpack_from("<QH", bext, 338) == (round(place_s * 48000), 1)


def test_what_no_wav_can_hold_is_refused_before_a_byte_is_written(tmp_path: Path) -> None:
    endless = np.broadcast_to(np.float32(0), (2, 800_000_000))
    with pytest.raises(BridgeError, match="4 GiB, got 4.5"):
        write_wav(tmp_path / "a.wav", endless, 48000, tags={})
    assert not (tmp_path / "a.wav").exists()


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BridgeError) as error:
        write_wav(tmp_path / "a.wav", tone(440, 0.1, 8000), 8000, tags={})
    assert error.value.code == "disk-full"


def test_a_tag_name_that_is_none_is_a_bug(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="title"):
        write_wav(tmp_path / "a.wav", tone(440, 0.1, 8000), 8000, tags={"title": "x"})
