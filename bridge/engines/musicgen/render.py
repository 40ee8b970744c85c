"""One request from words to clips: prompt, source, batches, the check of what came out, one retry."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...errors import BridgeError
from ...prompting import compose_prompt
from .. import GenerateRequest, Part, Progress, Render, Take
from . import source as sources
from .chroma import MAX_SECONDS as MELODY_SECONDS
from .chroma import chroma
from .memory import available_bytes, cache_bytes
from .sampling import Sampling
from .windows import WINDOW_FRAMES, render_tokens

if TYPE_CHECKING:
    from .backend import FastBackend, TorchBackend
    from .pattern import Ids

    Floats = NDArray[np.float32]

RETRY_SEED_STEP = 104_729  # far from the seeds of neighbouring variations
SILENT_RMS = 1e-4
LEAST_FRAMES = 4  # the last convolution of EnCodec's encoder mirrors 3 frames at either end
LEAD_S = 0.1  # of the continued material, in the model's version: what a seam is faded over
_MEMORY_SHARE = 0.8


def with_musical_hints(request: GenerateRequest) -> str:
    """The prompt plus tempo, key and meter where it does not name them; nothing stays nothing."""
    return compose_prompt(request) if request.prompt.strip() else ""


@dataclass(slots=True)
class _Work:
    """What stays the same for every batch of a request."""

    backend: FastBackend | TorchBackend
    prompt: str
    sampling: Sampling
    frames: int  # of the whole token sequence, the continued material included
    start: Ids | None
    melody: Floats | None
    progress: Progress
    decoding_s: list[float] = field(default_factory=list)

    @property
    def given(self) -> int:
        """Frames of material that is continued and not part of the result."""
        return 0 if self.start is None else int(self.start.shape[2])


def render(
    backend: FastBackend | TorchBackend, request: GenerateRequest, progress: Progress
) -> Render:
    """Every variation of a request; see MusicgenEngine.generate."""
    progress("generating", 0.0)
    start, melody = _read_source(backend, request)
    rate = backend.sample_rate / backend.hop
    given = 0 if start is None else start.shape[2]
    work = _Work(
        backend, with_musical_hints(request),
        Sampling(request.guidance, request.temperature, request.top_k),
        given + ceil(request.seconds * rate), start, melody, progress,
    )  # fmt: skip
    seeds = [request.seed + n for n in range(request.variations)]
    size = batch_size(work, request.variations)
    started = time.monotonic()
    clips: list[Part] = []
    for first in range(0, len(seeds), size):
        clips += _render_batch(
            work, seeds[first : first + size], first / len(seeds), size / len(seeds)
        )
    retries = _retry_silent(work, clips, seeds)
    steps = (work.frames - work.given) * ceil(len(seeds) / size)
    report: dict[str, object] = {
        "prompt": work.prompt,
        "steps": steps,
        "seconds_per_step": round(sum(work.decoding_s) / max(1, steps), 6),
        "seconds": round(time.monotonic() - started, 3),
        "precision": backend.precision,
        "device": backend.device,
        "retries": retries,
    }
    takes = [Take(n + 1, seeds[n], [clip]) for n, clip in enumerate(clips)]
    return Render(backend.sample_rate, takes, report)


def _read_source(
    backend: FastBackend | TorchBackend, request: GenerateRequest
) -> tuple[Ids | None, Floats | None]:
    """The tokens to go on from, or the melody; both None without a source."""
    if request.source is None:
        return None, None
    if request.source.mode == "continue":
        sound = sources.prepare(
            request.source,
            backend.sample_rate,
            backend.channels,
            sources.MAX_CONTEXT_SECONDS,
            from_end=True,
        )
        missing = LEAST_FRAMES * backend.hop - sound.shape[1]
        if missing > 0:
            sound = np.pad(sound, ((0, 0), (missing, 0)))
        # whole frames that end with the source: what the codec drops must not lie before the seam
        sound = sound[:, sound.shape[1] % backend.hop :]
        return backend.encode(sound), None
    if not backend.melody:
        raise BridgeError(
            "out-of-range",
            "source_mode melody needs a Melody checkpoint (model melody, or stereo-melody), this is another",
        )
    tune = sources.prepare(request.source, backend.sample_rate, 1, MELODY_SECONDS, from_end=False)
    return None, chroma(tune[0], backend.chroma_filters())


def batch_size(work: _Work, variations: int, available: int | None = None) -> int:
    """How many variations fit in main memory at once; BridgeError `out-of-range` when not even one does.

    A card with memory of its own finds out by itself: what does not fit there is halved.
    """
    backend = work.backend
    available = available_bytes() if available is None else available
    if available is None or backend.device == "cuda":
        return variations
    positions = min(work.frames, WINDOW_FRAMES) + 256  # and a melody prefix
    one = cache_bytes(backend.layers, backend.width, 2, positions, backend.cache_item_bytes)
    fitting = int(available * _MEMORY_SHARE / one)
    if fitting < 1:
        raise BridgeError(
            "out-of-range",
            f"this clip takes {one / 1e9:.1f} GB of memory beside the model and {available / 1e9:.1f} GB "
            "are free; ask for a shorter clip or close other programs",
        )
    return min(variations, fitting)


def _render_batch(work: _Work, seeds: list[int], offset: float, share: float) -> list[Part]:
    """A mix for each seed without the continued material, whose last moments are its lead."""
    backend, started = work.backend, time.monotonic()

    def within(fraction: float) -> None:
        work.progress("generating", min(1.0, offset + share * fraction))

    codes = render_tokens(
        backend, work.prompt, work.melody, work.start, work.frames, work.sampling, seeds, within
    )
    work.decoding_s.append(time.monotonic() - started)
    # of what was given, no more is made to sound than the lead
    start = max(0, work.given - ceil(LEAD_S * backend.sample_rate / backend.hop))
    clips = backend.audio(codes, lambda fraction: work.progress("decoding", fraction), start)
    begin = (work.given - start) * backend.hop
    lead = min(begin, round(LEAD_S * backend.sample_rate))
    return [
        Part("mix", clip[:, begin:], lead=clip[:, begin - lead : begin] if lead else None)
        for clip in clips
    ]


def is_failed(clip: Floats) -> bool:
    """Silence, or values that are not numbers: MusicGen's known ways to fail."""
    return not np.isfinite(clip).all() or float(np.sqrt(np.mean(np.square(clip)))) < SILENT_RMS


def _retry_silent(work: _Work, clips: list[Part], seeds: list[int]) -> int:
    """Render failed clips once more with another seed, in place; returns how many."""
    failed = [n for n, clip in enumerate(clips) if is_failed(clip.audio)]
    for n in failed:
        seeds[n] += RETRY_SEED_STEP
        clips[n] = _render_batch(work, [seeds[n]], 0.0, 1.0)[0]
        if is_failed(clips[n].audio):
            raise BridgeError(
                "model-failed",
                "the model rendered silence twice; try another seed or describe the music in more words",
            )
    return len(failed)
