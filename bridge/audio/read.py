"""Reading what the DAW points at: any audio file, or a section of it, as float32 arrays."""

from __future__ import annotations

import math
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ..errors import BridgeError

if TYPE_CHECKING:
    import soundfile

    from ..engines import Audio

MAX_SECONDS = 900.0  # of one section: 345 MB of 48 kHz stereo in memory
MIN_SECONDS = 0.01  # below this there is nothing to hear, separate or transcribe
MIN_RATE_HZ, MAX_RATE_HZ = 4_000, 384_000
MAX_CHANNELS = 16
_LEAD_FRAMES = 16_384  # after a seek an mp3 decoder gives silence for up to 6 600 frames (measured)


def read_audio(
    path: str | os.PathLike[str],
    start_s: float = 0.0,
    length_s: float | None = None,
    *,
    max_seconds: float = MAX_SECONDS,
) -> tuple[Audio, int]:
    """Read a section of an audio file (wav, aiff, flac, ogg, mp3).

    Returns float32 [channels, frames] and the file's own sample rate in Hz. Integer files span
    [-1, 1]; float files keep what they hold. `length_s` None means to the end; a section that
    reaches past the end stops there. Raises BridgeError `bad-request` (relative path), `not-found`,
    `unreadable-audio` (no sound, damaged, no permission, not a file, changed while being read) or
    `out-of-range` (section outside the file or longer than `max_seconds`).
    """
    _check_section(start_s, length_s)
    file_path = _regular_file(path)
    try:
        with open(file_path, "rb") as file:
            before = os.fstat(file.fileno())
            audio, rate = _decode(file, file_path, start_s, length_s, max_seconds)
            after = os.fstat(file.fileno())
    except PermissionError as error:
        raise _unreadable(file_path, "this user may not read it; change its permissions") from error
    except FileNotFoundError as error:
        raise _missing(file_path) from error
    except OSError as error:
        raise _unreadable(file_path, f"reading failed ({error.strerror or error})") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _unreadable(file_path, "it changed while being read; try again once it is finished")
    return audio, rate


def _check_section(start_s: float, length_s: float | None) -> None:
    if not (math.isfinite(start_s) and start_s >= 0):
        raise BridgeError("out-of-range", f"start_s must be 0 or more, got {start_s}")
    if length_s is not None and not (math.isfinite(length_s) and length_s > 0):
        raise BridgeError("out-of-range", f"length_s must be above 0, got {length_s}")


def _regular_file(path: str | os.PathLike[str]) -> Path:
    """The path as given, proven to be an existing regular file: a device or pipe may never end."""
    text = os.fspath(path)
    if "\0" in text or not os.path.isabs(text):
        raise BridgeError("bad-request", f'the path must be absolute, got "{_short(text)}"')
    file_path = Path(text)
    try:
        mode = file_path.stat().st_mode
    except PermissionError as error:
        raise _unreadable(file_path, "this user may not read it; change its permissions") from error
    except OSError as error:
        raise _missing(file_path) from error
    if stat.S_ISDIR(mode):
        raise _unreadable(file_path, "it is a folder; give the path of one audio file")
    if not stat.S_ISREG(mode):
        raise _unreadable(file_path, "it is a device or pipe; give the path of one audio file")
    return file_path


def _decode(
    file: BinaryIO, path: Path, start_s: float, length_s: float | None, max_seconds: float
) -> tuple[Audio, int]:
    import soundfile

    try:
        with soundfile.SoundFile(_Nameless(file)) as sound:
            first, count = _section(sound, path, start_s, length_s, max_seconds)
            return _read_frames(sound, path, first, count, max_seconds), int(sound.samplerate)
    except soundfile.SoundFileError as error:
        size = os.fstat(file.fileno()).st_size
        if size == 0:
            raise _unreadable(path, "the file is empty") from error
        raise _unreadable(
            path, "it is no audio of a known kind, or damaged; export it as WAV and try again"
        ) from error


class _Nameless:
    """A file without a name: soundfile must judge by the content, never by the extension."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell
        self.readinto = getattr(file, "readinto")  # noqa: B009 (BinaryIO does not declare it)


def _section(
    sound: soundfile.SoundFile,
    path: Path,
    start_s: float,
    length_s: float | None,
    max_seconds: float,
) -> tuple[int, int]:
    """First frame and number of frames of the section, checked against the header."""
    rate, frames = int(sound.samplerate), int(sound.frames)
    if not MIN_RATE_HZ <= rate <= MAX_RATE_HZ:
        limits = f"{MIN_RATE_HZ}..{MAX_RATE_HZ} Hz"
        raise _unreadable(path, f"its sample rate must be in {limits}, got {rate}")
    if sound.channels > MAX_CHANNELS:
        raise _unreadable(
            path, f"it may have at most {MAX_CHANNELS} channels, got {sound.channels}"
        )
    if frames == 0:
        raise _unreadable(path, "it holds no sound (0 samples)")
    first = round(start_s * rate)
    if first >= frames:
        raise BridgeError(
            "out-of-range",
            f'start_s is {start_s:g}, but "{_short(path)}" is only {frames / rate:.3f} s long',
        )
    count = frames - first if length_s is None else min(round(length_s * rate), frames - first)
    if count < MIN_SECONDS * rate:
        raise _unreadable(
            path, f"the section must be at least {MIN_SECONDS} s long, got {count} samples"
        )
    if count > round(max_seconds * rate) and frames < 1 << 62:
        raise _too_long(path, f"{count / rate:.1f}", max_seconds)
    return first, count


def _read_frames(
    sound: soundfile.SoundFile, path: Path, first: int, count: int, max_seconds: float
) -> Audio:
    """Read `count` frames or as many as there are: stream headers do not know their length.

    All by one call: soundfile seeks after each read, and a seek makes an mp3 decoder start anew.
    """
    import numpy as np

    lead, limit = min(first, _LEAD_FRAMES), round(max_seconds * sound.samplerate)
    sound.seek(first - lead)
    read = sound.read(lead + min(count, limit + 1), dtype="float32", always_2d=True)
    audio: Audio = np.ascontiguousarray(read[lead:].T)
    if audio.shape[1] > limit:
        raise _too_long(path, f"more than {max_seconds:g}", max_seconds)
    if not audio.shape[1]:
        raise _unreadable(path, "no sound could be decoded from it")
    if not np.isfinite(audio).all():
        raise _unreadable(path, "it holds samples that are not numbers; export it again")
    return audio


def _short(path: str | os.PathLike[str]) -> str:
    text = os.fspath(path).encode("utf-8", "replace").decode().replace("\0", "\\0")
    return text if len(text) <= 120 else "..." + text[-117:]


def _missing(path: Path) -> BridgeError:
    return BridgeError("not-found", f'there is no file "{_short(path)}"; check the path')


def _unreadable(path: Path, why: str) -> BridgeError:
    return BridgeError("unreadable-audio", f'"{_short(path)}" cannot be used: {why}')


def _too_long(path: Path, seconds: str, max_seconds: float) -> BridgeError:
    return BridgeError(
        "out-of-range",
        f'the section of "{_short(path)}" is {seconds} s long, at most {max_seconds:g} s can be '
        "worked on at once; give start_s and length_s",
    )
