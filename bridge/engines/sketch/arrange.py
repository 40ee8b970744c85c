"""The arrangement: key, chords, form, and the notes of every player."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from ...music import Key, Note
from .. import GenerateRequest
from .band import Player, gather
from .dice import dice
from .drums import LANES, Feel, play_drums
from .grid import Grid, Swing, make_grid
from .harmony import SCALES, Span, is_minor, make_chord, nearest
from .instruments import DRUM_CHANNEL, SOUNDS
from .lines import (
    Harmony,
    bass_under_kicks,
    play_arp,
    play_bass,
    play_chords,
    play_power,
    voicings,
)
from .melody import Voice, clear_of, play_melody
from .prompt import Brief, read_prompt
from .styles import Style

_TONICS = (0, 2, 3, 4, 5, 5, 7, 7, 9, 9, 9, 10, 0, 2)


@dataclass(slots=True)
class Track:
    """A player and what it plays; notes carry the track's MIDI channel."""

    player: Player
    channel: int
    notes: list[Note]


@dataclass(slots=True)
class Score:
    """A finished arrangement, ready to be rendered."""

    brief: Brief
    key: Key
    grid: Grid
    harmony: Harmony
    tracks: list[Track]
    unknown: list[str]

    @property
    def style(self) -> Style:
        """The style it is in."""
        return self.brief.style


def arrange(request: GenerateRequest, seed: int) -> Score:
    """Write every note of one take; the same request and seed always give the same notes."""
    brief = read_prompt(request.prompt, request.bpm)
    style = brief.style
    key = request.key or brief.key or _pick_key(brief, request.prompt)
    swing = style.swing
    if brief.swing is not None:
        swing = Swing(swing.unit if swing.amount else 8, brief.swing)
    grid = make_grid(
        request.beats, request.bpm, request.meter, swing=swing,
        double=request.bpm < style.bpm[0] * 0.62, waltz=style.name == "waltz",
    )  # fmt: skip
    chance = dice("band", seed, request.prompt)
    players, unknown = gather(brief, request.instruments, chance)
    ending = not request.loop and len(grid.bars) >= 4
    feel = Feel(brief.density, brief.force, _form(grid, brief), ending)
    harmony = _chords(style, key, grid, ending, dice("chords", seed, request.prompt))
    tracks = _play(players, style, brief, grid, harmony, feel, f"{seed}|{request.prompt}",
                   bool(request.instruments))  # fmt: skip
    return Score(brief, key, grid, harmony, tracks, unknown)


def _pick_key(brief: Brief, prompt: str) -> Key:
    """A key that belongs to the prompt: the same for every seed, so that takes fit together."""
    chance = dice("key", prompt)
    tonic = chance.choice(_TONICS)
    minor = chance.random() < brief.style.minor + brief.minor
    mode = brief.style.mode
    if mode and (SCALES[mode][2] == 3) == minor and chance.random() < 0.5:
        return Key(tonic, mode)
    return Key(tonic, "minor" if minor else "major")


