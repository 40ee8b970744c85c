from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

from bridge.audio.read import read_audio, section_seconds
from bridge.errors import BridgeError

from .signals import tone


def refused(path: Path | str, code: str, word: str, **section: Any) -> None:
    with pytest.raises(BridgeError) as error:
        read_audio(path, **section)
    assert error.value.code == code
    assert word in error.value.message
    assert "\n" not in error.value.message
    if word not in ("not numbers", "changed while being read"):  # all else the header tells
        with pytest.raises(BridgeError) as beforehand:
            section_seconds(path, **section)
        assert beforehand.value.message == error.value.message


@pytest.mark.parametrize("kind", ["wav", "aiff", "flac", "ogg", "mp3"])
def test_a_section_is_the_same_part_of_the_whole(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    soundfile.write(path, (tone(440, 1, 48000) + tone(97, 1, 48000)).T, 48000)
    whole, rate = read_audio(path)
    section, _ = read_audio(path, 0.25, 0.5)
    assert rate == 48000 and whole.dtype == np.float32 and whole.shape[0] == 2
    assert section_seconds(path, 0.25, 0.5) == 0.5
    assert section_seconds(path, last_s=0.3) == 0.3
    assert section_seconds(path) == whole.shape[1] / rate
    assert section.shape == (2, 24000)
    np.testing.assert_allclose(section, whole[:, 12000:36000], atol=1e-4)


def test_the_content_decides_not_the_name(tmp_path: Path) -> None:
    path = tmp_path / "clip.raw"
    soundfile.write(path, tone(440, 0.1, 8000).T, 8000, format="WAV")
    assert read_audio(path)[0].shape == (2, 800)


@pytest.mark.parametrize("rate", [8000, 192000])
def test_six_channels_at_any_rate_come_as_they_are(tmp_path: Path, rate: int) -> None:
    path = tmp_path / "surround.wav"
    audio = np.arange(6)[:, None] / 10 * np.ones((6, rate // 10))
    soundfile.write(path, audio.T, rate, subtype="FLOAT")
    read, read_rate = read_audio(path)
    assert read_rate == rate
    np.testing.assert_allclose(read, audio, atol=1e-6)


def test_silence_is_audio(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "s.wav", np.zeros(800), 8000)
    assert not read_audio(tmp_path / "s.wav")[0].any()


def test_a_section_past_the_end_stops_there(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", np.zeros(8000), 8000)
    assert read_audio(tmp_path / "a.wav", 0.75, 10)[0].shape == (1, 2000)


def test_only_the_end_of_a_long_section_is_read_where_that_is_enough(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.arange(80000) / 80000, 8000, subtype="FLOAT")  # 10 s
    whole, _ = read_audio(path)
    np.testing.assert_array_equal(read_audio(path, last_s=2.0)[0], whole[:, -16000:])
    np.testing.assert_array_equal(read_audio(path, 1.0, 5.0, last_s=2.0)[0], whole[:, 32000:48000])
    np.testing.assert_array_equal(read_audio(path, 9.0, last_s=2.0)[0], whole[:, 72000:])
    assert read_audio(path, last_s=2.0, max_seconds=3.0)[0].shape == (1, 16000)
    refused(
        path, "out-of-range", "source_start_s and source_length_s", max_seconds=3, keys="source_"
    )


def test_what_is_no_audio_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.wav").write_text("not music\n" * 100)
    (tmp_path / "zero.wav").touch()
    soundfile.write(tmp_path / "none.wav", np.zeros(0), 8000)
    soundfile.write(tmp_path / "one.wav", np.zeros(1), 8000)
    soundfile.write(tmp_path / "nan.wav", np.full(800, np.nan), 8000, subtype="FLOAT")
    soundfile.write(tmp_path / "wide.wav", np.zeros((800, 20)), 8000)
    soundfile.write(tmp_path / "slow.wav", np.zeros(800), 100)
    refused(tmp_path / "text.wav", "unreadable-audio", "no audio of a known kind")
    refused(tmp_path / "zero.wav", "unreadable-audio", "empty")
    refused(tmp_path / "none.wav", "unreadable-audio", "0 samples")
    refused(tmp_path / "one.wav", "unreadable-audio", "got 1 samples")
    refused(tmp_path / "nan.wav", "unreadable-audio", "not numbers")
    refused(tmp_path / "wide.wav", "unreadable-audio", "got 20")
    refused(tmp_path / "slow.wav", "unreadable-audio", "got 100")


def test_what_is_no_file_is_refused(tmp_path: Path) -> None:
    refused(tmp_path, "unreadable-audio", "folder")
    refused(tmp_path / "missing.wav", "not-found", "missing.wav")
    refused(tmp_path / ("long" * 100), "not-found", "...")
    refused("relative.wav", "bad-request", "absolute")
    refused(f"{tmp_path}/a\0b", "bad-request", "absolute")
    refused(os.devnull, "bad-request" if os.name == "nt" else "unreadable-audio", "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has no named pipes in the file system")
def test_a_pipe_that_nobody_fills_does_not_hang(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.wav")
    refused(tmp_path / "pipe.wav", "unreadable-audio", "device or pipe")


def test_no_permission_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # root may read everything, so the refusal itself is played
    path = tmp_path / "a.wav"
    path.touch()

    def locked(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("builtins.open", locked)
    refused(path, "unreadable-audio", "permissions")


def test_sections_outside_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    refused(path, "out-of-range", "got -1", start_s=-1)
    refused(path, "out-of-range", "got nan", start_s=float("nan"))
    refused(path, "out-of-range", "only 1.000 s", start_s=1)
    refused(path, "out-of-range", "got 0", length_s=0)
    refused(path, "out-of-range", "got inf", length_s=float("inf"))


def test_an_hour_is_refused_whole_but_read_in_sections(tmp_path: Path) -> None:
    path = tmp_path / "hour.wav"
    soundfile.write(path, np.zeros(8000, np.int16), 8000)
    header = bytearray(path.read_bytes()[:44])
    header[40:44] = (3600 * 8000 * 2).to_bytes(4, "little")
    with path.open("wb") as file:
        file.write(header)
        file.truncate(44 + 3600 * 8000 * 2)
    refused(path, "out-of-range", "3600.0 s long, at most 900 s")
    assert read_audio(path, 3599)[0].shape == (1, 8000)


def test_a_file_that_grows_while_being_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "growing.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    decode = soundfile.SoundFile.read

    def read_while_growing(self: soundfile.SoundFile, *args: object, **kwargs: object) -> object:
        with path.open("ab") as file:
            file.write(b"more")
        return decode(self, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", read_while_growing)
    refused(path, "unreadable-audio", "changed while being read")


def test_a_file_that_vanishes_before_it_is_opened_is_not_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "gone.wav"
    soundfile.write(path, np.zeros(8000), 8000)
    stat = Path.stat

    def stat_then_vanish(self: Path, **kwargs: bool) -> os.stat_result:
        found = stat(self, **kwargs)
        self.unlink()
        return found

    monkeypatch.setattr(Path, "stat", stat_then_vanish)
    refused(path, "not-found", "gone.wav")


def test_a_header_that_promises_too_much_gives_what_is_there(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "a.wav", tone(440, 1, 8000).T, 8000)
    whole = (tmp_path / "a.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(whole[: 44 + 4 * 2000])
    assert read_audio(tmp_path / "cut.wav")[0].shape == (2, 2000)
