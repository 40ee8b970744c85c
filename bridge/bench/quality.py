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


def linear_snr(weight: Floats, scheme: str, outliers: bool, rows: int = 8) -> float:
    """Signal-to-noise ratio in dB of one quantised layer [N, K] on normal inputs, run for real."""
    from ..engines.musicgen.fast import open_session
    from ..engines.musicgen.onnx_file import OnnxFile

    rng = np.random.default_rng(0)
    x = rng.standard_normal((rows, weight.shape[1]), dtype=np.float32)
    if outliers:
        x[:, rng.choice(weight.shape[1], OUTLIERS, replace=False)] *= OUTLIER_GAIN
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "linear.onnx"
        with OnnxFile(path) as graph:
            graph.input("x", "float", ["R", weight.shape[1]])
            graph.output("y", "float", ["R", weight.shape[0]])
            graph.node("Identity", linear(graph, "x", weight, scheme), outputs=["y"])
        session = open_session(path, 1)
        (y,) = session.run(["y"], {"x": x})
        del session  # Windows keeps mapped files in place
    return snr_db(x @ weight.T, y)


def measure(model_name: str, home: Path | None) -> dict[str, dict[str, float]]:
    """For each scheme: the worst linear of the first, middle and last layer, and the logits' error."""
    from ..engines.musicgen.decode import Decoder
    from ..engines.musicgen.weights import find_weights

    import torch  # isort: skip

    model, _ = find_weights(model_name, home).read()
    layers = model.decoder.model.decoder.layers
    picked = [layers[n] for n in sorted({0, len(layers) // 2, len(layers) - 1})]
    weights = [
        module.weight.detach().numpy()
        for layer in picked
        for module in layer.modules()
        if isinstance(module, torch.nn.Linear)
    ]
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
            "linear_snr_db": round(min(linear_snr(w, scheme, False) for w in weights), 2),
            "outlier_snr_db": round(min(linear_snr(w, scheme, True) for w in weights), 2),
            "logit_error": round(_logit_error(model, scheme, codes, exact), 5),
        }
        for scheme in BITS
    }


def _logit_error(model: Any, scheme: str, codes: NDArray[np.int64], exact: Floats) -> float:
    """Relative error of the logits when both read the same tokens: |difference| / |exact|."""
    from ..engines.musicgen.fast import StepRun, open_session, threads_for
    from ..engines.musicgen.onnx_file import array_of
    from ..engines.musicgen.step_graph import write_step_graph

    core, config = model.decoder.model.decoder, model.decoder.config
    books = np.stack([array_of(e.weight) for e in core.embed_tokens])
    places = array_of(core.embed_positions.weights)
    meta = {
        "layers": len(core.layers), "heads": config.num_attention_heads, "width": config.hidden_size,
        "codebooks": config.num_codebooks, "vocabulary": config.vocab_size,
    }  # fmt: skip
    text: dict[str, Floats] = {}
    if hasattr(core.layers[0], "encoder_attn"):
        nothing = np.zeros((1, meta["heads"], 1, meta["width"] // meta["heads"]), dtype=np.float32)
        text = {
            f"text_{kind}_{n}": nothing for n in range(meta["layers"]) for kind in ("key", "value")
        }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "step.onnx"
        write_step_graph(model.decoder, path, scheme)
        session = open_session(path, threads_for(meta["width"]))
        run = StepRun(session, meta, 1, 1, codes.shape[2], text)
        found = []
        for n in range(codes.shape[2]):
            x = books[np.arange(len(books)), codes[0, :, n]].sum(0) + places[n]
            found.append(run.feed(x[None, None]).reshape(1, *exact.shape[2:]).copy())
        del run, session
    ours = np.stack(found, axis=1)
    return float(np.linalg.norm(ours - exact) / np.linalg.norm(exact))


def main() -> None:
    """Read the case from the command line, measure, print one line of JSON."""
    case = json.loads(sys.argv[1])
    try:
        home = Path(case["home"]) if case["home"] else None
        answer: dict[str, Any] = {"result": measure(case["model"], home)}
    except BridgeError as error:
        answer = {"error": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer) + "\n")
