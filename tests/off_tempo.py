"""An engine that keeps no time: the sketch engine played too fast or slow, from somewhere in a bar."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np

from bridge.engines import EngineInfo, GenerateRequest, Part, Progress, Render, Take
from bridge.engines.sketch import SketchEngine

RATE = 32_000


class OffTempo:
    """Renders one mono mix per variation, `error` off the tempo of the prompt, started late."""

    def __init__(self, error: float = 0.03, supports: tuple[str, ...] = ("continue",)) -> None:
        self.info: EngineInfo = replace(
            SketchEngine.info, name="off", title="Off tempo", sample_rate=RATE, channels=1,
            max_seconds=30.0, supports=frozenset({"text", "seed", *supports}),
        )  # fmt: skip
        self.error = error
        self.requests: list[GenerateRequest] = []

    def load(self, progress: Progress) -> None:
        """Nothing to load."""

    def revision(self) -> str:
        return "test"

    def unload(self) -> None:
        """Nothing to unload."""

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        self.requests.append(request)
        bpm = request.bpm * (1 + self.error)
        late_s = 0.0 if request.source else 0.37
        beats = Fraction(round((request.seconds + late_s) * bpm / 60) + 2)
        takes = []
        for number in range(request.variations):
            progress("generating", number / request.variations)
            asked = replace(
                request, bpm=bpm, beats=beats, seconds=float(beats) * 60 / bpm, source=None,
                seed=request.seed + number, variations=1, sample_rate=RATE,
            )  # fmt: skip
            audio = SketchEngine().generate(asked, lambda *_: None).takes[0].parts[0].audio
            first, count = round(late_s * RATE), round(request.seconds * RATE)
            mono = audio.mean(axis=0, keepdims=True)[:, first : first + count]
            takes.append(Take(number + 1, asked.seed, [Part("mix", mono.astype(np.float32))]))
        return Render(RATE, takes, {"prompt": request.prompt})
