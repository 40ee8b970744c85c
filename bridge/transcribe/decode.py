"""From what the network heard to notes in seconds: choose candidates, end them, weigh them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from . import candidates
from .model import BINS_PER_SEMITONE, FRAME_S, LOWEST_PITCH, Posteriors
from .network import outputs, probability
from .spectrum import FLOOR_DB

Floats = NDArray[np.float32]
Seconds = NDArray[np.float64]

ACCEPT = 0.35  # probability above which a candidate is a note
_SAME_NOTE_S = 0.05  # starts on one key closer than this are one note
# Chosen on the development pieces by mir_eval's measure with lengths (0.73, the reference has 0.38).
_SILENT_FRAMES = 10  # a note ends when its key is silent for this long (116 ms)
_SILENT_LEVEL = 0.4
_RANG_OUT_DB = 15.0  # ... or has faded by this much: what rings on is not being played
_LATE_END_S = 0.03  # by which silence is noticed late, in the median
_MIN_FRAMES = 3


@dataclass(frozen=True, slots=True)
class Heard:
    """A note as heard: seconds, MIDI pitch, loudness in dB below the loudest, how sure we are."""

    start_s: float
    end_s: float
    pitch: int
    level_db: float
    sure: float
    bend: tuple[tuple[float, float], ...] = ()  # (seconds after the start, semitones off the key)


def decode(heard: Posteriors, levels: Floats, bends: bool = False) -> list[Heard]:
    """The notes in `heard`, sorted by start; `levels` from `spectrum.key_levels` of the same audio."""
    found = candidates.find(heard, levels)
    said = outputs("notes", found.evidence)
    sure = probability(said[:, 0])
    # the second output is how late the onset peak is, in tenths of a second: soft attacks
    starts = np.maximum(0.0, candidates.start_seconds(heard, found) - said[:, 1] / 10)
    chosen = _choose(found, sure, starts)
    ends = _ends(heard, levels, found, chosen)
    notes = [
        Heard(
            float(starts[i]), _end_s(int(end), float(starts[i])),
            int(found.key[i]) + LOWEST_PITCH,
            _loudness(levels, int(found.frame[i]), int(found.key[i])), float(sure[i]),
        )
        for i, end in zip(chosen, ends, strict=True)
    ]  # fmt: skip
    if bends:
        notes = [replace(note, bend=_bend(heard, note)) for note in notes]
    return sorted(notes, key=lambda n: (n.start_s, n.pitch))


def _end_s(frame: int, start_s: float) -> float:
    return max(frame * FRAME_S - _LATE_END_S, start_s + _MIN_FRAMES * FRAME_S)


def _choose(found: candidates.Candidates, sure: Floats, starts: Seconds) -> list[int]:
    """Indices of the accepted candidates, the surest of any that are too close on one key."""
    taken: dict[int, list[int]] = {}
    for i in np.argsort(-sure):
        if sure[i] < ACCEPT:
            break
        same_key = taken.setdefault(int(found.key[i]), [])
        if all(abs(starts[i] - starts[j]) > _SAME_NOTE_S for j in same_key):
            same_key.append(int(i))
    return sorted(i for same_key in taken.values() for i in same_key)


def _ends(
    heard: Posteriors, levels: Floats, found: candidates.Candidates, chosen: list[int]
) -> list[int]:
    """Last frame of each chosen note: silence, ringing out, or the key struck again."""
    frames = len(heard.note)
    next_on_key: dict[int, int] = {}
    ends: list[int] = []
    for i in reversed(chosen):
        start, key = int(found.frame[i]), int(found.key[i])
        limit = next_on_key.get(key, frames)
        next_on_key[key] = start
        level = levels[start:limit, key]
        fallen = level < level[:_SILENT_FRAMES].max(initial=FLOOR_DB) - _RANG_OUT_DB
        quiet = (heard.note[start:limit, key] < _SILENT_LEVEL) | fallen
        quiet[:_MIN_FRAMES] = False
        run = np.convolve(quiet, np.ones(_SILENT_FRAMES), "full")[: len(quiet)]
        stop = np.nonzero(run >= _SILENT_FRAMES)[0]
        ends.append(start + int(stop[0]) - _SILENT_FRAMES + 1 if len(stop) else limit)
    return ends[::-1]


def _loudness(levels: Floats, frame: int, key: int) -> float:
    """Power of the first partials shortly after the start, in dB."""
    head = levels[frame + 1 : frame + 9]
    if not len(head):
        return FLOOR_DB
    partials = [key + d for d in (0, 12, 19, 24) if key + d < levels.shape[1]]
    return float(10 * np.log10(np.mean(np.sum(10 ** (head[:, partials] / 10), axis=1))))


def _bend(heard: Posteriors, note: Heard) -> tuple[tuple[float, float], ...]:
    """How a note's pitch moves: (seconds after its start, semitones off the key) a frame."""
    first, last = round(note.start_s / FRAME_S), round(note.end_s / FRAME_S)
    centre = (note.pitch - LOWEST_PITCH) * BINS_PER_SEMITONE + 1  # the middle one of its bins
    reach = BINS_PER_SEMITONE + 1
    padded = np.pad(heard.contour[first:last], ((0, 0), (reach + 1, reach + 1)))
    around = padded[:, centre : centre + 2 * reach + 3].astype(np.float64)
    points: list[tuple[float, float]] = []
    for i, row in enumerate(around):
        top = 1 + int(np.argmax(row[1:-1]))
        if row[top] < 0.1:
            continue  # too faint to say
        curve = row[top - 1] - 2 * row[top] + row[top + 1]
        shift = 0.5 * (row[top - 1] - row[top + 1]) / curve if curve < -1e-6 else 0.0
        points.append((i * FRAME_S, (top - reach - 1 + shift) / BINS_PER_SEMITONE))
    return tuple(points)
