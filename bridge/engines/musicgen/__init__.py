"""The `musicgen` engine: Meta's pretrained text-to-music model; importing this loads no torch."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from math import ceil
from pathlib import Path
from typing import Any

from ...errors import BridgeError
from .. import EngineInfo, GenerateRequest, Part, Progress, Render, Take
from .checkpoints import CHECKPOINTS, LICENCE, RANDOM_PREFIX, find_local, list_local, published
from .folder import FolderFacts, inspect_folder
from .memory import available_bytes, load_bytes, refuse_if_too_large
from .shapes import SHAPES

log = logging.getLogger("bridge.musicgen")

SAMPLE_RATE_HZ = 32000
FRAMES_PER_SECOND = 50
MAX_SECONDS = 30.0
PRECISIONS = ("auto", "fp32")
DEVICES = ("auto", "cpu", "cuda", "mps")

_INFO = EngineInfo(
    name="musicgen",
    title="MusicGen (pretrained)",
    licence=f"{LICENCE} (weights: non-commercial use only)",
    commercial_use=False,
    pretrained=True,
    sample_rate=SAMPLE_RATE_HZ,
    channels=1,
    min_seconds=0.5,
    max_seconds=MAX_SECONDS,
    supports=frozenset({"text", "seed"}),
    note="Tempo and key go into the prompt, which the model follows loosely; weights by Meta, "
    "non-commercial use only (this is not legal advice).",
)


class MusicgenEngine:
    """One checkpoint: a short name, a hub id, a folder, or `random:SHAPE` for untrained weights."""

    info = _INFO

    def __init__(
        self,
        model: str = "small",
        *,
        device: str = "auto",
        precision: str = "auto",
        home: Path | None = None,
        commercial_use: bool = False,
    ) -> None:
        if precision not in PRECISIONS:
            raise BridgeError(
                "out-of-range", f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}"
            )
        if device not in DEVICES:
            raise BridgeError("out-of-range", f"device must be one of {', '.join(DEVICES)}, got {device!r}")
        self.model_name = model or "small"
        self.info = self.describe(self.model_name)
        self._device, self._precision, self._home = device, precision, home
        self._commercial_use = commercial_use
        self._model: Any = None
        self._tokenizer: Any = None
        self._revision = ""

    @classmethod
    def describe(cls, model: str) -> EngineInfo:
        """What the checkpoint can do, without loading it."""
        row = published(model)
        if row is not None:
            melody = {"melody"} if row.melody else set()
            return replace(
                _INFO,
                title=f"MusicGen {row.name} (pretrained)",
                channels=row.channels,
                supports=_INFO.supports | melody,
            )
        if model.startswith(RANDOM_PREFIX):
            return replace(
                _INFO, title=f"MusicGen shape with random weights ({model})", licence="none (random weights)",
                commercial_use=True, pretrained=False, note="Untrained: renders noise, for speed tests.",
            )  # fmt: skip
        return replace(_INFO, title=f"MusicGen from {model}")

    @classmethod
    def model_names(cls) -> list[str]:
        """Every published checkpoint's short name."""
        return list(CHECKPOINTS)

    @classmethod
    def local_models(cls, home: Path) -> list[str]:
        """Short names of the checkpoints that can be loaded now."""
        return [item.published.name for item in list_local(home) if item.published]

    @classmethod
    def accepts(cls, name: str) -> bool:
        """Whether a model name or path is meant for this engine."""
        return (
            published(name) is not None
            or name.startswith(RANDOM_PREFIX)
            or (Path(name).expanduser() / "config.json").is_file()
        )

    def load(self, progress: Progress) -> None:
        """Load the checkpoint from this machine; never downloads."""
        if self._model is not None:
            return
        progress("loading", 0.0)
        if self._commercial_use and not self.info.commercial_use:
            raise BridgeError(
                "model-missing",
                f"commercial_use is set and the weights of {self.model_name} are "
                f"{self.info.licence}; use the model sketch, or turn the setting off",
            )
        if self.model_name.startswith(RANDOM_PREFIX):
            self._load_random()
        else:
            self._load_folder(progress)
        log.info("musicgen.loaded model=%s licence=%s", self.model_name, self.info.licence)
        progress("loading", 1.0)

    def _load_random(self) -> None:
        name = self.model_name.removeprefix(RANDOM_PREFIX)
        if name not in SHAPES:
            raise BridgeError(
                "model-missing", f"no shape is called {name!r}; shapes: {', '.join(SHAPES)}"
            )
        from .random_model import build_model, build_tokenizer

        self._model, self._tokenizer = build_model(SHAPES[name]), build_tokenizer(SHAPES[name])
        self._revision = "random"

    def _load_folder(self, progress: Progress) -> None:
        local = find_local(self.model_name, self._home)
        facts: FolderFacts = inspect_folder(local.folder)
        needed = load_bytes(facts.parameters, "fp32")
        refuse_if_too_large(self.model_name, needed, "fp32", available_bytes())
        progress("loading", 0.1)
        from . import stock

        self._model = stock.load_model(local.folder, facts.melody)
        progress("loading", 0.9)
        self._tokenizer = stock.load_tokenizer(local.folder)
        self._revision = local.revision
        self.info = replace(self.info, channels=facts.channels)

    def revision(self) -> str:
        """The hub commit of the checkpoint, or "random"."""
        return self._revision

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        """Render all variations in one batch, at least `request.seconds` long."""
        if self._model is None:
            self.load(progress)
        from . import stock

        frames = ceil(request.seconds * FRAMES_PER_SECOND)
        prompt = with_musical_hints(request)
        progress("generating", 0.0)
        started = time.monotonic()
        clips = stock.generate(
            self._model, self._tokenizer, [prompt] * request.variations, frames,
            guidance=request.guidance, temperature=request.temperature, top_k=request.top_k,
            seed=request.seed, report=lambda fraction: progress("generating", fraction),
        )  # fmt: skip
        progress("decoding", 1.0)
        steps = frames + stock.DELAY_FRAMES
        report: dict[str, object] = {
            "prompt": prompt,
            "steps": steps,
            "seconds_per_step": (time.monotonic() - started) / steps,
            "precision": "fp32",
            "device": "cpu",
            "retries": 0,
        }
        takes = [
            Take(n + 1, request.seed + n, [Part("mix", clip)]) for n, clip in enumerate(clips)
        ]
        return Render(SAMPLE_RATE_HZ, takes, report)

    def unload(self) -> None:
        """Drop the model."""
        self._model = self._tokenizer = None


def with_musical_hints(request: GenerateRequest) -> str:
    """The prompt plus tempo and key where it does not name them: words are this model's only input."""
    hints = [request.prompt.strip()] if request.prompt.strip() else []
    words = request.prompt.lower()
    if hints and "bpm" not in words:
        hints.append(f"{request.bpm:g} bpm")
    if hints and request.key is not None and str(request.key).lower() not in words:
        hints.append(f"in {request.key}")
    return ", ".join(hints)
