"""MusicGen's decoder step as one ONNX graph: every layer, with keys and values written in place.

Letters as in decode.py. Inputs: x [R, S, D] (embeddings with positions), the number of positions
so far, the caches [R, H, P, E], the keys and values [1, H, T, E] of every layer of the text that the
first B rows are told, and how rows are mixed into clips [B, R] (guidance).
Outputs: logits after the last position [B, C V], and the caches, bound to the same memory.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .activations import Inputs
from .onnx_file import OnnxFile, array_of
from .quantize import linear
from .sampling import Sampling

_EPSILON = 1e-5  # of torch's LayerNorm


def write_step_graph(
    language_model: Any, path: Path, scheme: str, inputs: Inputs | None = None
) -> None:
    """Write the step of a transformers decoder (`MusicgenForCausalLM` or melody) to `path`.

    With `inputs` of its linear layers each gets the block of weights that loses little on them.
    """
    config, core = language_model.config, language_model.model.decoder
    inputs = dict(inputs or {})
    for head in language_model.lm_heads:
        if head in inputs:
            told, untold = inputs[head][0::2], inputs[head][1::2]
            inputs[head] = untold + Sampling().guidance * (told - untold)
    with OnnxFile(path) as graph:
        builder = _Step(graph, config.num_attention_heads, config.hidden_size, scheme, inputs)
        builder.declare(len(core.layers), has_text=hasattr(core.layers[0], "encoder_attn"))
        x: str = "x"
        pending = ""  # the last block's result, added to x inside the next normalisation
        for number, layer in enumerate(core.layers):
            x, pending = builder.layer(number, layer, x, pending)
        _, normal = builder.add_and_normalise(x, pending, core.layer_norm)
        last = graph.node("Gather", normal, graph.tensor(np.array(-1, dtype=np.int64)), axis=1)
        heads = np.concatenate([array_of(head.weight) for head in language_model.lm_heads])
        # the heads have no bias: guidance of their inputs is guidance of the logits, at half the rows
        guided = graph.node("MatMul", "mix", last)
        logits = builder.linear(guided, heads, language_model.lm_heads[0])
        graph.node("Identity", logits, outputs=["logits"])
        graph.output("logits", "float", ["B", len(heads)])


class _Step:
    """Appends the nodes of one layer after another."""

    def __init__(
        self, graph: OnnxFile, heads: int, width: int, scheme: str, inputs: Inputs
    ) -> None:
        self.graph, self.heads, self.width = graph, heads, width
        self._scheme, self._inputs = scheme, inputs

    def linear(self, x: str, weight: NDArray[np.float32], module: Any) -> str:
        """y = x weight^T; `module` is what it was in the loaded model."""
        return linear(self.graph, x, weight, self._scheme, inputs=self._inputs.get(module))

    def _one(self, x: str, module: Any) -> str:
        return self.linear(x, array_of(module.weight), module)

    def declare(self, layers: int, has_text: bool) -> None:
        """Inputs and outputs."""
        graph, size = self.graph, self.width // self.heads
        graph.input("x", "float", ["R", "S", self.width])
        graph.input("last_position", "int32", ["R"])
        graph.input("length", "int32", [])
        graph.input("mix", "float", ["B", "R"])
        if has_text:
            graph.input("told_rows", "int64", [1])
            graph.input("untold_pad", "int64", [6])
            told = graph.node("Slice", "x", graph.ints(0), "told_rows", graph.ints(0))
            self._told_shape = graph.node("Shape", told)  # [B, S, D]
        for n in range(layers):
            for kind in ("key", "value"):
                graph.input(f"past_{kind}_{n}", "float", ["R", self.heads, "P", size])
                graph.output(f"present_{kind}_{n}", "float", ["R", self.heads, "P", size])
                if has_text:
                    graph.input(f"text_{kind}_{n}", "float", [1, self.heads, "T", size])

    def add_and_normalise(self, x: str, pending: str, norm: Any) -> tuple[str, str]:
        """x + pending, and its layer normalisation (two nodes: fused into one they are slower)."""
        graph = self.graph
        total = str(graph.node("Add", x, pending)) if pending else x
        gamma, beta = graph.tensor(array_of(norm.weight)), graph.tensor(array_of(norm.bias))
        normal = graph.node("LayerNormalization", total, gamma, beta, axis=-1, epsilon=_EPSILON)
        return total, str(normal)

    def layer(self, number: int, layer: Any, x: str, pending: str) -> tuple[str, str]:
        """One decoder layer; returns the running sum and the result still to be added to it."""
        graph, own = self.graph, layer.self_attn
        x, normal = self.add_and_normalise(x, pending, layer.self_attn_layer_norm)
        fused = np.concatenate([array_of(p.weight) for p in (own.q_proj, own.k_proj, own.v_proj)])
        qkv = self.linear(normal, fused, own.q_proj)
        mixed, *_ = graph.node(
            "ms.GroupQueryAttention", qkv, "", "", f"past_key_{number}", f"past_value_{number}",
            "last_position", "length", num_heads=self.heads, kv_num_heads=self.heads,
            outputs=[f"mixed_{number}", f"present_key_{number}", f"present_value_{number}"],
        )  # fmt: skip
        pending = self._one(mixed, own.out_proj)
        if hasattr(layer, "encoder_attn"):
            x, normal = self.add_and_normalise(x, pending, layer.encoder_attn_layer_norm)
            pending = self._read_text(number, layer.encoder_attn, normal)
        x, normal = self.add_and_normalise(x, pending, layer.final_layer_norm)
        up = graph.node("ms.Gelu", self._one(normal, layer.fc1))
        return x, self._one(up, layer.fc2)

    def _read_text(self, number: int, attention: Any, normal: str) -> str:
        """Cross-attention of the conditional rows; the unconditional ones get their exact zero.

        All clips are told the same, so the positions of all read it as if they were of one clip: the keys
        and values come from memory once.
        """
        graph = self.graph
        told = graph.node("Slice", normal, graph.ints(0), "told_rows", graph.ints(0))
        together = graph.node("Reshape", told, graph.ints(1, -1, self.width))  # [1, B S, D]
        query = self._one(together, attention.q_proj)
        mixed = graph.node(
            "ms.MultiHeadAttention", query, f"text_key_{number}", f"text_value_{number}",
            num_heads=self.heads,
        )  # fmt: skip
        said = graph.node("Reshape", self._one(mixed, attention.out_proj), self._told_shape)
        return str(graph.node("Pad", said, "untold_pad"))
