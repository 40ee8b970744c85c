"""Everything that might be a note, with the evidence for and against it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import FRAME_S, Posteriors
from .spectrum import FLOOR_DB

Floats = NDArray[np.float32]

ONSET_FLOOR = 0.15  # weaker onset peaks are never notes
HEAD_FLOOR = 0.1  # nor are those that hardly sound afterwards
RISE_LEVEL = 0.3  # a note may also begin without an onset where its probability crosses this
HEAD = 8  # frames after the start in which a note must show itself (93 ms)
_MIN_RISE_FRAMES = 6
PARENTS = (12, 19, 24, 28, 31, 34, 36)  # semitones below, of which this key is a partial


@dataclass(frozen=True, slots=True)
class Candidates:
    """Possible notes, by start: first frame, key (0 = A0), and one row of evidence each."""

    frame: NDArray[np.intp]
    key: NDArray[np.intp]
    evidence: Floats  # [candidates, len(EVIDENCE)]


def find(heard: Posteriors, levels: Floats) -> Candidates:
    """All onset peaks and all unannounced rises, with the evidence for and against."""
    frame, key = _onset_peaks(heard.onset)
    extra_frame, extra_key = _rises(heard, frame, key)
    frame, key = np.concatenate([frame, extra_frame]), np.concatenate([key, extra_key])
    sounds = _windowed_mean(heard.note, 1, 1 + HEAD)[frame, key] > HEAD_FLOOR
    frame, key = frame[sounds], key[sounds]
    order = np.lexsort((key, frame))
    frame, key = frame[order], key[order]
    return Candidates(frame, key, _evidence(heard, levels, frame, key))


def _onset_peaks(onset: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    padded = np.pad(onset, ((2, 2), (0, 0)))
    top = np.maximum.reduce([padded[i : i + len(onset)] for i in range(5)])
    peak = (onset >= top) & (onset > ONSET_FLOOR)
    peak[1:] &= ~(peak[:-1] & (onset[1:] == onset[:-1]))  # a plateau is one peak
    frame, key = np.nonzero(peak)
    return frame, key


def _rises(
    heard: Posteriors, frame: NDArray[np.intp], key: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Starts of sounding stretches that no onset peak lies in: swells, bowed and sung notes."""
    sounding = np.pad(heard.note > RISE_LEVEL, ((1, 1), (0, 0)))
    starts_t, starts_k = np.nonzero((sounding[1:] & ~sounding[:-1]).T)[::-1]
    ends_t, _ = np.nonzero((~sounding[1:] & sounding[:-1]).T)[::-1]
    marked = np.zeros((heard.note.shape[0] + 1, heard.note.shape[1]), np.int32)
    np.add.at(marked, (frame + 1, key), 1)
    marked = np.cumsum(marked, axis=0)
    early = np.maximum(0, starts_t - 2)
    has_onset = marked[np.minimum(ends_t, len(marked) - 1), starts_k] > marked[early, starts_k]
    keep = ~has_onset & (ends_t - starts_t >= _MIN_RISE_FRAMES)
    return starts_t[keep], starts_k[keep]


# Frames around the start at which the note's own course is taken down.
MOMENTS = (-12, -8, -5, -3, -1, 1, 3, 6, 10, 16)
# The columns of the evidence, in order; levels are in units of 10 dB, the rest in 0..1.
EVIDENCE = (
    "onset", "sounding", "sounding_top", "length", "before", "neighbour_onset", "neighbour_note",
    *(f"parent_onset_{d}" for d in PARENTS), *(f"parent_note_{d}" for d in PARENTS),
    "child_onset_12", "child_onset_19", "level", "level_12", "level_19", "level_24", "level_28",
    "level_up_12", "level_up_19", "octave_excess", "twelfth_excess", "rise", "rise_12", "rise_19",
    "rise_up_12", "chord", "key", *(f"note_at_{t}" for t in MOMENTS),
    *(f"level_at_{t}" for t in MOMENTS), *(f"onset_at_{t}" for t in (-4, -2, 2, 4)),
)  # fmt: skip


