"""One decoding step with fixed shapes, recorded once and replayed: CUDA graphs for decode.py.

A recorded step costs one launch instead of some six hundred. Cache lengths come in buckets; each
bucket is recorded when the clip reaches it. The recording path has not been run on a GPU; its
arithmetic is tested on a processor with recording off.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from .decode import Cache, Decoder, draw, mix_guidance
from .sampling import Sampling

BUCKETS = (256, 512, 1024, 1536, 2048)  # cache lengths


def bucket_for(length: int) -> int:
    """The smallest bucket that holds `length` positions; beyond the last one, the length itself."""
    return next((bucket for bucket in BUCKETS if bucket >= length), length)


class BucketStep:
    """Callable as a step of `decode`: embed, all layers, guidance and the draw in one recording."""

    def __init__(
        self, decoder: Decoder, sampling: Sampling, guided: bool, record: bool = True
    ) -> None:
        self._decoder, self._sampling, self._guided, self._record = (
            decoder,
            sampling,
            guided,
            record,
        )
        self._replays: dict[int, Callable[[], None]] = {}
        self._ids = self._where = self._tokens = torch.empty(0)
        self._noise: Tensor | None = None

    def __call__(self, ids: Tensor, cache: Cache, noise: Tensor | None) -> Tensor:
        """Token ids [B, C, 1] at the next position -> the tokens after it [B, C]."""
        bucket = min(bucket_for(cache.length + 1), cache.room)
        if not self._replays:
            self._ids, self._where = ids.clone(), torch.tensor([cache.length], device=ids.device)
            self._noise = None if noise is None else noise.clone()
            self._tokens = torch.zeros_like(ids[:, :, 0])
        self._ids.copy_(ids)
        self._where.fill_(cache.length)
        if self._noise is not None and noise is not None:
            self._noise.copy_(noise)
        if bucket not in self._replays:
            self._replays[bucket] = self._prepare(cache, bucket)
        self._replays[bucket]()
        cache.length += 1
        return self._tokens

    def _prepare(self, cache: Cache, bucket: int) -> Callable[[], None]:
        def run() -> None:
            x = self._decoder.embed(self._ids)
            x = x.repeat(2, 1, 1) if self._guided else x
            logits = self._decoder.step_in_bucket(x, cache, self._where, bucket)
            logits = mix_guidance(logits, self._sampling.guidance) if self._guided else logits
            self._tokens.copy_(draw(logits, self._sampling, self._noise))

        if not self._record:
            return run
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):  # warm-up outside the recording, as CUDA graphs ask for
            for _ in range(2):
                run()  # writes the same position twice: harmless
        torch.cuda.current_stream().wait_stream(side)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            run()
        return graph.replay
