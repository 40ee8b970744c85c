"""What the machine can do: processors, and how fast memory is read."""

from __future__ import annotations

import os
import platform
import sys
import threading
import time
from pathlib import Path

import numpy as np

_BLOCK_BYTES = 256_000_000
_ROUNDS = 4


def threads() -> int:
    """Processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def processor_name() -> str:
    """The processor as its maker calls it, as far as the system tells."""
    if sys.platform.startswith("linux"):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def bandwidth_gb_s() -> float:
    """The best read rate of main memory over a few rounds, all processors reading at once."""
    count = threads()
    blocks = [np.ones(_BLOCK_BYTES // 4 // count, dtype=np.float32) for _ in range(count)]
    total = sum(block.nbytes for block in blocks)
    best = 0.0
    for _ in range(_ROUNDS):
        # max reads every byte, lets go of the interpreter's lock, and does almost no arithmetic
        readers = [threading.Thread(target=block.max) for block in blocks]
        started = time.perf_counter()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        best = max(best, total / (time.perf_counter() - started) / 1e9)
    return best


def memory_mb() -> float:
    """Memory this process holds for itself now, without files it has mapped."""
    if sys.platform.startswith("linux"):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("RssAnon:"):
                return int(line.split()[1]) / 1024
    if sys.platform == "win32":
        return float("nan")
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)
