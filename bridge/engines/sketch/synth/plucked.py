"""Sounds that are struck or plucked and then ring: pianos, guitars, basses, bells, plucks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .tones import Array, Floats, loudness_gain, partials, ramp_in, ramp_out, seconds, shaped_noise

# One sounding note: (rate, frames, hz, velocity 0..1, brightness about 1) -> [2, frames] or [frames]
Voice = Callable[[int, int, float, float, float], Array]


def _strings(
    rate: int,
    frames: int,
    hz: Floats,
    gain: Floats,
    decay: Floats,
    *,
    beat_hz: float = 0.3,
    spread: float = 0.25,
    copies: int = 1,
) -> Array:
    """Partials in stereo: each one slightly detuned and weighted otherwise on the two sides.

    `copies` sets of the same partials follow each other in the arrays; they start in phase.
    """
    scale = loudness_gain(hz, gain)
    number = np.tile(np.arange(len(hz) // copies), copies)
    sway = spread * np.sin(number * 2.39996)  # the golden angle: no two neighbours agree
    turns = number * 0.618034
    left = partials(rate, frames, hz - beat_hz / 2, gain * scale * (1 + sway), decay, turns)
    right = partials(rate, frames, hz + beat_hz / 2, gain * scale * (1 - sway), decay, turns)
    return np.stack([left, right])


def _count(hz: float, top_hz: float, most: int) -> Floats:
    """Harmonic numbers 1.. up to a frequency."""
    return np.arange(1, max(2, min(most, int(top_hz / hz))) + 1, dtype=float)


def _struck(sound: Array, rate: int, attack_s: float) -> Array:
    ramp_in(sound, int(attack_s * rate))
    return ramp_out(sound, int(0.02 * rate))


def _noise_attack(
    sound: Array, rate: int, level: float, low: float, high: float, ms: float
) -> None:
    """Add the short noise of a hammer, a pick or a finger in place."""
    frames = min(sound.shape[-1], int(rate * ms / 1000 * 5))
    burst = shaped_noise(rate, frames, low, high, 11) * level
    burst *= np.exp(-seconds(rate, frames) * (1000 / ms))
    sound[..., :frames] += ramp_out(ramp_in(burst, int(0.0008 * rate)), frames // 3)


def piano(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """Grand piano: stiff strings (f = n f0 sqrt(1 + B n^2)), hammer colour, two-stage decay."""
    pitch = 69 + 12 * np.log2(hz / 440)
    stiffness = 1.2e-4 * 2 ** ((pitch - 40) / 9) if pitch > 40 else 1.2e-4
    number = _count(hz, 9000, 48)
    where = hz * number * np.sqrt((1 + stiffness * number**2) / (1 + stiffness))
    reach_hz = (1100 + 5600 * velocity**1.4) * bright * (0.7 + hz / 600)
    gain = number**-0.55 * np.exp(-where / reach_hz) * (0.25 + np.abs(np.sin(np.pi * number / 8.2)))
    slow = 0.35 * 2 ** ((pitch - 48) / 15) * (1 + where / 2600)
    both = np.concatenate([where - 0.05, where + 0.03])
    sound = _strings(
        rate, frames, both,
        np.concatenate([gain * 0.72, gain * 0.28]),
        np.concatenate([slow * 4.2, slow]), beat_hz=0.1, spread=0.2, copies=2,
    )  # fmt: skip
    _noise_attack(sound, rate, 0.05 * velocity, 90, 900, 9)
    return _struck(sound, rate, 0.0025)


def epiano(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """Tine electric piano: round tone, bark that grows with velocity, a short bell, stereo sway."""
    number = np.array([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.03, 14.1])
    bark = velocity**1.6 * bright
    bell = 0.16 * bright * (0.3 + velocity)
    gain = np.array([1.0, 0.1 + 0.5 * bark, 0.05 + 0.2 * bark, 0.11 * bark, 0.06 * bark,
                     0.03 * bark, bell, bell * 0.35])  # fmt: skip
    gain = gain / (1 + (number * hz / (4500 * bright)) ** 2)
    decay = np.array([0.7, 1.3, 2.0, 2.8, 3.5, 4.5, 9.0, 22.0]) * (hz / 260) ** 0.35
    sound = _strings(rate, frames, hz * number, gain, decay, beat_hz=0.15, spread=0.05)
    sway = 0.22 * np.sin(2 * np.pi * 4.6 * seconds(rate, frames))
    sound *= np.stack([1 + sway, 1 - sway])
    _noise_attack(sound, rate, 0.03 * velocity, 200, 2000, 6)
    return _struck(sound, rate, 0.003)


def _string(
    pluck: float, top_hz: float, ring: float, damp: float, noise: float, width: float = 0.2
) -> Voice:
    """A plucked string: `pluck` is where along it, `ring` 1/s of the ground tone, `damp` of the top."""

    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        number = _count(hz, 12000, 70)
        reach_hz = top_hz * bright * (0.45 + 0.75 * velocity)
        gain = np.abs(np.sin(np.pi * number * pluck)) / number**1.05
        gain *= 1 / (1 + (number * hz / reach_hz) ** 2)
        decay = ring * (hz / 220) ** 0.4 + damp * (number * hz / 1000) ** 1.3
        stiff = hz * number * np.sqrt(1 + 3e-5 * number**2) / np.sqrt(1 + 3e-5)
        sound = _strings(rate, frames, stiff, gain, decay, beat_hz=0.1, spread=width)
        _noise_attack(sound, rate, noise * velocity, 800, 5000 * bright, 4)
        return _struck(sound, rate, 0.0015)

    return voice


def _bass(
    top_hz: float, ring: float, damp: float, noise: float, slope: float, attack_s: float = 0.004
) -> Voice:
    """A plucked bass in the middle of the picture; `slope` is how fast its harmonics fall."""

    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        number = _count(hz, 5000, 50)
        reach_hz = top_hz * bright * (0.5 + 0.7 * velocity)
        gain = number**-slope * (0.35 + np.abs(np.sin(np.pi * number * 0.21)))
        gain *= 1 / (1 + (number * hz / reach_hz) ** 3)
        decay = ring * (hz / 60) ** 0.3 + damp * (number * hz / 1000) ** 1.2
        scale = loudness_gain(hz * number, gain)
        sound = partials(rate, frames, hz * number, gain * scale, decay, number * 0.31)
        _noise_attack(sound, rate, noise * velocity, 300, 3000, 5)
        return _struck(sound, rate, attack_s)

    return voice


def _filter_pluck(
    shut_hz: float, open_hz: float, speed: float, ring: float, *, odd: bool = False,
    peak: float = 0.0, detune: float = 0.0,
) -> Voice:  # fmt: skip
    """A saw (or square) through a low-pass that falls from `open_hz` to `shut_hz` at `speed` 1/s.

    Each harmonic is what the shut filter lets through plus a decaying remainder, so the sweep
    costs no filter and stays band-limited. `peak` is resonance at the shut frequency.
    """

    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        number = _count(hz, 16000, 160)
        if odd:
            number = number[::2]
        where = hz * number
        wide = open_hz * bright * (0.4 + 0.9 * velocity)
        low = shut_hz * (0.6 + 0.4 * bright)
        rest = (1 / (1 + (where / low) ** 4)) + peak * np.exp(
            -(((where - low) / (0.35 * low)) ** 2)
        )
        swept = np.maximum(1 / (1 + (where / wide) ** 4) - rest, 0)
        gain = np.concatenate([rest, swept]) / np.concatenate([number, number])
        drop = speed * (where / low) ** 0.45
        decay = np.concatenate([np.full_like(where, ring), ring + drop])
        both = np.concatenate([where, where])
        if not detune:
            sound = partials(
                rate, frames, both, gain * loudness_gain(both, gain), decay,
                np.concatenate([number, number]) * 0.5,
            )  # fmt: skip
            return _struck(sound, rate, 0.002)
        return _struck(
            _strings(rate, frames, both, gain, decay, beat_hz=detune * hz / 100, spread=0.3, copies=2),
            rate, 0.002,
        )  # fmt: skip

    return voice


def _bars(
    ratios: tuple[float, ...], gains: tuple[float, ...], decays: tuple[float, ...], strike: float
) -> Voice:
    """A struck bar or bell of given partials; `strike` is the level of the mallet's noise."""

    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        ratio = np.array(ratios)
        gain = np.array(gains) * np.where(ratio > 1, (0.35 + 0.8 * velocity) * bright, 1.0)
        decay = np.array(decays) * (hz / 440) ** 0.4
        sound = _strings(rate, frames, hz * ratio, gain, decay, beat_hz=0.2, spread=0.15)
        _noise_attack(sound, rate, strike * velocity, 500, 4000, 5)
        return _struck(sound, rate, 0.0015)

    return voice


