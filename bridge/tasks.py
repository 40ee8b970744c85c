"""What the worker does for one job: from the request to finished clip files in a staging folder."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from . import SOFTWARE
from .audio.finish import finish
from .audio.midi import write_midi, write_notes
from .audio.read import read_audio
from .audio.wav import write_wav
from .engines import Engine, EngineInfo, GenerateRequest, Part, Progress, Render, Source, Take
from .errors import BridgeError
from .music import Note, exact_frames, length_beats, parse_key, parse_meter

Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Task:
    """One job as the worker sees it: the command, its checked values, and where the files go."""

    command: str
    params: Mapping[str, Any]
    folder: Path
    job_id: str


def run_task(task: Task, engine: Callable[[], Engine], progress: Progress) -> Fields:
    """Do one job; returns {"clips": [...], "engine": {...}, "resolved": {...}} for the manifest.

    `engine` is called only by tasks that need the model. Files lie complete and synced in
    `task.folder` when this returns.
    """
    task.folder.mkdir(parents=True)
    return _TASKS[task.command](task, engine, progress)


def _generate(task: Task, engine_of: Callable[[], Engine], progress: Progress) -> Fields:
    engine = engine_of()
    request = generate_request(task.params)
    started = time.monotonic()
    render = _render(engine, request, task.params, progress)
    writer = ClipWriter(task, engine.info, engine.revision(), request)
    for index, take in enumerate(render.takes):
        progress("writing", index / len(render.takes))
        writer.add_take(take, render.sample_rate)
    resolved: Fields = {"seed": request.seed, "beats": float(request.beats), **render.report}
    resolved["compute_s"] = round(time.monotonic() - started, 3)
    return {"clips": writer.clips, "engine": _engine_fields(engine), "resolved": resolved}


def _render(
    engine: Engine, request: GenerateRequest, params: Mapping[str, Any], progress: Progress
) -> Render:
    missing = "instruments" not in engine.info.supports and request.instruments
    if missing:
        raise BridgeError(
            "out-of-range",
            f"the engine {engine.info.name} cannot make instruments on tracks of their own",
        )
    return engine.generate(request, progress)


def generate_request(params: Mapping[str, Any]) -> GenerateRequest:
    """The engine's request from the values of a /bridge/generate."""
    meter, bpm = parse_meter(params["meter"]), params["bpm"]
    if params["seconds"] is not None:
        beats = Fraction(str(params["seconds"])) * Fraction(str(bpm)) / 60
    else:
        beats = length_beats(params["bars"], meter)
    return GenerateRequest(
        prompt=params["prompt"], beats=beats, seconds=float(beats * 60 / Fraction(str(bpm))),
        bpm=bpm, meter=meter, seed=params["seed"], key=parse_key(params["key"]),
        variations=params["variations"], instruments=tuple(params["instruments"]),
        loop=params["loop"], guidance=params["guidance"], temperature=params["temperature"],
        top_k=params["top_k"], sample_rate=params["sample_rate"], source=_source(params),
    )  # fmt: skip


def _source(params: Mapping[str, Any]) -> Source | None:
    if not params["source"]:
        return None
    audio, rate = read_audio(
        Path(params["source"]), params["source_start_s"], params["source_length_s"]
    )
    return Source(audio, rate, params["source_mode"] or "continue")


def _engine_fields(engine: Engine) -> Fields:
    info = engine.info
    return {
        "name": info.name,
        "revision": engine.revision(),
        "licence": info.licence,
        "pretrained": info.pretrained,
        "note": info.note,
    }


class ClipWriter:
    """Writes the takes of one job as files and keeps their manifest entries in `clips`."""

    def __init__(
        self, task: Task, info: EngineInfo, revision: str, request: GenerateRequest
    ) -> None:
        self.clips: list[Fields] = []
        self._task, self._info, self._revision, self._request = task, info, revision, request
        self._rate = task.params["sample_rate"]
        self._frames = exact_frames(request.beats, request.bpm, self._rate)

    def add_take(self, take: Take, rate: int) -> None:
        """Finish one take and write every part of it: audio, and MIDI where the notes are known."""
        request, measured = self._request, {}
        audios = [part.audio for part in take.parts]
        if "bars" not in self._info.supports:
            from .audio.fit import fit  # only models that keep no time by themselves need it

            fitted = fit(
                audios[0], rate, beats=float(request.beats), bpm=request.bpm, meter=request.meter,
                loop=request.loop,
            )  # fmt: skip
            audios, measured = [fitted.audio], dict(fitted.measured)
        finished = finish(audios, rate, self._rate, self._frames, request.loop)
        measured.update(finished.measured)
        for part, audio in zip(take.parts, finished.parts, strict=True):
            entry = self._audio(part, take, audio)
            if part is take.parts[0]:
                entry["measured"] = measured
            if part.notes:
                self._midi(part.role, part.notes, take)

    def _audio(self, part: Part, take: Take, audio: Any) -> Fields:
        request, params = self._request, self._task.params
        path = self._path(part.role, take, ".wav")
        write_wav(
            path, audio, self._rate, tags=self._tags(part.role, take), bpm=request.bpm,
            beats=float(request.beats), meter=request.meter, loop=request.loop,
            place_s=params["place_s"],
        )  # fmt: skip
        entry: Fields = {
            **self._common(path, "audio", part.role, take),
            "sample_rate": self._rate,
            "channels": int(audio.shape[0]),
            "frames": int(audio.shape[1]),
            "loop": request.loop,
            "measured": {},
        }
        self.clips.append(entry)
        return entry

    def _midi(self, role: str, notes: list[Note], take: Take) -> None:
        request = self._request
        path = self._path(role, take, ".mid")
        write_midi(
            path, notes, bpm=request.bpm, meter=request.meter, name=role, beats=float(request.beats)
        )
        listing = path.with_suffix(".notes.json")
        write_notes(listing, notes)
        entry = self._common(path, "midi", role, take)
        self.clips.append({**entry, "notes": f"{self._task.job_id}/{listing.name}"})

    def _common(self, path: Path, kind: str, role: str, take: Take) -> Fields:
        return {
            "file": f"{self._task.job_id}/{path.name}",
            "kind": kind,
            "role": role,
            "variation": take.variation,
            "seed": take.seed,
            "beats": float(self._request.beats),
            "bpm": self._request.bpm,
            "sha256": sha256_of(path),
        }

    def _path(self, role: str, take: Take, suffix: str) -> Path:
        several = self._request.variations > 1
        return (
            self._task.folder
            / f"{file_name(role)}{f'-{take.variation}' if several else ''}{suffix}"
        )

    def _tags(self, role: str, take: Take) -> dict[str, str]:
        request = self._request
        kind = "pretrained model" if self._info.pretrained else "rule-based, no pretrained model"
        return {
            "INAM": f"{request.prompt[:80]} ({role})",
            "ICMT": f"AI-generated. prompt: {request.prompt}; seed {take.seed}; {request.bpm:g} bpm "
            f"{request.meter}; engine {self._info.name} {self._revision} ({kind}); "
            f"licence: {self._info.licence}",
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


_TASKS: dict[str, Callable[[Task, Callable[[], Engine], Progress], Fields]] = {
    "/bridge/generate": _generate,
}