def _form(grid: Grid, brief: Brief) -> tuple[float, ...]:
    """Energy of each bar: full for short clips, in sections for long ones, rising if asked."""
    count = len(grid.bars)
    if brief.build and count > 1:
        return tuple(0.15 + 0.85 * index / (count - 1) for index in range(count))
    if count <= 8:
        return (0.9,) * count
    section = 8 if count >= 16 else 4
    levels = (0.64, 0.9, 0.72, 1.0)
    return tuple(levels[index // section % 4] for index in range(count))


def _chords(style: Style, key: Key, grid: Grid, ending: bool, chance: random.Random) -> Harmony:
    """The chord of every bar, equal neighbours joined to at most two bars."""
    degrees = chance.choice(style.minor_chords if is_minor(key) else style.major_chords).split()
    per_chord = style.bars_a_chord if len(grid.bars) > 4 else 1.0
    spans: list[Span] = []
    for bar in grid.bars:
        degree = int(degrees[int(bar.index / per_chord) % len(degrees)])
        if ending and bar.index == len(grid.bars) - 1:
            degree = 1
        chord = make_chord(key, degree, style.size, dominant=style.dominant, blues=style.blues)
        before = spans[-1] if spans else None
        joined = before and before.chord == chord and bar.index % 2
        if before and joined and not (ending and bar.index == len(grid.bars) - 1):
            spans[-1] = Span(before.start, before.length + bar.length, chord)
        else:
            spans.append(Span(bar.start, bar.length, chord))
    return Harmony(tuple(spans))


def _play(
    players: list[Player], style: Style, brief: Brief, grid: Grid, harmony: Harmony, feel: Feel,
    luck: str, asked: bool,
) -> list[Track]:  # fmt: skip
    """Every player's notes: drums first (the bass may follow the kick), tunes last (they keep clear
    of the chords). Players who were `asked` for never stay silent."""
    order = {
        "drums": 0,
        "bass": 1,
        "chords": 2,
        "pad": 2,
        "arp": 2,
        "solo": 3,
        "counter": 4,
        "melody": 3,
    }
    channels = _channels(players)
    tracks: dict[int, Track] = {}
    # the groove belongs to the take, so that "kick" and "hats" as two tracks are one drummer
    kicks = [
        note.start
        for note in play_drums(style, grid, feel, dice("drums", luck))
        if note.pitch == 36
    ]
    for index in sorted(range(len(players)), key=lambda i: order[players[i].does]):
        player = players[index]
        chance = dice(player.does, index if player.does != "drums" else "", luck)
        if player.does == "drums":
            notes = play_drums(style, grid, feel, dice("drums", luck), player.lanes)
        else:
            held = [n for t in tracks.values() if t.player.does != "drums" for n in t.notes]
            notes = _part(player, style, brief, grid, harmony, kicks, held, chance)
            notes = _finish(notes, player, grid, harmony, feel, style, chance)
        if not notes and asked:
            notes = [_first_note(player, harmony, grid)]
        made = [replace(note, channel=channels[index]) for note in notes]
        tracks[index] = Track(player, channels[index], sorted(made))
    return [tracks[index] for index in range(len(players))]


def _first_note(player: Player, harmony: Harmony, grid: Grid) -> Note:
    """One note at the start, for a clip too short for any beat of a player's rhythm."""
    if player.does == "drums":
        return Note(
            0.0, min(0.25, grid.beats), LANES[player.lanes[0] if player.lanes else "kick"], 96
        )
    sound = SOUNDS[player.sound]
    pitch = nearest(harmony.spans[0].chord.root, (sound.low + sound.high) / 2)
    return Note(0.0, min(1.0, grid.beats), pitch, 84)


def _channels(players: list[Player]) -> list[int]:
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    made: list[int] = []
    for player in players:
        tonal = sum(1 for channel in made if channel != DRUM_CHANNEL)
        made.append(DRUM_CHANNEL if player.does == "drums" else free[tonal % len(free)])
    return made


def _part(
    player: Player, style: Style, brief: Brief, grid: Grid, harmony: Harmony, kicks: list[float],
    held: list[Note], chance: random.Random,
) -> list[Note]:  # fmt: skip
    """The plain notes of one tonal player."""
    sound = SOUNDS[player.sound]
    if player.does == "bass":
        low = sound.low if sound.does == "bass" else max(sound.low - 12, 28)
        if player.rhythm == "kick":
            return bass_under_kicks(kicks, grid, harmony, low, low + 14, chance)
        return play_bass(player.rhythm, grid, harmony, low, low + 20, chance)
    if player.does in ("melody", "counter"):
        return _tune(player, style, brief, grid, harmony, held, chance)
    if player.rhythm.startswith("power"):
        return play_power(player.rhythm.removeprefix("power "), grid, harmony, sound.low, chance)
    low = max(sound.low, 50)
    top = min(sound.high, 76) if player.does != "arp" else sound.high
    voices = 3 if style.size == 3 or player.does == "arp" else 4
    placed = voicings(harmony, low, max(top, low + 14), voices)
    if player.does == "arp":
        return play_arp(player.rhythm, grid, harmony, placed, chance)
    if player.does == "pad":
        return play_chords(player.rhythm, grid, harmony, placed)
    strummed = sound.voice in ("nylon", "steel", "clean", "muted", "banjo", "harp")
    strum = grid.near(11) if strummed else 0.0
    if player.does == "solo":
        return _alone(player, style, brief, grid, harmony, placed, strum, chance)
    return play_chords(player.rhythm, grid, harmony, placed, strum=strum)


def _tune(
    player: Player, style: Style, brief: Brief, grid: Grid, harmony: Harmony, held: list[Note],
    chance: random.Random,
) -> list[Note]:  # fmt: skip
    sound = SOUNDS[player.sound]
    density = style.density * (1 + 0.7 * brief.density)
    low = max(sound.low, 60) if sound.high >= 76 else sound.low
    voice = Voice(low, min(sound.high, low + 22), density, style.offbeat, player.rhythm == "riff")
    if player.does == "counter":  # fewer, longer notes, lower
        lower = max(sound.low, 55)
        voice = Voice(lower, lower + 16, density * 0.35, 0.1, False)
    notes = play_melody(grid, harmony, voice, chance)
    return clear_of(notes, [note for note in held if note.length >= 0.5])


def _alone(
    player: Player, style: Style, brief: Brief, grid: Grid, harmony: Harmony,
    placed: list[tuple[int, ...]], strum: float, chance: random.Random,
) -> list[Note]:  # fmt: skip
    """One player is the whole band: roots below, chords, and a tune on top."""
    rhythm = player.rhythm if player.rhythm != "hold" else "x--- ---- x--- ----"
    chords = play_chords(rhythm, grid, harmony, placed, strum=strum)
    chords = [replace(note, velocity=max(1, note.velocity - 16)) for note in chords]
    low = [
        Note(span.start, span.length * 0.95, nearest(span.chord.root, 42), 82)
        for span in harmony.spans
    ]
    tune = replace(player, does="melody", rhythm="free")
    top = [
        note
        for note in _tune(tune, style, brief, grid, harmony, chords, chance)
        if not any(c.pitch == note.pitch and abs(c.start - note.start) < 0.05 for c in chords)
    ]
    return low + chords + top


def _finish(
    notes: list[Note], player: Player, grid: Grid, harmony: Harmony, feel: Feel, style: Style,
    chance: random.Random,
) -> list[Note]:  # fmt: skip
    """Form, human touch and the end: what is left of a part when the arrangement has its way."""
    made: list[Note] = []
    loose = grid.near(style.loose_ms)
    starts = {round(bar.start, 6) for bar in grid.bars}
    if feel.ending:
        notes = _end(notes, player, grid, harmony)
    bars = iter(grid.bars)
    bar, energy = grid.bars[0], feel.energy[0]
    for note in sorted(notes):
        while note.start >= bar.start + bar.length - 1e-6 and bar.index < len(grid.bars) - 1:
            bar = next(bars)
            energy = feel.energy[bar.index]
        if energy < player.enters or note.start >= grid.beats - 1e-6:
            continue
        if feel.density < -0.15 and player.does == "arp" and chance.random() < -feel.density * 0.6:
            continue
        at = note.start
        if round(at, 6) not in starts:
            at = max(0.0, at + chance.uniform(-0.5, 0.5) * loose)
        velocity = note.velocity * (1 + feel.force) * (0.82 + 0.18 * energy) + chance.gauss(0, 3)
        length = min(note.length, grid.beats - at)
        if length > 0:
            made.append(Note(at, length, note.pitch, round(min(127, max(12, velocity)))))
    return _single(made)


def _end(notes: list[Note], player: Player, grid: Grid, harmony: Harmony) -> list[Note]:
    """The last bar is one held sound: what would start later in it is left out."""
    last = grid.bars[-1]
    kept = [note for note in notes if note.start < last.start - 1e-6]
    kept = [replace(n, length=min(n.length, last.start - n.start)) for n in kept]
    final = [note for note in notes if abs(note.start - last.start) < 0.2]
    if not final and kept:
        around = kept[-1].pitch
        final = [Note(last.start, 1, nearest(harmony.spans[-1].chord.root, around), 80)]
    if player.does == "melody":
        final = [
            replace(n, pitch=nearest(harmony.spans[-1].chord.root, n.pitch)) for n in final[:1]
        ]
    return kept + [replace(n, length=last.length * 0.7) for n in final]


def _single(notes: list[Note]) -> list[Note]:
    """No pitch sounds twice at once: a note ends before the same key is struck again."""
    last: dict[int, int] = {}
    made: list[Note] = []
    for note in sorted(notes):
        index = last.get(note.pitch)
        if index is not None and made[index].start + made[index].length > note.start:
            shorter = note.start - made[index].start
            if shorter < 0.02:
                continue
            made[index] = replace(made[index], length=shorter)
        last[note.pitch] = len(made)
        made.append(note)
    return made
