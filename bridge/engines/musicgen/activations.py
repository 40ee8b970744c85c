"""What really goes into each linear layer: recorded while the loaded model renders a moment of music."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
# module -> [n, K]: of every step the conditional row, then the unconditional
Inputs = dict[Any, Floats]

_PROMPT = "dusty lo-fi hip hop with warm piano and vinyl crackle"
_FRAMES = 12


def record_inputs(model: Any, tokenizer: Any, report: Callable[[float], None]) -> Inputs:
    """Inputs of every linear layer of the decoder of a transformers MusicGen model, the last position of
    some steps; `report` gets 0..1 and may raise to stop.
    """
    import torch

    from .stock import generate

    found: dict[Any, list[Floats]] = {}

    def record(module: Any, args: tuple[Any, ...]) -> None:
        found.setdefault(module, []).append(np.array(args[0].detach()[:, -1].float().numpy()))

    linears = [m for m in model.decoder.modules() if isinstance(m, torch.nn.Linear)]
    hooks = [module.register_forward_pre_hook(record) for module in linears]
    try:
        generate(model, tokenizer, [_PROMPT], _FRAMES, report=report)
    finally:
        for hook in hooks:
            hook.remove()
    return {module: np.concatenate(parts) for module, parts in found.items()}
