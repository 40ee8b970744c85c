"""Writing the clip as a 24-bit WAV that carries its own story: LIST INFO, acid and bext chunks."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BridgeError, is_disk_full
from ..music import Meter

if TYPE_CHECKING:
    from ..engines import Audio

_FULL_SCALE = 1 << 23
_BLOCK_FRAMES = 1 << 18
_MAX_RIFF_BYTES = 0xFFFFFFFF
_SURROUND_MASKS = {4: 0x33, 5: 0x37, 6: 0x3F, 8: 0x63F}  # quad, 5.0, 5.1, 7.1
# WAVE_FORMAT_EXTENSIBLE's sub-format PCM (Microsoft, "Multiple Channel Audio Data and WAVE Files")
_PCM_GUID = bytes.fromhex("0100000000001000800000aa00389b71")
_ACID_STRETCH = 4
_ACID_ROOT_C = 0x3C


def write_wav(
    path: str | os.PathLike[str],
    audio: Audio,
    sample_rate: int,
    *,
    tags: Mapping[str, str],
    bpm: float | None = None,
    beats: Fraction | float | None = None,
    meter: Meter | None = None,
    loop: bool = False,
    place_s: float | None = None,
) -> None:
    """Write float32 [channels, frames] as 24-bit PCM and bring it to the disk before returning.

    `tags` are LIST INFO entries (INAM title, ICMT comment, ISFT software, ICRD date, ICOP rights,
    IGNR genre ...), stored as UTF-8. A loop of a whole number of beats gets an `acid` chunk with
    its tempo (which some hosts act upon, so nothing else gets one); `place_s` gets a `bext` chunk
    with the position on the time line. Samples beyond full scale are clipped; no dither is added,
    so that written parts still sum to the written mix within half a step (2**-24) each.
    Raises BridgeError `out-of-range` above 4 GiB and `disk-full`.
    """
    head = _format_chunk(audio.shape[0], sample_rate)
    if place_s is not None:
        head += _chunk(b"bext", _bext(tags, round(place_s * sample_rate)))
    if loop and bpm is not None and beats is not None and float(beats).is_integer():
        head += _chunk(b"acid", _acid(int(beats), bpm, meter or Meter(4, 4)))
    head += _info_chunk(tags)
    data_bytes = audio.shape[0] * audio.shape[1] * 3
    riff_bytes = 4 + len(head) + 8 + data_bytes + data_bytes % 2
    if riff_bytes > _MAX_RIFF_BYTES:
        raise BridgeError(
            "out-of-range",
            f"a WAV file holds at most 4 GiB, got {riff_bytes / 2**30:.1f} GiB; ask for less",
        )
    try:
        with open(path, "wb") as file:
            file.write(struct.pack("<4sI4s", b"RIFF", riff_bytes, b"WAVE") + head)
            file.write(struct.pack("<4sI", b"data", data_bytes))
            for block in _pcm24(audio):
                file.write(block)
            file.write(bytes(data_bytes % 2))
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        if not is_disk_full(error):
            raise
        raise BridgeError(
            "disk-full", f'no space left to write "{Path(path).name}"; free some and ask again'
        ) from error


def _chunk(name: bytes, body: bytes) -> bytes:
    """A RIFF chunk: name, size without padding, body, padded to an even number of bytes."""
    return struct.pack("<4sI", name, len(body)) + body + bytes(len(body) % 2)


def _format_chunk(channels: int, sample_rate: int) -> bytes:
    """Plain PCM for mono and stereo, which every reader knows; extensible for more channels."""
    block = channels * 3
    tag = 1 if channels <= 2 else 0xFFFE
    body = struct.pack("<HHIIHH", tag, channels, sample_rate, sample_rate * block, block, 24)
    if channels > 2:
        mask = _SURROUND_MASKS.get(channels, 0)  # 0: no speaker positions
        body += struct.pack("<HHI", 22, 24, mask) + _PCM_GUID
    return _chunk(b"fmt ", body)


def _info_chunk(tags: Mapping[str, str]) -> bytes:
    body = b""
    for name, text in tags.items():
        if not re.fullmatch(r"[A-Z0-9]{4}", name):
            raise ValueError(f"{name!r} is no LIST INFO name")
        value = text.replace("\0", "").encode("utf-8", "replace")
        if value:
            body += _chunk(name.encode(), value + b"\0")
    return _chunk(b"LIST", b"INFO" + body) if body else b""


def _acid(beats: int, bpm: float, meter: Meter) -> bytes:
    """24 bytes as described in libsndfile's wav.c: flags, root, ?, ?, beats, meter, tempo."""
    return struct.pack(
        "<IHHfIHHf",
        _ACID_STRETCH,
        _ACID_ROOT_C,
        0x8000,
        0.0,
        beats,
        meter.denominator,
        meter.numerator,
        bpm,
    )


def _bext(tags: Mapping[str, str], time_reference: int) -> bytes:
    """The Broadcast Wave extension, version 1 (EBU Tech 3285): fixed 602 bytes, no history.

    The standard asks for ASCII; other characters survive in LIST INFO.
    """

    def text(value: str, size: int) -> bytes:
        return value.encode("ascii", "replace")[:size].ljust(size, b"\0")

    when = re.match(r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d))?", tags.get("ICRD", ""))
    date, time = (when[1], when[2] or "") if when else ("", "")
    return (
        text(tags.get("ICMT") or tags.get("INAM", ""), 256)
        + text(tags.get("ISFT", ""), 32)
        + text("", 32)
        + text(date, 10)
        + text(time, 8)
        + struct.pack("<QH", max(0, time_reference), 1)
        + bytes(64 + 190)  # UMID, reserved
    )


def _pcm24(audio: Audio) -> Iterator[bytes]:
    """Interleaved little-endian 24-bit samples, block by block."""
    import numpy as np

    for start in range(0, audio.shape[1], _BLOCK_FRAMES):
        block = audio[:, start : start + _BLOCK_FRAMES].T.astype(np.float64)
        steps = np.clip(np.rint(block * _FULL_SCALE), -_FULL_SCALE, _FULL_SCALE - 1)
        four_bytes = steps.astype("<i4").reshape(-1, 1).view(np.uint8)
        yield four_bytes[:, :3].tobytes()
