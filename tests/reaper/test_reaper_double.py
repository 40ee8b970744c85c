"""The double itself: what it refuses, and that its tempo map and undo behave as REAPER's."""

from __future__ import annotations

import json
import wave
from pathlib import Path

import pytest

from reaper.double.api import Api, facts
from reaper.double.host import CALLS, Reaper, ScriptError
from reaper.double.media import open_file
from reaper.double.model import audio_item
from reaper.double.tempo import Marker, TempoMap

BROKEN = {
    "reaper.GetTrack(0)": "bad argument #2 to 'GetTrack' (number expected, got no value)",
    "reaper.GetTrack(0, nil)": "bad argument #2 to 'GetTrack' (number expected, got nil)",
    "reaper.GetTrack(0, 1.5)": "bad argument #2 to 'GetTrack' (number has no integer representation)",
    "reaper.GetTrack(0, 1, 2)": "'GetTrack' takes 2 arguments, got 3",
    "reaper.GetMediaItemInfo_Value(nil, 'D_POSITION')": (
        "bad argument #1 to 'GetMediaItemInfo_Value' (MediaItem expected)"
    ),
    "reaper.GetTrackGUID((reaper.EnumProjects(-1)))": "bad argument #1 to 'GetTrackGUID' (MediaTrack expected)",
    "reaper.AddMediaItemTake()": "no REAPER has a function 'AddMediaItemTake'",
    "reaper.InsertTrackAtIndex(0, 1)": "bad argument #2 to 'InsertTrackAtIndex' (boolean expected, got number)",
    "reaper.InsertTrackAtIndex(0, false)": "changed outside an undo block",
    "reaper.Undo_BeginBlock2(0)": "an undo block was left open",
    "reaper.Undo_EndBlock2(0, '', -1)": "Undo_EndBlock2 without Undo_BeginBlock2",
    "reaper.PreventUIRefresh(1)": "PreventUIRefresh left at 1",
    "reaper.defer(function() reaper.MB('x', 'y', 0) end)": "a modal dialog inside a tick",
    "reaper.ExecProcess('sleep 1', 1000)": "ExecProcess that waits freezes REAPER",
    "os.execute('sleep 1')": "os.execute freezes or ends REAPER",
    "io.popen('ls')": "io.popen freezes REAPER",
    "loose = 1": "global variable 'loose' is set",
    "reaper.SetExtState('a', 'b', 'caf\\xc3\\xa9', true)": "reaper-extstate.ini cannot keep",
    "reaper.SetProjExtState(0, 'a', 'b', 'two\\nlines')": "a project file cannot be trusted",
    "local t = reaper.GetTrack(0, 0); local x = t.name": "a pointer has no fields",
    "reaper.GetMediaTrackInfo_Value(reaper.GetTrack(0, 0), 'D_WRONG')": "knows no parmname 'D_WRONG'",
    "reaper.PCM_Source_CreateFromFile(debug.getinfo(1).source:sub(2))": "neither used nor destroyed",
    "reaper.GetToggleCommandStateEx(0, 1)": "known to REAPER but not to this double",
    """reaper.Undo_BeginBlock2(0)
       local t = reaper.GetTrack(0, 0); reaper.DeleteTrack(t); reaper.Undo_EndBlock2(0, '', -1)
       reaper.GetTrackGUID(t)""": "bad argument #1 to 'GetTrackGUID' (MediaTrack expected)",
}


@pytest.mark.parametrize("code", list(BROKEN))
def test_what_breaks_in_reaper_breaks_here(tmp_path: Path, edition, code: str):
    reaper = Reaper(tmp_path, version=edition[0], lua=edition[1])
    reaper.active.add(_track())
    (tmp_path / "script.lua").write_text(code)
    with pytest.raises(ScriptError) as error:
        reaper.run(tmp_path / "script.lua")
        reaper.tick()
    assert BROKEN[code] in str(error.value)


def _track():
    from reaper.double.model import Track

    return Track()


