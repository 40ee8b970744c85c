"""The text side as one ONNX graph: T5's encoder, the projection, and every layer's text keys and values.

Runs once per prompt. T5 is known for activations that stand out far, so its blocks are the smallest and
its weights never have fewer than 8 bits.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .memory import BITS
from .onnx_file import OnnxFile, array_of
from .quantize import linear

MAX_TOKENS = 256  # a longer prompt is cut; MusicGen was trained on far shorter ones
_BLOCK = 16


def distance_bias(text_encoder: Any) -> NDArray[np.float32]:
    """T5's relative position bias by distance: [H, 2 MAX_TOKENS - 1], distance 0 in the middle."""
    attention = text_encoder.encoder.block[0].layer[0].SelfAttention
    full = array_of(attention.compute_bias(MAX_TOKENS, MAX_TOKENS))[0]  # [H, query, key]
    return np.concatenate([full[:, 1:, 0][:, ::-1], full[:, 0, :]], axis=1)


def write_text_graph(model: Any, path: Path, scheme: str) -> None:
    """embedded [1, T, width] and bias [1, H, T, T] -> text_key_n, text_value_n [1, H, T, E], or, for melody
    models, states [1, T, D]."""
    encoder = model.text_encoder.encoder
    config, language_model = model.text_encoder.config, model.decoder
    heads = config.num_heads
    scheme = "int8" if scheme in BITS else scheme
    with OnnxFile(path) as graph:
        x = graph.input("embedded", "float", [1, "T", config.d_model])
        graph.input("bias", "float", [1, heads, "T", "T"])
        for block in encoder.block:
            x = _block(graph, block, x, heads, config.d_kv, scheme)
        x = _rms_norm(graph, encoder.final_layer_norm, x)
        if hasattr(model, "enc_to_dec_proj"):
            x = _linear(graph, x, model.enc_to_dec_proj, scheme)
            x = graph.node("Add", x, graph.tensor(array_of(model.enc_to_dec_proj.bias)))
        layers = language_model.model.decoder.layers
        if not hasattr(layers[0], "encoder_attn"):
            graph.node("Identity", x, outputs=["states"])
            graph.output("states", "float", [1, "T", language_model.config.hidden_size])
            return
        _text_keys(graph, layers, x, language_model.config, scheme)


def _linear(graph: OnnxFile, x: str, module: Any, scheme: str) -> str:
    return linear(graph, x, array_of(module.weight), scheme, block=_BLOCK)


def _text_keys(graph: OnnxFile, layers: Any, x: str, config: Any, scheme: str) -> None:
    heads, size = config.num_attention_heads, config.hidden_size // config.num_attention_heads
    for number, layer in enumerate(layers):
        projections = (("key", layer.encoder_attn.k_proj), ("value", layer.encoder_attn.v_proj))
        for kind, projection in projections:
            y = _linear(graph, x, projection, scheme)
            y = graph.node("Reshape", y, graph.ints(1, -1, heads, size))
            graph.node("Transpose", y, perm=[0, 2, 1, 3], outputs=[f"text_{kind}_{number}"])
            graph.output(f"text_{kind}_{number}", "float", [1, heads, "T", size])


def _rms_norm(graph: OnnxFile, norm: Any, x: str) -> str:
    power = graph.node("ReduceMean", graph.node("Mul", x, x), graph.ints(-1), keepdims=1)
    epsilon = graph.tensor(np.array(norm.variance_epsilon, dtype=np.float32))
    x = graph.node("Div", x, graph.node("Sqrt", graph.node("Add", power, epsilon)))
    return str(graph.node("Mul", x, graph.tensor(array_of(norm.weight))))


def _block(graph: OnnxFile, block: Any, x: str, heads: int, size: int, scheme: str) -> str:
    """One T5 encoder block: attention without scaling but with a bias, then a ReLU feed-forward."""
    attention, forward = block.layer[0], block.layer[1]
    own, dense = attention.SelfAttention, forward.DenseReluDense
    assert type(dense).__name__ == "T5DenseActDense", "MusicGen's text encoder has no gated layers"
    normal = _rms_norm(graph, attention.layer_norm, x)
    q, k, v = (
        graph.node(
            "Reshape", _linear(graph, normal, p, scheme),
            graph.ints(1, -1, heads, size),
        )
        for p in (own.q, own.k, own.v)
    )  # fmt: skip
    q, v = (graph.node("Transpose", y, perm=[0, 2, 1, 3]) for y in (q, v))
    scores = graph.node("MatMul", q, graph.node("Transpose", k, perm=[0, 2, 3, 1]))
    weights = graph.node("Softmax", graph.node("Add", scores, "bias"), axis=-1)
    mixed = graph.node("Transpose", graph.node("MatMul", weights, v), perm=[0, 2, 1, 3])
    mixed = graph.node("Reshape", mixed, graph.ints(1, -1, heads * size))
    x = graph.node("Add", x, _linear(graph, mixed, own.o, scheme))
    normal = _rms_norm(graph, forward.layer_norm, x)
    up = graph.node("Relu", _linear(graph, normal, dense.wi, scheme))
    return str(graph.node("Add", x, _linear(graph, up, dense.wo, scheme)))
