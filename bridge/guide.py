"""Giving a model tempo and harmony by sound: a few bars of the sketch engine that it goes on from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from .engines import Source
from .errors import BridgeError

if TYPE_CHECKING:
    from .engines import EngineInfo, GenerateRequest, Progress

GUIDES = ("off", "rhythm", "harmony")
_PLAYED = {"rhythm": ("drums",), "harmony": ("bass", "chords")}
_LEAST_S = 4.0  # shorter material gives a model little to hold on to
_MOST_S = 10.0  # MusicGen looks back no further: the rest of its window is for the clip
_RATE_HZ = 32_000


def with_guide(
    request: GenerateRequest,
    guide: str,
    info: EngineInfo,
    progress: Progress,
    *,
    instruments: Sequence[str] = (),
) -> GenerateRequest:
    """The request with sound of the sketch engine to start from, at the asked tempo, meter and key.

    `rhythm` primes the model with drums, `harmony` with bass and chords (or with `instruments`):
    whole bars that it continues, so that the new clip starts on one; the engine gives back only what
    is new. A model that takes melodies gets the harmony of the whole clip as one instead. Engines
    that keep time by themselves need no guide. Raises BridgeError `out-of-range` for engines that
    cannot be guided, and beside a source of the user's own.
    """
    if guide == "off" or "bars" in info.supports:
        return request
    if guide not in GUIDES:
        raise BridgeError(
            "out-of-range", f'guide must be one of {", ".join(GUIDES)}, got "{guide}"'
        )
    if request.source is not None:
        raise BridgeError(
            "out-of-range", f"guide {guide} and a source cannot both start the clip; leave out one"
        )
    melody = guide == "harmony" and not instruments and "melody" in info.supports
    if not melody and "continue" not in info.supports:
        raise BridgeError("out-of-range", f"{info.title} cannot be guided; leave out guide {guide}")
    bar_s = float(request.meter.beats_per_bar) * 60 / request.bpm
    bars = max(1, min(math.ceil(_LEAST_S / bar_s), math.floor(_MOST_S / bar_s)))
    if melody:
        bars = math.ceil(request.seconds / bar_s)
    source = _play(request, bars, tuple(instruments) or _PLAYED[guide], progress)
    return replace(request, source=replace(source, mode="melody" if melody else "continue"))


def _play(
    request: GenerateRequest, bars: int, instruments: tuple[str, ...], progress: Progress
) -> Source:
    """`bars` bars by the sketch engine."""
    from .engines.sketch import SketchEngine

    def still_wanted(stage: str, fraction: float) -> None:
        progress("generating", 0.0)  # the guide is the beginning of generating, however far it is

    beats = bars * request.meter.beats_per_bar
    asked = replace(
        request, beats=beats, seconds=float(beats) * 60 / request.bpm, variations=1,
        instruments=instruments, loop=True, sample_rate=_RATE_HZ,
    )  # fmt: skip
    render = SketchEngine().generate(asked, still_wanted)
    return Source(render.takes[0].parts[0].audio, render.sample_rate, "continue")
