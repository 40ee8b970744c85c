"""EnCodec as ONNX graphs, written from the modules that transformers loaded.

Decoding is cut in two behind the LSTM: the front (codebooks, first convolution, LSTM) runs over a whole
clip at 50 frames a second; the back, which makes the samples, only looks a few frames to either side
and is run in chunks, so its memory does not grow with the clip and the result is the same.
"""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .onnx_file import OnnxFile, array_of


def write_codec_graphs(codec: Any, folder: Path) -> None:
    """Write codec_front, codec_back and codec_encode for an `EncodecModel`.

    front: codes [B, Q, F] int64 -> states [B, W, F]; back: states -> audio [B, A, F * hop];
    encode: audio [B, A, F * hop] -> codes [B, Q, F].
    """
    assert codec.config.norm_type == "weight_norm", "no MusicGen codec has group norms"
    layers = list(codec.decoder.layers)
    cut = 1 + next(n for n, layer in enumerate(layers) if type(layer).__name__ == "EncodecLSTM")
    books = [array_of(layer.codebook.embed) for layer in codec.quantizer.layers]
    with OnnxFile(folder / "codec_front.onnx") as graph:
        codes = graph.input("codes", "int64", ["B", len(books), "F"])
        graph.output("states", "float", ["B", "W", "F"])
        x = ""
        for number, book in enumerate(books):
            index = graph.tensor(np.array(number, dtype=np.int64))
            found = graph.node(
                "Gather", graph.tensor(book), graph.node("Gather", codes, index, axis=1)
            )
            x = graph.node("Add", x, found) if x else found
        x = graph.node("Transpose", x, perm=[0, 2, 1])
        graph.node("Identity", _sequence(graph, layers[:cut], x), outputs=["states"])
    with OnnxFile(folder / "codec_back.onnx") as graph:
        graph.input("states", "float", ["B", "W", "F"])
        graph.output("audio", "float", ["B", "A", "N"])
        graph.node("Identity", _sequence(graph, layers[cut:], "states"), outputs=["audio"])
    with OnnxFile(folder / "codec_encode.onnx") as graph:
        audio = graph.input("audio", "float", ["B", int(codec.config.audio_channels), "N"])
        graph.output("codes", "int64", ["B", len(books), "F"])
        _quantize(graph, _sequence(graph, list(codec.encoder.layers), audio), books)


def _quantize(graph: OnnxFile, states: str, books: list[NDArray[np.float32]]) -> None:
    """Residual vector quantisation: nearest entry of each codebook in turn."""
    rest = graph.node("Transpose", states, perm=[0, 2, 1])  # [B, F, W]
    found = []
    for book in books:
        likeness = graph.node("MatMul", rest, graph.tensor(2 * book.T))
        likeness = graph.node("Sub", likeness, graph.tensor(np.square(book).sum(1)))
        index = graph.node("ArgMax", likeness, axis=2, keepdims=0)  # [B, F]
        found.append(graph.node("Unsqueeze", index, graph.ints(1)))
        rest = graph.node("Sub", rest, graph.node("Gather", graph.tensor(book), index))
    graph.node("Concat", *found, outputs=["codes"], axis=1)


def _sequence(graph: OnnxFile, modules: list[Any], x: str) -> str:
    for module in modules:
        x = _WRITERS[type(module).__name__](graph, module, x)
    return x


def _elu(graph: OnnxFile, module: Any, x: str) -> str:
    """In four nodes, which ONNX Runtime computes in half the time of its own Elu."""
    assert module.alpha == 1, "no published codec has another"
    one, zero = (graph.tensor(np.array(value, dtype=np.float32)) for value in (1, 0))
    below = graph.node("Exp", graph.node("Min", x, zero))
    return str(graph.node("Max", x, graph.node("Sub", below, one)))


def _same(graph: OnnxFile, module: Any, x: str) -> str:
    return x


def _resnet_block(graph: OnnxFile, module: Any, x: str) -> str:
    return str(
        graph.node(
            "Add", _sequence(graph, [module.shortcut], x), _sequence(graph, list(module.block), x)
        )
    )


def _convolution(graph: OnnxFile, module: Any, x: str) -> str:
    """Convolution behind reflected borders; inputs are whole frames, so strides divide evenly."""
    conv = module.conv
    total = int(module.padding_total)
    right = 0 if module.causal else total // 2
    if total:
        pads = graph.ints(0, 0, total - right, 0, 0, right)
        x = graph.node(
            "Pad", x, pads, mode="reflect" if module.pad_mode == "reflect" else "constant"
        )
    x = graph.node(
        "Conv", x, graph.tensor(array_of(conv.weight)), graph.tensor(array_of(conv.bias)),
        strides=list(conv.stride), dilations=list(conv.dilation),
    )  # fmt: skip
    return str(x)


def _transposed_convolution(graph: OnnxFile, module: Any, x: str) -> str:
    conv = module.conv
    total = conv.kernel_size[0] - conv.stride[0]
    right = ceil(total * module.trim_right_ratio) if module.causal else total // 2
    x = graph.node(
        "ConvTranspose", x, graph.tensor(array_of(conv.weight)), graph.tensor(array_of(conv.bias)),
        strides=list(conv.stride), pads=[total - right, right],
    )  # fmt: skip
    return str(x)


def _lstm(graph: OnnxFile, module: Any, x: str) -> str:
    """Stacked LSTM plus its input; torch orders the gates i f g o, ONNX i o f g."""
    lstm = module.lstm
    size = lstm.hidden_size

    def gates(name: str, layer: int) -> NDArray[np.float32]:
        i, f, g, o = np.split(array_of(getattr(lstm, f"{name}_l{layer}")), 4)
        return np.concatenate([i, o, f, g])[None]

    start = graph.node("Transpose", x, perm=[2, 0, 1])  # [F, B, W]
    state = start
    for layer in range(lstm.num_layers):
        bias = np.concatenate([gates("bias_ih", layer), gates("bias_hh", layer)], axis=1)
        weights = [
            graph.tensor(a) for a in (gates("weight_ih", layer), gates("weight_hh", layer), bias)
        ]
        state = graph.node("LSTM", state, *weights, hidden_size=size)
        state = graph.node("Squeeze", state, graph.ints(1))
    return str(graph.node("Transpose", graph.node("Add", state, start), perm=[1, 2, 0]))


_WRITERS = {
    "ELU": _elu,
    "Identity": _same,
    "EncodecResnetBlock": _resnet_block,
    "EncodecConv1d": _convolution,
    "EncodecConvTranspose1d": _transposed_convolution,
    "EncodecLSTM": _lstm,
}
