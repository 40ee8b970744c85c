"""REAPER's functions for media sources and for in-project MIDI, over the project model.

Each function bears its API name and gets the host, then the arguments, already checked by `api`.
"""

from __future__ import annotations

from typing import Any

from .media import Source, open_file
from .model import PPQ, Item, Take, Thing, Track

# ---- sources


def PCM_Source_CreateFromFile(host, path: str) -> Source | None:
    source = open_file(host.text(path))
    if source is not None:
        host.loose_sources.append(source)
    return source


def PCM_Source_Destroy(host, source: Source) -> None:
    if source.in_project:
        host.refuse("PCM_Source_Destroy of a source that an item uses")
    source.alive = False
    host.loose_sources.remove(source)


def SetMediaItemTake_Source(host, take: Take, source: Source) -> bool:
    host.changing(take)
    if source.in_project:
        source = source.copy()
    elif source in host.loose_sources:
        host.loose_sources.remove(source)
    source.in_project = True
    take.source = source
    return True


def GetMediaItemTake_Source(host, take: Take) -> Source | None:
    return take.source


def GetMediaSourceLength(host, source: Source) -> Any:
    return source.length, source.type == "MIDI"


def GetMediaSourceType(host, source: Source) -> str:
    return source.type


def GetMediaSourceFileName(host, source: Source) -> str:
    return host.bytes(source.file)


def GetMediaSourceParent(host, source: Source) -> Source | None:
    return source.parent


def PCM_Source_GetSectionInfo(host, source: Source) -> Any:
    return (True, *source.section) if source.section else (False, 0.0, 0.0, False)


def PCM_Source_BuildPeaks(host, source: Source, mode: int) -> int:
    if mode == 1:
        source.peak_percent = max(0, source.peak_percent - 50)
    return source.peak_percent if mode in (0, 1) else 0


# ---- MIDI


def CreateNewMIDIItemInProj(host, track: Track, start: float, end: float, qn: Any) -> Thing:
    host.changing(track)
    tempo = host.project_of(track).tempo
    if qn:
        start, end = tempo.to_time(start), tempo.to_time(end)
    item, take = track.add(Item()), Take()
    item.add(take)
    take.source = Source("MIDI", "", tempo.to_qn(end) - tempo.to_qn(start))
    take.source.in_project = True
    item.values.update(D_POSITION=start, D_LENGTH=end - start, B_UISEL=1.0)
    return item


def _item_start_qn(host, take: Take) -> float:
    assert isinstance(take.parent, Item)
    return host.project_of(take).tempo.to_qn(take.parent.position)


def MIDI_GetPPQPosFromProjQN(host, take: Take, qn: float) -> float:
    return (qn - _item_start_qn(host, take)) * PPQ


def MIDI_GetProjQNFromPPQPos(host, take: Take, ppq: float) -> float:
    return _item_start_qn(host, take) + ppq / PPQ


def MIDI_InsertNote(
    host, take: Take, selected: bool, muted: bool, start: float, end: float, channel: int,
    pitch: int, velocity: int, no_sort: Any,
) -> bool:  # fmt: skip
    host.changing(take)
    if not take.is_midi:
        host.refuse("MIDI_InsertNote into a take that is not MIDI")
    if not (0 <= channel < 16 and 0 <= pitch < 128 and 1 <= velocity < 128 and end > start >= 0):
        host.refuse(f"a note no MIDI take can hold: {(start, end, channel, pitch, velocity)}")
    take.notes.append((start, end, channel, pitch, velocity))
    take.unsorted = True
    if not no_sort:
        MIDI_Sort(host, take)
    return True


def MIDI_Sort(host, take: Take) -> None:
    take.notes.sort()
    take.unsorted = False


def MIDI_CountEvts(host, take: Take) -> Any:
    return len(take.notes), len(take.notes), 0, 0
