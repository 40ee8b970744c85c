"""What an engine is: the interface every model stands behind, and the values that pass through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from ..music import Key, Meter, Note

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Audio = NDArray[np.float32]  # [channels, frames], in [-1, 1]

# progress(stage, fraction 0..1): called at every step; raises `Cancelled` when the job was cancelled,
# so an engine that reports progress can be cancelled and needs no other check.
Progress = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class EngineInfo:
    """What an engine can do, declared as data; known without loading any weights."""

    name: str
    title: str
    licence: str  # of the weights, or of the rules
    commercial_use: bool
    pretrained: bool
    sample_rate: int  # of its own output; 0: renders at the rate that is asked for
    channels: int
    min_seconds: float
    max_seconds: float
    # any of: text, bpm, meter, key, bars (exact length by itself), loop, instruments, midi,
    # continue, melody, seed
    supports: frozenset[str]
    note: str = ""  # one sentence the user should know


# no engine needs more of a source: its end to go on from, its beginning as a tune
SOURCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Source:
    """Audio the new clip starts from: float32 [channels, frames] at `sample_rate`.

    Of a longer section the last SOURCE_SECONDS to "continue", the first ones as a "melody"; all of it
    where the clip is to hold its source too.
    """

    audio: Audio
    sample_rate: int
    mode: str  # "continue" or "melody"


@dataclass(frozen=True, slots=True)
class GenerateRequest:
    """What an engine is asked to render; already validated, nothing behind it re-checks."""

    prompt: str
    beats: Fraction  # length of the clip in quarter notes
    seconds: float  # the same length in seconds
    bpm: float
    meter: Meter
    seed: int  # of the first variation; variation n uses seed + n - 1
    key: Key | None = None
    variations: int = 1
    instruments: tuple[str, ...] = ()  # () = one mix
    loop: bool = True
    guidance: float = 3.0
    temperature: float = 1.0
    top_k: int = 250
    sample_rate: int = 48000  # wanted by the host; engines with a rate of their own ignore it
    source: Source | None = None


@dataclass(slots=True)
class Part:
    """One track of a take: a role ("mix", "drums", "bass" ...), audio, and notes where known."""

    role: str
    audio: Audio  # float32 [channels, frames]
    notes: list[Note] | None = None  # None: the engine does not know the notes
    programs: dict[int, int] = field(default_factory=dict)  # MIDI channel -> General MIDI program
    # of a continuation: the engine's own version of the source's last moments (0.1 s is plenty),
    # [channels, n], which ends where `audio` begins; the seam is cross-faded with it
    lead: Audio | None = None


@dataclass(slots=True)
class Take:
    """One variation: parts of equal length; when there are several, the first is "mix", their sum."""

    variation: int  # 1-based
    seed: int
    parts: list[Part]


@dataclass(slots=True)
class Render:
    """What an engine gives back; `report` holds facts for the manifest (style, seconds a step ...)."""

    sample_rate: int
    takes: list[Take]
    report: dict[str, object] = field(default_factory=dict)


@runtime_checkable
class Engine(Protocol):
    """A model behind the bridge. Made in the worker process; `load` may import anything heavy.

    `info` must be readable on the class without loading anything. The class is called with what to
    load ("" for its own choice) and the keywords `device`, `precision`, `home`, `commercial_use`; it
    may ignore those it has no use for.
    """

    info: EngineInfo

    def load(self, progress: Progress) -> None:
        """Make ready to generate; raise BridgeError `model-missing` with what to do if it cannot."""

    def revision(self) -> str:
        """What exactly is loaded: a checkpoint's commit or content hash, or the rules' version."""

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        """Render every variation of one request, reporting progress at each step."""

    def unload(self) -> None:
        """Give the memory back; `load` may follow."""
