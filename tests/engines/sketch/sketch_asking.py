"""Ask the sketch engine for a clip in one line."""

from __future__ import annotations

from bridge.engines import GenerateRequest, Progress, Render
from bridge.engines.sketch import SketchEngine
from bridge.music import length_beats, parse_key, parse_meter


def nothing(stage: str, fraction: float) -> None:
    """A progress that never cancels."""


def ask(
    prompt: str,
    *,
    bars: float = 4,
    bpm: float = 120,
    meter: str = "4/4",
    key: str = "",
    seed: int = 1,
    variations: int = 1,
    instruments: tuple[str, ...] = (),
    loop: bool = True,
    rate: int = 48000,
    progress: Progress = nothing,
) -> tuple[GenerateRequest, Render]:
    """The request and what came out."""
    signature = parse_meter(meter)
    beats = length_beats(bars, signature)
    request = GenerateRequest(
        prompt=prompt, beats=beats, seconds=float(beats) * 60 / bpm, bpm=bpm, meter=signature,
        seed=seed, key=parse_key(key), variations=variations, instruments=instruments, loop=loop,
        sample_rate=rate,
    )  # fmt: skip
    return request, SketchEngine().generate(request, progress)
