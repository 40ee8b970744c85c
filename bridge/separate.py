"""Stem separation: one recording in, drums, bass, vocals and the rest out, adding up to it exactly.

    separate(audio, rate, *, stems, progress, checkpoint=None) -> dict[str, Audio]

The model is Hybrid Transformer Demucs (Rouard et al., ICASSP 2023), an optional extra. What it gives
to no stem goes into "other", so that the stems always sum to the input.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import stem_model
from .errors import BridgeError

if TYPE_CHECKING:
    from .engines import Audio, Progress

STAGE = "separating"
REMAINDER = "other"  # holds whatever no other stem took
_OVERLAP = 0.25  # of neighbouring windows, as Demucs itself uses
_SILENT = 1e-9  # standard deviation below which there is nothing to separate


def separate(
    audio: Audio, rate: int, *, stems: Sequence[str] = (), progress: Progress,
    checkpoint: Path | None = None,
) -> dict[str, Audio]:  # fmt: skip
    """Split `audio` (float32 [channels, frames] at `rate` Hz) into stems of its own shape and rate.

    `stems` () is all the model has; "other" always comes too and takes the remainder, so that the
    stems sum to the input to the last bits of float32. `progress` is called at every window of about
    8 s and may cancel. Raises `model-missing` (no checkpoint, or the extra is not installed) and
    `out-of-range` (a stem the model does not know).
    """
    import numpy as np

    if checkpoint is None:
        raise BridgeError(
            "model-missing",
            f"the separation model is not on this machine: run daw-bridge models pull {stem_model.NAME}",
        )
    progress(STAGE, 0.0)
    model = stem_model.load(checkpoint)
    known = list(model.sources)
    unknown = [stem for stem in stems if stem not in {*known, REMAINDER}]
    if unknown:
        raise BridgeError(
            "out-of-range", f'stems must be of {", ".join(known)}, got "{", ".join(unknown)}"'
        )
    whole = np.nan_to_num(np.asarray(audio, np.float32), nan=0.0, posinf=0.0, neginf=0.0)
    wanted = [s for s in known if s != REMAINDER and (not stems or s in stems)]
    parts = _run(model, whole, rate, progress)
    result = {stem: parts[known.index(stem)] for stem in wanted}
    rest = whole.astype(np.float64)
    for part in result.values():
        rest -= part
    result[REMAINDER] = rest.astype(np.float32)
    progress(STAGE, 1.0)
    return result


def _run(model: Any, audio: Audio, rate: int, progress: Progress) -> list[Audio]:
    """Every source of the model in the shape and at the rate of `audio`."""
    import numpy as np

    from .audio.resample import resample

    channels, frames = audio.shape
    level = float(audio.std()) if frames else 0.0
    if level < _SILENT:
        return [np.zeros_like(audio) for _ in model.sources]
    inside = resample(audio / np.float32(level), rate, model.samplerate)
    sources = _apply(model, _grouped(inside, model.audio_channels), progress)
    parts = []
    for source in np.moveaxis(sources, 1, 0):  # [groups, model channels, frames]
        flat = source.reshape(-1, source.shape[-1])
        if channels == 1:
            flat = flat.mean(axis=0, keepdims=True)
        back = resample(np.ascontiguousarray(flat[:channels]), model.samplerate, rate)
        fitted = np.zeros((channels, frames), np.float32)
        fitted[:, : back.shape[1]] = back[:, :frames]
        parts.append(fitted * np.float32(level))
    return parts


def _grouped(audio: Audio, width: int) -> Audio:
    """[channels, frames] as [groups, width, frames]; the last channel is repeated to fill up."""
    import numpy as np

    missing = -len(audio) % width
    filled = np.concatenate([audio, np.repeat(audio[-1:], missing, axis=0)])
    return np.ascontiguousarray(filled.reshape(-1, width, audio.shape[1]))


def _apply(model: Any, groups: Audio, progress: Progress) -> Audio:
    """Run the model window by window: [groups, width, frames] to [groups, sources, width, frames]."""
    import torch
    from demucs_infer.apply import apply_model

    frames = groups.shape[-1]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    with torch.inference_mode():
        result = apply_model(
            model, torch.from_numpy(groups), shifts=0, split=True, overlap=_OVERLAP, device=device,
            callback=_reporter(frames, progress),
        )  # fmt: skip
    separated: Audio = result.cpu().numpy()
    return separated


def _reporter(frames: int, progress: Progress) -> Callable[[dict[str, Any]], None]:
    def report(state: dict[str, Any]) -> None:
        progress(STAGE, min(0.99, state["segment_offset"] / frames))

    return report
