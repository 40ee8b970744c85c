"""Reading what the DAW points at: any audio file, or a section of it, as float32 arrays."""

from __future__ import annotations

import math
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
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
_UNKNOWN_FRAMES = 1 << 62  # headers of streams say so many or more
_LEAD_FRAMES = 16_384  # after a seek an mp3 decoder gives silence for up to 6 600 frames (measured)


def read_audio(
    path: str | os.PathLike[str],
    start_s: float = 0.0,
    length_s: float | None = None,
    *,
    last_s: float | None = None,
    max_seconds: float = MAX_SECONDS,
    keys: str = "",
) -> tuple[Audio, int]:
    """Read a section of an audio file (wav, aiff, flac, ogg, mp3).

    Returns float32 [channels, frames] and the file's own sample rate in Hz. Integer files span
    [-1, 1]; float files keep what they hold. `length_s` None means to the end; a section that
    reaches past the end stops there; of a section longer than `last_s` only its end is read. Raises
    BridgeError `bad-request` (relative path), `not-found`, `unreadable-audio` (no sound, damaged, no
    permission, not a file, changed while being read) or `out-of-range` (section outside the file or
    longer than `max_seconds`); it names start_s and length_s with `keys` before them, as the user did.
    """
    section = _Section(start_s, length_s, last_s, max_seconds, keys)
    file_path = _regular_file(path)
    with _opened(file_path) as sound:
        first, count = _frames_of(section, sound, file_path)
        return _read_frames(sound, file_path, first, count, section), int(sound.samplerate)


def section_seconds(
    path: str | os.PathLike[str],
    start_s: float = 0.0,
    length_s: float | None = None,
    *,
    last_s: float | None = None,
    max_seconds: float = MAX_SECONDS,
    keys: str = "",
) -> float | None:
    """How many seconds `read_audio` would read with the same arguments, by the file's header alone.

    None for a stream, whose header does not say. Raises what `read_audio` would, as far as the
    header tells; samples that are damaged or not numbers show only when they are read.
    """
    section = _Section(start_s, length_s, last_s, max_seconds, keys)
    file_path = _regular_file(path)
    with _opened(file_path) as sound:
        _, count = _frames_of(section, sound, file_path)
        return None if sound.frames >= _UNKNOWN_FRAMES else count / int(sound.samplerate)


@dataclass(frozen=True, slots=True)
class _Section:
    """What is wanted of a file; the arguments of `read_audio`."""

    start_s: float
    length_s: float | None
    last_s: float | None
    max_seconds: float
    keys: str

    def __post_init__(self) -> None:
        start, length = self.start_s, self.length_s
        if not (math.isfinite(start) and start >= 0):
            raise BridgeError("out-of-range", f"{self.keys}start_s must be 0 or more, got {start}")
        if length is not None and not (math.isfinite(length) and length > 0):
            raise BridgeError("out-of-range", f"{self.keys}length_s must be above 0, got {length}")


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


@contextmanager
def _opened(path: Path) -> Iterator[soundfile.SoundFile]:
    """The file, ready to be decoded; whatever goes wrong with it inside becomes a sentence."""
    import soundfile

    try:
        with open(path, "rb") as file:
            before = os.fstat(file.fileno())
            try:
                with soundfile.SoundFile(_Nameless(file)) as sound:
                    yield sound
            except soundfile.SoundFileError as error:
                if before.st_size == 0:
                    raise _unreadable(path, "the file is empty") from error
                raise _unreadable(
                    path,
                    "it is no audio of a known kind, or damaged; export it as WAV and try again",
                ) from error
            after = os.fstat(file.fileno())
    except PermissionError as error:
        raise _unreadable(path, "this user may not read it; change its permissions") from error
    except FileNotFoundError as error:
        raise _missing(path) from error
    except OSError as error:
        raise _unreadable(path, f"reading failed ({error.strerror or error})") from error
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise _unreadable(path, "it changed while being read; try again once it is finished")


class _Nameless:
    """A file without a name: soundfile must judge by the content, never by the extension."""

    def __init__(self, file: BinaryIO) -> None:
        self.read, self.seek, self.tell = file.read, file.seek, file.tell
        self.readinto = getattr(file, "readinto")  # noqa: B009 (BinaryIO does not declare it)


def _frames_of(section: _Section, sound: soundfile.SoundFile, path: Path) -> tuple[int, int]:
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
    first = round(section.start_s * rate)
    if first >= frames:
        raise BridgeError(
            "out-of-range",
            f'{section.keys}start_s is {section.start_s:g}, but "{_short(path)}" is only '
            f"{frames / rate:.3f} s long",
        )
    count = frames - first
    if section.length_s is not None:
        count = min(round(section.length_s * rate), count)
    if count < MIN_SECONDS * rate:
        raise _unreadable(
            path, f"the section must be at least {MIN_SECONDS} s long, got {count} samples"
        )
    if frames >= _UNKNOWN_FRAMES:
        return first, count
    if section.last_s is not None and count > round(section.last_s * rate):
        first, count = first + count - round(section.last_s * rate), round(section.last_s * rate)
    if count > round(section.max_seconds * rate):
        raise _too_long(path, f"{count / rate:.1f}", section)
    return first, count


def _read_frames(
    sound: soundfile.SoundFile, path: Path, first: int, count: int, section: _Section
) -> Audio:
    """Read `count` frames or as many as there are: stream headers do not know their length.

    All by one call: soundfile seeks after each read, and a seek makes an mp3 decoder start anew.
    """
    import numpy as np

    lead, limit = min(first, _LEAD_FRAMES), round(section.max_seconds * sound.samplerate)
    sound.seek(first - lead)
    read = sound.read(lead + min(count, limit + 1), dtype="float32", always_2d=True)
    audio: Audio = np.ascontiguousarray(read[lead:].T)
    if audio.shape[1] > limit:
        raise _too_long(path, f"more than {section.max_seconds:g}", section)
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


def _too_long(path: Path, seconds: str, section: _Section) -> BridgeError:
    return BridgeError(
        "out-of-range",
        f'the section of "{_short(path)}" is {seconds} s long, at most {section.max_seconds:g} s can '
        f"be worked on at once; give {section.keys}start_s and {section.keys}length_s",
    )
