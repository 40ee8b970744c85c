"""What a model's name stands for, before anything is loaded: a folder or random weights; no torch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import BridgeError
from .checkpoints import RANDOM_PREFIX, LocalCheckpoint, find_local
from .folder import FolderFacts, inspect_folder
from .shapes import SHAPES, Shape


@dataclass(frozen=True, slots=True)
class Weights:
    """Where weights come from: a checkpoint folder, or (both None) random ones of a shape."""

    name: str
    local: LocalCheckpoint | None = None
    facts: FolderFacts | None = None
    shape: Shape | None = None

    @property
    def revision(self) -> str:
        """The hub's commit where known."""
        return "random" if self.local is None else self.local.revision

    def read(self) -> tuple[Any, Any]:
        """The transformers model and its tokenizer, in fp32 on the processor."""
        if self.shape is not None:
            from .random_model import build_model, build_tokenizer

            return build_model(self.shape), build_tokenizer(self.shape)
        from . import stock

        assert self.local is not None and self.facts is not None
        model = stock.load_model(self.local.folder, self.facts.melody)
        return model, stock.load_tokenizer(self.local.folder)


def find_weights(name: str, home: Path | None) -> Weights:
    """Look a name up and check what it means, without loading; raises BridgeError `model-missing`."""
    if name.startswith(RANDOM_PREFIX):
        shape = SHAPES.get(name.removeprefix(RANDOM_PREFIX))
        if shape is None:
            raise BridgeError(
                "model-missing",
                f"no shape is called {name!r}; there are random:{', random:'.join(SHAPES)}",
            )
        return Weights(name, shape=shape)
    local = find_local(name, home)
    return Weights(name, local, inspect_folder(local.folder))
