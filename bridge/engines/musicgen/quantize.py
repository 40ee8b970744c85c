"""Weights in blocks of few bits, in the layout of ONNX Runtime's MatMulNBits, and how good that is.

Activations are rounded to 8 bits per block too (accuracy level 4), so one outlier channel spoils only
its own block of 32; rounding a whole row at once (DynamicQuantizeMatMul) loses 13 dB there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .memory import BITS
from .onnx_file import OnnxFile

Weights = NDArray[np.float32]

BLOCK = 32


def pack(weight: Weights, bits: int, block: int = BLOCK) -> tuple[NDArray[np.uint8], Weights]:
    """[N, K] -> packed [N, K / block, block * bits / 8] and scales [N, K / block]; symmetric rounding.

    K is padded with zeros to whole blocks.
    """
    rows, columns = weight.shape
    blocks = -(-columns // block)
    padded = np.zeros((rows, blocks * block), dtype=np.float32)
    padded[:, :columns] = weight
    grouped = padded.reshape(rows, blocks, block)
    top = 2 ** (bits - 1) - 1
    scales = np.abs(grouped).max(-1, keepdims=True) / top
    safe = np.where(scales == 0, 1, scales)
    codes = (np.clip(np.rint(grouped / safe), -top, top) + top + 1).astype(np.uint8)
    if bits == 4:
        codes = codes[..., 0::2] | (codes[..., 1::2] << 4)
    return codes, scales[..., 0].astype(np.float32)


def linear(graph: OnnxFile, x: str, weight: Weights, scheme: str, exact_input: bool = False) -> str:
    """Append y = x weight^T for a weight [N, K]; `scheme` is "fp32", "int8" or "int4".

    `exact_input` keeps the activations in fp32 (slow: for networks that run once per clip).
    """
    if scheme == "fp32":
        return str(graph.node("MatMul", x, graph.tensor(weight.T)))
    rows, columns = weight.shape
    codes, scales = pack(weight, BITS[scheme])
    return str(
        graph.node(
            "ms.MatMulNBits", x, graph.tensor(codes), graph.tensor(scales), K=columns, N=rows,
            bits=BITS[scheme], block_size=BLOCK, accuracy_level=1 if exact_input else 4,
        )
    )  # fmt: skip


def snr_db(reference: Weights, other: Weights) -> float:
    """Signal-to-noise ratio of `other` against `reference`."""
    error = float(np.square(reference - other, dtype=np.float64).sum())
    return (
        float("inf")
        if error == 0
        else 10 * np.log10(np.square(reference, dtype=np.float64).sum() / error)
    )
