"""EnCodec at work on ONNX Runtime: codes to audio in chunks, audio to codes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .fast import open_session
from .pattern import Ids

Floats = NDArray[np.float32]

CHUNK_FRAMES = 250  # 5 s: bounds the memory of the last, widest layers
STATE_FRAMES = 16000  # of all tracks together, between the two halves: 64 MB
CONTEXT_FRAMES = 8  # more than the upsampling convolutions look to either side


class FastCodec:
    """The codec of a converted checkpoint."""

    def __init__(self, folder: Path, hop: int, threads: int) -> None:
        self._folder, self._hop, self._threads = folder, hop, threads
        self._front = open_session(folder / "codec_front.onnx", self._threads)
        self._back = open_session(folder / "codec_back.onnx", self._threads)

    def decode(self, codes: Ids, channels: int, report: Callable[[float], None]) -> list[Floats]:
        """Codes [B, C, F] -> for each clip float32 [channels, F * hop].

        A stereo model interleaves the codebooks of both channels; the codec itself is mono.
        """
        tracks = np.stack([clip[c::channels] for clip in codes for c in range(channels)])
        frames, audio = codes.shape[2], []
        together = max(1, STATE_FRAMES // frames)
        for first in range(0, len(tracks), together):
            # the LSTM reads its weights once a frame, for one track or for many
            (states,) = self._front.run(["states"], {"codes": tracks[first : first + together]})
            for done, state in enumerate(states, first):
                audio.append(
                    self._back_to_sound(state, lambda f, n=done: report((n + f) / len(tracks)))  # type: ignore[misc]
                )
        return [np.stack(audio[b * channels : (b + 1) * channels]) for b in range(len(codes))]

    def _back_to_sound(self, states: Floats, report: Callable[[float], None]) -> Floats:
        """[W, F] -> [F * hop]."""
        frames = states.shape[1]
        parts = []
        for start in range(0, frames, CHUNK_FRAMES):
            end = min(frames, start + CHUNK_FRAMES)
            first, last = max(0, start - CONTEXT_FRAMES), min(frames, end + CONTEXT_FRAMES)
            piece = np.ascontiguousarray(states[None, :, first:last])
            (audio,) = self._back.run(["audio"], {"states": piece})
            parts.append(audio[0, 0, (start - first) * self._hop : (end - first) * self._hop])
            report(end / frames)
        return np.concatenate(parts)

    def encode(self, audio: Floats) -> Ids:
        """Audio [channels, samples] at the codec's rate -> codes [1, C, F], whole frames only."""
        frames = audio.shape[1] // self._hop
        session = open_session(self._folder / "codec_encode.onnx", self._threads)
        tracks = [
            session.run(["codes"], {"audio": t[None, None, : frames * self._hop]})[0] for t in audio
        ]
        return np.asarray(np.stack(tracks, axis=2).reshape(1, -1, frames))  # interleaved
