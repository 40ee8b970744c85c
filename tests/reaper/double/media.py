"""PCM sources: what REAPER learns from a media file when it opens it."""

from __future__ import annotations

import struct
from pathlib import Path


class Source:
    """A PCM_source: a real WAV file, a section of another source, or in-project MIDI."""

    kind = "PCM_source"

    def __init__(
        self, type_: str, file: str = "", length: float = 0.0, *, parent: Source | None = None,
        section: tuple[float, float, bool] | None = None, rate: int = 0, channels: int = 0,
    ) -> None:  # fmt: skip
        self.type, self.file, self.length = type_, file, length
        self.parent, self.section = parent, section
        self.rate, self.channels = rate, channels
        self.alive = True
        self.in_project = False
        self.peak_percent = 100 if type_ == "WAVE" else 0  # left to build

    def copy(self) -> Source:
        """REAPER duplicates a source that is used a second time."""
        return Source(
            self.type, self.file, self.length, parent=self.parent, section=self.section,
            rate=self.rate, channels=self.channels,
        )  # fmt: skip


def section_of(parent: Source, offset: float, length: float, reverse: bool = False) -> Source:
    """A section of a source, as "Properties > Section" and "Reverse" make them."""
    return Source("SECTION", "", length, parent=parent, section=(offset, length, reverse))


def open_file(path: str) -> Source | None:
    """The source of a file; None when there is no file; an empty source when it is no WAV."""
    try:
        data = Path(path).read_bytes()
    except OSError:
        return None
    found = _wav_length(data)
    if found is None:
        return Source("EMPTY", path)
    seconds, rate, channels = found
    return Source("WAVE", path, seconds, rate=rate, channels=channels)


def _wav_length(data: bytes) -> tuple[float, int, int] | None:
    """(seconds, sample rate, channels) from the chunks of a RIFF WAVE file."""
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        return None
    position, rate, frame_bytes, channels = 12, 0, 0, 0
    while position + 8 <= len(data):
        name, size = data[position : position + 4], struct.unpack_from("<I", data, position + 4)[0]
        if name == b"fmt ":
            channels, rate, _, frame_bytes = struct.unpack_from("<HIIH", data, position + 10)
        if name == b"data":
            size = min(size, len(data) - position - 8)
            return (size // frame_bytes / rate, rate, channels) if frame_bytes and rate else None
        position += 8 + size + size % 2
    return None
