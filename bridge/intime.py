"""Rendering in the song's time with any engine: words, guide, spare material, and the fit of each take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from .engines import Part, Render, Take
from .guide import with_guide
from .prompting import compose_prompt

if TYPE_CHECKING:
    from .engines import Engine, GenerateRequest, Progress

MAX_BATCH = 8
# more of a continuation than is kept: models are known to end in noise, and a loop's seam reads on there
END_S = 0.3

Facts = dict[str, object]  # what was measured on one take


def render_in_time(
    engine: Engine,
    request: GenerateRequest,
    progress: Progress,
    *,
    guide: str = "off",
    guide_instruments: Sequence[str] = (),
    tries: int = 1,
) -> Render:
    """Render one mix a variation, exactly as long as asked at the render's own rate.

    Engines that keep time by themselves render as they are. A continuation of the user's own sound
    begins where that ends, so it is cut and measured, no more, and asked for hardly longer than it
    will be. Other takes are asked for with tempo, key and meter in the prompt (and `guide`, see
    bridge.guide) and with material to spare, then fitted. With `tries` above 1 that many takes are
    rendered for each variation in the same batch (8 at most in all) and the one that fits best is kept.

    The report gets `fit`: for each take what was measured, with a `note` where it does not fit.
    """
    if "bars" in engine.info.supports:
        return engine.generate(request, progress)
    from .audio.fit import choose_best, cut, fit, material_seconds

    continues = request.source is not None and request.source.mode == "continue"
    make = cut if continues else fit
    tries = max(1, min(tries, MAX_BATCH // request.variations))
    if continues:
        material = request.seconds + END_S
    else:
        material = material_seconds(request.beats, request.bpm, request.meter)
    asked = replace(
        request,
        prompt=compose_prompt(request),
        seconds=max(request.seconds, min(material, engine.info.max_seconds)),
        variations=request.variations * tries,
    )
    asked = with_guide(asked, guide, engine.info, progress, instruments=guide_instruments)
    render = engine.generate(asked, progress)
    takes: list[Take] = []
    facts: list[Facts] = []
    for number in range(request.variations):
        group = render.takes[number * tries : (number + 1) * tries]
        fitted = []
        for index, take in enumerate(group):
            progress("fitting", (number * tries + index) / len(render.takes))
            fitted.append(
                make(
                    take.parts[0].audio, render.sample_rate, beats=request.beats, bpm=request.bpm,
                    meter=request.meter, loop=request.loop,
                )
            )  # fmt: skip
        best = choose_best(fitted, request.bpm)
        mix = group[best].parts[0]
        # a cut take begins where it began; a fitted one may not, and what came before is not its lead
        part = Part(mix.role, fitted[best].audio, lead=mix.lead if continues else None)
        takes.append(Take(number + 1, group[best].seed, [part]))
        note = {"note": fitted[best].note} if fitted[best].note else {}
        facts.append({**fitted[best].measured, **note})
    return Render(render.sample_rate, takes, {**render.report, "fit": facts})


def fit_facts(render: Render) -> list[Facts]:
    """What `render_in_time` measured, one for each take."""
    return cast("list[Facts]", render.report["fit"])
