"""One track for each instrument, with models that render only whole mixes: in layers, or by splitting."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from .engines import Part, Render, Source, Take
from .engines.sketch.instruments import SOUNDS, resolve
from .errors import BridgeError
from .intime import Facts, fit_facts, render_in_time
from .prompting import compose_prompt

if TYPE_CHECKING:
    from .engines import Audio, Engine, GenerateRequest, Progress

MODES = ("layers", "split")
MIX = "mix"
REST = "other"
# what an instrument does -> how loud its layer is, in LUFS: the balance of a plain band mix
_LOUDNESS = {
    "drums": -18.0, "bass": -20.0, "melody": -20.0, "chords": -22.0, "arp": -23.0, "pad": -25.0,
}  # fmt: skip
_ORDER = ("chords", "pad", "arp", "bass", "melody", "drums")  # harmony first: the others follow it
_SPREAD = (0.0, -0.3, 0.3, -0.15, 0.15, -0.45, 0.45)  # pan of harmonic layers, in turn
_CENTRED = frozenset({"drums", "bass", "melody"})


def render_ensemble(
    engine: Engine,
    request: GenerateRequest,
    mode: str,
    progress: Progress,
    *,
    guide: str = "off",
    tries: int = 1,
    checkpoint: Path | None = None,
) -> Render:
    """Render `request.instruments` as one part each plus "mix", their exact sum, for each variation.

    All parts have the clip's exact length at the render's rate. `layers` renders each instrument
    by a prompt of its own at the same tempo, key, seed and guide, and mixes them; a model that takes
    melodies hears the harmony so far. `split` renders the mix and separates it (`checkpoint`: the
    separation model); what belongs to no instrument asked for is in a part "other". Engines with
    instruments of their own render them, whatever the mode. The report's `fit` holds, for each
    take, what was measured by role. Raises BridgeError `out-of-range` or `model-missing`.
    """
    if "instruments" in engine.info.supports:
        return engine.generate(request, progress)
    if mode == "layers":
        return _layers(engine, request, progress, guide, tries)
    if mode == "split":
        return _split(engine, request, progress, guide, tries, checkpoint)
    raise BridgeError("out-of-range", f'ensemble must be one of {", ".join(MODES)}, got "{mode}"')


def job_of(instrument: str) -> str:
    """What an instrument does in a band: drums, bass, chords, pad, arp or melody."""
    target = resolve(instrument)[0]
    if target in SOUNDS:
        return SOUNDS[target].does
    job = target.lstrip("+").split(":")[0]
    return job if job in _LOUDNESS else "chords"


def _layers(
    engine: Engine, request: GenerateRequest, progress: Progress, guide: str, tries: int
) -> Render:
    """Each instrument alone, those that carry the harmony first."""
    order = sorted(
        range(len(request.instruments)), key=lambda i: _ORDER.index(job_of(request.instruments[i]))
    )
    sounds: list[list[Audio]] = [[] for _ in range(request.variations)]  # by take, in order
    facts: list[Facts] = [{} for _ in range(request.variations)]
    places, rate = _places(request.instruments), 0
    seeds: list[int] = []
    report: Facts = {}
    for done, index in enumerate(order):
        name = request.instruments[index]
        step = _share(progress, done, len(order))
        render = _layer(engine, request, name, sounds, rate, step, guide, tries)
        rate, report = render.sample_rate, render.report
        seeds = seeds or [take.seed for take in render.takes]
        for number, take in enumerate(render.takes):
            sounds[number].append(_placed(take.parts[0].audio, rate, name, places[index]))
            facts[number][name] = fit_facts(render)[number]
    takes = []
    for number in range(request.variations):
        by_index = dict(zip(order, sounds[number], strict=True))
        parts = [Part(name, by_index[i]) for i, name in enumerate(request.instruments)]
        takes.append(Take(number + 1, seeds[number], [Part(MIX, _sum(parts)), *parts]))
    return Render(rate, takes, {**report, "ensemble": "layers", "fit": facts})


def _layer(
    engine: Engine,
    request: GenerateRequest,
    name: str,
    earlier: Sequence[Sequence[Audio]],
    rate: int,
    progress: Progress,
    guide: str,
    tries: int,
) -> Render:
    """One instrument for every variation."""
    asked = replace(request, prompt=compose_prompt(request, name), instruments=())
    pitched = job_of(name) != "drums"
    if pitched and earlier[0] and request.source is None and "melody" in engine.info.supports:
        return _following(engine, asked, earlier, rate, progress, tries)
    kind = "off" if guide == "off" else "harmony" if pitched else "rhythm"
    return render_in_time(
        engine, asked, progress, guide=kind, guide_instruments=(name,), tries=tries
    )


def _following(
    engine: Engine,
    asked: GenerateRequest,
    earlier: Sequence[Sequence[Audio]],
    rate: int,
    progress: Progress,
    tries: int,
) -> Render:
    """A layer whose harmony is that of the layers before it, take by take."""
    import numpy as np

    takes: list[Take] = []
    facts: list[Facts] = []
    for number, layers in enumerate(earlier):
        heard: Audio = np.stack(layers).sum(axis=0)
        one = replace(
            asked, variations=1, seed=asked.seed + number, source=Source(heard, rate, "melody")
        )
        render = render_in_time(engine, one, _share(progress, number, len(earlier)), tries=tries)
        takes.append(Take(number + 1, render.takes[0].seed, render.takes[0].parts))
        facts += fit_facts(render)
    return Render(render.sample_rate, takes, {**render.report, "fit": facts})


def _split(
    engine: Engine,
    request: GenerateRequest,
    progress: Progress,
    guide: str,
    tries: int,
    checkpoint: Path | None,
) -> Render:
    """The whole mix, taken apart; the remainder makes the sum exact."""
    import numpy as np

    from .separate import separate

    def still_wanted(stage: str, fraction: float) -> None:
        progress("generating", 0.0)

    silence = np.zeros((1, 1), np.float32)  # what is missing is said before the work, not after
    rate = engine.info.sample_rate
    known = separate(silence, rate, progress=still_wanted, checkpoint=checkpoint)
    wanted = [name for name in request.instruments if name in known and name != REST]
    if not wanted:
        offered = ", ".join(name for name in known if name != REST)
        raise BridgeError(
            "out-of-range",
            f"ensemble split can take out {offered}, not {', '.join(request.instruments)}; "
            "use ensemble layers",
        )
    whole = replace(request, prompt=_naming_all(request), instruments=())
    render = render_in_time(engine, whole, _share(progress, 0, 2), guide=guide, tries=tries)
    takes: list[Take] = []
    for number, take in enumerate(render.takes):
        mix = take.parts[0].audio
        step = _share(progress, len(render.takes) + number, 2 * len(render.takes))
        stems = separate(mix, render.sample_rate, progress=step, checkpoint=checkpoint)
        parts = [Part(name, stems[name]) for name in wanted]
        parts.append(Part(REST, _sum([Part(MIX, mix), *(Part("", -p.audio) for p in parts)])))
        takes.append(Take(take.variation, take.seed, [Part(MIX, mix), *parts]))
    fit = [{MIX: facts} for facts in fit_facts(render)]
    return Render(render.sample_rate, takes, {**render.report, "ensemble": "split", "fit": fit})


def _naming_all(request: GenerateRequest) -> str:
    """The prompt with the instruments it does not name."""
    words = request.prompt.lower()
    missing = [name for name in request.instruments if name.lower() not in words]
    return ", ".join(part for part in (request.prompt.strip(), *missing) if part)


def _placed(audio: Audio, rate: int, name: str, pan: float) -> Audio:
    """A layer at its loudness and place in the stereo field: float32 [2, frames]."""
    import numpy as np

    from .audio.level import integrated_loudness

    gain = 10 ** ((_LOUDNESS[job_of(name)] - integrated_loudness(audio, rate)) / 20)
    angle = (pan + 1) * np.pi / 4
    sides = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])  # the middle stays as it is
    stereo = np.broadcast_to(audio, (2, audio.shape[1])) if len(audio) == 1 else audio
    placed: Audio = (stereo * sides * gain).astype(np.float32)
    return placed


def _places(instruments: Sequence[str]) -> list[float]:
    """Pan of each instrument, -1..1: rhythm section and melody in the middle, others spread."""
    turn = 0
    places = []
    for name in instruments:
        centred = job_of(name) in _CENTRED
        places.append(0.0 if centred else _SPREAD[turn % len(_SPREAD)])
        turn += not centred
    return places


def _sum(parts: Sequence[Part]) -> Audio:
    """The mix: added up in double precision, so that it is the parts' sum to the last bit."""
    import numpy as np

    mix: Audio = np.stack([part.audio for part in parts]).sum(axis=0, dtype=np.float64)
    return mix.astype(np.float32)


def _share(progress: Progress, done: int, of: int) -> Progress:
    """Progress of one of several equal steps."""
    return lambda stage, fraction: progress(stage, (done + fraction) / of)
