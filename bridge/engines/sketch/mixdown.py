"""From notes to audio: every note rendered once, placed, levelled, ducked, given a room, and summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache, partial

import numpy as np

from ...music import Note, exact_frames
from .. import GenerateRequest
from .arrange import Score, Track
from .instruments import SOUNDS, Sound
from .pace import Pace
from .synth import plucked, sustained
from .synth.percussion import KITS, strike
from .synth.space import duck, echo, loudness, reverberate, room, shared_gain
from .synth.tones import Array, equalise, ramp_out

# Loudness of each kind of player in the mix, dB against the drums.
_LEVELS = {
    "drums": 0.0, "bass": -2.0, "chords": -5.0, "pad": -8.5, "arp": -8.0, "melody": -4.5,
    "counter": -8.0, "solo": 0.0,
}  # fmt: skip
_DUCKED = ("bass", "chords", "pad", "arp")
VOICES = {**plucked.VOICES, **sustained.VOICES}
_LOUDNESS = -17.0  # of the drums, before the gain that all share
_CEILING = 0.89
_DEEP = 53  # pitches below leave an offset: a note is no whole number of their slow cycles
_LAYERS = 6  # velocities that sound different; loudness is exact

Tick = Callable[[], None]


def render(score: Score, request: GenerateRequest, pace: Pace) -> list[Array]:
    """One array float32 [2, frames] per track, or a single one of everything when no instruments
    were asked for. Their sum is what the mix is."""
    rate = request.sample_rate
    frames = exact_frames(request.beats, request.bpm, rate)
    style, brief = score.style, score.brief
    wet = style.wet * (1 + 0.8 * brief.space)
    response = room(
        rate, style.room_s * (1 + 0.4 * brief.space), max(0.5, style.bright + brief.bright / 2)
    )
    dip = _dip(score, frames, request)
    separate = bool(request.instruments)

    def job(track: Track) -> tuple[Array, Array]:
        dry, send = _track(track, score, dip, request, pace.step)
        send *= np.float32(wet)
        if separate:
            dry += reverberate(send, response, request.loop, pace.step)
        return dry, send

    done = pace.all([partial(job, track) for track in score.tracks])
    if separate:
        return _master([dry for dry, _send in done], request, pace.step_and_tell)
    everything = np.zeros((2, frames), dtype=np.float32)
    sent = np.zeros(frames, dtype=np.float32)
    for dry, send in done:
        everything += dry
        sent += send
    everything += reverberate(sent, response, request.loop, pace.step_and_tell)
    return _master([everything], request, pace.step_and_tell)


def _dip(score: Score, frames: int, request: GenerateRequest) -> Array:
    """The ducking curve under the kick; all ones without drums or in styles that do not duck."""
    kicks = [
        round(note.start * 60 / request.bpm * request.sample_rate)
        for track in score.tracks
        if track.player.does == "drums"
        for note in track.notes
        if note.pitch == 36
    ]
    if not kicks or not score.style.duck:
        return np.ones(frames, dtype=np.float32)
    length = round(min(0.8 * 60 / request.bpm, 0.42) * request.sample_rate)
    return duck(frames, kicks, min(length, frames), score.style.duck, request.loop)


def _master(parts: list[Array], request: GenerateRequest, tick: Tick) -> list[Array]:
    """One gain curve for all: peaks held under the ceiling, the end faded when it is no loop."""
    mix = parts[0].copy()
    for part in parts[1:]:
        mix += part
        tick()
    peak = float(np.max(np.abs(mix))) if mix.size else 0.0
    if peak > 0:
        loud = loudness(mix, request.sample_rate)
        level = np.float32(min(10 ** ((-15 - loud) / 20), 4 * _CEILING / peak))
        tick()
        mix *= level
        gain = shared_gain(mix, request.sample_rate, request.loop, _CEILING) * level
    else:
        gain = np.ones(mix.shape[1], dtype=np.float32)
    if not request.loop:
        bars = float(request.meter.beats_per_bar) * 60 / request.bpm * request.sample_rate
        ramp_out(gain, int(min(bars * 0.5, 2.5 * request.sample_rate, mix.shape[1] * 0.1)))
    for part in parts:
        part *= gain
        tick()
    return parts


def _track(
    track: Track, score: Score, dip: Array, request: GenerateRequest, tick: Tick
) -> tuple[Array, Array]:
    """Dry stereo and what goes to the room, mono, of one track, at its level in the mix."""
    player = track.player
    dry = np.zeros((2, len(dip)), dtype=np.float32)
    if player.does == "drums":
        send = _drums(track.notes, dry, score, request, tick)
    else:
        sound = SOUNDS[player.sound]
        bright = max(
            0.4, sound.bright * (1 + score.brief.bright) * (0.6 + 0.4 * score.style.bright)
        )
        _tones(track.notes, dry, sound, round(bright, 2), request, tick)
        if sound.echo:
            step = round(0.75 * 60 / request.bpm * request.sample_rate)
            if step < 2 * request.sample_rate:
                dry += echo(dry, step, sound.echo, request.loop)
        if player.does in _DUCKED:
            dry *= dip
        send = (dry[0] + dry[1]) * np.float32(0.5 * sound.send)
    level = _LOUDNESS + _LEVELS[player.does] + player.level
    if player.sound:
        level += SOUNDS[player.sound].level
    heard = loudness(dry, request.sample_rate)
    gain = np.float32(10 ** ((level - heard) / 20)) if heard > -100 else np.float32(1)
    dry *= gain
    return dry, send * gain


def _tones(
    notes: Sequence[Note],
    dry: Array,
    sound: Sound,
    bright: float,
    request: GenerateRequest,
    tick: Tick,
) -> None:
    """Render each (pitch, velocity layer) once, as long as its longest note, and place all notes."""
    rate = request.sample_rate
    beat = 60 / request.bpm * rate
    release = int(sound.release_s * rate)
    groups: dict[tuple[int, int], list[Note]] = {}
    for note in notes:
        layer = min(_LAYERS - 1, note.velocity * _LAYERS // 128)
        groups.setdefault((note.pitch, layer), []).append(note)
    voice = VOICES[sound.voice]
    fall = (0.5 + 0.5 * np.cos(np.pi * (np.arange(release) + 1) / max(1, release))).astype(
        np.float32
    )
    for (pitch, layer), group in sorted(groups.items()):
        longest = max(int(note.length * beat) for note in group) + release
        hz = 440.0 * 2 ** ((pitch - 69) / 12)
        shot = voice(rate, longest, hz, (layer + 0.5) / _LAYERS, bright)
        for note in group:
            size = min(longest, int(note.length * beat) + release)
            piece = shot[..., :size]
            if release:
                piece = piece.copy()
                tail = min(release, size)
                piece[..., -tail:] *= fall[-tail:]
            if pitch < _DEEP:
                piece = piece - np.mean(piece, axis=-1, keepdims=True) * 2 * _bow(size)
            place(
                dry, piece, round(note.start * beat), _force(note.velocity), sound.pan, request.loop
            )
        tick()


@lru_cache(maxsize=64)
def _bow(frames: int) -> Array:
    """A slow arch of mean 1/2, far below hearing, that takes the offset out of a deep note."""
    return np.hanning(frames).astype(np.float32)


def _force(velocity: int) -> float:
    """Loudness of a MIDI velocity: 127 is 1, 64 is about -10 dB."""
    return float((velocity / 127) ** 1.7)


def _drums(
    notes: Sequence[Note], dry: Array, score: Score, request: GenerateRequest, tick: Tick
) -> Array:
    """Place all drums in `dry`; returns what goes to the room."""
    rate = request.sample_rate
    beat = 60 / request.bpm * rate
    kit = KITS[score.style.kit]
    bright = (0.55 + 0.45 * score.style.bright) * (1 + score.brief.bright)
    send = np.zeros(dry.shape[1], dtype=np.float32)
    shots: dict[tuple[int, int, int], Array] = {}
    for number, note in enumerate(notes):
        piece = kit[note.pitch]
        layer = min(2, note.velocity // 43)
        key = (note.pitch, layer, number % 3)
        if key not in shots:
            shot = strike(piece, rate, (layer + 0.7) / 3, number % 3)
            shots[key] = equalise(shot, rate, 25, 18000 * bright, 1) if bright < 0.9 else shot
            tick()
        shot = shots[key]
        if note.pitch == 46:  # closed by the next hat
            size = min(len(shot), int(note.length * beat) + rate // 50)
            shot = ramp_out(shot[:size].copy(), rate // 50)
        at = round(note.start * beat)
        gain = _force(note.velocity)
        place(dry, shot, at, gain, piece.pan, request.loop)
        if piece.send > 0.03:
            place(send[None], shot, at, gain * piece.send, 0.0, request.loop)
    return send


def place(target: Array, sound: Array, start: int, gain: float, pan: float, loop: bool) -> None:
    """Add a sound at a frame; in a loop it goes on at the beginning, else it is cut at the end."""
    frames = target.shape[1]
    sides = (1.0 - max(0.0, pan) * 0.7, 1.0 + min(0.0, pan) * 0.7)
    at, done, size = start, 0, sound.shape[-1]
    while done < size:
        if at >= frames:
            if not loop:
                return
            at %= frames
        count = min(size - done, frames - at)
        for side in range(target.shape[0]):
            row = sound if sound.ndim == 1 else sound[side]
            target[side, at : at + count] += row[done : done + count] * np.float32(
                gain * sides[side]
            )
        done += count
        at += count
