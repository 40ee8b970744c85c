"""The sketch engine: a rule-based arranger and synthesiser, an instant guide track without a model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...music import Note
from .. import EngineInfo, GenerateRequest, Part, Progress, Render, Take

if TYPE_CHECKING:
    from .arrange import Score, Track
    from .pace import Pace

RULES = "1"  # raised whenever the same request would give other notes or another sound


class SketchEngine:
    """Arranges by rules and renders with a synthesiser of its own; nothing to download or load."""

    info = EngineInfo(
        name="sketch",
        title="Sketch (rule-based arranger)",
        licence="MIT (the rules); what it makes is free to use",
        commercial_use=True,
        pretrained=False,
        sample_rate=0,
        channels=2,
        min_seconds=0.25,
        max_seconds=600.0,
        supports=frozenset({"text", "bpm", "meter", "key", "bars", "loop", "instruments", "midi", "seed"}),
        note="Sketch follows written rules of style and harmony; it is not a pretrained model.",
    )  # fmt: skip

    def __init__(self, model: str = "", **_settings: object) -> None:
        """There is one set of rules, on every device: no model name and no setting matters."""

    def load(self, progress: Progress) -> None:
        """Import the synthesiser, so that the first request does not wait for it."""
        progress("loading", 0.0)
        from . import mixdown  # noqa: F401 - numpy and the tables are read here

        progress("loading", 1.0)

    def revision(self) -> str:
        """The version of the rules."""
        return f"rules {RULES}"

    def generate(self, request: GenerateRequest, progress: Progress) -> Render:
        """Arrange and render every variation; seeds count up from the request's."""
        from .arrange import arrange
        from .pace import Pace

        takes: list[Take] = []
        scores: list[Score] = []
        for number in range(request.variations):
            progress("generating", number / request.variations)
            seed = request.seed + number
            score = arrange(request, seed)
            pace = Pace(progress, number, request.variations, _steps(score))
            parts = _parts(score, request, pace)
            takes.append(Take(number + 1, seed, parts))
            scores.append(score)
        progress("generating", 1.0)
        return Render(request.sample_rate, takes, _report(scores))

    def unload(self) -> None:
        """Give cached sounds back."""
        from .synth import space, sustained

        space.room.cache_clear()
        sustained.clear_tables()


def _steps(score: Score) -> int:
    """About how many steps the renderer will count: sounds to make, rooms to fill, sums."""
    sounds = sum(len({(n.pitch, n.velocity // 22) for n in t.notes}) for t in score.tracks)
    return sounds + 25 * len(score.tracks) + 20


def _parts(score: Score, request: GenerateRequest, pace: Pace) -> list[Part]:
    """The mix first; with instruments asked for, then one part each, adding up to the mix."""
    from .mixdown import render

    audio = render(score, request, pace)
    notes: list[Note] = sorted(note for track in score.tracks for note in track.notes)
    programs = {track.channel: _program(track) for track in score.tracks}
    if not request.instruments:
        return [Part("mix", audio[0], notes, programs)]
    mix = audio[0].copy()
    for sound in audio[1:]:
        mix += sound
        pace.step_and_tell()
    tracks = [
        Part(track.player.role, sound, track.notes, {track.channel: _program(track)})
        for track, sound in zip(score.tracks, audio, strict=True)
    ]
    return [Part("mix", mix, notes, programs), *tracks]


def _program(track: Track) -> int:
    """The General MIDI program of a track, 0..127; drum kits have none and count as 0."""
    from .instruments import SOUNDS

    return SOUNDS[track.player.sound].program if track.player.sound else 0


def _report(scores: list[Score]) -> dict[str, object]:
    """Facts for the manifest: what was understood and what was played."""
    first = scores[0]
    report: dict[str, object] = {
        "style": first.style.name,
        "style_recognised": first.brief.recognised,
        "key": str(first.key),
        "chords": [[span.chord.name for span in score.harmony.spans] for score in scores],
        "players": [
            {
                "role": track.player.role,
                "plays": track.player.does,
                "sound": track.player.sound or f"{first.style.kit} kit",
                "channel": track.channel,
                "program": _program(track),
            }
            for track in first.tracks
        ],
    }
    if first.unknown:
        names = ", ".join(f'"{name}"' for name in first.unknown)
        report["remark"] = (
            f"No instrument is known as {names}; the style's melody sound plays instead."
        )
    return report
