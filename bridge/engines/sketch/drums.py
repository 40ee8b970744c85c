"""Drum parts: a style's lanes laid over the bars, with ghosts, rolls, fills and crashes."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ...music import Note
from .grid import Bar, Grid
from .instruments import DRUM_CHANNEL
from .styles import Style

# Lane -> General MIDI drum key.
LANES: dict[str, int] = {
    "kick": 36, "rim": 37, "snare": 38, "clap": 39, "low tom": 41, "hat": 42, "pedal": 44,
    "tom": 45, "open": 46, "crash": 49, "high tom": 50, "ride": 51, "bell": 53, "tambourine": 54,
    "cowbell": 56, "conga": 63, "shaker": 70, "clave": 75,
}  # fmt: skip
_VELOCITY = {"X": 114, "x": 94, "o": 54, "r": 84, "?": 48}
_MAIN = ("kick", "snare", "clap")  # what carries the beat, kept when the music is sparse
# For drums in a style that has none of its own.
_PLAIN = {
    "kick": "x... .... x... ....",
    "rim": ".... o... .... o...",
    "shaker": "x.o. x.o. x.o. x.o.",
}
_BACKBEATS = ("snare", "clap", "rim")


@dataclass(frozen=True, slots=True)
class Feel:
    """How the players treat the beat: wishes of the prompt on top of the style's own."""

    density: float  # -1 .. 1
    force: float  # -0.6 .. 0.6, added to velocities as a fraction
    energy: tuple[float, ...]  # of each bar, 0..1
    ending: bool  # the last bar is a final chord


def play_drums(
    style: Style, grid: Grid, feel: Feel, chance: random.Random, only: tuple[str, ...] = ()
) -> list[Note]:
    """Notes of the drum part; `only` names the lanes of a part of the kit, () is all of it."""
    pattern = dict(chance.choice(style.drums)) or dict(_PLAIN)
    if only and not any(lane in pattern for lane in only):
        pattern = {only[0]: "x.x. x.x. x.x. x.x."}
    phrase = 4 if len(grid.bars) % 4 == 0 or len(grid.bars) > 8 else len(grid.bars)
    notes: list[Note] = []
    for bar in grid.bars:
        last = bar.index == len(grid.bars) - 1
        if last and feel.ending:
            notes += [_hit(lane, bar.start, 110, 1.0) for lane in ("kick", "crash") if pattern]
            continue
        energy = feel.energy[bar.index]
        filled = _fill_from(bar, grid, phrase, style, chance) if pattern else None
        for lane, text in pattern.items():
            if energy < _enters(lane, pattern):
                continue
            notes += _play_lane(lane, text, grid, bar, style, feel, chance, filled)
        if filled is not None and energy > 0.4:
            notes += _fill(style.fill, grid, bar, filled, energy, chance)
        opens = bar.index % 8 == 0 and len(grid.bars) >= 8 and energy >= 0.6
        if opens and "crash" not in pattern and style.fill not in ("light", "none"):
            notes.append(_hit("crash", bar.start, 92, 1.0))
    notes = _settle(notes, grid, style, feel, chance)
    return [note for note in notes if not only or note.pitch in {LANES[lane] for lane in only}]


def _enters(lane: str, pattern: dict[str, str]) -> float:
    """Energy from which a lane plays: hats first, then the beat, colours last."""
    if lane in ("kick", "hat", "ride", "shaker"):
        return 0.2
    return 0.35 if lane in _BACKBEATS or len(pattern) < 3 else 0.5


def _play_lane(
    lane: str, text: str, grid: Grid, bar: Bar, style: Style, feel: Feel,
    chance: random.Random, filled: float | None,
) -> list[Note]:  # fmt: skip
    notes: list[Note] = []
    for start, _length, symbol, pulse, step in grid.hits(text, bar):
        optional = symbol in "?o" or (symbol == "x" and lane not in _MAIN and step % 2)
        if symbol == "?" and chance.random() > 0.5 + 0.5 * feel.density:
            continue
        if optional and feel.density < 0 and chance.random() < -feel.density:
            continue
        if filled is not None and start >= filled - 1e-6 and lane not in ("kick", "shaker", "ride"):
            continue
        velocity = _VELOCITY[symbol] + (6 if pulse.strong and step == 0 else 0)
        short = pulse.length / 4
        if symbol == "r":  # a roll inside one step
            count = chance.choice((2, 3))
            notes += [
                _hit(lane, start + n * short / count, velocity - 8 * (count - n), short / count)
                for n in range(count)
            ]
            continue
        notes.append(_hit(lane, start, velocity, short))
        if (
            feel.density > 0.25
            and lane in ("hat", "shaker")
            and chance.random() < feel.density * 0.3
        ):
            notes.append(_hit(lane, start + short / 2, 50, short / 2))
    return notes


def _hit(lane: str, start: float, velocity: float, length: float) -> Note:
    return Note(start, length, LANES[lane], round(min(127, max(1, velocity))), DRUM_CHANNEL)


