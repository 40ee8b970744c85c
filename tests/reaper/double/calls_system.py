"""REAPER's functions for time, dialogs, stored state, files and actions, over the host."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

from .model import Project, new_guid

# ---- time line


def GetCursorPositionEx(host, proj: Project | None) -> float:
    return host.project(proj).cursor


def SetEditCurPos2(host, proj: Project | None, time: float, move_view: bool, seek: bool) -> None:
    if seek:
        host.refuse("SetEditCurPos2 moves the play position")
    host.project(proj).cursor = time


def GetSet_LoopTimeRange2(
    host, proj: Project | None, is_set: bool, is_loop: bool, start: float, end: float, seek: bool
) -> Any:
    if is_set:
        host.project(proj).time_selection = (start, end)
    return host.project(proj).time_selection


def GetSet_ArrangeView2(
    host, proj: Project | None, is_set: bool, x1: int, x2: int, start: Any, end: Any
) -> Any:
    if is_set:
        host.project(proj).view = (start, end)
    return host.project(proj).view


def GetPlayStateEx(host, proj: Project | None) -> int:
    return host.project(proj).play_state


def TimeMap2_timeToQN(host, proj: Project | None, time: float) -> float:
    return host.project(proj).tempo.to_qn(time)


def TimeMap2_QNToTime(host, proj: Project | None, qn: float) -> float:
    return host.project(proj).tempo.to_time(qn)


def TimeMap_GetTimeSigAtTime(host, proj: Project | None, time: float) -> Any:
    tempo = host.project(proj).tempo
    return (*tempo.meter_at(time), tempo.bpm_at(time))


def TimeMap2_timeToBeats(host, proj: Project | None, time: float) -> Any:
    tempo = host.project(proj).tempo
    bar, qn = tempo.bars_at(time)
    numerator, denominator = tempo.meter_at(time)
    scale = denominator / 4
    return qn * scale, bar, numerator, tempo.to_qn(time) * scale, denominator


def CountTempoTimeSigMarkers(host, proj: Project | None) -> int:
    return len(host.project(proj).tempo.markers)


def GetTempoTimeSigMarker(host, proj: Project | None, index: int) -> Any:
    tempo = host.project(proj).tempo
    if not 0 <= index < len(tempo.markers):
        return False, 0.0, 0, 0.0, 0.0, 0, 0, False
    marker = tempo.markers[index]
    bar, qn = tempo.bars_at(marker.time)
    meter = marker.meter or (-1, -1)
    return True, marker.time, bar, qn, marker.bpm, *meter, marker.linear


# ---- dialogs and messages


def GetUserInputs(host, title: str, count: int, captions: str, values: str) -> Any:
    return host.dialog(title, count, captions, values)


def MB(host, message: str, title: str, type_: int) -> int:
    return host.message_box(host.text(message), type_)


def ShowConsoleMsg(host, message: str) -> None:
    host.console += host.text(message)


def Help_Set(host, text: str, temporary: bool) -> None:
    host.status_line.append(host.text(text))


# ---- stored state


def GetExtState(host, section: str, key: str) -> str:
    return host.ext.get((section.lower(), key.lower()), "")


def HasExtState(host, section: str, key: str) -> bool:
    return (section.lower(), key.lower()) in host.ext


def SetExtState(host, section: str, key: str, value: str, persist: bool) -> None:
    place = (section.lower(), key.lower())
    if persist:
        if not (value.isascii() and value.isprintable()):
            host.refuse(f"reaper-extstate.ini cannot keep {value!r}")
        host.profile[place] = value
    host.ext[place] = value


def DeleteExtState(host, section: str, key: str, persist: bool) -> None:
    place = (section.lower(), key.lower())
    host.ext.pop(place, None)
    if persist:
        host.profile.pop(place, None)


def SetProjExtState(host, proj: Project | None, name: str, key: str, value: str) -> int:
    if not (value.isascii() and value.isprintable()) or set(value) & set("\"'`"):
        host.refuse(f"a project file cannot be trusted to keep {value!r}")
    project = host.project(proj)
    place = (name.lower(), key.lower())
    if value:
        project.ext[place] = (key, value)
    else:
        project.ext.pop(place, None)
    project.dirty = True
    return len(value)


def GetProjExtState(host, proj: Project | None, name: str, key: str) -> Any:
    value = host.project(proj).ext.get((name.lower(), key.lower()), ("", ""))[1]
    return (1, value) if value else (0, "")


def EnumProjExtState(host, proj: Project | None, name: str, index: int) -> Any:
    found = [v for (section, _), v in host.project(proj).ext.items() if section == name.lower()]
    if 0 <= index < len(found):
        # the case of keys is not promised by anybody
        return True, found[index][0].upper(), found[index][1]
    return False, "", ""


# ---- files


def EnumerateFiles(host, path: str, index: int) -> str | None:
    folder = host.text(path)
    if index == -1:
        host.directories.pop(folder, None)
        return None
    if folder not in host.directories:
        try:
            with os.scandir(folder) as entries:
                names = sorted(entry.name for entry in entries if entry.is_file())
        except OSError:
            names = []
        host.directories[folder] = [host.bytes(name) for name in names]
    names = host.directories[folder]
    return names[index] if index < len(names) else None


def file_exists(host, path: str) -> bool:
    return Path(host.text(path)).is_file()


def GetResourcePath(host) -> str:
    return str(host.resource_path)


def ExecProcess(host, command: str, timeout_ms: int) -> str:
    if timeout_ms >= 0:
        host.refuse("ExecProcess that waits freezes REAPER")
    command = host.text(command)
    host.started.append(command)
    if host.really_start:
        host.processes.append(
            subprocess.Popen(  # noqa: S602 a start command is a command line
                command, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                env=host.child_environment, start_new_session=True,
            )
        )  # fmt: skip
    return "0\n"


# ---- the program


def GetAppVersion(host) -> str:
    return host.app_version


def GetOS(host) -> str:
    return "OSX64" if os.uname().sysname == "Darwin" else "Other" if os.name == "posix" else "Win64"


def APIExists(host, name: str) -> bool:
    return host.api.state(name) == "here"


def time_precise(host) -> float:
    return host.now()


def genGuid(host) -> str:
    return new_guid()


def ColorToNative(host, red: int, green: int, blue: int) -> int:
    return red | green << 8 | blue << 16


def defer(host, function: Any) -> bool:
    host.script.deferred.append(function)
    host.script.ever_deferred = True
    return True


def atexit(host, function: Any) -> bool:
    host.script.at_exit.append(function)
    return True


def get_action_context(host) -> Any:
    return True, str(host.script.path), 0, host.script.command, -1, -1, -1.0, ""


def set_action_options(host, flags: int) -> None:
    host.script.options = flags


def SetToggleCommandState(host, section: int, command: int, state: int) -> bool:
    host.toggles[command] = state
    return True


def RefreshToolbar2(host, section: int, command: int) -> None:
    host.refreshes += 1


def AddRemoveReaScript(host, add: bool, section: int, path: str, commit: bool) -> int:
    return host.register(Path(host.text(path))) if add else 0


def NamedCommandLookup(host, name: str) -> int:
    return host.named.get(name.lstrip("_"), 0)


def ReverseNamedCommandLookup(host, command: int) -> str | None:
    return next((name for name, number in host.named.items() if number == command), None)


def Main_OnCommand(host, command: int, flag: int) -> None:
    host.command(command)
