"""What an accelerator can do, asked through torch: its name, how fast it reads its memory, what it holds."""

from __future__ import annotations

import time
from typing import Any

_BLOCK_BYTES = 512_000_000  # far more than any cache of a card holds
_ROUNDS, _READS = 4, 8


def measure(device: str) -> dict[str, Any]:
    """For the rows of a benchmark: `device_name`, `bandwidth_gb_s`, `memory_mb` (the most that was taken)."""
    memory_mb = _memory_mb(device)  # before the block that is read
    return {
        "device_name": _name(device), "bandwidth_gb_s": round(bandwidth_gb_s(device), 1),
        "memory_mb": round(memory_mb, 0),
    }  # fmt: skip


def bandwidth_gb_s(device: str) -> float:
    """The best read rate of a torch device's memory over a few rounds of several reads each."""
    import torch

    wait = getattr(torch, device).synchronize
    block = torch.ones(_BLOCK_BYTES // 4, device=device)
    total = torch.zeros((), device=device)
    best = 0.0
    for _ in range(1 + _ROUNDS):  # the first is slower
        wait()
        started = time.perf_counter()
        for _ in range(_READS):
            total += block.sum()
        wait()
        best = max(best, _READS * _BLOCK_BYTES / (time.perf_counter() - started) / 1e9)
    return best


def _name(device: str) -> str:
    import torch

    if device == "cuda":
        return str(torch.cuda.get_device_name())
    from .machine import processor_name

    return f"{processor_name()}, {device}"


def _memory_mb(device: str) -> float:
    import torch

    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 1024 / 1024
    return torch.mps.driver_allocated_memory() / 1024 / 1024
