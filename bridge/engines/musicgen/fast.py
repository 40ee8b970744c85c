"""A converted checkpoint at work on ONNX Runtime and numpy: no torch, no transformers, no fp32 weights.

Letters as in decode.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from .pattern import Ids, Plan
from .rounded_cache import is_supported
from .sampling import Sampling, draw

Floats = NDArray[np.float32]
Report = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class FastCondition:
    """What the clip shall be: the text's keys and values, or (melody models) a prefix to read first."""

    text: dict[str, Floats]  # graph input -> [1, H, T, E]
    prefix: Floats | None = None  # [2, T, D]: conditional, unconditional
    given: bool = True  # False: no prompt, so that there is nothing to guide towards


_SMALL_WIDTH = 256
_REMEMBERED = 4  # prompts; 4 MB each at small's shape


def threads_for(width: int) -> int:
    """How many threads to compute with: the processors this process may use; one for toy models, whose
    steps are shorter than it takes to meet."""
    if width < _SMALL_WIDTH:
        return 1
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(path: Path, threads: int) -> Any:
    """One graph, ready to run; weights are mapped from the file beside it."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # its tiled attention is for long prompts: single steps take up to a tenth longer with it
    os.environ.setdefault("ORT_GQA_DISABLE_FLASH_ATTENTION", "1")
    return ort.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"],
        disabled_optimizers=["SkipLayerNormFusion"],  # its kernel takes up to three times as long
    )  # fmt: skip


class FastModel:
    """Text in, codes out; the codec is beside it in codec.py."""

    def __init__(self, folder: Path, rounded_cache: bool = True) -> None:
        """Open a converted folder; keys and values are kept in int8 where both it and ONNX Runtime can,
        and where `rounded_cache` does not forbid it."""
        self.meta = json.loads((folder / "meta.json").read_text())
        self.threads = threads_for(self.meta["width"])
        rounded = folder / "step_rounded.onnx"
        self.rounded_cache = rounded_cache and rounded.is_file() and is_supported()
        self._step = open_session(
            rounded if self.rounded_cache else folder / "step.onnx", self.threads
        )
        self._text = open_session(folder / "text.onnx", self.threads)
        self._tables = {path.stem: np.load(path, mmap_mode="r") for path in folder.glob("*.npy")}
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._layers, self._heads, self._width = (
            self.meta[k] for k in ("layers", "heads", "width")
        )
        self._reads_text = not self.meta["chroma_frames"]
        self._lately_read: dict[str, dict[str, Floats]] = {}

    def condition(self, prompt: str, chroma: Floats | None = None) -> FastCondition:
        """Read the prompt, and `chroma` [n, 12] one-hot where the model takes a melody."""
        if not prompt and self._reads_text:
            shape = (1, self._heads, 1, self._width // self._heads)
            zeros = np.zeros(shape, dtype=np.float32)
            names = [f"text_{kind}_{n}" for n in range(self._layers) for kind in ("key", "value")]
            return FastCondition(dict.fromkeys(names, zeros), given=False)
        states = self._read(prompt)
        if self._reads_text:
            return FastCondition(states)
        return FastCondition({}, self._prefix(states["states"], chroma))

    def table(self, name: str) -> Floats:
        """One of the arrays beside the graphs."""
        return np.asarray(self._tables[name])

    def _read(self, prompt: str) -> dict[str, Floats]:
        """The text graph's outputs; the latest prompts are remembered, as windows and takes share one."""
        if prompt not in self._lately_read:
            while len(self._lately_read) >= _REMEMBERED:
                del self._lately_read[next(iter(self._lately_read))]
            self._lately_read[prompt] = self._read_anew(prompt)
        return self._lately_read[prompt]

    def _read_anew(self, prompt: str) -> dict[str, Floats]:
        bias_table = self._tables[
            "text_bias"
        ]  # by distance: as many tokens as it reaches to either side
        most = (bias_table.shape[1] + 1) // 2
        ids = self._tokenizer.encode(prompt).ids
        if len(ids) > most:
            ids = [*ids[: most - 1], ids[-1]]
        embedded = np.asarray(self._tables["text_embeddings"][ids], dtype=np.float32)[None]
        steps = np.arange(len(ids))
        distance = steps[None, :] - steps[:, None] + most - 1
        bias = np.ascontiguousarray(bias_table[:, distance])[None]
        names = [output.name for output in self._text.get_outputs()]
        found = self._text.run(names, {"embedded": embedded, "bias": bias})
        return dict(zip(names, found, strict=True))

    def _prefix(self, states: Floats, chroma: Floats | None) -> Floats:
        """[2, chroma + T, D]; the unconditional row has zero text and pitch class 0 as its melody."""
        wanted = self.meta["chroma_frames"]
        null = np.zeros((1, 12), dtype=np.float32)
        null[0, 0] = 1
        both = []
        for melody, text in (
            (null if chroma is None else chroma, states[0]),
            (null, 0 * states[0]),
        ):
            repeated = np.tile(melody, (-(-wanted // len(melody)), 1))[:wanted]
            projected = repeated @ self._tables["chroma_weight"].T + self._tables["chroma_bias"]
            both.append(np.concatenate([projected, text]))
        return np.stack(both).astype(np.float32)

    def decode(
        self, condition: FastCondition, layout: Plan, sampling: Sampling, seeds: list[int],
        report: Report = lambda fraction: None,
    ) -> Ids:  # fmt: skip
        """Sample every unknown token of `layout`; returns codes [B, C, frames].

        `report` gets the fraction done after each step and may raise to stop.
        """
        run = self.begin(condition, layout, sampling.guidance)
        return self.sample(run, layout, sampling, seeds, report)

    def begin(self, condition: FastCondition, layout: Plan, guidance: float) -> StepRun:
        """Room for the clips of `layout`, and what a melody model reads before them."""
        batch = len(layout.ids)
        mix = np.eye(batch, dtype=np.float32)
        if guidance > 1 and condition.given:
            mix = np.concatenate([guidance * mix, (1 - guidance) * mix], axis=1, dtype=np.float32)
        prefix = None
        if condition.prefix is not None:
            kinds = [0] * batch + [1] * (mix.shape[1] - batch)
            prefix = (
                condition.prefix[kinds] + self._tables["positions"][: condition.prefix.shape[1]]
            )
        return StepRun(self._step, self.meta, mix, layout.positions, condition.text, prefix)

    def embed(self, codes: Ids, start: int) -> Floats:
        """[B, C, S] -> [B, S, D], with the positions from `start` on."""
        books = np.arange(codes.shape[1])[None, :, None]
        x = self._tables["embeddings"][books, codes].sum(1)
        return np.asarray(x + self._tables["positions"][start : start + codes.shape[2]])

    def sample(
        self, run: StepRun, layout: Plan, sampling: Sampling, seeds: list[int], report: Report,
        offset: int = 0,
    ) -> Ids:  # fmt: skip
        """As `decode`, from a run that has begun; `offset` moves the clip to later positions."""
        ids, fed = layout.ids.copy(), 0
        batch, guided, start = len(ids), run.rows > len(ids), run.start + offset
        sources = [np.random.default_rng(seed % 2**64) for seed in seeds]
        shape = (batch, self.meta["codebooks"], self.meta["vocabulary"])
        for position in range(layout.first, layout.positions):
            x = self.embed(ids[:, :, fed:position], start + fed)
            logits = run.feed(np.concatenate([x, x]) if guided else x).reshape(shape)
            tokens = draw(logits, sampling, sources)
            ids[:, :, position] = np.where(layout.known[:, position], ids[:, :, position], tokens)
            fed = position
            report((position - layout.first + 1) / layout.steps)
        return layout.codes(ids)


class StepRun:
    """One clip being decoded: caches bound once, written in place by the graph."""

    def __init__(
        self,
        session: Any,
        meta: dict[str, int],
        mix: Floats,
        positions: int,
        text: dict[str, Floats],
        prefix: Floats | None = None,
    ) -> None:
        """Room for sequences of `positions`, which `mix` [B, R] makes clips of; the first B are told `text`.

        `prefix` [R, T, D], with positions, comes before them: it is fed with the first of them, as
        GroupQueryAttention reads several positions at once only at the very beginning.
        """
        self.start = 0 if prefix is None else prefix.shape[1]
        batch, rows = mix.shape
        self._session, self._meta, self._mix, self._text = session, meta, mix, text
        self.rows, self.length, self._prefix = rows, 0, prefix
        self._binding = session.io_binding()
        self._kept: list[Any] = []  # what is bound must outlive the runs
        shape = (rows, meta["heads"], positions + self.start, meta["width"] // meta["heads"])
        types = {item.name: item.type for item in session.get_inputs()}
        kept_as = np.int8 if types["past_key_0"] == "tensor(int8)" else np.float32
        self._cache: list[Any] = []
        # in one piece: numpy asks the system for large pages then, and every step walks through all of it
        self._rooms = np.zeros((meta["layers"], 2, *shape), dtype=kept_as)
        for number in range(meta["layers"]):
            for kind, room in zip(("key", "value"), self._rooms[number], strict=True):
                past = self._bind(f"past_{kind}_{number}", room)
                self._binding.bind_ortvalue_output(f"present_{kind}_{number}", past)
                self._cache.append(past)
        self._bind("mix", mix)
        for name, array in text.items():
            self._bind(name, array)
        if text:
            self._bind("told_rows", np.array([batch], dtype=np.int64))
            self._bind("untold_pad", np.array([0, 0, 0, rows - batch, 0, 0], dtype=np.int64))
        logits = np.empty((batch, meta["codebooks"] * meta["vocabulary"]), dtype=np.float32)
        value = ort.OrtValue.ortvalue_from_numpy(logits)
        self._binding.bind_ortvalue_output("logits", value)
        self._logits = value

    def _bind(self, name: str, array: NDArray[Any]) -> Any:
        value = ort.OrtValue.ortvalue_from_numpy(array)
        self._kept.append((value, array))
        self._binding.bind_ortvalue_input(name, value)
        return value

    def feed(self, x: Floats) -> Floats:
        """[R, S, D] at the next S positions -> logits after the last [B, C V]; S > 1 only at the start."""
        if self._prefix is not None:
            x, self._prefix = np.concatenate([self._prefix, x], axis=1), None
        takes = x.reshape(-1, len(self._mix), *x.shape[1:])  # of the told rows, of the untold ones
        if x.shape[1] > 1 and takes.shape[1] > 1 and (takes == takes[:, :1]).all():
            return self._read_once(takes[:, 0])
        return self._run(x)

    def _read_once(self, x: Floats) -> Floats:
        """All takes begin alike: one of them is read, and the cache of the others is a copy of its own."""
        batch, positions = len(self._mix), x.shape[1]
        firsts = list(range(0, self.rows, batch))
        one = StepRun(self._session, self._meta, self._mix[:1, firsts], positions, self._text)
        logits = one._run(x)
        for place, first in enumerate(firsts):
            read = one._rooms[:, :, place : place + 1]
            self._rooms[:, :, first : first + batch, :, :positions] = read
        self.length = one.length
        return np.repeat(logits, batch, axis=0)

    def _run(self, x: Floats) -> Floats:
        self.length += x.shape[1]
        last = np.full(self.rows, self.length - 1, dtype=np.int32)
        inputs = {"x": x, "last_position": last, "length": np.array(self.length, dtype=np.int32)}
        for name, array in inputs.items():
            self._binding.bind_cpu_input(name, array)
        self._session.run_with_iobinding(self._binding)
        found: Floats = self._logits.numpy()
        return found

    def peaks(self) -> Floats:
        """Largest absolute value of every channel of the cache: [layers, 2, H, E]."""
        flat = [np.abs(part.numpy()[:, :, : self.length]).max((0, 2)) for part in self._cache]
        return np.stack(flat).reshape(-1, 2, *flat[0].shape)
