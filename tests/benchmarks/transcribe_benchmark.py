# ruff: noqa: T201 (a program: what it finds, it prints)
"""How many of the played notes are heard: F-measures per instrument as a Markdown table.

    python -m tests.benchmarks.transcribe_benchmark [--soundfont FONT.sf2] [--reference PYTHON]
        [--pieces N] [--bars N]

Music with known notes is rendered, transcribed, and compared by mir_eval: the right key, the start
within 50 ms; the last figure also wants the end within 50 ms or a fifth of the length. The pieces,
timbres and sound font are not those that the networks of bridge/transcribe learned from (TimGM6mb.sf2
taught them: give another, such as FluidR3_GM.sf2).

--reference runs the original implementation of Basic Pitch on the same files, by the Python of an
environment made so (its own list of dependencies cannot be installed on new Pythons):
    python -m venv REF && REF/bin/pip install --no-deps basic-pitch==0.4.0
    REF/bin/pip install onnxruntime librosa pretty_midi mir_eval scipy soundfile
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

import mir_eval
import numpy as np
import soundfile

from bridge.engines import GenerateRequest
from bridge.engines.sketch import SketchEngine
from bridge.music import Note, parse_key, parse_meter
from bridge.transcribe import transcribe
from tests.transcribe import corpus, pieces, soundfont, synth
from tests.transcribe.corpus import Clip, in_seconds

RATE = synth.RATE
# General MIDI program, and what it plays: every voice, the tune alone, or the bass
SAMPLED = {
    "piano": (0, "all"), "electric piano": (5, "all"), "vibraphone": (11, "all"),
    "steel guitar": (25, "all"), "clean guitar": (27, "all"), "pad": (89, "all"),
    "choir": (52, "all"), "acoustic bass": (32, "bass"), "synth bass": (38, "bass"),
    "violin": (40, "tune"), "trumpet": (56, "tune"), "saxophone": (65, "tune"),
    "distorted guitar": (30, "tune"), "square lead": (80, "tune"),
}  # fmt: skip
PROMPTS = (
    "lofi hip hop with rhodes", "funky disco groove", "house club", "acoustic folk guitar ballad",
    "synthwave", "jazz trio swing", "rock band", "ambient pad", "reggae", "cinematic strings",
)  # fmt: skip
# shakers and tambourines are told as hats, congas as toms: the kit has nothing nearer
_DRUM = {54: 42, 70: 42, 62: 50, 63: 50, 64: 45} | {
    key: drum for drum, keys in pieces.DRUM_KEYS.items() for key in keys
}
_REFERENCE = """
import contextlib, io, json, logging, pathlib, sys, time, types
sys.modules["resampy"] = types.ModuleType("resampy")  # imported by it, used by its sonifier alone
logging.disable(logging.WARNING)
from basic_pitch import ICASSP_2022_MODEL_PATH, inference
model = inference.Model(pathlib.Path(ICASSP_2022_MODEL_PATH).parent / "nmp.onnx")
out = []
for path in sys.argv[1:]:
    started = time.perf_counter()
    with contextlib.redirect_stdout(io.StringIO()):
        events = inference.predict(path, model)[2]
    took = time.perf_counter() - started
    out.append([took, [[float(e[0]), float(e[1]), int(e[2])] for e in events]])
print(json.dumps(out))
"""

Heard = list[tuple[float, float, int]]
Counts = tuple[int, int, int, int]  # right, right with lengths, found, played


@dataclass
class Row:
    """Sums over the clips of one instrument."""

    clips: int = 0
    notes: int = 0
    scores: dict[str, list[Counts]] = field(default_factory=dict)


def score(wanted: Heard, found: Heard) -> Counts:
    """Notes found rightly, rightly with their lengths, found, and played."""
    if not found:
        return 0, 0, 0, len(wanted)

    def columns(notes: Heard) -> tuple[np.ndarray, np.ndarray]:
        spans = np.array([[a, max(b, a + 0.01)] for a, b, _ in notes])
        return spans, 440.0 * 2.0 ** ((np.array([p for _, _, p in notes]) - 69) / 12)

    both = (*columns(wanted), *columns(found))
    match = mir_eval.transcription.match_notes
    right = match(*both, onset_tolerance=0.05, offset_ratio=None)
    whole = match(*both, onset_tolerance=0.05, offset_ratio=0.2)
    return len(right), len(whole), len(found), len(wanted)


def f_measure(right: int, found: int, played: int) -> float:
    return 2 * right / (found + played) if found + played else 1.0


def played_clips(music: Sequence[pieces.Piece], font: Path | None) -> Iterator[Clip]:
    """The pieces by every instrument that has not been learned from."""
    for timbre in synth.HELD_OUT:
        what = "tune" if timbre.name in ("flute", "square") else "all"
        for piece, notes in _parts(music, what):
            audio = synth.render(notes, piece.bpm, timbre)
            yield Clip(
                f"{timbre.name} (synthetic)", piece.name, audio, in_seconds(notes, piece.bpm)
            )
    for name, (program, what) in SAMPLED.items() if font else ():
        for piece, notes in _parts(music, what):
            audio = soundfont.render(notes, piece.bpm, font, program)
            yield Clip(f"{name} (sampled)", piece.name, audio, in_seconds(notes, piece.bpm))


def _parts(music: Sequence[pieces.Piece], what: str) -> Iterator[tuple[pieces.Piece, list[Note]]]:
    names = {"tune": ("melody", "lead"), "bass": ("bass",)}
    for piece in music:
        if what == "all":
            yield piece, piece.all_notes()
        else:
            yield from ((piece, piece.voices[v]) for v in names[what] if v in piece.voices)


def sketch_clips(count: int, bars: int, drums: bool) -> Iterator[Clip]:
    """Parts of the sketch engine, whose notes are known."""
    engine = SketchEngine()
    engine.load(lambda *_: None)
    meter = parse_meter("4/4")
    roles = ("drums",) if drums else ("bass", "chords", "melody")
    for number in range(count):
        bpm, beats = (84.0, 100.0, 120.0, 140.0)[number % 4], Fraction(4 * bars)
        request = GenerateRequest(
            prompt=PROMPTS[number % len(PROMPTS)], beats=beats, seconds=float(beats) * 60 / bpm,
            bpm=bpm, meter=meter, seed=7000 + number, key=parse_key(("A minor", "Eb")[number % 2]),
            instruments=roles, sample_rate=RATE, loop=False,
        )  # fmt: skip
        for part in engine.generate(request, lambda *_: None).takes[0].parts:
            notes = [replace(n, pitch=_DRUM.get(n.pitch, n.pitch)) if drums else n
                     for n in part.notes or []]  # fmt: skip
            if notes and part.role != "mix":
                yield Clip(
                    f"{'drums' if drums else part.role} (sketch engine)", request.prompt, part.audio,
                    in_seconds(notes, bpm),
                )  # fmt: skip


def ours(clip: Clip) -> Heard:
    """The bridge's answer, in seconds."""
    result = transcribe(
        clip.audio, RATE, bpm=60.0, meter=parse_meter("4/4"), progress=lambda *_: None
    )
    return in_seconds(result.notes, 60.0)


