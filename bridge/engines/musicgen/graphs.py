"""Decoding steps with fixed shapes, recorded once and replayed: CUDA graphs for decode.py.

A recorded step costs one launch instead of some six hundred. A recording reads and writes the memory
it was made with, so that memory is kept from clip to clip: later clips only replay. The recording
itself has not been run on a GPU; everything else is tested on a processor.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

import torch
from torch import Tensor

from .decode import Decoder, Kind, Stepper

log = logging.getLogger("bridge.musicgen")

BUCKETS = (256, 512, 1024, 1536, 2048)  # cache lengths; a 30 s window takes 1504 positions
LEAST_TEXT_ROOM = 64  # tokens; most prompts have fewer
KEPT_KINDS = 2  # a request's full batches, and the smaller one that is left over

Run = Callable[[], None]


def bucket_for(length: int) -> int:
    """The smallest bucket that holds `length` positions; beyond the last one, multiples of 512."""
    return next((bucket for bucket in BUCKETS if bucket >= length), -(-length // 512) * 512)


def text_room_for(tokens: int) -> int:
    """Powers of two from LEAST_TEXT_ROOM on, so that longer prompts soon need no new room; 0 for 0."""
    return max(LEAST_TEXT_ROOM, 1 << (tokens - 1).bit_length()) if tokens else 0


class GraphRecorder:
    """Records on one stream and into one memory pool.

    Graphs may share the pool as they are replayed one at a time and nothing in it outlives a replay.
    A pool dies with its last graph and must not be named again: one recorder for each set of graphs.
    """

    def __init__(self) -> None:
        self._stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        self._pool = torch.cuda.graph_pool_handle()
        self._broken = False

    def __call__(self, run: Run) -> Run:
        """What does `run` again, on the same memory."""
        if self._broken:
            return run
        self._stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(self._stream):  # warm-up, as CUDA graphs ask for
            for _ in range(2):
                run()  # writes the same position twice: harmless
        torch.cuda.current_stream().wait_stream(self._stream)
        graph = torch.cuda.CUDAGraph()
        try:
            with torch.cuda.graph(graph, pool=self._pool, stream=self._stream):
                run()
        except torch.cuda.OutOfMemoryError:
            raise
        except RuntimeError:  # an operation that cannot be recorded: slower beats not at all
            log.exception("musicgen.recording-failed; going on step by step")
            self._broken = True
            return run
        return graph.replay


class RecordedStepper(Stepper):
    """Replays steps of one position; prompts and prefixes of several run unrecorded, on the same memory.

    Recorded are embedding, all layers, guidance and the draw. What changes between two replays lies in
    tensors: ids, position, noise, guidance, temperature, and the caches. A bucket of the cache's length
    is recorded when a clip first reaches it.
    """

    def __init__(
        self, decoder: Decoder, kind: Kind, positions: int, tokens: int,
        record: Callable[[Run], Run],
    ) -> None:  # fmt: skip
        super().__init__(decoder, kind, bucket_for(positions), text_room_for(tokens))
        self._record = record
        self._replays: dict[int, Run] = {}
        shape, device = (kind.clips, decoder.codebooks), decoder.device
        self._ids = torch.zeros((*shape, 1), dtype=torch.int64, device=device)
        self._where = torch.zeros(1, dtype=torch.int64, device=device)
        self._tokens = torch.zeros(shape, dtype=torch.int64, device=device)

    def close(self) -> None:
        """Forget the recordings; what cannot be recorded refers back to this object and would live on."""
        self._replays.clear()

    def _step(self, ids: Tensor) -> Tensor:
        if ids.shape[2] > 1:
            return super()._step(ids)
        self._ids.copy_(ids)
        self._where.fill_(self.cache.length)
        bucket = bucket_for(self.cache.length + 1)  # at most the room, which is a bucket itself
        if bucket not in self._replays:
            self._replays[bucket] = self._record(lambda: self._run(bucket))
        self._replays[bucket]()
        self.cache.length += 1
        return self._tokens

    def _run(self, bucket: int) -> None:
        logits = self._decoder.step_in_bucket(
            self._embed(self._ids), self.cache, self._where, bucket
        )
        self._tokens.copy_(self._choose(logits))


class Recordings:
    """Takes the place of `Stepper` in `decode`: keeps the steppers of the latest KEPT_KINDS kinds.

    Rooms begin with the bucket of the first clip, since the whole window of a large model takes 1.2 GB
    a clip and most clips are short. They only grow, which costs recording anew: at most once for each
    bucket of positions and each doubling of the text.
    """

    def __init__(self, recorder: Callable[[], Callable[[Run], Run]] = GraphRecorder) -> None:
        self._recorder = recorder  # makes what records, one for each stepper
        self._kept: dict[Kind, RecordedStepper] = {}  # the latest last

    def __call__(self, decoder: Decoder, kind: Kind, positions: int, tokens: int) -> Stepper:
        """A stepper for clips of `kind` with room for `positions` and `tokens` of text."""
        stepper = self._kept.pop(kind, None)
        if stepper is not None:
            room, text_room = stepper.cache.room, stepper.cache.text_room
            if positions <= room and tokens <= text_room:
                self._kept[kind] = stepper
                return stepper
            positions, tokens = max(positions, room), max(tokens, text_room)
            stepper.close()
            del stepper  # its memory is given back before the larger one is taken
        while len(self._kept) >= KEPT_KINDS:
            self._kept.pop(next(iter(self._kept))).close()
        made = RecordedStepper(decoder, kind, positions, tokens, self._recorder())
        self._kept[kind] = made
        return made

    def clear(self) -> None:
        """Give all memory back; the next clip records anew."""
        while self._kept:
            self._kept.popitem()[1].close()
