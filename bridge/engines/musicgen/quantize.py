"""Weights in blocks of few bits, in the layout of ONNX Runtime's MatMulNBits, and how good that is.

Activations are rounded to 8 bits per block too (accuracy level 4), so one outlier channel spoils only
its own block; rounding a whole row at once (DynamicQuantizeMatMul) loses 10 dB there.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .memory import BITS
from .onnx_file import OnnxFile

Weights = NDArray[np.float32]

# larger blocks are fewer bytes and fewer scales to multiply by, and less exact
BLOCKS = (256, 128, 64, 32, 16)
SUFFICIENT_SNR_DB = 33.0  # of each linear layer, on what goes into it
_INT4_BLOCK = 32  # never exact; larger blocks only make it worse
_SAMPLED_ROWS = 256


def pack(weight: Weights, bits: int, block: int) -> tuple[NDArray[np.uint8], Weights]:
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


def block_snr_db(weight: Weights, inputs: Weights, block: int) -> float:
    """What int8 in blocks keeps of a weight [N, K] on real inputs [n, K]: the signal-to-noise ratio in all,
    or in what differs from input to input if that is less. The channels that stand out in trained
    transformers do so always alike, and would hide what is lost of all others.
    """
    exact = inputs @ weight.T
    found = rounded(inputs, block) @ rounded(weight, block).T
    return min(snr_db(exact, found), snr_db(exact - exact.mean(0), found - found.mean(0)))


def choose_block(weight: Weights, inputs: Weights) -> int:
    """The largest block that keeps `SUFFICIENT_SNR_DB` of a weight [N, K] on real inputs [n, K]; the smallest
    when none does.
    """
    some = weight[:: max(1, len(weight) // _SAMPLED_ROWS)]
    sufficient = (b for b in BLOCKS if block_snr_db(some, inputs, b) >= SUFFICIENT_SNR_DB)
    return next(sufficient, BLOCKS[-1])


def rounded(values: Weights, block: int) -> Weights:
    """[n, K] rounded to 8 bits in blocks along K, as MatMulNBits rounds weights and activations."""
    codes, scales = pack(values, 8, block)
    whole = (codes.astype(np.float32) - 128) * scales[..., None]
    return np.asarray(whole.reshape(len(values), -1)[:, : values.shape[1]])


def linear(
    graph: OnnxFile, x: str, weight: Weights, scheme: str, *, inputs: Weights | None = None,
    block: int = 64,
) -> str:  # fmt: skip
    """Append y = x weight^T for a weight [N, K]; `scheme` is "fp32", "int8" or "int4".

    `block` columns share a scale; with `inputs` [n, K] for example the block is chosen by them.
    """
    if scheme == "fp32":
        return str(graph.node("MatMul", x, graph.tensor(weight.T)))
    rows, columns = weight.shape
    if scheme == "int4":
        block = _INT4_BLOCK
    elif inputs is not None:
        block = choose_block(weight, inputs)
    codes, scales = pack(weight, BITS[scheme], block)
    return str(
        graph.node(
            "ms.MatMulNBits", x, graph.tensor(codes), graph.tensor(scales), K=columns, N=rows,
            bits=BITS[scheme], block_size=block, accuracy_level=4,
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
