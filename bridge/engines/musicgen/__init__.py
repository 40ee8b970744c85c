"""The `musicgen` engine: Meta's pretrained text-to-music model; importing this loads no torch."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import BridgeError
from .. import EngineInfo, GenerateRequest, Progress, Render
from .checkpoints import CHECKPOINTS, LICENCE, RANDOM_PREFIX, list_local, published
from .folder import MODEL_TYPES, read_config
from .shapes import SHAPES

if TYPE_CHECKING:
    from .backend import FastBackend, TorchBackend

log = logging.getLogger("bridge.musicgen")

MAX_SECONDS = 300.0
PRECISIONS = ("auto", "int8", "int4", "bf16", "fp16", "fp32")
DEVICES = ("auto", "cpu", "cuda", "mps")

_INFO = EngineInfo(
    name="musicgen",
    title="MusicGen (pretrained)",
    licence=f"{LICENCE} (weights: non-commercial use only)",
    commercial_use=False,
    pretrained=True,
    sample_rate=32000,
    channels=1,
    min_seconds=0.5,
    max_seconds=MAX_SECONDS,
    supports=frozenset({"text", "seed", "continue"}),
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
        for name, value, known in (
            ("precision", precision, PRECISIONS),
            ("device", device, DEVICES),
        ):
            if value not in known:
                raise BridgeError(
                    "out-of-range", f"{name} must be one of {', '.join(known)}, got {value!r}"
                )
        self.model_name = model or "small"
        self.info = self.describe(self.model_name)
        self._device, self._precision, self._home = device, precision, home
        self._commercial_use = commercial_use
        self._backend: FastBackend | TorchBackend | None = None
        self._revision = ""

    @classmethod
    def describe(cls, model: str) -> EngineInfo:
        """What the checkpoint can do, without loading it."""
        row = published(model)
        if row is not None:
            return _described(f"MusicGen {row.name} (pretrained)", row.channels, row.melody)
        if not model.startswith(RANDOM_PREFIX):
            return _described_folder(model)
        shape = SHAPES.get(model.removeprefix(RANDOM_PREFIX))
        info = _described(
            f"MusicGen's shape with random weights ({model})",
            shape.channels if shape else 1,
            shape is not None and shape.melody,
        )
        return replace(
            info, licence="none (random weights)", commercial_use=True, pretrained=False,
            note="Untrained: renders noise, for speed tests.",
        )  # fmt: skip

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

    @classmethod
    def check(cls, model: str, home: Path) -> None:
        """Raise BridgeError `model-missing` for a checkpoint that is not here, or not whole."""
        from .weights import find_weights

        find_weights(model or "small", home)

    def load(self, progress: Progress) -> None:
        """Load the checkpoint from this machine, converting it on first use; never downloads."""
        if self._backend is not None:
            return
        from .opening import open_backend
        from .weights import find_weights

        progress("loading", 0.0)
        if self._commercial_use and not self.info.commercial_use:
            raise BridgeError(
                "model-missing",
                f"commercial_use is set and the weights of {self.model_name} are under "
                f"{self.info.licence}; use the model sketch, or turn the setting off",
            )
        weights = find_weights(self.model_name, self._home)
        progress("loading", 0.1)
        backend = open_backend(
            weights, self._home, self._device, self._precision, lambda f: progress("loading", f)
        )
        self.info = _described(self.info.title, backend.channels, backend.melody, self.info)
        self._backend, self._revision = backend, weights.revision
        log.info("musicgen.loaded model=%s precision=%s device=%s licence=%r", self.model_name,
                 backend.precision, backend.device, self.info.licence)  # fmt: skip
        progress("loading", 1.0)

    def revision(self) -> str:
        """The hub commit of the checkpoint, "random", or "" for a folder without one."""
        return self._revision

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        """Render all variations, at least `request.seconds` long, in as few batches as memory allows.

        Raises BridgeError `out-of-range` for a source that cannot be used or a clip that does not fit
        in memory, and `model-failed` when the model renders silence twice.
        """
        self.load(progress)
        assert self._backend is not None
        from .render import render

        return render(self._backend, request, progress)

    def bytes_per_step(self, seconds: float, batch: int) -> int:
        """Memory one decoding step reads in the middle of a clip: weights, and keys and values so far."""
        from .memory import cache_bytes

        assert self._backend is not None, "load first"
        positions = int(min(seconds, 30.0) * self._backend.sample_rate / self._backend.hop / 2)
        item = self._backend.cache_item_bytes
        kept = cache_bytes(self._backend.layers, self._backend.width, 2 * batch, positions, item)
        return self._backend.step_bytes + kept

    def unload(self) -> None:
        """Give the memory back; the next `load` reads the checkpoint again."""
        if self._backend is not None:
            self._backend.close()
        self._backend = None


def _described_folder(name: str) -> EngineInfo:
    title = f"MusicGen from {name}"
    try:
        config = read_config(Path(name).expanduser())
    except BridgeError:  # said in full by `check` and `load`; a description has no answer for it
        return replace(_INFO, title=title)
    channels = config["decoder"].get("audio_channels", 1)
    return _described(
        title, channels if isinstance(channels, int) else 1, MODEL_TYPES[config["model_type"]]
    )


def _described(title: str, channels: int, melody: bool, base: EngineInfo = _INFO) -> EngineInfo:
    # a melody model reads its source as a tune, and can also go on from one
    supports = base.supports | {"melody"} if melody else base.supports
    return replace(base, title=title, channels=channels, supports=supports)
