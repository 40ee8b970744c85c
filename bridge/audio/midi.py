"""Writing notes for the DAW: a standard MIDI file at the asked tempo and meter, and a JSON list."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING

from ..music import Meter, Note

if TYPE_CHECKING:
    import mido

TICKS_PER_BEAT = 960
DRUM_CHANNEL = 9  # General MIDI: channel 10 counted from 1

# role -> General MIDI program, 0-based; drums have none (their channel says it)
GM_PROGRAMS: dict[str, int] = {
    "piano": 0,
    "keys": 4,
    "electric piano": 4,
    "vibraphone": 11,
    "marimba": 12,
    "organ": 16,
    "accordion": 21,
    "guitar": 25,
    "electric guitar": 27,
    "bass": 33,
    "double bass": 32,
    "synth bass": 38,
    "violin": 40,
    "cello": 42,
    "harp": 46,
    "strings": 48,
    "choir": 52,
    "vocals": 53,
    "trumpet": 56,
    "brass": 61,
    "saxophone": 65,
    "clarinet": 71,
    "flute": 73,
    "lead": 81,
    "melody": 81,
    "synth": 81,
    "pad": 88,
    "chords": 88,
    "pluck": 99,
    "bells": 14,
}


def write_midi(
    path: str | os.PathLike[str],
    notes: Sequence[Note],
    *,
    bpm: float,
    meter: Meter,
    name: str,
    beats: Fraction | float,
    programs: Mapping[int, int] | None = None,
) -> None:
    """Write a type-1 MIDI file: one track with tempo and meter, one with all notes, named `name`.

    Both tracks end exactly `beats` quarter notes in. `programs` maps a channel (0..15) to a General
    MIDI program (0..127); without it the program of the role `name` is set on every channel but
    the drums'. Notes are cut at the clip's ends, and where a key is struck again while it still
    sounds the first note stops there. Raises ValueError when no note is left: such a file is not
    published.
    """
    import mido

    last_tick = round(Fraction(beats) * TICKS_PER_BEAT)
    spans = _spans(notes, last_tick)
    if not spans:
        raise ValueError(f"no notes within the clip: a MIDI file for {name!r} would be empty")
    if programs is None:
        channels = {span[4] for span in spans} - {DRUM_CHANNEL}
        programs = {c: GM_PROGRAMS[name] for c in channels if name in GM_PROGRAMS}
    file = mido.MidiFile(type=1, ticks_per_beat=TICKS_PER_BEAT, charset="utf-8")
    file.tracks.append(_conductor(name, bpm, meter, last_tick))
    file.tracks.append(_note_track(name, spans, programs, last_tick))
    with open(path, "wb") as out:
        file.save(file=out)
        out.flush()
        os.fsync(out.fileno())


def write_notes(path: str | os.PathLike[str], notes: Sequence[Note]) -> None:
    """Write `[[start_beats, length_beats, pitch, velocity, channel], ...]`, sorted by start."""
    rows = [
        [round(n.start, 6), round(n.length, 6), n.pitch, n.velocity, n.channel]
        for n in sorted(notes)
    ]
    with open(path, "w", encoding="utf-8", newline="\n") as out:
        out.write(
            json.dumps(rows, separators=(",", ":"))
        )  # dump() into a file takes ten times as long
        out.flush()
        os.fsync(out.fileno())


# start tick, end tick, pitch, velocity, channel
_Span = tuple[int, int, int, int, int]


def _spans(notes: Sequence[Note], last_tick: int) -> list[_Span]:
    """Notes as ticks inside the clip, with no key struck twice at once, sorted by start."""
    spans: list[_Span] = []
    sounding: dict[tuple[int, int], int] = {}  # (channel, pitch) -> its last span
    for note in sorted(notes):
        start = max(0, round(note.start * TICKS_PER_BEAT))
        end = min(last_tick, round((note.start + note.length) * TICKS_PER_BEAT))
        if start >= last_tick or end <= 0:
            continue
        key = (note.channel, note.pitch)
        before = sounding.get(key)
        if before is not None and spans[before][1] > start:
            first = spans[before]
            if first[0] == start:  # the same note twice: one of them, as loud and long as either
                spans[before] = (start, max(first[1], end), note.pitch,
                                 max(first[3], note.velocity), note.channel)  # fmt: skip
                continue
            spans[before] = (first[0], start, *first[2:])
        sounding[key] = len(spans)
        spans.append((start, max(end, start + 1), note.pitch, note.velocity, note.channel))
    return spans


def _conductor(name: str, bpm: float, meter: Meter, last_tick: int) -> mido.MidiTrack:
    import mido

    compound = meter.denominator >= 8 and meter.numerator % 3 == 0 and meter.numerator > 3
    clocks = max(1, 96 // meter.denominator) * (3 if compound else 1)
    return mido.MidiTrack([
        mido.MetaMessage("track_name", name=name),
        mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(bpm)),
        mido.MetaMessage(
            "time_signature",
            numerator=meter.numerator,
            denominator=meter.denominator,
            clocks_per_click=clocks,
        ),
        mido.MetaMessage("end_of_track", time=last_tick),
    ])  # fmt: skip


def _note_track(
    name: str, spans: Sequence[_Span], programs: Mapping[int, int], last_tick: int
) -> mido.MidiTrack:
    import mido

    track = mido.MidiTrack([mido.MetaMessage("track_name", name=name)])
    for channel, program in sorted(programs.items()):
        track.append(mido.Message("program_change", channel=channel, program=program))
    events = []  # (tick, 0 = off before 1 = on, pitch, velocity, channel)
    for start, end, pitch, velocity, channel in spans:
        events.append((start, 1, pitch, velocity, channel))
        events.append((end, 0, pitch, 0, channel))
    now = 0
    for tick, on, pitch, velocity, channel in sorted(events):
        kind = "note_on" if on else "note_off"
        track.append(
            mido.Message(kind, channel=channel, note=pitch, velocity=velocity, time=tick - now)
        )
        now = tick
    track.append(mido.MetaMessage("end_of_track", time=last_tick - now))
    return track
