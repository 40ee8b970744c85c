"""What the worker does for one job: from the request to finished clip files in a staging folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import stem_model
from .audio.read import read_audio
from .clips import ClipWriter, Frame
from .engines import Engine, Progress
from .errors import BridgeError
from .generate import generate
from .music import parse_meter
from .sections import section_of

if TYPE_CHECKING:
    from .engines import Audio

Fields = dict[str, Any]
EngineOf = Callable[[], Engine]


@dataclass(frozen=True, slots=True)
class Task:
    """One job as the worker sees it: the command, its checked values, and where the files go."""

    command: str
    params: Mapping[str, Any]
    folder: Path
    job_id: str
    home: Path


def run_task(task: Task, engine_of: EngineOf, progress: Progress) -> Fields:
    """Do one job; returns {"clips": [...], "engine": {...}, "report": {...}} for the manifest.

    `engine_of` is called only by tasks that need the model. The files lie complete and synced in
    `task.folder` when this returns.
    """
    task.folder.mkdir(parents=True)
    started = time.monotonic()
    fields = _TASKS[task.command](task, engine_of, progress)
    fields["report"]["compute_s"] = round(time.monotonic() - started, 3)
    return fields


def _generate(task: Task, engine_of: EngineOf, progress: Progress) -> Fields:
    return generate(task.params, engine_of(), task.folder, task.job_id, task.home, progress)


def _transcribe(task: Task, engine_of: EngineOf, progress: Progress) -> Fields:
    from .transcribe import transcribe  # imports the network's runtime

    audio, rate, frame = _section(task)
    heard = transcribe(
        audio, rate, bpm=frame.bpm, meter=frame.meter, quantize=task.params["quantize"],
        material=task.params["material"], progress=progress,
    )  # fmt: skip
    if not heard.notes:
        raise BridgeError("not-found", f"{frame.title}: {heard.report['sentence']}")
    progress("writing", 0.0)
    writer = ClipWriter(frame)
    writer.midi(_role_of(heard.material), heard.notes, report=heard.report)
    return {"clips": writer.clips, "engine": dict(TRANSCRIBER), "report": {}}


def _separate(task: Task, engine_of: EngineOf, progress: Progress) -> Fields:
    from .separate import separate  # imports torch

    checkpoint = stem_model.find_checkpoint(task.home)
    made_by = f"separated by {SEPARATOR['name']}; licence: {SEPARATOR['licence']}"
    audio, rate, frame = _section(task, made_by)
    stems = separate(
        audio, rate, stems=task.params["stems"], progress=progress, checkpoint=checkpoint
    )
    writer = ClipWriter(frame)
    for index, (stem, sound) in enumerate(stems.items()):
        progress("writing", index / len(stems))
        writer.audio(stem, sound, rate)
    return {"clips": writer.clips, "engine": dict(SEPARATOR), "report": {}}


def _section(task: Task, made_by: str = "") -> tuple[Audio, int, Frame]:
    """The audio a job starts from, float32 [channels, frames], its rate, and what its clips share."""
    params, section = task.params, section_of(task.params)
    assert section is not None, "commands of this kind name their file"
    audio, rate = read_audio(**section)
    meter, bpm = parse_meter(params["meter"]), params["bpm"]
    beats = Fraction(audio.shape[1], rate) * Fraction(str(bpm)) / 60
    frame = Frame(
        task.folder, task.job_id, beats, bpm, meter, place_s=params["place_s"],
        title=Path(params["path"]).name, made_by=made_by,
    )  # fmt: skip
    return audio, rate, frame


def _role_of(material: str) -> str:
    return "drums" if material == "drums" else "notes"


# what the manifest says of the networks
SEPARATOR: Fields = {
    "name": stem_model.NAME,
    "revision": stem_model.PUBLISHED[stem_model.NAME].sha256[:16],
    "licence": stem_model.LICENCE,
    "pretrained": True,
    "note": "Stems by Hybrid Transformer Demucs; what it gives to no stem is in other.",
}
TRANSCRIBER: Fields = {
    "name": "basic-pitch",
    "revision": "nmp.onnx of basic-pitch 0.4.0, decoded by daw-bridge",
    "licence": "Apache-2.0",
    "pretrained": True,
    "note": "Notes are heard by Spotify's Basic Pitch network; drums by their onsets.",
}


_TASKS: dict[str, Callable[[Task, EngineOf, Progress], Fields]] = {
    "/bridge/generate": _generate,
    "/bridge/transcribe": _transcribe,
    "/bridge/separate": _separate,
}
