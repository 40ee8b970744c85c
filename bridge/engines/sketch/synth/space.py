"""What happens after the sound: room, echo, ducking, loudness, and the gain all parts share."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from .tones import Array, Floats, ear_weight, equalise

Tick = Callable[[], None]  # called between pieces of work so that a job can be cancelled


@lru_cache(maxsize=6)
def room(rate: int, decay_s: float, bright: float) -> Array:
    """Impulse response of a room with a decay time (60 dB), stereo, energy 1, no bass, no DC."""
    frames = int(min(decay_s * 1.15, 3.6) * rate)
    time = np.arange(frames) / rate
    rng = np.random.default_rng(20240)
    noise = rng.standard_normal((2, frames)).astype(np.float32)
    bands = (
        (180.0, 700.0, 1.0, 0.8),
        (700.0, 3500.0, 1.0, 1.0),
        (3500.0, 9000.0 * bright, 0.5, 0.8),
    )
    tail: Floats = np.zeros((2, frames))
    for low, high, length, level in bands:
        tail = tail + level * equalise(noise, rate, low, high) * np.exp(
            -6.9 * time / (decay_s * length)
        )
    build = 1 - np.exp(-time / (0.012 + 0.01 * decay_s))  # density grows, no slap at the start
    late = int((0.008 + 0.006 * decay_s) * rate)
    response: Array = np.zeros((2, frames), dtype=np.float32)
    response[:, late:] = (tail * build)[:, : frames - late]
    for number in range(7):  # first walls
        at = int((0.007 + 0.0065 * number + 0.002 * rng.random()) * rate)
        response[number % 2, at] += 2.4 * 0.8**number
    response = equalise(response, rate, 160, 12000, 2)
    fade = int(0.1 * frames)
    response[:, -fade:] *= np.linspace(1, 0, fade, dtype=np.float32)
    return np.asarray(
        response / np.sqrt(np.sum(response**2, axis=1, keepdims=True)), dtype=np.float32
    )


def reverberate(send: Array, response: Array, loop: bool, tick: Tick) -> Array:
    """Convolve a mono send [frames] with a stereo response, in blocks, tail folded for a loop."""
    frames, taps = send.shape[0], response.shape[1]
    size = 1 << int(np.ceil(np.log2(4 * taps)))  # three quarters of each block are new
    hop = size - taps + 1
    spectrum = np.fft.rfft(response, size)
    wet = np.zeros((2, frames + taps - 1), dtype=np.float32)
    for start in range(0, frames, hop):
        piece = np.fft.rfft(send[start : start + hop], size)
        out = np.fft.irfft(spectrum * piece, size)
        end = min(start + size, wet.shape[1])
        wet[:, start:end] += out[:, : end - start].astype(np.float32, copy=False)
        tick()
    return fold(wet, frames, loop)


def fold(sound: Array, frames: int, loop: bool) -> Array:
    """Cut to `frames`; in a loop what lies beyond the end sounds on at the beginning."""
    kept: Array = sound[..., :frames].copy()
    if loop:
        for start in range(frames, sound.shape[-1], frames):
            rest = sound[..., start : start + frames]
            kept[..., : rest.shape[-1]] += rest
    return kept


def echo(sound: Array, step: int, gain: float, loop: bool, repeats: int = 3) -> Array:
    """Ping-pong repeats every `step` frames, each darker and quieter, without the dry sound."""
    frames = sound.shape[1]
    wet = np.zeros_like(sound)
    mono = (sound[0] + sound[1]) * np.float32(0.5)
    for number in range(1, repeats + 1):
        late = number * step
        if not loop and late >= frames:
            break
        darker = mono[2:] + mono[:-2]
        darker += 2 * mono[1:-1]
        mono[1:-1] = darker * np.float32(gain / 4)
        side = (number + 1) % 2
        late %= frames
        wet[side, late:] += mono[: frames - late]
        wet[1 - side, late:] += mono[: frames - late] * np.float32(0.25)
        if loop:
            wet[side, :late] += mono[frames - late :]
            wet[1 - side, :late] += mono[frames - late :] * np.float32(0.25)
    return wet


def duck(frames: int, hits: list[int], length: int, depth: float, loop: bool) -> Array:
    """Gain [frames] that dips at every kick and is back after `length` frames."""
    phase = np.arange(length) / length
    dip = 1 - depth * (1 - phase**1.6) ** 1.5
    lead = max(1, length // 40)  # down in a few ms, not in one sample
    dip = np.concatenate([np.linspace(1, dip[0], lead, endpoint=False), dip]).astype(np.float32)
    gain = np.ones(frames, dtype=np.float32)
    for hit in hits:
        where = np.arange(hit - lead, hit - lead + len(dip))
        inside = np.ones(len(dip), dtype=bool) if loop else (where >= 0) & (where < frames)
        where = where[inside] % frames
        np.minimum.at(gain, where, dip[inside])
    return gain


def loudness(sound: Array, rate: int) -> float:
    """Loudness of [2, frames] in dB, K weighted and gated, measured on at most half a minute."""
    size = 1 << int(np.log2(0.4 * rate))
    frames = sound.shape[1]
    if frames < size:
        sound, frames = np.pad(sound, ((0, 0), (0, size - frames))), size
    # windows side by side, so that no beat falls between them; of a long clip six stretches
    count = frames // size
    chosen = np.arange(count)
    if count > 96:
        chosen = (np.linspace(0, count - 16, 6).astype(int)[:, None] + np.arange(16)).ravel()
    starts = chosen * size
    weight: Floats = ear_weight(np.fft.rfftfreq(size, 1 / rate))
    window = np.hanning(size).astype(np.float32)
    pieces = np.stack([sound[:, start : start + size] for start in starts]) * window
    power = np.sum(np.abs(np.fft.rfft(pieces)) ** 2 * weight, axis=(1, 2)) / size**2 * 16 / 3
    if power.max() < 1e-12:
        return -120.0
    heard = power[power > np.mean(power[power > power.max() * 1e-3]) * 0.1]
    return float(10 * np.log10(np.mean(heard)))


def shared_gain(mix: Array, rate: int, loop: bool, ceiling: float) -> Array:
    """One gain curve [frames] that keeps the mix under a ceiling, smooth, looking ahead.

    Applied to every part alike, so the parts still add up to the mix.
    """
    hop = max(16, rate // 1500)
    frames = mix.shape[1]
    blocks = -(-frames // hop)
    peak = np.zeros(blocks * hop, dtype=np.float32)
    np.maximum(np.abs(mix[0]), np.abs(mix[1]), out=peak[:frames])
    need = np.minimum(1.0, ceiling / np.maximum(peak.reshape(blocks, hop).max(axis=1), 1e-9))
    reach = min(12, blocks)  # about 8 ms to both sides
    around = np.arange(-2 * reach, blocks + 2 * reach)
    wide = need[around % blocks if loop else np.clip(around, 0, blocks - 1)]
    lowest = np.lib.stride_tricks.sliding_window_view(wide, 2 * reach + 1).min(axis=1)
    kernel = np.hanning(2 * reach + 1) + 1e-3
    kernel /= kernel.sum()
    smooth = np.convolve(lowest, kernel, "valid")
    centre = (np.arange(blocks) + 0.5) * hop
    if loop:  # the curve must close on itself
        centre = np.concatenate([[centre[-1] - frames], centre, [centre[0] + frames]])
        smooth = np.concatenate([smooth[-1:], smooth, smooth[:1]])
    return _lines(frames, hop, centre, smooth, extra=int(loop))


def _lines(frames: int, hop: int, centre: Floats, level: Floats, extra: int) -> Array:
    """Straight lines between `level` at `centre`, as np.interp for each of `frames`, but faster.

    Between centres that lie `hop` apart every line has the same frames; only the ends differ, where
    a loop has `extra` centres that lead in and out.
    """
    even = level[extra : len(level) - extra].astype(np.float32)
    ramp = ((np.arange(hop) + 0.5 * (hop % 2)) / hop).astype(np.float32)
    inner = even[:-1, None] + (even[1:] - even[:-1])[:, None] * ramp
    begin = min(frames, -(-hop // 2))  # the first frame at or behind the first centre
    gain = np.empty(frames, dtype=np.float32)
    end = min(frames, begin + inner.size)
    gain[begin:end] = inner.reshape(-1)[: end - begin]
    for part in (np.arange(begin), np.arange(end, frames)):
        gain[part] = np.interp(part, centre, level)
    return gain
