"""What rounding the weights costs: noise of each linear layer, and of the logits under teacher forcing."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..engines.musicgen.memory import BITS
from ..engines.musicgen.quantize import linear, snr_db
from ..errors import BridgeError

Floats = NDArray[np.float32]

OUTLIERS, OUTLIER_GAIN = 4, 50  # channels of the input scaled so, as trained transformers have them
MINIMUM_SNR_DB = 30.0  # a scheme below this is not the default
_FRAMES = 24


def linear_snr(weight: Floats, inputs: Floats, scheme: str, outliers: bool) -> float:
    """Signal-to-noise ratio in dB of one quantised layer [N, K] on inputs [n, K], run for real."""
    from ..engines.musicgen.fast import open_session
    from ..engines.musicgen.onnx_file import OnnxFile

    x = inputs.copy()
    if outliers:
        chosen = np.random.default_rng(0).choice(x.shape[1], OUTLIERS, replace=False)
        x[:, chosen] *= OUTLIER_GAIN
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linear.onnx"
        with OnnxFile(path) as graph:
            graph.input("x", "float", ["R", weight.shape[1]])
            graph.output("y", "float", ["R", weight.shape[0]])
            y = linear(graph, "x", weight, scheme, inputs=x)
            graph.node("Identity", y, outputs=["y"])
        session = open_session(path, 1)
        (y,) = session.run(["y"], {"x": x})
        del session  # Windows keeps mapped files in place
    return snr_db(x @ weight.T, y)


def measure(model_name: str, home: Path | None) -> dict[str, dict[str, float]]:
    """For each scheme: the worst linear of the first, middle and last layer on what the model itself puts
    into it, and the logits' error."""
    import torch

    from ..engines.musicgen.activations import record_inputs
    from ..engines.musicgen.decode import Decoder
    from ..engines.musicgen.weights import find_weights

    model, tokenizer = find_weights(model_name, home).read()
    recorded = record_inputs(model, tokenizer, lambda fraction: None)
    layers = model.decoder.model.decoder.layers
    picked = [layers[n] for n in sorted({0, len(layers) // 2, len(layers) - 1})]
    # what reads the text (k_proj and v_proj of encoder_attn) is no part of the step
    linears = [
        (module.weight.detach().numpy(), recorded[module])
        for layer in picked
        for name, module in layer.named_modules()
        if module in recorded and name not in ("encoder_attn.k_proj", "encoder_attn.v_proj")
    ]
    worst = {
        scheme: {
            "linear_snr_db": round(min(linear_snr(*item, scheme, False) for item in linears), 2),
            "outlier_snr_db": round(min(linear_snr(*item, scheme, True) for item in linears), 2),
        }
        for scheme in BITS
    }
    decoder = Decoder(model.decoder)
    codes = np.random.default_rng(1).integers(
        0, decoder.vocabulary, (1, decoder.codebooks, _FRAMES)
    )
    with torch.inference_mode():
        cache = decoder.new_cache(1, _FRAMES)
        embedded = decoder.embed(torch.from_numpy(codes))
        exact = np.stack(
            [decoder.feed(embedded[:, n : n + 1], cache).numpy() for n in range(_FRAMES)], axis=1
        )  # [1, frames, C, V]
    return {
        scheme: {
            **worst[scheme],
            "logit_error": round(_logit_error(model, tokenizer, scheme, codes[0], exact[0]), 5),
        }
        for scheme in BITS
    }


def _logit_error(
    model: Any, tokenizer: Any, scheme: str, codes: NDArray[np.int64], exact: Floats
) -> float:
    """Relative error of the logits [F, C, V] when the model as converted reads the same codes [C, F] without
    a prompt: |difference| / |exact|."""
    from ..engines.musicgen.convert import convert
    from ..engines.musicgen.fast import FastCondition, FastModel
    from ..engines.musicgen.pattern import plan

    with tempfile.TemporaryDirectory() as home:
        folder = convert(model, tokenizer, Path(home), "quality", scheme, lambda fraction: None)
        fast = FastModel(folder)
        books, frames = codes.shape
        layout = plan(1, books, fast.meta["channels"], frames, fast.meta["pad"])
        nothing = FastCondition({}) if fast.meta["chroma_frames"] else fast.condition("")
        run = fast.begin(nothing, layout, guidance=1.0)
        found = []
        for n in range(frames):
            x = fast.embed(codes[None, :, n : n + 1], n)
            found.append(run.feed(x).reshape(exact.shape[1:]).copy())
        del run, fast  # Windows keeps mapped files in place
    return float(np.linalg.norm(np.stack(found) - exact) / np.linalg.norm(exact))


def main() -> None:
    """Read the case from the command line, measure, print one line of JSON."""
    case = json.loads(sys.argv[1])
    try:
        home = Path(case["home"]) if case["home"] else None
        answer: dict[str, Any] = {"result": measure(case["model"], home)}
    except BridgeError as error:
        answer = {"error": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer) + "\n")