def test_newer_functions_are_missing_in_older_versions():
    assert Api("7.17").state("InsertTrackInProject") == "hidden"
    assert Api("7.18").state("InsertTrackInProject") == "here"
    assert Api("6.09").state("PCM_Source_BuildPeaks") == "hidden"
    assert Api("7.02").state("set_action_options") == "hidden"
    assert Api("7.40").state("CF_ShellExecute") == "hidden", "no extension is installed"
    assert Api("7.40").state("ShowMessage") == "unknown"


def test_everything_the_double_answers_is_a_function_of_reaper():
    assert set(CALLS) <= set(facts()["functions"])
    for name, function in CALLS.items():
        names = function.__code__.co_varnames[1 : function.__code__.co_argcount]
        assert len(names) == len(facts()["functions"][name]["args"]), name


def test_folders_are_listed_from_a_cache_that_only_minus_one_renews(tmp_path: Path):
    reaper = Reaper(tmp_path)
    listed = CALLS["EnumerateFiles"]
    (tmp_path / "a").touch()
    assert listed(reaper, str(tmp_path), 0) == "a"
    (tmp_path / "b").touch()
    assert listed(reaper, str(tmp_path), 1) is None
    listed(reaper, str(tmp_path), -1)
    assert listed(reaper, str(tmp_path), 1) == "b"


def test_the_tempo_map_goes_there_and_back_through_steps_ramps_and_meters():
    tempo = TempoMap(
        120.0, (4, 4), [Marker(4, 60, (3, 4)), Marker(10, 60, linear=True), Marker(20, 180)]
    )
    assert tempo.to_qn(4) == 8
    assert tempo.to_qn(10) == 14
    assert tempo.to_qn(20) == pytest.approx(14 + 10 * 2)  # 60 to 180 bpm in 10 s: 120 on average
    for time in (0.0, 3.0, 4.0, 9.5, 11.0, 17.3, 20.0, 31.0):
        assert tempo.to_time(tempo.to_qn(time)) == pytest.approx(time, abs=1e-9)
    assert tempo.bars_at(4.0) == (2, 0.0)
    assert tempo.bars_at(7.0) == (3, 0.0)


def test_undo_brings_things_back_but_not_the_pointers_to_them(tmp_path: Path):
    with wave.open(str(tmp_path / "a.wav"), "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\0\0" * 8000)
    reaper = Reaper(tmp_path)
    item = audio_item(reaper.active, tmp_path / "a.wav", 1.0)
    assert item.length == 1.0
    CALLS["Undo_BeginBlock2"](reaper, None)
    CALLS["DeleteTrack"](reaper, item.parent)
    CALLS["Undo_EndBlock2"](reaper, None, "delete", -1)
    assert not item.alive
    assert reaper.undo() == "delete"
    assert [back.guid for back in reaper.active.items()] == [item.guid]
    assert not item.alive


def test_a_saved_project_comes_back_whole(tmp_path: Path):
    from reaper.double.model import load_project

    reaper = Reaper(tmp_path)
    reaper.active.tempo = TempoMap(91.0, (7, 8), [Marker(3.0, 100.0, (4, 4))])
    reaper.active.add(_track())
    CALLS["SetProjExtState"](reaper, None, "A", "Key", "value")
    reaper.active.save(tmp_path / "song.rpp")
    again = load_project(tmp_path / "song.rpp")
    assert again.tempo == reaper.active.tempo
    assert again.ext == reaper.active.ext
    assert [t.guid for t in again.tracks] == [t.guid for t in reaper.active.tracks]
    assert json.loads((tmp_path / "song.rpp").read_text())["ext"] == [["a", "Key", "value"]]


def test_what_is_no_wav_gives_an_empty_source(tmp_path: Path):
    (tmp_path / "x.wav").write_bytes(b"nothing of the kind")
    source = open_file(str(tmp_path / "x.wav"))
    assert source is not None and (source.type, source.length) == ("EMPTY", 0.0)
    assert open_file(str(tmp_path / "y.wav")) is None
