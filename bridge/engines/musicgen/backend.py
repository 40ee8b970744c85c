"""The two ways a checkpoint is served: converted, on ONNX Runtime (processors); or on torch (accelerators)."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .pattern import Ids, Plan
from .sampling import Sampling
from .windows import Report

if TYPE_CHECKING:
    from .graphs import Recordings

Floats = NDArray[np.float32]

# what torch says on accelerators and on processors; there is no one class for all of them
_OUT_OF_MEMORY = ("out of memory", "memory: you tried to allocate")


def torch_type(precision: str) -> Any:
    """The torch.dtype of "fp32", "bf16" or "fp16"."""
    import torch

    return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]


class FastBackend:
    """A converted checkpoint: ONNX Runtime and numpy."""

    device = "cpu"

    def __init__(self, folder: Path) -> None:
        from .codec import FastCodec
        from .fast import FastModel

        self._model = FastModel(folder)
        meta = self._model.meta
        self._codec = FastCodec(folder, meta["hop"], self._model.threads)
        self.codebooks, self.channels, self.pad = meta["codebooks"], meta["channels"], meta["pad"]
        self.layers, self.width = meta["layers"], meta["width"]
        self.melody = bool(meta["chroma_frames"])
        self.precision, self.sample_rate, self.hop = (
            meta["scheme"],
            meta["sample_rate"],
            meta["hop"],
        )
        self.cache_item_bytes = 1 if self._model.rounded_cache else 4
        self.step_bytes = (folder / "step.bin").stat().st_size

    def tokens(
        self, prompt: str, chroma: Floats | None, layout: Plan, sampling: Sampling, seeds: list[int],
        report: Report,
    ) -> Ids:  # fmt: skip
        """Codes [B, C, frames] of a planned clip."""
        return self._model.decode(
            self._model.condition(prompt, chroma), layout, sampling, seeds, report
        )

    def audio(self, codes: Ids, report: Report, start: int = 0) -> list[Floats]:
        """For each clip float32 [channels, samples], from the codec frame `start` on."""
        return self._codec.decode(codes, self.channels, report, start)

    def encode(self, audio: Floats) -> Ids:
        """[channels, samples] -> codes [1, C, F]."""
        return self._codec.encode(audio)

    def chroma_filters(self) -> Floats:
        """What `chroma.chroma` needs."""
        return self._model.table("chroma_filters")

    def close(self) -> None:
        """Nothing is kept between clips."""


class TorchBackend:
    """A loaded transformers model: the loop of decode.py, on any device torch has."""

    def __init__(
        self, model: Any, tokenizer: Any, device: str, precision: str,
        recordings: Recordings | None = None,
    ) -> None:  # fmt: skip
        """`recordings` keeps recorded steps between clips; on CUDA there always are some."""
        import torch

        from .decode import Decoder

        kind = torch_type(precision)
        self._model, self._tokenizer, self._recordings = model, tokenizer, recordings
        if device == "cuda" and recordings is None:
            from .graphs import Recordings

            self._recordings = Recordings()
        with self._memory_errors():
            # text encoder and codec stay in fp32: small, and T5 overflows fp16
            model.decoder.to(kind)
            model.to(device)  # after that: an accelerator never holds the decoder in fp32
            if device == "mps":
                # many systems' Metal refuses convolutions over more than 65536 samples, 2 s of sound
                # ("Output channels > 65536 not supported at the MPS device")
                model.audio_encoder.to("cpu")
            self._decoder = Decoder(model.decoder)
        self.codebooks, self.channels = self._decoder.codebooks, self._decoder.channels
        self.pad = self._decoder.pad
        self.layers, self.width = len(self._decoder.layers), self._decoder.width
        self.melody = hasattr(model, "audio_enc_to_dec_proj")
        self.device, self.precision = device, precision
        self.sample_rate = model.config.audio_encoder.sampling_rate
        self.hop = int(np.prod(model.config.audio_encoder.upsampling_ratios))
        self.cache_item_bytes = torch.finfo(kind).bits // 8
        layers = model.decoder.model.decoder.layers.parameters()
        self.step_bytes = self.cache_item_bytes * sum(weight.numel() for weight in layers)

    def tokens(
        self, prompt: str, chroma: Floats | None, layout: Plan, sampling: Sampling, seeds: list[int],
        report: Report,
    ) -> Ids:  # fmt: skip
        """Codes [B, C, frames] of a planned clip; in halves where memory does not hold all at once."""
        count = len(seeds)
        try:
            return self._tokens(prompt, chroma, layout, sampling, seeds, report)
        except MemoryError:
            if count == 1:
                raise
        # here, not above: the error held on to what did not fit
        parts = []
        for first, end in ((0, count // 2), (count // 2, count)):

            def within(fraction: float, first: int = first, end: int = end) -> None:
                report((first + fraction * (end - first)) / count)

            part = replace(layout, ids=layout.ids[first:end])
            parts.append(self.tokens(prompt, chroma, part, sampling, seeds[first:end], within))
        return np.concatenate(parts)

    def _tokens(
        self, prompt: str, chroma: Floats | None, layout: Plan, sampling: Sampling, seeds: list[int],
        report: Report,
    ) -> Ids:  # fmt: skip
        import torch

        from .conditioning import condition
        from .decode import Stepper, decode

        guided = sampling.guidance > 1 and (bool(prompt) or self.melody)
        with torch.inference_mode(), self._memory_errors():
            melody = None if chroma is None else torch.from_numpy(chroma)
            wanted = condition(self._model, self._tokenizer, prompt, melody, len(seeds), guided)
            wanted = wanted.to(self._decoder.dtype)
            stepper_for = self._recordings or Stepper
            return decode(self._decoder, wanted, layout, sampling, seeds, report, stepper_for)

    def audio(self, codes: Ids, report: Report, start: int = 0) -> list[Floats]:
        """For each clip float32 [channels, samples], from the codec frame `start` on."""
        import torch

        clips, codec = [], self._model.audio_encoder
        with torch.inference_mode(), self._memory_errors():
            for done, clip in enumerate(codes, 1):
                tracks = torch.from_numpy(
                    np.stack([clip[c :: self.channels] for c in range(self.channels)])
                )
                decoded = codec.decode(tracks[None].to(codec.device), [None])
                sound = decoded.audio_values[:, 0, start * self.hop :]
                clips.append(sound.float().cpu().numpy())
                report(done / len(codes))
        return clips

    def encode(self, audio: Floats) -> Ids:
        """[channels, samples] -> codes [1, C, F], whole frames only."""
        import torch

        frames, codec = audio.shape[1] // self.hop, self._model.audio_encoder
        with torch.inference_mode(), self._memory_errors():
            sound = torch.from_numpy(audio[:, None, : frames * self.hop]).to(codec.device)
            codes = codec.encode(sound).audio_codes[0]  # [channels, Q, F]
        return np.asarray(codes.cpu().numpy().transpose(1, 0, 2).reshape(1, -1, frames))

    def forget(self) -> None:
        """Give the memory back that is kept between clips."""
        if self._recordings is not None:
            self._recordings.clear()

    def close(self) -> None:
        """Give all memory back, also to other programs; nothing can be rendered afterwards."""
        import torch

        self.forget()
        del self._model, self._decoder
        gc.collect()
        if self.device != "cpu":
            getattr(torch, self.device).empty_cache()

    @contextmanager
    def _memory_errors(self) -> Iterator[None]:
        """A full memory as Python's own MemoryError, with nothing kept that could be in the way later."""
        try:
            yield
        except RuntimeError as error:
            if not any(words in str(error) for words in _OUT_OF_MEMORY):
                raise
            self.forget()
            raise MemoryError(str(error)) from error

    def chroma_filters(self) -> Floats:
        """What `chroma.chroma` needs."""
        from .chroma import filters

        return filters()