def _evidence(
    heard: Posteriors, levels: Floats, frame: NDArray[np.intp], key: NDArray[np.intp]
) -> Floats:
    pad_k = 40  # so that partials below and above the keyboard read as silence
    onset_near = _windowed_max(heard.onset, 3)
    head = _windowed_mean(heard.note, 1, 1 + HEAD)
    head_top = _windowed_max(heard.note, HEAD // 2, shift=HEAD // 2)
    past = _windowed_mean(heard.note, -7, -2)
    after = _windowed_mean(levels, 2, 8)
    ahead = after - _windowed_mean(levels, -10, -4)
    pad = ((0, 0), (pad_k, pad_k))
    on, nt = np.pad(onset_near, pad), np.pad(head, pad)
    lv, up = np.pad(after, pad, constant_values=FLOOR_DB), np.pad(ahead, pad)
    at = key + pad_k

    def level(semitones: int) -> Floats:
        return np.asarray(lv[frame, at + semitones], np.float32)

    own = level(0)
    octave = (own + level(12) + level(19) - level(-12) - level(7) - level(16)) / 3
    twelfth = (2 * own + 2 * level(12) - level(-19) - level(-7) - level(5) - level(9)) / 4
    # partials 3 and 6 of a note a twelfth below, against its partials 1, 2, 4 and 5
    columns = [
        heard.onset[frame, key], head[frame, key], head_top[frame, key],
        np.minimum(1.0, _lengths(heard.note, frame, key) / 60.0), past[frame, key],
        np.maximum(on[frame, at - 1], on[frame, at + 1]),
        np.maximum(nt[frame, at - 1], nt[frame, at + 1]),
        *(on[frame, at - d] for d in PARENTS), *(nt[frame, at - d] for d in PARENTS),
        on[frame, at + 12], on[frame, at + 19],
        (own - after.max(axis=1)[frame]) / 10,
        (own - level(-12)) / 10, (own - level(-19)) / 10, (own - level(-24)) / 10,
        (own - level(-28)) / 10, (level(12) - own) / 10, (level(19) - own) / 10,
        octave / 10, twelfth / 10,
        up[frame, at] / 10, up[frame, at - 12] / 10, up[frame, at - 19] / 10, up[frame, at + 12] / 10,
        np.minimum(1.0, onset_near.sum(axis=1)[frame] / 10), key / 88.0,
        *(_moment(heard.note, frame + t, key) for t in MOMENTS),
        *((_moment(levels, frame + t, key) - own) / 10 for t in MOMENTS),
        *(_moment(heard.onset, frame + t, key) for t in (-4, -2, 2, 4)),
    ]  # fmt: skip
    return np.stack(columns, axis=1).astype(np.float32)


def _moment(values: Floats, frame: NDArray[np.intp], key: NDArray[np.intp]) -> Floats:
    """Values at each (frame, key); the ends are repeated outwards."""
    return np.asarray(values[np.clip(frame, 0, len(values) - 1), key], np.float32)


def _windowed_mean(values: Floats, first: int, last: int) -> Floats:
    """Mean of rows t + first .. t + last - 1 for each row t; the ends are repeated outwards."""
    reach = max(abs(first), abs(last)) + 1
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    sums = np.cumsum(padded, axis=0, dtype=np.float64)
    count = len(values)
    low, high = reach + first - 1, reach + last - 1
    return ((sums[high : high + count] - sums[low : low + count]) / (last - first)).astype(
        np.float32
    )


def _windowed_max(values: Floats, reach: int, shift: int = 0) -> Floats:
    """Maximum of the rows within `reach` of row t + `shift`."""
    wide = reach + shift
    padded = np.pad(values, ((wide, wide), (0, 0)))
    rows = range(wide + shift - reach, wide + shift + reach + 1)
    return np.asarray(np.maximum.reduce([padded[i : i + len(values)] for i in rows]), np.float32)


def _lengths(note: Floats, frame: NDArray[np.intp], key: NDArray[np.intp]) -> NDArray[np.intp]:
    """Frames from each start until the key falls silent for 3 frames."""
    silent = note < RISE_LEVEL
    quiet = silent.copy()
    quiet[:-1] &= silent[1:]
    quiet[:-2] &= silent[2:]
    frames = len(note)
    ends = np.full((frames + 1, note.shape[1]), frames)
    for t in range(frames - 1, -1, -1):
        ends[t] = np.where(quiet[t], t, ends[t + 1])
    begin = np.minimum(frame + 2, frames)
    return np.asarray(ends[begin, key] - frame)


def start_seconds(heard: Posteriors, found: Candidates) -> NDArray[np.float64]:
    """Start times in seconds: the onset peak between frames, or earlier where the note swells in."""
    onset, frame, key = heard.onset, found.frame, found.key
    last = len(onset) - 1
    left = onset[np.maximum(frame - 1, 0), key].astype(np.float64)
    right = onset[np.minimum(frame + 1, last), key].astype(np.float64)
    mid = onset[frame, key].astype(np.float64)
    bend = left - 2 * mid + right
    shift = np.where(bend < -1e-6, 0.5 * (left - right) / np.where(bend < -1e-6, bend, 1.0), 0.0)
    return np.asarray((frame + np.clip(shift, -0.5, 0.5)) * FRAME_S, np.float64)
