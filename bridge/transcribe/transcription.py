"""One call from audio to quantised notes: prepare, listen, decide what it is, decode, place in beats."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from ..engines import Progress
from ..errors import BridgeError
from ..music import Meter, Note
from . import drums
from .decode import Floats, Heard, decode
from .material import Signs, filled, overlap, tonal
from .model import FRAME_S, HOP, listen
from .mono import one_voice
from .prepare import prepare
from .quantise import grid_step, quantise, without_overlaps
from .spectrum import key_levels

if TYPE_CHECKING:
    from ..engines import Audio

MATERIALS = ("auto", "poly", "mono", "drums")
STAGE = "transcribing"
_LISTENING = 0.9  # share of the work that is the network
_LOUDEST_VELOCITY = 112
# a start is a change: without silence before it, what sounds in the very first sample has none
_LEAD_FRAMES = 22  # a quarter of a second
# a velocity of v sounds v ** 2 as strong as 1 in General MIDI: 40 dB a decade
_DB_PER_DECADE = 40.0


@dataclass(frozen=True, slots=True)
class Transcription:
    """Notes in beats from the start of the audio, what they were taken for, and facts about them.

    `report` holds: material, asked, notes, seconds, and where it applies sentence (why there are no
    notes), repaired_samples, and the signs that `material.py` measured. `bends` has for each note
    its pitch in (beats after the start, semitones off the key), where bends were asked for.
    """

    notes: list[Note]
    material: str
    report: dict[str, object]
    bends: list[list[tuple[float, float]]] = field(default_factory=list)


def transcribe(
    audio: Audio, rate: int, *, bpm: float, meter: Meter, quantize: str = "off",
    material: str = "auto", bends: bool = False, progress: Progress,
) -> Transcription:  # fmt: skip
    """Notes of `audio` (float32 [channels, frames] at `rate` Hz); see the package's docstring.

    `material` says what it is: poly, mono (one note at a time), drums (General MIDI keys on channel
    9), or auto. Raises `out-of-range` for an unknown material or grid; `progress` may cancel.
    """
    if material not in MATERIALS:
        raise BridgeError(
            "out-of-range", f'material must be one of {", ".join(MATERIALS)}, got "{material}"'
        )
    grid_step(quantize)
    progress(STAGE, 0.0)
    ready = prepare(audio, rate)
    seconds = audio.shape[-1] / rate
    report: dict[str, object] = {"asked": material, "seconds": round(seconds, 3), "notes": 0}
    if ready.repaired:
        report["repaired_samples"] = ready.repaired
    if not len(ready.samples):
        kind = "poly" if material == "auto" else material
        report |= {"material": kind, "sentence": "The audio is silent: there are no notes in it."}
        return Transcription([], kind, report)
    kind, heard = _hear(ready.samples, material, bends, report, progress)
    raw = _placed(heard, bpm, drums.CHANNEL if kind == "drums" else 0)
    notes = without_overlaps(quantise(raw, meter, quantize))
    report |= {"material": kind, "notes": len(notes)}
    if not notes:
        report["sentence"] = "No notes were found: the audio may be noise, speech or very quiet."
    curves = [_curve(note, raw, heard, bpm) for note in notes] if bends else []
    progress(STAGE, 1.0)
    return Transcription(notes, kind, report, curves)


def _hear(
    samples: Floats, asked: str, bends: bool, report: dict[str, object], progress: Progress
) -> tuple[str, list[Heard]]:
    """What the material is and its notes in seconds."""

    def step(fraction: float) -> None:
        progress(STAGE, _LISTENING * fraction)

    if asked == "drums":
        return "drums", drums.hits(samples, step)
    led_in = np.concatenate([np.zeros(_LEAD_FRAMES * HOP, np.float32), samples])
    heard = listen(led_in, step)
    levels = key_levels(led_in)
    progress(STAGE, _LISTENING)
    notes = [_earlier(note, _LEAD_FRAMES * FRAME_S) for note in decode(heard, levels, bends)]
    kind = asked
    if asked == "auto":
        signs = Signs(tonal(heard, levels), filled(notes, heard), overlap(notes))
        report |= {name: round(value, 3) for name, value in asdict(signs).items()}
        kind = signs.kind()
    if kind == "drums":
        return kind, drums.hits(samples, step)
    return kind, one_voice(notes) if kind == "mono" else notes


def _earlier(note: Heard, by_s: float) -> Heard:
    return replace(note, start_s=max(0.0, note.start_s - by_s), end_s=note.end_s - by_s)


def _placed(heard: list[Heard], bpm: float, channel: int) -> list[Note]:
    """Notes in beats with velocities from their loudness, the loudest twentieth at the top."""
    if not heard:
        return []
    loudest = float(np.percentile([n.level_db for n in heard], 95))
    beats_per_s = bpm / 60.0
    return [
        Note(
            max(0.0, n.start_s) * beats_per_s,
            (n.end_s - max(0.0, n.start_s)) * beats_per_s,
            n.pitch, _velocity(n.level_db - loudest), channel,
        )
        for n in heard
    ]  # fmt: skip


def _velocity(below_loudest_db: float) -> int:
    velocity = _LOUDEST_VELOCITY * 10 ** (below_loudest_db / _DB_PER_DECADE)
    return int(np.clip(round(velocity), 1, 127))


def _curve(
    note: Note, raw: list[Note], heard: list[Heard], bpm: float
) -> list[tuple[float, float]]:
    """The bend of the heard note that `note` came from: the nearest one on its key."""
    same_key = [i for i, other in enumerate(raw) if other.pitch == note.pitch]
    nearest = min(same_key, key=lambda i: abs(raw[i].start - note.start))
    return [(seconds * bpm / 60.0, semitones) for seconds, semitones in heard[nearest].bend]