def deep_bass(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """The long booming drum-machine bass: a falling sine, driven for harmonics, slow decay."""
    time = seconds(rate, frames)
    turns = hz * time + hz * 1.5 * 0.012 * (1 - np.exp(-time / 0.012))
    body = np.sin(2 * np.pi * turns) * np.exp(-time * 1.1)
    drive = 1.2 + 1.6 * velocity * bright
    sound = np.tanh(drive * body).astype(np.float32) * np.float32(0.3)
    return _struck(sound, rate, 0.002)


def distorted(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """Overdriven electric guitar: a bright string into soft clipping and a speaker's narrow band."""
    from .tones import equalise

    number = _count(hz, 4200, 40)
    gain = np.abs(np.sin(np.pi * number * 0.13)) / number
    decay = 0.5 + 0.9 * (number * hz / 1000)
    sides = []
    for side in (-1, 1):  # two takes, slightly apart, as guitars are doubled
        clean = partials(rate, frames, hz * number * (1 + side * 0.0006), gain, decay, number * 0.2)
        sides.append(np.tanh(clean * (9 + 9 * velocity)))
    sound = equalise(np.stack(sides), rate, 110, 5200 * bright, 3)
    sound *= np.float32(0.3) / (np.sqrt(np.mean(sound[:, : rate // 2] ** 2)) + 1e-9) * 0.5
    return _struck(sound.astype(np.float32), rate, 0.003)


VOICES: dict[str, Voice] = {
    "piano": piano,
    "epiano": epiano,
    "nylon": _string(0.28, 3400, 0.9, 1.6, 0.05),
    "steel": _string(0.17, 7500, 0.6, 0.7, 0.07, 0.3),
    "clean": _string(0.13, 5500, 0.5, 0.8, 0.04, 0.3),
    "muted": _string(0.15, 4500, 7.0, 6.0, 0.09),
    "clav": _string(0.09, 4600, 1.6, 1.2, 0.05),
    "harpsichord": _string(0.08, 8000, 0.9, 0.45, 0.08),
    "harp": _string(0.33, 3200, 0.55, 1.1, 0.03),
    "banjo": _string(0.09, 5500, 3.2, 1.8, 0.1),
    "distorted": distorted,
    "upright": _bass(1500, 1.5, 4.5, 0.16, 0.9, 0.006),
    "finger": _bass(2300, 0.9, 3.2, 0.07, 0.75),
    "slap": _bass(3600, 1.2, 2.6, 0.2, 0.6, 0.002),
    "picked": _bass(3800, 0.7, 1.6, 0.1, 0.65, 0.002),
    "synthbass": _filter_pluck(380, 2800, 9.0, 1.0),
    "acid": _filter_pluck(620, 4200, 11.0, 0.8, peak=1.6),
    "housebass": _filter_pluck(320, 2000, 14.0, 1.6, odd=True),
    "deepbass": deep_bass,
    "pluck": _filter_pluck(1700, 9000, 13.0, 2.6, detune=0.35),
    "sequence": _filter_pluck(1700, 8500, 10.0, 1.2, detune=0.3),
    "stab": _filter_pluck(1500, 9000, 7.0, 2.4, detune=0.5),
    "chip": _filter_pluck(9000, 12000, 2.0, 0.8, odd=True),
    "bell": _bars((1, 2.0, 2.99, 4.1, 5.43, 8.2), (1, 0.5, 0.35, 0.25, 0.16, 0.08),
                  (0.8, 1.3, 2.0, 3.2, 5.0, 9.0), 0.02),
    "vibes": _bars((1, 4.0, 10.1), (1, 0.3, 0.08), (0.9, 3.5, 12.0), 0.04),
    "marimba": _bars((1, 3.98, 9.8), (1, 0.3, 0.1), (5.0, 11.0, 25.0), 0.08),
    "kalimba": _bars((1, 5.4, 2.0, 11.2), (1, 0.16, 0.12, 0.05), (2.2, 12.0, 4.0, 25.0), 0.05),
    "musicbox": _bars((1, 2.0, 5.8, 11.0), (1, 0.15, 0.25, 0.08), (1.6, 3.0, 7.0, 18.0), 0.02),
}  # fmt: skip
