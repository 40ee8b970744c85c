"""Ask the sketch engine for a clip, or only its notes, in one line."""

from __future__ import annotations

from bridge.engines import GenerateRequest, Progress, Render
from bridge.engines.sketch import SketchEngine
from bridge.engines.sketch.arrange import Score, arrange
from bridge.music import length_beats, parse_key, parse_meter


def nothing(stage: str, fraction: float) -> None:
    """A progress that never cancels."""


def wish(
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
) -> GenerateRequest:
    """A request as the server would make it."""
    signature = parse_meter(meter)
    beats = length_beats(bars, signature)
    return GenerateRequest(
        prompt=prompt, beats=beats, seconds=float(beats) * 60 / bpm, bpm=bpm, meter=signature,
        seed=seed, key=parse_key(key), variations=variations, instruments=instruments, loop=loop,
        sample_rate=rate,
    )  # fmt: skip


def render(request: GenerateRequest, progress: Progress = nothing) -> Render:
    """What comes out."""
    return SketchEngine().generate(request, progress)


def score(prompt: str, **wishes: object) -> Score:
    """Only the notes: no sound is made."""
    request = wish(prompt, **wishes)  # type: ignore[arg-type]
    return arrange(request, request.seed)
