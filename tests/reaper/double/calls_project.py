"""REAPER's functions for tracks, items, takes, selection and undo, over the project model.

Each function bears its API name and gets the host, then the arguments, already checked by `api`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .media import Source, open_file
from .model import PPQ, Item, Project, Take, Thing, Track

# ---- projects


def EnumProjects(host, index: int) -> Any:
    if index == -1:
        return host.active, host.active.file
    if 0 <= index < len(host.projects):
        return host.projects[index], host.projects[index].file
    return None, ""


def GetProjectPathEx(host, proj: Project | None) -> str:
    return str(host.project(proj).media_folder)


def GetProjectStateChangeCount(host, proj: Project | None) -> int:
    return host.project(proj).change_count


def ValidatePtr2(host, proj: Project | None, pointer: Any, type_name: str) -> bool:
    if pointer.kind + "*" != type_name or not pointer.alive:
        return False
    if isinstance(pointer, Project):
        return pointer in host.projects
    if isinstance(pointer, Source):
        return pointer.in_project
    return any(thing is pointer for thing in host.project(proj).walk())


# ---- tracks


def CountTracks(host, proj: Project | None) -> int:
    return len(host.project(proj).tracks)


def GetTrack(host, proj: Project | None, index: int) -> Track | None:
    tracks = host.project(proj).tracks
    return tracks[index] if 0 <= index < len(tracks) else None


def InsertTrackAtIndex(host, index: int, defaults: bool) -> None:
    InsertTrackInProject(host, host.active, index, int(defaults))


def InsertTrackInProject(host, proj: Project | None, index: int, flags: int) -> None:
    project = host.changing(host.project(proj))
    project.add(Track(), max(0, min(index, len(project.tracks))))


def DeleteTrack(host, track: Track) -> None:
    host.changing(track)
    track.delete()


def GetTrackGUID(host, track: Track) -> str:
    return track.guid


def _selected_tracks(project: Project) -> list[Track]:
    return [track for track in project.tracks if track.values.get("I_SELECTED")]


def CountSelectedTracks(host, proj: Project | None) -> int:
    return len(_selected_tracks(host.project(proj)))


def GetSelectedTrack(host, proj: Project | None, index: int) -> Track | None:
    chosen = _selected_tracks(host.project(proj))
    return chosen[index] if 0 <= index < len(chosen) else None


def SetTrackSelected(host, track: Track, selected: bool) -> None:
    track.values["I_SELECTED"] = float(selected)


def TrackList_AdjustWindows(host, minor: bool) -> None:
    host.refreshes += 1


# ---- items and takes


def AddMediaItemToTrack(host, track: Track) -> Thing:
    host.changing(track)
    return track.add(Item())


def AddTakeToMediaItem(host, item: Item) -> Thing:
    host.changing(item)
    return item.add(Take())


def CountMediaItems(host, proj: Project | None) -> int:
    return len(host.project(proj).items())


def GetMediaItem(host, proj: Project | None, index: int) -> Item | None:
    items = host.project(proj).items()
    return items[index] if 0 <= index < len(items) else None


def GetMediaItem_Track(host, item: Item) -> Thing | None:
    return item.parent


def _selected_items(project: Project) -> list[Item]:
    return [item for item in project.items() if item.values.get("B_UISEL")]


def CountSelectedMediaItems(host, proj: Project | None) -> int:
    return len(_selected_items(host.project(proj)))


def GetSelectedMediaItem(host, proj: Project | None, index: int) -> Item | None:
    chosen = _selected_items(host.project(proj))
    return chosen[index] if 0 <= index < len(chosen) else None


def SetMediaItemSelected(host, item: Item, selected: bool) -> None:
    item.values["B_UISEL"] = float(selected)


def GetActiveTake(host, item: Item) -> Take | None:
    return item.take


def GetMediaItemNumTakes(host, item: Item) -> int:
    return len(item.takes)


def GetMediaItemTake(host, item: Item, index: int) -> Take | None:
    return item.takes[index] if 0 <= index < len(item.takes) else None


def TakeIsMIDI(host, take: Take) -> bool:
    return take.is_midi


def _set_value(host, thing: Thing, parmname: str, value: float) -> bool:
    host.changing(thing)
    thing.values[parmname] = value
    return True


SetMediaTrackInfo_Value = SetMediaItemInfo_Value = SetMediaItemTakeInfo_Value = _set_value


def _get_value(host, thing: Thing, parmname: str) -> float:
    return thing.values.get(parmname, 0.0)


GetMediaTrackInfo_Value = GetMediaItemInfo_Value = GetMediaItemTakeInfo_Value = _get_value


def _get_set_text(host, thing: Thing, parmname: str, value: str, is_set: bool) -> Any:
    if parmname == "GUID":
        return True, thing.guid
    if is_set:
        host.changing(thing)
        thing.texts[parmname] = host.text(value)
        return True, value
    found = thing.texts.get(parmname)
    # REAPER answers false for own data that was never written, true for names and notes
    return found is not None or not parmname.startswith("P_EXT"), host.bytes(found or "")


GetSetMediaTrackInfo_String = GetSetMediaItemInfo_String = _get_set_text
GetSetMediaItemTakeInfo_String = _get_set_text


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


# ---- undo and refresh


def Undo_BeginBlock2(host, proj: Project | None) -> None:
    project = host.project(proj)
    if project.block_depth == 0:
        project.block_start = project.snapshot()
    project.block_depth += 1


def Undo_EndBlock2(host, proj: Project | None, description: str, flags: int) -> None:
    project = host.project(proj)
    if project.block_depth == 0:
        host.refuse("Undo_EndBlock2 without Undo_BeginBlock2")
    project.block_depth -= 1
    if project.block_depth == 0:
        project.undo_points.append((host.text(description), project.block_start))
        project.redo_points.clear()
        project.change_count = next(project.changes)


def Undo_CanRedo2(host, proj: Project | None) -> str | None:
    points = host.project(proj).redo_points
    return host.bytes(points[-1][0]) if points else None


def PreventUIRefresh(host, count: int) -> None:
    host.refresh_depth += count
    if host.refresh_depth < 0:
        host.refuse("PreventUIRefresh(-1) without PreventUIRefresh(1)")


def UpdateArrange(host) -> None:
    host.refreshes += 1


def RecursiveCreateDirectory(host, path: str, ignored: int) -> int:
    folder = Path(host.text(path))
    if host.is_read_only(folder):
        return 0
    folder.mkdir(parents=True, exist_ok=True)
    return 1
