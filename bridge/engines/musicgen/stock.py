"""MusicGen through transformers' own `generate()`: the reference that the fast loop is held against."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
import transformers as hf

from ...errors import BridgeError

if TYPE_CHECKING:
    from .. import Audio

log = logging.getLogger("bridge.musicgen")

DELAY_FRAMES = 3  # the last codebook runs this many steps behind the first


def load_model(folder: Path, melody: bool, dtype: torch.dtype = torch.float32) -> Any:
    """The checkpoint in `folder`, from safetensors only, never from the network.

    Raises BridgeError `model-missing` when configuration and weights are no whole model together.
    """
    cls: Any = (
        hf.MusicgenMelodyForConditionalGeneration if melody else hf.MusicgenForConditionalGeneration
    )
    with _plain_errors(folder):
        model, found = cls.from_pretrained(
            folder, local_files_only=True, use_safetensors=True, dtype=dtype,
            output_loading_info=True, ignore_mismatched_sizes=True,
        )  # fmt: skip
    # transformers would go on with random numbers; older checkpoints lack the table of positions,
    # which is computed
    learned = {name for name, _ in model.named_parameters() if "embed_positions" not in name}
    absent = learned & set(found["missing_keys"])
    absent |= {key if isinstance(key, str) else key[0] for key in found["mismatched_keys"]}
    if absent:
        raise BridgeError(
            "model-missing",
            f"{folder} lacks {len(absent)} of the weights that its config.json speaks of, or has them "
            f"in another size (such as {min(absent)}); fetch the checkpoint again",
        )
    model.eval()
    return model


@contextmanager
def _plain_errors(folder: Path) -> Iterator[None]:
    """Whatever transformers makes of a damaged folder becomes one sentence; the log has the rest."""
    try:
        yield
    except (BridgeError, MemoryError):
        raise
    except Exception as error:
        log.exception("musicgen.unloadable folder=%s", folder)
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise BridgeError(
            "model-missing",
            f"{folder} cannot be loaded ({reason[:200]}); fetch the checkpoint again",
        ) from error


def load_tokenizer(folder: Path) -> Any:
    """The checkpoint's own tokenizer; BridgeError `model-missing` when it has none."""
    with _plain_errors(folder):
        return hf.AutoTokenizer.from_pretrained(folder, local_files_only=True)


class _EachStep(hf.StoppingCriteria):
    """Calls back after every decoding step; the callback may raise to stop."""

    def __init__(self, steps: int, report: Callable[[float], None]) -> None:
        self._steps, self._done, self._report = steps, 0, report

    def __call__(
        self, input_ids: torch.Tensor, scores: torch.Tensor, **kwargs: Any
    ) -> torch.Tensor:
        self._done += 1
        self._report(min(1.0, self._done / self._steps))
        return torch.zeros(input_ids.shape[0], dtype=torch.bool, device=input_ids.device)


def generate(
    model: Any,
    tokenizer: Any,
    prompts: list[str],
    frames: int,
    *,
    guidance: float = 3.0,
    temperature: float = 1.0,
    top_k: int = 250,
    seed: int = 0,
    greedy: bool = False,
    report: Callable[[float], None] = lambda fraction: None,
) -> list[Audio]:
    """One clip per prompt: float32 [channels, samples], `frames` codec frames long, decoded in one batch."""
    inputs = tokenizer(prompts, padding=True, return_tensors="pt").to(model.device)
    torch.manual_seed(seed)
    sampling = {} if greedy else {"temperature": temperature, "top_k": top_k}
    audio = model.generate(
        **inputs,
        do_sample=not greedy,
        guidance_scale=guidance,
        max_new_tokens=frames + DELAY_FRAMES,
        stopping_criteria=hf.StoppingCriteriaList([_EachStep(frames + DELAY_FRAMES, report)]),
        **sampling,
    )  # [batch, channels, samples]
    return [clip.float().cpu().numpy() for clip in audio]
