"""Plays note lists with a sampled instrument: FluidSynth and a General MIDI sound font, if present."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from bridge.audio.midi import write_midi
from bridge.music import Note, parse_meter

from .synth import RATE


def render(
    notes: Sequence[Note], bpm: float, font: Path, program: int, *, drums: bool = False
) -> NDArray[np.float32]:
    """`notes` (beats) by one General MIDI program, or by the kit of that number; mono [1, frames]."""
    import mido

    with tempfile.TemporaryDirectory() as folder:
        midi, wav = Path(folder) / "in.mid", Path(folder) / "out.wav"
        channel = 9 if drums else 0
        played = [Note(n.start, n.length, n.pitch, n.velocity, channel) for n in notes]
        beats = max(n.start + n.length for n in notes) + 1
        write_midi(midi, played, bpm=bpm, meter=parse_meter("4/4"), name="in", beats=beats)
        file = mido.MidiFile(midi)
        file.tracks[-1].insert(0, mido.Message("program_change", program=program, channel=channel))
        file.save(midi)
        subprocess.run(
            ["fluidsynth", "-ni", "-g", "0.6", "-r", str(RATE), "-F", str(wav), "-T", "wav", "-q",
             str(font), str(midi)],
            check=True, capture_output=True,
        )  # fmt: skip
        audio, _ = soundfile.read(wav, always_2d=True, dtype="float32")
    mono = audio.mean(axis=1)
    return (0.5 * mono / max(1e-9, float(np.abs(mono).max())))[None]