def _fill_from(
    bar: Bar, grid: Grid, phrase: int, style: Style, chance: random.Random
) -> float | None:
    """Where in this bar a fill begins, or None: at phrase ends, shorter halfway through."""
    count = len(grid.bars)
    if style.fill == "none" or count == 1 or (bar.index + 1) % phrase or len(bar.pulses) < 2:
        return None
    big = (bar.index + 1) % 8 == 0 or bar.index == count - 1
    pulses = max(1, len(bar.pulses) // 2) if big and chance.random() < 0.7 else 1
    return bar.pulses[-pulses].start


def _fill(
    kind: str, grid: Grid, bar: Bar, start: float, energy: float, chance: random.Random
) -> list[Note]:
    """A fill from `start` to the end of the bar."""
    notes: list[Note] = []
    pulses = [pulse for pulse in bar.pulses if pulse.start >= start - 1e-6]
    steps = [(pulse, step) for pulse in pulses for step in range(4)]
    for number, (pulse, step) in enumerate(steps):
        at, share = grid.at(pulse, step), number / max(1, len(steps) - 1)
        loud = (70 + 40 * share) * (0.7 + 0.3 * energy)
        short = pulse.length / 4
        if kind == "tom":
            if step == 0 or chance.random() < 0.75:
                lane = ("high tom", "tom", "low tom")[min(2, int(share * 3))]
                notes.append(_hit("snare" if chance.random() < 0.2 else lane, at, loud, short))
        elif kind == "roll":
            notes.append(_hit("snare", at, loud * 0.9, short))
            if share > 0.5:
                notes.append(_hit("snare", at + short / 2, loud * 0.8, short / 2))
        elif kind == "break":
            if chance.random() < 0.65:
                lane = "snare" if chance.random() < 0.65 else "kick"
                notes.append(_hit(lane, at, loud if step % 2 == 0 else loud * 0.6, short))
        elif kind == "hat":
            for part in range(chance.choice((1, 2, 2, 3, 4))):
                notes.append(_hit("hat", at + part * short / 4, loud * 0.85, short / 4))
            if step == 2 and number > len(steps) - 4:
                notes.append(_hit("open", at, 88, short))
        elif kind == "clap":
            if step in (0, 3) or (share > 0.5 and step == 2):
                notes.append(_hit("clap", at, loud * (1 if step == 0 else 0.7), short))
            if step == 2:
                notes.append(_hit("open", at, 90, short))
        elif kind == "light":
            if step in (0, 2) and chance.random() < 0.8:
                notes.append(_hit("snare" if step == 0 else "rim", at, loud * 0.75, short))
        elif step == 0 or chance.random() < 0.7:
            notes.append(_hit("snare", at, loud * (1.05 if step == 0 else 0.8), short))
    return notes


def _settle(
    notes: list[Note], grid: Grid, style: Style, feel: Feel, chance: random.Random
) -> list[Note]:
    """Human touch: small differences of force and time, the backbeat a little late, open hats
    ended by the next hat. Nothing that starts a bar is moved."""
    starts = {round(bar.start, 6) for bar in grid.bars}
    loose, late = grid.near(style.loose_ms), grid.near(style.late_ms)
    found: dict[tuple[float, int], Note] = {}
    for note in sorted(notes):
        if note.start >= grid.beats - 1e-6:
            continue
        energy = feel.energy[min(len(feel.energy) - 1, _bar_of(note.start, grid))]
        force = (1 + feel.force) * (0.8 + 0.2 * energy)
        velocity = note.velocity * force + chance.gauss(0, 3.5)
        at = note.start
        if round(at, 6) not in starts:
            at += chance.uniform(-0.5, 0.5) * loose
            at += late if note.pitch in (LANES["snare"], LANES["clap"], LANES["rim"]) else 0
        at = max(0.0, at)
        length = min(note.length, grid.beats - at)
        made = Note(at, length, note.pitch, round(min(127, max(12, velocity))), DRUM_CHANNEL)
        slot = (round(note.start, 4), note.pitch)
        if slot not in found or found[slot].velocity < made.velocity:
            found[slot] = made
    return _choke(sorted(found.values()), grid.beats)


def _bar_of(start: float, grid: Grid) -> int:
    low = 0
    for bar in grid.bars:
        if bar.start <= start + 1e-6:
            low = bar.index
    return low


def _choke(notes: list[Note], end: float) -> list[Note]:
    """An open hat sounds until the next hat of any kind, at most a beat."""
    hats = [n.start for n in notes if n.pitch in (42, 44, 46)]
    made: list[Note] = []
    for note in notes:
        if note.pitch == LANES["open"]:
            following = [start for start in hats if start > note.start + 0.02]
            until = min(following[0] if following else end, note.start + 1.0)
            length = min(max(0.05, until - note.start), end - note.start)
            note = Note(note.start, length, 46, note.velocity, DRUM_CHANNEL)
        made.append(note)
    return made
