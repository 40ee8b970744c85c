"""The shapes of the published checkpoints, and tiny ones, as data; no torch."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Shape:
    """Sizes of the three networks of one checkpoint."""

    layers: int
    width: int
    heads: int
    channels: int = 1
    melody: bool = False
    vocabulary: int = 2048  # entries of one codebook
    codebooks: int = 4  # of one audio channel
    text_layers: int = 12
    text_width: int = 768
    text_heads: int = 12
    text_ffn: int = 3072
    text_vocabulary: int = 32128
    codec_filters: int = 64
    codec_width: int = 128
    codec_ratios: tuple[int, ...] = (8, 5, 4, 4)  # product: 640 samples a frame
    chroma_frames: int = 235

    @property
    def ffn(self) -> int:
        """Width of the decoder's feed-forward layer."""
        return 4 * self.width


_SMALL = Shape(24, 1024, 16)
_MEDIUM = Shape(48, 1536, 24)
_LARGE = Shape(48, 2048, 32)
_TINY = Shape(
    2, 64, 4, vocabulary=64, text_layers=2, text_width=32, text_heads=4, text_ffn=64,
    text_vocabulary=128, codec_filters=4, codec_width=16, chroma_frames=12,
)  # fmt: skip

SHAPES: dict[str, Shape] = {
    "tiny": _TINY,
    "stereo-tiny": replace(_TINY, channels=2),
    "melody-tiny": replace(_TINY, melody=True),
    "stereo-melody-tiny": replace(_TINY, channels=2, melody=True),
    "small": _SMALL,
    "medium": _MEDIUM,
    "large": _LARGE,
    "melody": replace(_MEDIUM, melody=True),
    "melody-large": replace(_LARGE, melody=True),
    "stereo-small": replace(_SMALL, channels=2),
    "stereo-medium": replace(_MEDIUM, channels=2),
    "stereo-large": replace(_LARGE, channels=2),
    "stereo-melody": replace(_MEDIUM, channels=2, melody=True),
    "stereo-melody-large": replace(_LARGE, channels=2, melody=True),
}
