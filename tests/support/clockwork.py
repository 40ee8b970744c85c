"""An engine from another package, found by entry point, whose behaviour the prompt's words command.

"steps 40" computes 40 steps of 25 ms; "crash" ends the process, "crash-once" only the first time,
"hang" stops reacting for ever, "raise" is a bug, "refuse" an error with a sentence, "spin" keeps
both cores busy, "rush" says that no take fits; everything else gives a 220 Hz tone at once.
The model "slow" takes three seconds to load, "broken" cannot be loaded.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import numpy as np

from bridge.engines import EngineInfo, GenerateRequest, Part, Progress, Render, Take
from bridge.errors import BridgeError
from bridge.music import Note, exact_frames


class ClockworkEngine:
    info = EngineInfo(
        name="clockwork", title="Clockwork", licence="none", commercial_use=True, pretrained=False,
        sample_rate=0, channels=1, min_seconds=0.1, max_seconds=60.0,
        supports=frozenset(
            {"text", "bpm", "meter", "bars", "loop", "instruments", "seed", "midi", "continue", "melody"}
        ),
        note="A tone for tests.",
    )  # fmt: skip

    def __init__(self, model: str = "", *, home: Path, **_: object) -> None:
        self._home, self._model = home, model
        if model == "broken":
            raise BridgeError("model-missing", "the model clockwork:broken cannot be loaded")

    def load(self, progress: Progress) -> None:
        for step in range(60 if self._model == "slow" else 0):
            progress("loading", step / 60)
            time.sleep(0.05)
        progress("loading", 1.0)

    def revision(self) -> str:
        return "1"

    def unload(self) -> None:
        pass

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        words = request.prompt.split()
        if "crash" in words:
            os._exit(7)
        if "crash-once" in words:
            mark = self._home / "crashed-once"
            if not mark.exists():
                mark.touch()
                os._exit(7)
        if "hang" in words:
            while True:
                time.sleep(60)
        if "raise" in words:
            raise ZeroDivisionError("a bug of the engine")
        if "refuse" in words:
            raise BridgeError("model-failed", "clockwork refuses to work")
        if "print" in words:
            print("this must not reach the pipe")  # noqa: T201
        steps = re.search(r"steps (\d+)", request.prompt)
        for step in range(int(steps[1]) if steps else 1):
            progress("generating", step / int(steps[1]) if steps else 0.0)
            if "spin" in words:
                matrix = np.ones((700, 700), np.float32)
                until = time.monotonic() + 0.025
                while time.monotonic() < until:
                    matrix = matrix @ matrix * 1e-3
            elif steps:
                time.sleep(0.025)
        frames = exact_frames(request.beats, request.bpm, request.sample_rate)
        tone = 0.25 * np.sin(2 * np.pi * 220 * np.arange(frames) / request.sample_rate)
        audio = tone[None].astype(np.float32)
        takes = []
        for variation in range(1, request.variations + 1):
            notes = [Note(0.0, float(request.beats), 57, 90)]
            parts = [Part("mix", audio, notes)]
            if request.instruments:
                share = np.float32(1 / len(request.instruments))
                parts += [Part(name, audio * share, notes) for name in request.instruments]
            takes.append(Take(variation, request.seed + variation - 1, parts))
        report: dict[str, object] = {}
        if request.source:
            heard = request.source.audio
            report = {
                "heard_s": heard.shape[-1] / request.source.sample_rate,
                "heard_peak": float(abs(heard).max()),
            }
        if "rush" in words:
            report["fit"] = [{"stretch": 1.0, "note": "the take rushes, try another seed"}] * len(
                takes
            )
        return Render(request.sample_rate, takes, report)
