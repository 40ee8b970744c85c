"""The melody of a recording as one-hot pitch classes, as the Melody checkpoints were trained to read it.

Numerically what transformers' MusicgenMelodyFeatureExtractor does (which needs torchaudio): power
spectrogram (Hann, 16384 points, hop 4096, centred with reflection), chroma filters, argmax.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

FFT_POINTS = 16384
HOP = 4096
PITCH_CLASSES = 12
RATE_HZ = 32000
MAX_SECONDS = 30


def filters() -> Floats:
    """[12, 8193]: how much of each frequency belongs to each pitch class; needs transformers."""
    from transformers.audio_utils import chroma_filter_bank

    bank = chroma_filter_bank(
        sampling_rate=RATE_HZ, num_frequency_bins=FFT_POINTS, tuning=0, num_chroma=PITCH_CLASSES
    )
    return np.asarray(bank, dtype=np.float32)


def chroma(audio: Floats, bank: Floats) -> Floats:
    """Mono audio [samples] at 32 kHz -> one-hot [frames, 12], 7.8 frames a second, at most 30 s."""
    audio = audio[: MAX_SECONDS * RATE_HZ]
    if len(audio) < FFT_POINTS:
        lacking = FFT_POINTS - len(audio)
        audio = np.pad(audio, (lacking // 2, lacking - lacking // 2))
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(FFT_POINTS) / FFT_POINTS)
    padded = np.pad(audio, FFT_POINTS // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, FFT_POINTS)[::HOP]
    found = []
    for frame in frames:  # one at a time: 30 s at once would take 120 MB
        power = np.abs(np.fft.rfft(frame * window)) ** 2 / np.square(window).sum()
        found.append(int((bank @ power).argmax()))
    return np.eye(PITCH_CLASSES, dtype=np.float32)[found]
