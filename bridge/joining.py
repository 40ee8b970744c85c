"""A continuation as one clip with its source: how long that is, and its takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from .audio.finish import refuse_silence
from .audio.resample import resample
from .audio.seam import join
from .engines import GenerateRequest, Part, Take
from .sections import refuse_long_join

if TYPE_CHECKING:
    from .engines import Audio


@dataclass(frozen=True, slots=True)
class Joined:
    """The whole clip: the request as long as source and new material are together, and the source."""

    request: GenerateRequest
    source: Audio  # float32 [channels, frames] at the clip's rate

    @property
    def source_s(self) -> float:
        """Where the new material begins, in seconds."""
        frames: int = self.source.shape[1]
        return round(frames / self.request.sample_rate, 6)

    def take(self, new: Take, rate: int) -> Take:
        """The source and a take at `rate` that goes on from it, as one part at the clip's rate.

        It has no notes: an engine knows only those it played, so MIDI of the whole clip is heard.
        Raises BridgeError `model-failed` when the take is silent, which the source would hide.
        """
        mix = new.parts[0]
        refuse_silence(mix.audio, rate)
        audio = join(self.source, self.request.sample_rate, mix.audio, rate, mix.lead)
        return replace(new, parts=[Part(mix.role, audio)])


def with_source(request: GenerateRequest) -> Joined:
    """What a continuation becomes as one clip with the source it goes on from.

    Raises BridgeError `out-of-range` when that is longer than a clip may be.
    """
    source = request.source
    assert source is not None, "refused without one when the request was read"
    length_s = Fraction(source.audio.shape[1], source.sample_rate)
    refuse_long_join(float(length_s), request.seconds)
    seconds = float(length_s) + request.seconds
    beats = request.beats + length_s * Fraction(str(request.bpm)) / 60
    audio = resample(source.audio, source.sample_rate, request.sample_rate)
    return Joined(replace(request, beats=beats, seconds=seconds), audio)
