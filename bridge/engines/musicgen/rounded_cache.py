"""Keys and values in 8 bits: a quarter of the memory, and of what every step reads of it.

ONNX Runtime's GroupQueryAttention keeps them as int8, here in units of their own for every channel. The
units come from the largest values that the converted model itself keeps while it renders a few prompts;
a value beyond them is clipped to the largest that fits.
"""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .pattern import plan
from .sampling import Sampling

if TYPE_CHECKING:
    from .fast import FastModel

Floats = NDArray[np.float32]

SINCE = (1, 27)  # the first onnxruntime whose processor kernels read int8 keys and values
HEADROOM = 2.0  # times the largest value seen: costs 6 dB of precision, and clips hardly ever
_LARGEST = 127
_PROMPTS = (
    "dusty lo-fi hip hop with warm piano, 80 bpm",
    "driving techno with a distorted kick and acid bass, 132 bpm",
    "orchestral film score, soaring strings and brass",
    "solo acoustic guitar, fingerpicked, close and quiet",
)
# each prompt is rendered at positions of its own, so that the whole window of 30 s is met
_OFFSETS = (0, 400, 800, 1300)
_FRAMES = 150


def is_supported() -> bool:
    """Whether the onnxruntime here can run what `write_rounded` writes."""
    import onnxruntime

    return tuple(int(part) for part in onnxruntime.__version__.split(".")[:2]) >= SINCE


def measure_peaks(model: FastModel, report: Callable[[float], None]) -> Floats:
    """Largest absolute key and value of each channel while `model` renders: [layers, 2, H, E].

    `model` must keep its cache in fp32. `report` gets 0..1 and may raise to stop.
    """
    codebooks, channels, pad = (model.meta[k] for k in ("codebooks", "channels", "pad"))
    found: list[Floats] = []
    for number, (prompt, offset) in enumerate(zip(_PROMPTS, _OFFSETS, strict=True)):
        layout = plan(1, codebooks, channels, _FRAMES, pad)
        chroma = None
        if model.meta["chroma_frames"]:
            rng = np.random.default_rng(number)
            chroma = np.eye(12, dtype=np.float32)[rng.integers(0, 12, model.meta["chroma_frames"])]
        run = model.begin(model.condition(prompt, chroma), layout, Sampling().guidance)

        def within(fraction: float, number: int = number) -> None:
            report((number + fraction) / len(_PROMPTS))

        model.sample(run, layout, Sampling(), [number], within, offset)
        found.append(run.peaks())
    return np.asarray(np.max(found, axis=0), dtype=np.float32)


def write_rounded(step: Path, target: Path, peaks: Floats) -> None:
    """Write the step graph `step` once more to `target`, beside it, with an int8 cache; weights are shared.

    The units are put into the scales of the weights: keys and values come out divided by them, queries and
    what is read times them. GroupQueryAttention could do so itself, but reads such a cache more slowly.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    model = onnx.load(str(step), load_external_data=False)
    graph = model.graph
    for value in [*graph.input, *graph.output]:
        if value.name.startswith(("past_", "present_")):
            value.type.tensor_type.elem_type = TensorProto.INT8
    units = np.maximum(peaks * (HEADROOM / _LARGEST), 1e-8).astype(np.float32)  # [layers, 2, H, E]
    constants = {tensor.name: tensor for tensor in graph.initializer}
    makers = {name: node for node in graph.node for name in node.output}

    def read(name: str) -> Floats:
        tensor = TensorProto()
        tensor.CopyFrom(constants[name])
        if onnx.external_data_helper.uses_external_data(tensor):
            onnx.external_data_helper.load_external_data_for_tensor(tensor, str(step.parent))
        return np.asarray(numpy_helper.to_array(tensor))

    def constant(name: str, values: Floats) -> str:
        graph.initializer.append(numpy_helper.from_array(values, name))
        return name

    one = constant("one", np.ones(1, dtype=np.float32))
    numbers, nodes = iter(range(len(units))), []
    for node in graph.node:
        nodes.append(node)
        if node.op_type != "GroupQueryAttention":
            continue
        number = next(numbers)
        key, value = units[number].reshape(2, -1)
        qkv = makers[node.input[0]]
        rows = np.concatenate([key, 1 / key, 1 / value])[:, None]
        scales = read(qkv.input[2]).reshape(len(rows), -1)
        qkv.input[2] = constant(f"scales_in_units_{number}", scales * rows)
        unused = [""] * 5  # rotary tables, positions, bias, sink
        node.input.extend([*unused, one, one])
        for name in ("k_quant_type", "v_quant_type"):
            node.attribute.append(helper.make_attribute(name, "PER_TENSOR"))
        node.attribute.append(helper.make_attribute("kv_cache_bit_width", 8))
        mixed, node.output[0] = node.output[0], f"in_units_{number}"
        unit = constant(f"unit_{number}", value)
        nodes.append(helper.make_node("Mul", [node.output[0], unit], [mixed]))
    ordered = deepcopy(nodes)  # deleted nodes are gone
    del graph.node[:]
    graph.node.extend(ordered)
    target.write_bytes(model.SerializeToString())
