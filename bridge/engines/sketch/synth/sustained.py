"""Sounds that last as long as the note is held: strings, pads, choir, organ, brass, winds, leads."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np

from .plucked import Voice
from .tones import (
    Array,
    Floats,
    ear_weight,
    ensemble,
    lengthen,
    loudness_gain,
    partials,
    ramp_in,
    seconds,
    shaped_noise,
    wobble,
)

# Harmonic levels by number and frequency for one brightness.
Colour = Callable[[Floats, Floats, float], Floats]


def _bump(hz: Floats, centre: float, width: float) -> Floats:
    return np.asarray(np.exp(-(((hz - centre) / width) ** 2)))


def _saw(cut_hz: float) -> Colour:
    """Saw harmonics under a soft low-pass."""
    return lambda number, hz, bright: 1 / number / (1 + (hz / (cut_hz * bright)) ** 3)


def _bowed(number: Floats, hz: Floats, bright: float) -> Floats:
    body = 0.5 + 0.7 * _bump(hz, 290, 90) + 0.5 * _bump(hz, 1100, 500) + 0.6 * _bump(hz, 2600, 900)
    return np.asarray(number**-0.95 * body / (1 + (hz / (7500 * bright)) ** 3))


def _sung(number: Floats, hz: Floats, bright: float) -> Floats:
    vowel = _bump(hz, 730, 160) + 0.5 * _bump(hz, 1120, 160) + 0.3 * _bump(hz, 2700, 450)
    return np.asarray(number**-0.7 * (0.06 + vowel) / (1 + (hz / (6500 * bright)) ** 3))


def _glass(number: Floats, hz: Floats, bright: float) -> Floats:
    return np.asarray(
        number**-1.7 * np.where(number % 2, 1, 0.5) / (1 + (hz / (4500 * bright)) ** 2)
    )


@lru_cache(maxsize=96)
def _table(name: str, rate: int, hz: float, bright: float) -> Array:
    """The repeating stereo table of one ensemble sound at one pitch, at one heard loudness."""
    colour, cents, _attack = ENSEMBLES[name]
    number = np.arange(1, min(80, int(14000 / hz)) + 1, dtype=float)
    gain = colour(number, hz * number, bright)
    heard = np.sqrt(np.sum(gain**2 * ear_weight(hz * number)) / np.sum(gain**2))
    table = ensemble(rate, hz, gain, cents, int(hz * 10))
    return np.asarray(table * (0.075 / heard), dtype=np.float32)


def _core(name: str, rate: int, frames: int, hz: float, bright: float) -> Array:
    """The steady middle of an ensemble: players around it wander, this holds the pitch."""
    number = np.arange(1, min(48, int(12000 / hz)) + 1, dtype=float)
    gain = ENSEMBLES[name][0](number, hz * number, bright)
    gain *= 0.8 * loudness_gain(hz * number, gain)
    return partials(rate, frames, hz * number, gain, np.zeros_like(gain), number * 0.618034)


def _ensemble_voice(name: str) -> Voice:
    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        table = _table(name, rate, hz, round(bright * (0.75 + 0.35 * velocity), 1))
        sound = lengthen(table, frames, int(hz * 977)).copy()
        sound += _core(name, rate, frames, hz, bright)
        attack_s = ENSEMBLES[name][2] * (1.3 - 0.5 * velocity)
        return ramp_in(sound, int(attack_s * rate))

    return voice


ENSEMBLES: dict[str, tuple[Colour, float, float]] = {
    # name: colour, width in cents, attack in seconds
    "strings": (_bowed, 22, 0.11),
    "pad": (_saw(3200), 26, 0.30),
    "warmpad": (_saw(1300), 20, 0.35),
    "glasspad": (_glass, 12, 0.45),
    "choir": (_sung, 24, 0.18),
    "supersaw": (_saw(11000), 34, 0.012),
}


def _steady(
    levels: Callable[[Floats, Floats, float], Floats],
    *,
    rise_s: float,
    late: float = 0.0,
    breath: float = 0.0,
    vibrato: tuple[float, float] = (0.0, 0.0),
    detune: float = 0.0,
) -> Voice:
    """A held tone. `late`: how much slower high harmonics rise; `vibrato` (hz, cents);
    `breath`: noise level; `detune`: cents between the two sides."""

    def voice(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
        number = np.arange(1, max(3, min(90, int(15000 / hz))) + 1, dtype=float)
        where = hz * number
        gain = levels(number, where, bright * (0.65 + 0.5 * velocity))
        gain = gain * loudness_gain(where, gain) * 0.8
        rise = 1 / (rise_s * (1 + late * number / 6))
        both = np.concatenate([where, where])
        sides = []
        for side in (-1, 1) if detune else (0,):
            bent = both * 2 ** (side * detune / 2400)
            sides.append(
                partials(
                    rate,
                    frames,
                    bent,
                    np.concatenate([gain, -gain]),
                    np.concatenate([np.zeros_like(where), rise]),
                    np.concatenate([number, number]) * 0.37 * (1 + side * 0.1),
                )  # fmt: skip
            )
        sound = np.stack(sides) if detune else sides[0]
        if vibrato[1]:
            sound = wobble(sound, rate, vibrato[0], vibrato[1], 0.25)
        if breath:
            air = shaped_noise(rate, frames, hz * 1.2, max(4500.0, hz * 4), int(hz))
            fades = 1 - 0.6 * np.minimum(seconds(rate, frames) / 0.3, 1)
            sound = sound + air * np.float32(breath * 0.12) * fades
        return ramp_in(sound.astype(np.float32), int(max(rise_s * 0.5, 0.003) * rate))

    return voice


def _drawbars(*levels: float) -> Colour:
    """Organ drawbars 16', 5 1/3', 8', 4', 2 2/3', 2' ... sounding on harmonics 1, 3, 2, 4, 6, 8."""
    table = dict(zip((1, 3, 2, 4, 6, 8, 10, 12, 16), levels, strict=False))

    def colour(number: Floats, hz: Floats, bright: float) -> Floats:
        del hz
        gain = np.array([table.get(int(n), 0.0) for n in number])
        return np.asarray(gain * np.where(number > 4, bright, 1.0))

    return colour


def _organ(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """Tone-wheel organ through a slowly turning speaker."""
    # the 16' bar sounds an octave below the key
    base = _steady(_drawbars(0.8, 0.6, 1.0, 0.5, 0.25, 0.3), rise_s=0.004)
    sound = base(rate, frames, hz / 2, velocity, bright)
    turn = 2 * np.pi * 1.1 * seconds(rate, frames)
    sound = wobble(sound, rate, 1.1, 3, 0.0)
    return np.stack([sound * (1 + 0.18 * np.sin(turn)), sound * (1 - 0.18 * np.sin(turn))])


def _flute(number: Floats, hz: Floats, bright: float) -> Floats:
    del hz
    table = np.array([1.0, 0.35, 0.16, 0.06, 0.03, 0.015])
    return np.where(number <= 6, table[np.minimum(number.astype(int), 6) - 1], 0) * np.where(
        number > 1, bright, 1.0
    )


def _reed(number: Floats, hz: Floats, bright: float) -> Floats:
    odd = np.where(number % 2, 1.0, 0.25 + 0.02 * number)
    return np.asarray(odd * number**-0.8 / (1 + (hz / (3200 * bright)) ** 3))


def _sax(number: Floats, hz: Floats, bright: float) -> Floats:
    body = 0.5 + _bump(hz, 650, 300) + 0.6 * _bump(hz, 1500, 450)
    return np.asarray(number**-0.75 * body / (1 + (hz / (4400 * bright)) ** 3))


def _brassy(number: Floats, hz: Floats, bright: float) -> Floats:
    body = 0.5 + _bump(hz, 1200, 700)
    return np.asarray(number**-0.6 * body / (1 + (hz / (4200 * bright)) ** 3))


def _horn(number: Floats, hz: Floats, bright: float) -> Floats:
    return np.asarray(number**-0.9 / (1 + (hz / (1800 * bright)) ** 3))


def _square(number: Floats, hz: Floats, bright: float) -> Floats:
    return np.asarray(np.where(number % 2, 1 / number, 0) / (1 + (hz / (4200 * bright)) ** 2))


def _sine(number: Floats, hz: Floats, bright: float) -> Floats:
    del hz
    return np.asarray(np.where(number == 1, 1.0, np.where(number <= 3, 0.06 * bright, 0.0)))


def _reese(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """Detuned saws beating slowly under a low-pass, with a steady sine below."""
    number = np.arange(1, max(3, int(5000 / hz)) + 1, dtype=float)
    where = hz * number
    gain = 1 / number / (1 + (where / (420 * bright * (0.6 + 0.6 * velocity))) ** 2)
    gain[0] *= 0.4
    bent = np.concatenate([where * (1 - 0.0045), where * (1 + 0.0045), [hz]])
    level = np.concatenate([gain, gain, [1.0]])
    scale = loudness_gain(bent, level)
    turns = np.concatenate([number * 0.21, number * 0.77, [0.0]])
    sound = partials(rate, frames, bent, level * scale, np.zeros_like(bent), turns)
    return ramp_in(sound, int(0.006 * rate))


def _wobble(rate: int, frames: int, hz: float, velocity: float, bright: float) -> Array:
    """A growling bass whose filter opens and shuts while the note is held."""
    dark = _reese(rate, frames, hz, velocity, bright * 0.8)
    open_ = _reese(rate, frames, hz, velocity, bright * 3.5)
    time = seconds(rate, frames)
    sway = 0.5 - 0.5 * np.cos(2 * np.pi * 4.7 * time)
    return np.asarray(dark + (open_ - dark) * sway**1.5, dtype=np.float32)


VOICES: dict[str, Voice] = {
    **{name: _ensemble_voice(name) for name in ENSEMBLES},
    "organ": _organ,
    "pipeorgan": _steady(_drawbars(1.0, 0.3, 0.8, 0.6, 0.3, 0.4, 0.1, 0.15), rise_s=0.05, detune=5),
    "accordion": _steady(_reed, rise_s=0.03, detune=14),
    "harmonica": _steady(_reed, rise_s=0.03, vibrato=(5.2, 14), breath=0.2),
    "flute": _steady(_flute, rise_s=0.05, breath=0.5, vibrato=(5.0, 16)),
    "clarinet": _steady(_reed, rise_s=0.035, vibrato=(4.8, 7), breath=0.1),
    "sax": _steady(_sax, rise_s=0.03, late=1.2, breath=0.25, vibrato=(5.0, 20)),
    "trumpet": _steady(_brassy, rise_s=0.025, late=2.0, vibrato=(5.2, 12)),
    "brass": _steady(_brassy, rise_s=0.03, late=2.5, detune=9),
    "horn": _steady(_horn, rise_s=0.06, late=2.0, detune=6),
    "violin": _steady(_bowed, rise_s=0.07, vibrato=(5.6, 22)),
    "voice": _steady(_sung, rise_s=0.06, breath=0.2, vibrato=(5.2, 26)),
    "sawlead": _steady(_saw(6500), rise_s=0.008, vibrato=(5.3, 12), detune=12),
    "squarelead": _steady(_square, rise_s=0.006, vibrato=(5.3, 10), detune=5),
    "softlead": _steady(_glass, rise_s=0.02, vibrato=(4.8, 12), detune=6),
    "sub": _steady(_sine, rise_s=0.008),
    "reese": _reese,
    "wobble": _wobble,
}


def clear_tables() -> None:
    """Forget the ensemble tables."""
    _table.cache_clear()
