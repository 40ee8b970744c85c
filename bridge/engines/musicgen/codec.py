"""EnCodec at work on ONNX Runtime: codes to audio in chunks, audio to codes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .fast import open_session
from .pattern import Ids

Floats = NDArray[np.float32]

CHUNK_FRAMES = 100  # at most: bounds the memory of the last, widest layers, and fits caches
STATE_FRAMES = 16000  # of all tracks together, between the two halves: 64 MB
CONTEXT_FRAMES = 3  # the upsampling convolutions look less than 2 to either side
_MOST_BESIDE = 4  # chunks at once; each takes 70 to 100 MB at the published shapes


class FastCodec:
    """The codec of a converted checkpoint."""

    def __init__(self, folder: Path, hop: int, threads: int) -> None:
        self._folder, self._hop, self._threads = folder, hop, threads
        self._front = open_session(folder / "codec_front.onnx", threads)
        # chunks side by side keep the processors busier than one chunk at a time on all of them
        self._beside = min(threads, _MOST_BESIDE)
        self._back = open_session(folder / "codec_back.onnx", threads // self._beside)

    def decode(
        self, codes: Ids, channels: int, report: Callable[[float], None], start: int = 0
    ) -> list[Floats]:
        """Codes [B, C, F] -> for each clip float32 [channels, (F - start) * hop]: frames before `start` are
        heard in what follows, but their own sound is not made.

        A stereo model interleaves the codebooks of both channels; the codec itself is mono.
        """
        tracks = np.stack([clip[c::channels] for clip in codes for c in range(channels)])
        frames = codes.shape[2]
        audio = np.empty((len(tracks), (frames - start) * self._hop), dtype=np.float32)
        together = max(1, STATE_FRAMES // frames)
        for first in range(0, len(tracks), together):
            # the LSTM reads its weights once a frame, for one track or for many
            (states,) = self._front.run(["states"], {"codes": tracks[first : first + together]})

            def within(fraction: float, first: int = first, count: int = len(states)) -> None:
                report((first + fraction * count) / len(tracks))

            self._to_sound(states, audio[first : first + together], start, within)
        return list(audio.reshape(len(codes), channels, -1))

    def _to_sound(
        self, states: Floats, audio: Floats, start: int, report: Callable[[float], None]
    ) -> None:
        """Fill `audio` [tracks, (F - start) * hop] from [tracks, W, F]; `report` gets 0..1 and may raise to
        stop."""
        tracks, _, frames = states.shape
        wanted = frames - start
        chunks = ceil(wanted / CHUNK_FRAMES / self._beside) * self._beside  # so that none idles
        size = ceil(wanted / chunks)
        places = [(n, begin) for n in range(tracks) for begin in range(start, frames, size)]

        def fill(place: tuple[int, int]) -> None:
            n, begin = place
            end = min(frames, begin + size)
            first, last = max(0, begin - CONTEXT_FRAMES), min(frames, end + CONTEXT_FRAMES)
            piece = np.ascontiguousarray(states[n : n + 1, :, first:last])
            (sound,) = self._back.run(["audio"], {"states": piece})
            kept = slice((begin - first) * self._hop, (end - first) * self._hop)
            audio[n, (begin - start) * self._hop : (end - start) * self._hop] = sound[0, 0, kept]

        with ThreadPoolExecutor(self._beside) as pool:
            # when `report` raises, map() cancels the chunks that have not begun
            for done, _ in enumerate(pool.map(fill, places), 1):
                report(done / len(places))

    def encode(self, audio: Floats) -> Ids:
        """Audio [channels, samples] at the codec's rate -> codes [1, C, F], whole frames only."""
        frames = audio.shape[1] // self._hop
        session = open_session(self._folder / "codec_encode.onnx", self._threads)
        tracks = [
            session.run(["codes"], {"audio": t[None, None, : frames * self._hop]})[0] for t in audio
        ]
        return np.asarray(np.stack(tracks, axis=2).reshape(1, -1, frames))  # interleaved