def reference(clips: Sequence[Clip], python: str) -> tuple[list[Heard], float]:
    """The original implementation's answers, and the seconds it took after loading."""
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for number, clip in enumerate(clips):
            paths.append(str(Path(folder) / f"{number}.wav"))
            soundfile.write(paths[-1], clip.audio.T, RATE, subtype="FLOAT")
        done = subprocess.run(
            [python, "-c", _REFERENCE, *paths], check=True, capture_output=True, text=True
        )
    answers = json.loads(done.stdout.splitlines()[-1])
    return [[tuple(n) for n in notes] for _, notes in answers], sum(took for took, _ in answers)


def judge(clips: Sequence[Clip], python: str | None) -> None:
    """Transcribe every clip by both and print the table."""
    ours(clips[0])  # load the network outside the time that is taken
    started, worked = time.perf_counter(), time.process_time()
    heard = {"bridge": [ours(clip) for clip in clips]}
    seconds = {"bridge": time.perf_counter() - started}
    worked = time.process_time() - worked
    if python:
        heard["reference"], seconds["reference"] = reference(clips, python)
    rows: dict[str, Row] = {}
    for number, clip in enumerate(clips):
        row = rows.setdefault(clip.instrument, Row())
        row.clips += 1
        row.notes += len(clip.notes)
        for who, answers in heard.items():
            row.scores.setdefault(who, []).append(score(clip.notes, answers[number]))
    head = "".join(f" {who}: F | precision | recall | F with lengths |" for who in heard)
    print(f"| instrument | clips | notes |{head}\n|---|" + "---:|" * (2 + 4 * len(heard)))
    for name, row in rows.items():
        print(_line(name, row.clips, row.notes, row.scores))
    every = {who: [s for row in rows.values() for s in row.scores[who]] for who in heard}
    print(_line("**all**", len(clips), sum(r.notes for r in rows.values()), every))
    length = sum(clip.audio.shape[1] for clip in clips) / RATE
    for who, took in seconds.items():
        print(
            f"\n{who}: {length:.0f} s of audio in {took:.1f} s, {length / took:.0f} times real time"
        )
    print(
        f"\nbridge: {worked:.1f} s of processor time, {length / worked:.0f} times real time a core"
    )


def _line(name: str, clips: int, notes: int, scores: dict[str, list[Counts]]) -> str:
    cells = ""
    for counts in scores.values():
        right, _, found, played = np.sum(counts, axis=0)
        mean = np.mean([f_measure(c[0], *c[2:]) for c in counts])
        whole = np.mean([f_measure(c[1], *c[2:]) for c in counts])
        cells += f" {mean:.3f} | {right / max(1, found):.2f} | {right / max(1, played):.2f} |"
        cells += f" {whole:.3f} |"
    return f"| {name} | {clips} | {notes} |{cells}"


def main() -> None:
    """Render, transcribe, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--soundfont", type=Path, help="a General MIDI sound font for FluidSynth")
    parser.add_argument("--reference", help="Python of an environment with basic-pitch")
    parser.add_argument("--pieces", type=int, default=99, help="how many of the pieces")
    parser.add_argument("--sketches", type=int, default=10, help="songs of the sketch engine")
    parser.add_argument("--drums", action="store_true", help="judge drum parts, not pitches")
    options = parser.parse_args()
    if options.drums:
        clips = [corpus.drum_clip(9000 + n, None) for n in range(15)]
        clips = [Clip("drums (synthetic)", c.piece, c.audio, c.notes) for c in clips]
        if options.soundfont:
            sampled = [corpus.drum_clip(9100 + n, options.soundfont) for n in range(40)]
            clips += [Clip("drums (sampled)", c.piece, c.audio, c.notes) for c in sampled]
    else:
        clips = list(played_clips(pieces.held_out()[: options.pieces], options.soundfont))
    clips += sketch_clips(options.sketches, 4, options.drums)
    judge(clips, None if options.drums else options.reference)


if __name__ == "__main__":
    main()
