"""Steps recorded once and kept between clips give the ids of the plain loop, whatever came before."""

import weakref
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map

from bridge.engines.musicgen import MusicgenEngine
from bridge.engines.musicgen.backend import TorchBackend
from bridge.engines.musicgen.decode import Condition, Decoder, Kind, Stepper, generators
from bridge.engines.musicgen.graphs import RecordedStepper, Recordings, bucket_for, text_room_for
from bridge.engines.musicgen.pattern import plan
from bridge.engines.musicgen.random_model import build_model
from bridge.engines.musicgen.sampling import Sampling
from bridge.engines.musicgen.shapes import SHAPES
from bridge.engines.musicgen.stock import load_model, load_tokenizer
from bridge.errors import Cancelled

Tiny = Callable[..., Path]
Run = Callable[[], None]

# what brings a value to Python, takes one from it, or has a shape that depends on values
FORBIDDEN = (
    "_local_scalar_dense",
    "item.default",
    "lift_fresh",
    "nonzero",
    "masked_select",
    "equal.default",
)


class Tape(TorchDispatchMode):
    """Records the tensor operations of a run as a CUDA graph does: nothing of Python is run again.

    Every operation reads and writes the tensors it was recorded with; what Python decided meanwhile
    (positions, settings, branches) is frozen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[tuple[Any, Any, Any, list[Any]]] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        assert not any(name in str(func) for name in FORBIDDEN), func
        out = func(*args, **(kwargs or {}))
        self.steps.append((func, args, kwargs or {}, tree_flatten(out)[0]))
        return out

    def replay(self) -> None:
        now: dict[int, Any] = {}  # a recorded result -> the one of this replay

        def current(value: Any) -> Any:
            return now.get(id(value), value) if isinstance(value, torch.Tensor) else value

        for func, args, kwargs, results in self.steps:
            out = func(*tree_map(current, args), **tree_map(current, kwargs))
            for old, new in zip(results, tree_flatten(out)[0], strict=True):
                now[id(old)] = new

    def launches(self) -> int:
        """How many of the operations compute; the others only look at memory in another way."""

        def places(values: Any) -> set[int]:
            tensors = (v for v in tree_flatten(values)[0] if isinstance(v, torch.Tensor))
            return {tensor.untyped_storage().data_ptr() for tensor in tensors}

        return sum(
            func._schema.is_mutable or not places(results) <= places((args, kwargs))
            for func, args, kwargs, results in self.steps
        )


class Recorder:
    """Stands in for GraphRecorder; counts what it recorded."""

    made = 0

    def __call__(self, run: Run) -> Run:
        run()  # the warm-up, which leaves keys and values behind
        Recorder.made += 1
        with Tape() as tape:
            run()
        return tape.replay


def unrecorded() -> Callable[[Run], Run]:
    return lambda run: run


def backend(folder: Path, recordings: Recordings | None = None, kind: str = "fp32") -> TorchBackend:
    model = load_model(folder, melody="melody" in folder.name)
    with torch.no_grad():  # else the text hardly matters to random weights
        model.enc_to_dec_proj.weight.mul_(50)
    return TorchBackend(model, load_tokenizer(folder), "cpu", kind, recordings)


def no_report(fraction: float) -> None:
    """Progress that nobody wants to know."""


def clip(
    backend: TorchBackend, prompt: str = "house drums", batch: int = 1, frames: int = 20,
    sampling: Sampling = Sampling(),  # noqa: B008 (frozen)
    given: int = 0, melody: bool = False, seed: int = 1,
    report: Callable[[float], None] = no_report,
) -> np.ndarray:  # fmt: skip
    """The codes of a clip."""
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 60, (1, backend.codebooks, given)) if given else None
    chroma = np.eye(12, dtype=np.float32)[rng.integers(0, 12, 7)] if melody else None
    layout = plan(batch, backend.codebooks, backend.channels, frames + given, backend.pad, start)
    seeds = [seed + n for n in range(batch)]
    return backend.tokens(prompt, chroma, layout, sampling, seeds, report)


LONG = "slow piano in C minor, 70 bpm, with a long, long list of what it sounds like " * 3
CLIPS: list[dict[str, Any]] = [
    {},
    {"prompt": "bass", "frames": 9},  # shorter, with less text
    {"sampling": Sampling(guidance=5.5, temperature=0.8)},
    {"prompt": LONG},  # more text than there is room for
    {"frames": 300},  # more positions than there is room for
    {"frames": 12, "seed": 9},
    {"sampling": Sampling(greedy=True)},
    {"batch": 3},
    {"sampling": Sampling(top_k=5)},
    {"sampling": Sampling(guidance=1.0)},
    {"prompt": ""},
    {"prompt": "", "given": 6},
    {"given": 30, "batch": 3},
    {"given": 250, "frames": 20},
    {"melody": True, "prompt": LONG},
    {},
]


@pytest.mark.parametrize("recorder", [unrecorded, Recorder])
@pytest.mark.parametrize("name", ["tiny", "stereo-tiny", "melody-tiny"])
def test_kept_steps_give_the_same_ids_clip_after_clip(
    tiny: Tiny, name: str, recorder: Callable[[], Callable[[Run], Run]]
) -> None:
    plain, kept = backend(tiny(name)), backend(tiny(name), Recordings(recorder))
    for wanted in CLIPS:
        if wanted.get("melody") and not plain.melody:
            continue
        assert np.array_equal(clip(plain, **wanted), clip(kept, **wanted)), wanted


def test_text_and_settings_matter_to_these_clips(tiny: Tiny) -> None:
    """Else the test above would compare nothing."""
    plain = backend(tiny())
    changes: list[dict[str, Any]] = [
        {}, {"prompt": "bass"}, {"prompt": LONG}, {"sampling": Sampling(guidance=5.5)},
        {"sampling": Sampling(temperature=0.8)}, {"sampling": Sampling(top_k=5)}, {"prompt": ""},
    ]  # fmt: skip
    assert len({clip(plain, **change).tobytes() for change in changes}) == len(changes)


def test_later_clips_record_nothing(tiny: Tiny) -> None:
    kept = backend(tiny(), Recordings(Recorder))
    Recorder.made = 0
    clip(kept, frames=280)
    assert Recorder.made == 2  # the buckets of 256 and 512 positions
    clip(kept, frames=270, prompt="bass", sampling=Sampling(2.0, 0.5), seed=8)
    clip(kept, given=20, frames=30)
    assert Recorder.made == 2
    clip(kept, prompt="")
    clip(kept)
    assert Recorder.made == 3
    clip(kept, sampling=Sampling(top_k=3))  # a third kind: the one without a prompt goes
    clip(kept)
    assert Recorder.made == 4


def launches(layers: int, text: bool) -> int:
    """Of one recorded step, with guidance."""
    decoder = Decoder(build_model(replace(SHAPES["tiny"], layers=layers)).decoder)
    with torch.inference_mode():
        wanted = (
            Condition(torch.randn(1, 5, 64)) if text else Condition(prefix=torch.randn(2, 5, 64))
        )
        kind = Kind.of(1, wanted, Sampling(), decoder.vocabulary)
        stepper = RecordedStepper(decoder, kind, 40, 5 if text else 0, Recorder())
        stepper.begin(wanted, Sampling())
        stepper(torch.zeros(1, 4, 1, dtype=torch.int64), generators([1], decoder.device))
    (replay,) = stepper._replays.values()
    tape: Tape = replay.__self__  # type: ignore[attr-defined]
    return tape.launches()


@pytest.mark.parametrize(("text", "most"), [(True, 13), (False, 9)])
def test_a_layer_is_few_launches(text: bool, most: int) -> None:
    """On a GPU a step of small takes as long as its launches: normalise, multiply, attend, and little else."""
    assert launches(3, text) - launches(2, text) <= most


def test_memory_of_two_kinds_is_kept_and_grows_only_when_needed(tiny: Tiny) -> None:
    recordings = Recordings(unrecorded)
    kept = backend(tiny(), recordings)
    rooms = []
    for wanted in ({}, {"frames": 300}, {}, {"prompt": LONG}):
        clip(kept, **wanted)
        (stepper,) = recordings._kept.values()
        rooms.append((stepper.cache.room, stepper.cache.text_room))
    assert rooms == [(256, 64), (512, 64), (512, 64), (512, 256)]
    for batch in (2, 3, 4):
        clip(kept, batch=batch)
    assert [kind.clips for kind in recordings._kept] == [3, 4]
    kept.forget()
    assert not recordings._kept
    clip(kept)


def test_unloading_the_engine_gives_the_memory_back(tiny: Tiny) -> None:
    recordings = Recordings(unrecorded)
    engine = MusicgenEngine(str(tiny()))
    engine._backend = backend(tiny(), recordings)
    clip(engine._backend)
    model = weakref.ref(engine._backend._model)
    assert recordings._kept
    engine.unload()
    assert not recordings._kept and engine._backend is None and model() is None


def test_rooms() -> None:
    assert [bucket_for(n) for n in (1, 256, 257, 1504, 2049)] == [256, 256, 512, 1536, 2560]
    assert [text_room_for(n) for n in (0, 1, 64, 65, 600)] == [0, 64, 64, 128, 1024]


def test_position_table_grows_with_the_room(tiny: Tiny) -> None:
    """A recorded step keeps the table it was recorded with."""
    plain, kept = backend(tiny()), backend(tiny(), Recordings(Recorder))
    for frames, given in ((20, 0), (10, 2045), (20, 0)):
        assert np.array_equal(
            clip(plain, frames=frames, given=given), clip(kept, frames=frames, given=given)
        )


def test_cancel_in_the_middle_leaves_nothing_behind(tiny: Tiny) -> None:
    plain, kept = backend(tiny()), backend(tiny(), Recordings(Recorder))

    def stop(fraction: float) -> None:
        if fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        clip(kept, prompt=LONG, frames=100, report=stop)
    assert np.array_equal(clip(plain), clip(kept))


def test_numbers_that_overflowed_do_not_reach_the_next_clip(tiny: Tiny) -> None:
    recordings = Recordings(Recorder)
    plain, kept = backend(tiny()), backend(tiny(), recordings)
    clip(kept, frames=100)
    (stepper,) = recordings._kept.values()
    assert isinstance(stepper, RecordedStepper) and stepper.cache.cross is not None
    with torch.inference_mode():
        for room in stepper.cache.own + stepper.cache.cross:
            room.fill_(torch.nan)
    assert np.array_equal(clip(plain), clip(kept))


@pytest.mark.parametrize("name", ["tiny", "stereo-tiny", "melody-tiny"])
@pytest.mark.parametrize("kind", ["bf16", "fp16"])
def test_half_precision_renders_finite_sound(tiny: Tiny, name: str, kind: str) -> None:
    for recordings in (None, Recordings(Recorder)):
        half = backend(tiny(name), recordings, kind)
        codes = clip(half, batch=2, melody=half.melody)
        sounds = half.audio(codes, no_report)
        again = half.encode(sounds[0])
        assert codes.shape == (2, half.codebooks, 20) and codes.max() < half.pad
        assert all(sound.shape == (half.channels, 20 * half.hop) for sound in sounds)
        assert all(np.isfinite(sound).all() and np.abs(sound).max() > 1e-4 for sound in sounds)
        assert again.shape == (1, half.codebooks, 20)


def test_full_memory_is_a_memory_error_and_nothing_is_kept(tiny: Tiny) -> None:
    recordings = Recordings(unrecorded)
    kept = backend(tiny(), recordings)
    clip(kept)
    with pytest.raises(MemoryError), kept._memory_errors():
        torch.empty(1 << 60)
    assert not recordings._kept
    with pytest.raises(RuntimeError, match="shape"), kept._memory_errors():
        torch.zeros(2).view(3)
    clip(kept)


class SmallMemory(Recordings):
    """As on an accelerator that holds three clips at once."""

    def __call__(self, decoder: Decoder, kind: Kind, positions: int, tokens: int) -> Stepper:
        if kind.clips > 3:
            raise RuntimeError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        return super().__call__(decoder, kind, positions, tokens)


def test_clips_that_do_not_fit_at_once_are_rendered_in_parts(tiny: Tiny) -> None:
    plain, small = backend(tiny()), backend(tiny(), SmallMemory(unrecorded))
    seen: list[float] = []
    assert np.array_equal(clip(plain, batch=7), clip(small, batch=7, report=seen.append))
    assert seen == sorted(seen) and seen[-1] == 1.0
    with pytest.raises(MemoryError):
        clip(backend(tiny(), NoMemory(unrecorded)), batch=2)


class NoMemory(Recordings):
    """As on an accelerator that holds nothing."""

    def __call__(self, decoder: Decoder, kind: Kind, positions: int, tokens: int) -> Stepper:
        raise RuntimeError("MPS backend out of memory")


def test_kinds_with_the_same_operations_are_one(tiny: Tiny) -> None:
    recordings = Recordings(unrecorded)
    kept = backend(tiny(), recordings)
    for top_k in (0, 64, 250):  # the tiny vocabulary has 64 entries: all of them
        clip(kept, sampling=Sampling(top_k=top_k))
    assert len(recordings._kept) == 1
