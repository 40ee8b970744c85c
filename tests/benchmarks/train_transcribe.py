"""Trains the two small networks of bridge/transcribe on rendered music.

    python -m tests.benchmarks.train_transcribe collect notes DATA FONT.sf2 --first 0 --count 200
    python -m tests.benchmarks.train_transcribe collect drums DATA FONT.sf2 --first 0 --count 200
    python -m tests.benchmarks.train_transcribe fit notes DATA
    python -m tests.benchmarks.train_transcribe fit drums DATA

`collect` renders clips (FluidSynth, a sound font, and the tests' own synthesizers), gathers the
evidence and what was true, and adds one file to the folder DATA; `fit` learns from all files there
and writes bridge/transcribe/<network>.npz. The shipped networks learned from TimGM6mb.sf2; the
benchmark judges them on other pieces, other timbres, and another sound font.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bridge.transcribe import candidates, drums
from bridge.transcribe.model import listen
from bridge.transcribe.prepare import prepare
from bridge.transcribe.spectrum import key_levels
from tests.transcribe import corpus
from tests.transcribe.synth import RATE

PACKAGE = Path(drums.__file__).parent
LATEST_S = 0.15  # a candidate up to this far from a note's start may still be that note
HIT_S = 0.04
Arrays = dict[str, NDArray[np.float32]]


def note_rows(clip: corpus.Clip) -> Arrays:
    """Evidence of every candidate of a clip, whether it is a note, and how late it is (s)."""
    ready = prepare(clip.audio, RATE)
    heard = listen(ready.samples, lambda _: None)
    found = candidates.find(heard, key_levels(ready.samples))
    starts = candidates.start_seconds(heard, found)
    is_note = np.zeros(len(starts), np.float32)
    late = np.zeros(len(starts), np.float32)
    pairs = []
    for number, (start, _end, pitch) in enumerate(clip.notes):
        near = (found.key + 21 == pitch) & (np.abs(starts - start) < LATEST_S)
        pairs += [(abs(starts[i] - start), i, number) for i in np.nonzero(near)[0]]
    taken = set()
    for _distance, i, number in sorted(pairs):
        if not is_note[i] and number not in taken:
            taken.add(number)
            is_note[i], late[i] = 1, starts[i] - clip.notes[number][0]
    return {"evidence": found.evidence, "wanted": np.stack([is_note, late * 10], axis=1)}


def drum_rows(clip: corpus.Clip) -> Arrays:
    """Evidence of every onset of a clip, and which drums were struck there."""
    ready = prepare(clip.audio, RATE)
    levels = drums.band_levels(ready.samples, lambda _: None)
    frames = drums.onsets(levels)
    wanted = np.zeros((len(frames), len(drums.KIT)), np.float32)
    for start, _end, pitch in clip.notes:
        distance = np.abs(frames * drums.FRAME_S - start)
        if len(frames) and distance.min() < HIT_S:
            wanted[int(distance.argmin()), drums.KIT.index(pitch)] = 1
    return {"evidence": drums.evidence(levels, frames), "wanted": wanted}


def collect(network: str, data: Path, font: Path, first: int, count: int) -> None:
    """Render `count` clips from seed `first` on and store their rows."""
    rows: list[Arrays] = []
    for seed in range(first, first + count):
        if network == "notes":
            rows.append(note_rows(corpus.random_clip(seed, font)))
        else:
            own = random.Random(seed).random() < 0.25
            rows.append(drum_rows(corpus.drum_clip(seed, None if own else font)))
    data.mkdir(parents=True, exist_ok=True)
    joined = {key: np.concatenate([r[key] for r in rows]) for key in rows[0]}
    np.savez(data / f"{network}-{first}.npz", **joined)
    print(network, first, joined["evidence"].shape, joined["wanted"][:, 0].sum())  # noqa: T201


def fit(network: str, data: Path) -> None:
    """Learn from every stored row; two hidden layers, 8 % input noise against learning by heart."""
    import torch

    torch.manual_seed(0)
    torch.set_num_threads(1)  # so small a network gains nothing from more
    files = [np.load(path) for path in sorted(data.glob(f"{network}-*.npz"))]
    rows = np.concatenate([f["evidence"] for f in files])
    wanted = torch.from_numpy(np.concatenate([f["wanted"] for f in files]))
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    inputs = torch.from_numpy((rows - mean) / spread).float()
    hidden, epochs, batch, noise = (
        ((64, 32), 12, 8192, 0.08) if network == "notes" else ((48,), 120, 256, 0.15)
    )
    sizes = (rows.shape[1], *hidden, wanted.shape[1])
    layers = [torch.nn.Linear(a, b) for a, b in zip(sizes, sizes[1:], strict=False)]
    net = torch.nn.Sequential(*(m for layer in layers for m in (layer, torch.nn.ReLU())))[:-1]
    steps = torch.optim.AdamW(net.parameters(), lr=3e-3, weight_decay=0.02)
    slower = torch.optim.lr_scheduler.CosineAnnealingLR(steps, epochs)
    for epoch in range(epochs):
        total = 0.0
        for chosen in torch.randperm(len(inputs)).split(batch):
            blurred = inputs[chosen] + noise * torch.randn(len(chosen), inputs.shape[1])
            loss = _loss(network, net(blurred), wanted[chosen])
            steps.zero_grad()
            loss.backward()
            steps.step()
            total += float(loss.detach()) * len(chosen)
        slower.step()
        print(f"{network} epoch {epoch + 1}/{epochs}: loss {total / len(inputs):.4f}")  # noqa: T201
    _store(network, layers, mean, spread)


def _loss(network: str, said, wanted):  # type: ignore[no-untyped-def]
    """Cross-entropy of the yes-or-no outputs; for notes also how wrong the delay of real ones is."""
    from torch.nn.functional import binary_cross_entropy_with_logits, smooth_l1_loss

    if network == "drums":
        return binary_cross_entropy_with_logits(said, wanted)
    loss = binary_cross_entropy_with_logits(said[:, 0], wanted[:, 0])
    real = wanted[:, 0] > 0
    if real.any():
        loss = loss + 0.3 * smooth_l1_loss(said[real, 1], wanted[real, 1], beta=0.1)
    return loss


def _store(network: str, layers: list, mean: NDArray, spread: NDArray) -> None:  # type: ignore[type-arg]
    arrays: Arrays = {}
    for i, layer in enumerate(layers):
        weight = layer.weight.detach().double().numpy().T
        bias = layer.bias.detach().double().numpy()
        if i == 0:  # the scaling of the inputs becomes part of the first layer
            bias = bias - (mean / spread) @ weight
            weight = weight / spread[:, None]
        arrays[f"weight{i}"], arrays[f"bias{i}"] = (
            weight.astype(np.float32),
            bias.astype(np.float32),
        )
    np.savez(PACKAGE / f"{network}.npz", **arrays)


def main() -> None:
    """Read the command line and do it."""
    parser = argparse.ArgumentParser(description=__doc__)
    actions = parser.add_subparsers(required=True, dest="action")
    gather = actions.add_parser("collect")
    learn = actions.add_parser("fit")
    for action in (gather, learn):
        action.add_argument("network", choices=("notes", "drums"))
        action.add_argument("data", type=Path)
    gather.add_argument("font", type=Path)
    gather.add_argument("--first", type=int, default=0)
    gather.add_argument("--count", type=int, default=100)
    options = parser.parse_args()
    if options.action == "collect":
        collect(options.network, options.data, options.font, options.first, options.count)
    else:
        fit(options.network, options.data)


if __name__ == "__main__":
    main()
