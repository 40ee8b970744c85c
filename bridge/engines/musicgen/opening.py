"""From a model's name to a loaded backend: checks, conversion on first use, and the way back to plain torch."""

from __future__ import annotations

import gc
import logging
import platform
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from ...errors import BridgeError, Cancelled
from .backend import FastBackend, TorchBackend
from .memory import (
    BITS,
    CONVERTED_RUNTIME_BYTES,
    available_bytes,
    card_bytes,
    load_bytes,
    refuse_if_too_large,
)
from .weights import Weights

log = logging.getLogger("bridge.musicgen")

Report = Callable[[float], None]

# before, attention on Apple's GPUs was silently wrong (pytorch issues 174861 and 195910, pull request 184180)
MPS_SINCE = "2.13"
BF16_SINCE = (8, 0)  # compute capability: Ampere


def accelerator_likely() -> bool:
    """Whether asking torch for an accelerator is worth its 3 s and 200 MB: is there a driver at all."""
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    return shutil.which("nvidia-smi") is not None or Path("/dev/nvidiactl").exists()


def settle(device: str, precision: str) -> tuple[str, str]:
    """What "auto" means here: int8 on processors, half precision on an accelerator."""
    if device in ("cuda", "mps") and precision in BITS:
        raise BridgeError(
            "out-of-range",
            f"precision {precision} is for processors; use bf16, fp16 or fp32 on {device}",
        )
    if device == "auto" and (precision in BITS or not accelerator_likely()):
        device = "cpu"
    if device in ("auto", "cuda", "mps"):
        import torch

        apple = torch.backends.mps.is_available()
        outdated = apple and torch.__version__ < MPS_SINCE
        there = {"cuda": torch.cuda.is_available(), "mps": apple and not outdated}
        if device == "auto":
            device = next((kind for kind, found in there.items() if found), "cpu")
        elif device == "mps" and outdated:
            raise BridgeError(
                "out-of-range",
                f"mps needs torch {MPS_SINCE} or later, as earlier ones compute "
                f"attention wrongly there, and this is {torch.__version__}; update torch or use --device cpu",
            )
        elif not there[device]:
            raise BridgeError(
                "out-of-range", f"there is no {device} device here; use --device auto"
            )
        if precision == "auto" and device != "cpu":
            # torch also calls bf16 supported where it is emulated, which is slow
            native = device == "cuda" and torch.cuda.get_device_capability() >= BF16_SINCE
            return device, "bf16" if native else "fp16"
    return device, "int8" if precision == "auto" else precision


def open_backend(
    weights: Weights, home: Path | None, device: str, precision: str, report: Report
) -> FastBackend | TorchBackend:
    """Load, converting first where that was never done; `report` gets 0..1 and may raise to stop."""
    device, precision = settle(device, precision)
    if precision in BITS:
        try:
            return _open_fast(weights, home, precision, report)
        except (BridgeError, Cancelled, MemoryError):
            raise
        except (
            Exception
        ):  # an old onnxruntime, a full disk, an unusual checkpoint: slower beats not at all
            log.exception(
                "musicgen.conversion-failed model=%s; serving fp32 on torch", weights.name
            )
            precision = "fp32"
    _check_memory(weights, precision, device)
    model, tokenizer = weights.read()
    report(0.9)
    return TorchBackend(model, tokenizer, device, precision)


def _open_fast(weights: Weights, home: Path | None, scheme: str, report: Report) -> FastBackend:
    from .convert import FORMAT, convert, find_converted, fingerprint

    home = home or Path(tempfile.gettempdir()) / "daw-bridge"
    if weights.local is None:
        key = f"{weights.name.replace(':', '-')}-{scheme}-{FORMAT}"
    else:
        key = fingerprint(weights.local.folder, scheme)
    folder = find_converted(home, key)
    if folder is not None:
        try:
            return _serve(weights.name, folder, scheme)
        except (BridgeError, MemoryError):
            raise
        except Exception:  # damaged on disk: the checkpoint is still there to make it from
            log.exception("musicgen.conversion-unreadable folder=%s; converting again", folder)
    log.info("musicgen.converting model=%s scheme=%s: once per checkpoint", weights.name, scheme)
    _check_memory(weights, "fp32")
    model, tokenizer = weights.read()
    folder = convert(model, tokenizer, home, key, scheme, lambda f: report(0.3 + 0.6 * f))
    del model
    gc.collect()
    return _serve(weights.name, folder, scheme)


def _serve(name: str, folder: Path, scheme: str) -> FastBackend:
    needed = sum(path.stat().st_size for path in folder.iterdir()) + CONVERTED_RUNTIME_BYTES
    refuse_if_too_large(name, needed, scheme, available_bytes())
    return FastBackend(folder)


def _check_memory(weights: Weights, precision: str, device: str = "cpu") -> None:
    """Main memory, and that of a card that has its own; random weights are for those who know."""
    if weights.facts is None:
        return
    count = weights.facts.parameters
    needed = load_bytes(count, precision)
    refuse_if_too_large(weights.name, needed, precision, available_bytes())
    if device == "cuda":
        import torch

        free, _ = torch.cuda.mem_get_info()
        needed = card_bytes(count, precision)
        refuse_if_too_large(weights.name, needed, precision, free, card_bytes, "the card's memory")
