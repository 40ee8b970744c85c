"""The small library files: OSC against python-osc, JSON against Python's, names, texts that must survive."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pythonosc.osc_message import OscMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from reaper.conftest import SCRIPTS


def runtime(lua: str):
    """A bare Lua with the scripts' library in its path."""
    state = importlib.import_module(f"lupa.{lua}").LuaRuntime(
        encoding="latin-1", unpack_returned_tuples=True
    )
    state.execute(f"package.path = {json.dumps(str(SCRIPTS))} .. '/?.lua'")
    state.execute("reaper = { file_exists = function() return false end }")
    return state


STATES = {name: runtime(name) for name in ("lua53", "lua54")}
lua_states = pytest.mark.parametrize("state", STATES.values(), ids=STATES.keys())


def to_lua(text: str) -> str:
    return text.encode().decode("latin-1")


def from_lua(text: str) -> str:
    return text.encode("latin-1").decode()


arguments = st.lists(
    st.one_of(
        st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",))), st.booleans(),
        st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False),
    ),
    max_size=8,
)  # fmt: skip


@lua_states
@settings(max_examples=60, deadline=None)
@given(values=arguments)
def test_osc_packets_read_the_same_in_lua_and_in_python(state, values):
    encode, decode = (
        state.eval("require('lib.osc').encode"),
        state.eval("require('lib.osc').decode"),
    )
    given_values = state.table_from([to_lua(v) if isinstance(v, str) else v for v in values])
    packet = encode("/bridge/test", given_values).encode("latin-1")
    assert OscMessage(packet).params == values
    builder = OscMessageBuilder("/bridge/test")
    for value in values:
        if isinstance(value, float):
            builder.add_arg(value, "d")
        elif isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**31:
            builder.add_arg(value, "h")
        else:
            builder.add_arg(value)
    address, back = decode(builder.build().dgram.decode("latin-1"))
    assert address == "/bridge/test"
    found = [from_lua(v) if isinstance(v, str) else v for v in back.values()]
    assert found == values


@lua_states
@settings(max_examples=100, deadline=None)
@given(packet=st.binary(max_size=60))
def test_junk_packets_are_refused_not_raised(state, packet):
    answer = state.eval("require('lib.osc').decode")(packet.decode("latin-1"))
    assert isinstance(answer, tuple)


values = st.recursive(
    st.one_of(
        st.booleans(), st.integers(-(2**53), 2**53), st.text(st.characters(exclude_categories=("Cs",))),
        st.floats(allow_nan=False, allow_infinity=False),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.text("abcä_", min_size=1), inner, min_size=1, max_size=4),
    ),
    max_leaves=12,
)  # fmt: skip


@lua_states
@settings(max_examples=100, deadline=None)
@given(value=values)
def test_json_goes_through_lua_unchanged(state, value):
    code = "function(text) local j = require 'lib.json' return j.encode(assert(j.decode(text))) end"
    if value is False:
        return  # assert() would take it for a failure; flags inside tables are covered
    for ascii_only in (True, False):
        text = to_lua(json.dumps(value, ensure_ascii=ascii_only))
        back = json.loads(from_lua(state.eval(code)(text)))
        assert back == value


@lua_states
@pytest.mark.parametrize(
    "text", ["", "{", "[1,", '{"a" 1}', '"abc', "nul", "01x", "[1] 2", '"\\x"', "[" * 40 + "]" * 40]
)
def test_broken_json_gives_a_reason(state, text):
    value, why = state.eval("require('lib.json').decode")(text) or (None, None)
    assert value is None
    assert why.startswith("JSON: ")


@lua_states
@given(text=st.text())
@settings(max_examples=100, deadline=None)
def test_remembered_texts_survive_ini_and_project_files(state, text):
    text = to_lua(text.encode("utf-8", "ignore").decode())
    escaped = state.eval("require('lib.config').escape")(text)
    assert escaped.isascii() and escaped.isprintable() or not escaped
    assert not set(escaped) & set("\"'`\n\r")
    assert state.eval("require('lib.config').unescape")(escaped) == text


@lua_states
@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Warm house, 120!", "warm-house-120"), ("../../etc", "etc"), ("größe", "gr-e"),
        ("日本", "clip"), ("", "clip"), ("a" * 90, "a" * 24), ("CON: x|y?", "con-x-y"),
    ],
)  # fmt: skip
def test_file_names_fit_every_system(state, text, slug):
    assert state.eval("require('lib.files').slug")(to_lua(text), 24) == slug


# a clock that goes on by 1 ms each time somebody looks
CLOCK = """
local time = 0
reaper.time_precise = function() time = time + 0.001 return time end
"""


@lua_states
def test_a_file_is_copied_in_steps_and_appears_whole(state, tmp_path):
    content = bytes(range(256)) * 8192  # 2 MiB
    (tmp_path / "from.wav").write_bytes(content)
    state.execute(CLOCK)
    copy = state.eval("require('lib.files').copy")(
        str(tmp_path / "from.wav"), str(tmp_path / "to.wav")
    )
    steps = 1
    while copy.step(0.003) == "copying":
        assert not (tmp_path / "to.wav").exists(), "half a file could be imported"
        steps += 1
    assert steps > 2, "it was done in one go"
    assert (tmp_path / "to.wav").read_bytes() == content
    assert not (tmp_path / "to.wav.part").exists()


@lua_states
def test_notes_are_read_in_steps(state, tmp_path):
    (tmp_path / "notes.json").write_text(json.dumps([[n / 4, 0.25, 60, 90, 0] for n in range(50)]))
    state.execute(CLOCK)
    step = state.eval("require('lib.manifest').note_reader")(str(tmp_path / "notes.json"))
    steps, notes = 1, None
    while notes is None:
        notes, steps = step(0.005), steps + 1
    assert steps > 5
    assert [list(note.values()) for note in notes.values()][49] == [12.25, 0.25, 60, 90, 0]


@lua_states
def test_every_script_compiles(state):
    load = state.eval("function(path) return loadfile(path) end")
    scripts = sorted(SCRIPTS.rglob("*.lua"))
    assert len(scripts) > 20
    for path in scripts:
        assert not isinstance(load(str(path)), tuple), path


def test_the_library_calls_no_function_that_blocks_or_replaces():
    """No shell, no popen, no waiting ExecProcess, no os.rename onto a file that may be there."""
    for path in Path(SCRIPTS).rglob("*.lua"):
        text = path.read_text(encoding="utf-8")
        assert "os.execute" not in text and "io.popen" not in text, path
        assert text.count("ExecProcess") == text.count(", -2)"), path
