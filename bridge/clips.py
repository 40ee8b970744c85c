"""Finished takes, stems and notes become files of one job, and entries of its manifest."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import SOFTWARE
from .audio.midi import write_midi, write_notes
from .audio.wav import write_wav
from .music import Meter, Note

if TYPE_CHECKING:
    from .engines import Audio

Entry = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """What all clips of one job share: where they go, how long they are, what made them."""

    folder: Path
    job_id: str
    beats: Fraction
    bpm: float
    meter: Meter
    loop: bool = False
    place_s: float | None = None
    several: bool = False  # more than one variation: their numbers go into the file names
    title: str = ""  # the prompt, or the file the job started from
    made_by: str = ""  # one line of provenance


class ClipWriter:
    """Writes files into the job's folder, synced, and keeps their manifest entries in `clips`."""

    def __init__(self, frame: Frame) -> None:
        self.clips: list[Entry] = []
        self._frame = frame

    def audio(
        self,
        role: str,
        audio: Audio,
        sample_rate: int,
        *,
        variation: int = 1,
        seed: int | None = None,
        measured: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one audio clip; `audio` is float32 [channels, frames] at `sample_rate`."""
        frame = self._frame
        path = self._path(role, variation, ".wav")
        write_wav(
            path, audio, sample_rate, tags=self._tags(role, seed), bpm=frame.bpm, beats=frame.beats,
            meter=frame.meter, loop=frame.loop, place_s=frame.place_s,
        )  # fmt: skip
        self.clips.append(
            {
                **self._common(path, "audio", role, variation, seed),
                "sample_rate": sample_rate,
                "channels": int(audio.shape[0]),
                "frames": int(audio.shape[1]),
                "loop": frame.loop,
                "measured": dict(measured or {}),
            }
        )

    def midi(
        self,
        role: str,
        notes: list[Note],
        *,
        variation: int = 1,
        seed: int | None = None,
        programs: Mapping[int, int] | None = None,
        report: Mapping[str, Any] | None = None,
    ) -> None:
        """Write one MIDI clip and the same notes as JSON; nothing when there are no notes."""
        if not notes:
            return
        frame = self._frame
        path = self._path(role, variation, ".mid")
        write_midi(
            path,
            notes,
            bpm=frame.bpm,
            meter=frame.meter,
            name=role,
            beats=frame.beats,
            programs=programs,
        )
        listing = path.with_suffix(".notes.json")
        write_notes(listing, notes)
        entry = self._common(path, "midi", role, variation, seed)
        entry["notes"] = f"{frame.job_id}/{listing.name}"
        if report:
            entry["measured"] = dict(report)
        self.clips.append(entry)

    def _common(self, path: Path, kind: str, role: str, variation: int, seed: int | None) -> Entry:
        entry: Entry = {
            "file": f"{self._frame.job_id}/{path.name}",
            "kind": kind,
            "role": role,
            "variation": variation,
            "beats": float(self._frame.beats),
            "bpm": self._frame.bpm,
            "sha256": sha256_of(path),
        }
        return entry if seed is None else {**entry, "seed": seed}

    def _path(self, role: str, variation: int, suffix: str) -> Path:
        number = f"-{variation}" if self._frame.several else ""
        path = self._frame.folder / f"{file_name(role)}{number}{suffix}"
        again = 1
        while path.exists():  # another role with the same letters in its name
            again += 1
            path = path.with_name(f"{file_name(role)}{number}-again-{again}{suffix}")
        return path

    def _tags(self, role: str, seed: int | None) -> dict[str, str]:
        frame = self._frame
        seed_text = "" if seed is None else f"; seed {seed}"
        return {
            "INAM": f"{frame.title[:80]} ({role})",
            "ICMT": f"{frame.made_by}{seed_text}; {frame.bpm:g} bpm {frame.meter}",
            "ISFT": SOFTWARE,
            "ICRD": time.strftime("%Y-%m-%d", time.gmtime()),
        }


def file_name(role: str) -> str:
    """A role as a file name: letters, digits and hyphens only."""
    return re.sub(r"[^a-z0-9]+", "-", role.lower()).strip("-") or "part"


def sha256_of(path: Path) -> str:
    """The hash of a file's content, as hexadecimal text."""
    with open(path, "rb") as file:
        digest = hashlib.sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
