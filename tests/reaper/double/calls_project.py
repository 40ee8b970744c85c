"""REAPER's functions for tracks, items, selection and undo, over the project model.

Each function bears its API name and gets the host, then the arguments, already checked by `api`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .media import Source
from .model import Item, Project, Take, Thing, Track

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
