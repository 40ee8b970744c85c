"""A generate job in the worker: the model renders, the takes are fitted, finished and written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .audio.finish import finish
from .audio.read import read_audio
from .clips import ClipWriter, Frame
from .engines import Engine, GenerateRequest, Progress, Render, Source, Take
from .joining import Joined, with_source
from .music import Note, exact_frames, length_beats, parse_key, parse_meter
from .sections import section_of

if TYPE_CHECKING:
    from .engines import Audio

Fields = dict[str, Any]

_MOST_NOTES = 3


def warm_up() -> None:
    """Import now, with a tenth of a second of noise, what the first clip would wait a second for."""
    import numpy as np

    noise = np.random.default_rng(0).uniform(-0.1, 0.1, (2, 4800)).astype(np.float32)
    finish([noise], 48000, 48000, 4800, loop=True)


def generate(
    params: Mapping[str, Any], engine: Engine, folder: Path, job_id: str, home: Path,
    progress: Progress,
) -> Fields:  # fmt: skip
    """Render, finish and write one request; returns the manifest's clips, engine and report.

    The report's `notes`, where there are any, are sentences for the user about takes that do not fit.
    """
    request = generate_request(params)
    joined = with_source(request) if params["source_join"] else None
    render = _render(engine, request, params, home, progress)
    fits: Any = render.report.pop("fit", None)
    notes = _notes(fits or [])
    report = {**render.report, "notes": notes} if notes else render.report
    clip = joined.request if joined else request
    writer = ClipWriter(
        Frame(
            folder, job_id, clip.beats, clip.bpm, clip.meter, clip.loop, params["place_s"],
            clip.variations > 1, clip.prompt, _provenance(engine, clip, joined),
        )
    )  # fmt: skip
    for index, take in enumerate(render.takes):
        progress("writing", index / len(render.takes))
        measured, rate = (fits[index] if fits else {}), render.sample_rate
        if joined:
            take, rate = joined.take(take, rate), clip.sample_rate
            measured = {**measured, "source_s": joined.source_s}
        mix = _write_take(writer, clip, take, rate, measured, params["midi"], progress)
        if params["stems"]:
            _write_stems(writer, clip, take, mix, home, progress)
    return {"clips": writer.clips, "engine": _engine_fields(engine), "report": report}


def _notes(fits: Sequence[Fields]) -> list[str]:
    """What was said of takes that do not fit the song, each with the variation and part it is about.

    `fits`: for each take what was measured, or that by part.
    """
    notes = []
    for number, fit in enumerate(fits, 1):
        parts = fit if all(isinstance(facts, dict) for facts in fit.values()) else {"mix": fit}
        for part, facts in parts.items():
            if "note" in facts:
                about = [f"variation {number}"] if len(fits) > 1 else []
                about += [part] if part != "mix" else []
                label = f"{', '.join(about)}: " if about else ""
                notes.append(label + facts["note"])
    more = len(notes) - _MOST_NOTES
    if more > 0:
        notes[_MOST_NOTES:] = [f"{more} more takes do not fit either, see the manifest"]
    return notes


def _render(
    engine: Engine,
    request: GenerateRequest,
    params: Mapping[str, Any],
    home: Path,
    progress: Progress,
) -> Render:
    from .ensemble import render_ensemble
    from .intime import render_in_time
    from .stem_model import checkpoint_path

    progress("generating", 0.0)  # loading is over: a model that hangs now is found sooner
    guide, tries = params["guide"], params["tries"]
    if not request.instruments:
        return render_in_time(engine, request, progress, guide=guide, tries=tries)
    return render_ensemble(
        engine, request, params["ensemble"], progress, guide=guide, tries=tries,
        checkpoint=checkpoint_path(home),
    )  # fmt: skip


def _write_take(
    writer: ClipWriter, request: GenerateRequest, take: Take, rate: int, measured: Fields, midi: bool,
    progress: Progress,
) -> Audio:  # fmt: skip
    """Finish one take and write every part of it: audio, and MIDI where notes are known or asked for.

    Returns the finished mix.
    """
    audios: list[Audio] = [part.audio for part in take.parts]
    frames = exact_frames(request.beats, request.bpm, request.sample_rate)
    finished = finish(audios, rate, request.sample_rate, frames, request.loop)
    measured = {**measured, **finished.measured}
    for part, audio in zip(take.parts, finished.parts, strict=True):
        writer.audio(
            part.role, audio, request.sample_rate, variation=take.variation, seed=take.seed,
            measured=measured,
        )  # fmt: skip
        measured = {}  # it was measured on the first part, the mix
        notes, programs = part.notes, part.programs or None
        if notes is None and midi:
            notes = _heard_notes(part.role, audio, request, progress)
        writer.midi(
            part.role, notes or [], variation=take.variation, seed=take.seed, programs=programs
        )
    return finished.parts[0]


def _write_stems(
    writer: ClipWriter, request: GenerateRequest, take: Take, mix: Audio, home: Path,
    progress: Progress,
) -> None:  # fmt: skip
    """Separate a finished mix; beside tracks asked for by name the stems get names of their own."""
    from .separate import separate  # imports torch
    from .stem_model import find_checkpoint

    stems = separate(mix, request.sample_rate, progress=progress, checkpoint=find_checkpoint(home))
    for stem, audio in stems.items():
        role = f"stem {stem}" if request.instruments else stem
        writer.audio(role, audio, request.sample_rate, variation=take.variation, seed=take.seed)


def _heard_notes(
    role: str, audio: Audio, request: GenerateRequest, progress: Progress
) -> list[Note]:
    """The notes of a clip whose engine knows none; they may be none, as in a drone of noise."""
    from .transcribe import transcribe

    material = "drums" if role == "drums" else "auto"
    return transcribe(
        audio, request.sample_rate, bpm=request.bpm, meter=request.meter, material=material,
        progress=progress,
    ).notes  # fmt: skip


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
    section = section_of(params)
    if section is None:
        return None
    audio, rate = read_audio(**section)
    return Source(audio, rate, params["source_mode"])


def _engine_fields(engine: Engine) -> Fields:
    info = engine.info
    return {
        "name": info.name,
        "revision": engine.revision(),
        "licence": info.licence,
        "pretrained": info.pretrained,
        "note": info.note,
    }


def _provenance(engine: Engine, request: GenerateRequest, joined: Joined | None) -> str:
    info = engine.info
    since = f" from {joined.source_s:.3f} s on, the source before" if joined else ""
    kind = "pretrained model" if info.pretrained else "no pretrained model"
    return (
        f"AI-generated{since}. prompt: {request.prompt}; engine {info.name} {engine.revision()} ({kind}); "
        f"licence: {info.licence}"
    )
