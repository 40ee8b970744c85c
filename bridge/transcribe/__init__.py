"""Audio to MIDI: what was played, as notes in beats.

    transcribe(audio, rate, *, bpm, meter, quantize="off", material="auto", bends=False, progress)
        -> Transcription(notes, material, report, bends)

`audio` is float32 [channels, frames] at any rate, `meter` a `music.Meter`, `progress(stage,
fraction)` may raise `Cancelled`. Positions are beats from the start of the audio. No notes is an
answer, not an error: `report["sentence"]` then says why.
"""

from __future__ import annotations

from .transcription import MATERIALS, Transcription, transcribe

__all__ = ["MATERIALS", "Transcription", "transcribe"]
