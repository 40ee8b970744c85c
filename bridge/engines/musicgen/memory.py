"""How much memory a model would take, and how much there is."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from ...errors import BridgeError
from .checkpoints import CHECKPOINTS

BITS = {"int8": 8, "int4": 4}  # precisions that need a conversion
# while loading; half precision is made from fp32 in main memory
BYTES_PER_PARAMETER = {"fp32": 4, "bf16": 4, "fp16": 4, "int8": 1.2, "int4": 0.8}
_RUNTIME_BYTES = 700_000_000  # interpreter, torch and transformers themselves
CONVERTED_RUNTIME_BYTES = 100_000_000  # interpreter, numpy and ONNX Runtime, without torch
_CARD_RUNTIME_BYTES = 600_000_000  # what the driver and torch's libraries take of a card
_OTHER_PARAMETERS = 170_000_000  # text encoder and codec


def available_bytes() -> int | None:
    """Main memory that can be taken now, or None where the system does not say."""
    if sys.platform.startswith("linux"):
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")  # all of it, used or not
    return None


def load_bytes(parameters: int, precision: str) -> int:
    """Peak while loading `parameters` weights to serve them at `precision`."""
    return int(parameters * BYTES_PER_PARAMETER[precision]) + _RUNTIME_BYTES


def card_bytes(parameters: int, precision: str) -> int:
    """What serving `parameters` weights takes of a card's own memory, beside keys and values: the decoder at
    `precision`, text encoder and codec in fp32."""
    decoder = max(0, parameters - _OTHER_PARAMETERS)
    item = 4 if precision == "fp32" else 2
    return item * decoder + 4 * (parameters - decoder) + _CARD_RUNTIME_BYTES


def cache_bytes(layers: int, width: int, rows: int, positions: int, item: int = 4) -> int:
    """Keys and values of all layers for `rows` sequences of `positions` tokens."""
    return 2 * layers * width * rows * positions * item


def refuse_if_too_large(
    name: str, needed: int, precision: str, available: int | None,
    estimate: Callable[[int, str], int] = load_bytes, of: str = "memory",
) -> None:  # fmt: skip
    """Raise BridgeError `out-of-range` with what would fit by `estimate` when `needed` bytes are not there."""
    if available is None or needed <= available:
        return
    fitting = [
        row.name
        for row in CHECKPOINTS.values()
        if estimate(row.decoder_parameters + _OTHER_PARAMETERS, precision) <= available
    ]
    what = (
        f"these would fit: {', '.join(fitting)}" if fitting else "no published checkpoint would fit"
    )
    raise BridgeError(
        "out-of-range",
        f"loading {name} takes about {needed / 1e9:.1f} GB of {of} and {available / 1e9:.1f} GB are "
        f"free; {what}, or close other programs",
    )
