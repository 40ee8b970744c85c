"""The UDP carrier, with the real LuaSocket in a real Lua, against the real server."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from reaper.conftest import SCRIPTS

# A Lua program with just enough of `reaper` for the carriers; "answer" lines are JSON on stdout.
PROGRAM = r"""
package.path = arg[1] .. "/?.lua;" .. package.path
local home, extstate, files = arg[2], {}, 0
reaper = {
  time_precise = os.clock,
  GetResourcePath = function() return arg[3] end,
  GetExtState = function(_, key) return extstate[key] or "" end,
  HasExtState = function(_, key) return extstate[key] ~= nil end,
  SetExtState = function(_, key, value) extstate[key] = value end,
  genGuid = function() return "{" .. os.time() .. "-" .. math.random(1e9) .. "}" end,
  RecursiveCreateDirectory = function() files = files + 1 return 1 end,
  EnumerateFiles = function() return nil end,
}
local json = require "lib.json"
local transport = require "lib.transport"
local carrier = transport.open("udp-test")
carrier.connect()
local sent = carrier.send("/bridge/ping", { "ping 1" })
carrier.send("/bridge/generate", { "udp job " .. arg[3], "steps 3", "bars", 1.0 })
local got, stop = {}, os.time() + 20
while os.time() < stop and #got < tonumber(arg[4]) do
  carrier.receive(function(address, arguments) got[#got + 1] = { address, arguments } end)
end
print(json.encode { name = carrier.name, sent = sent or false, got = got, files = files })
"""


def run(lua: str, home: Path, tmp_path: Path, expect: int) -> dict:
    (tmp_path / "program.lua").write_text(PROGRAM)
    done = subprocess.run(
        [lua, str(tmp_path / "program.lua"), str(SCRIPTS), str(home), str(tmp_path), str(expect)],
        capture_output=True, text=True, timeout=60, env={"DAW_BRIDGE_HOME": str(home), "PATH": "/usr/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(params=["lua5.3", "lua5.4"])
def lua(request, tmp_path):
    """A Lua that has LuaSocket (Debian: lua5.4 and lua-socket)."""
    program = shutil.which(request.param)
    find = 'io.write(assert(package.searchpath("socket.core", package.cpath)))'
    found = program and subprocess.run([program, "-e", find], capture_output=True, text=True)
    if not found or found.returncode:
        pytest.skip(f"{request.param} with LuaSocket is not installed")
    # where ReaPack puts the library that is built for REAPER
    folder = tmp_path / "Scripts" / "Mavriq ReaScript Repository" / "Various" / "Mavriq-Lua-Sockets"
    (folder / "socket").mkdir(parents=True)
    shutil.copy(found.stdout, folder / "socket")
    return program


def test_the_same_packets_travel_by_udp_when_a_socket_library_loads(
    clockwork_server, start_reaper, lua, tmp_path
):
    start_reaper(clockwork_server.home.root)  # waits for the heartbeat, which names the port
    result = run(lua, clockwork_server.home.root, tmp_path, expect=5)
    assert result["name"] == "UDP"
    assert result["sent"] is True
    assert result["files"] == 0, "nothing went through the mailbox"
    answers = {
        tuple(arguments[:2]) for address, arguments in result["got"] if address == "/bridge/done"
    }
    assert answers == {
        ("/bridge/ping", "ping 1"), ("/bridge/generate", f"udp job {tmp_path}"),
    }  # fmt: skip
    events = [address for address, _ in result["got"]]
    assert "/bridge/progress" in events


def test_a_closed_port_is_noticed_and_the_mailbox_takes_over(
    start_server, start_reaper, lua, tmp_path
):
    server = start_server()
    start_reaper(server.home.root)
    server.kill()  # its heartbeat file still says where it listened
    result = run(lua, server.home.root, tmp_path, expect=0)
    assert result["name"] == "UDP"
    kept = list((server.home.root / "mailbox" / "in").glob("udp-test-*.osc"))
    assert len(kept) == 1, "the second packet met the refusal of the first"
    assert b"steps 3" in kept[0].read_bytes()


def test_without_a_socket_library_the_mailbox_is_used(studio):
    studio.act("Generate clip", {"Prompt": "house", "Bars": "1"})
    studio.until_landed()
    studio.act("Bridge status")
    studio.until(lambda: "carrier" in studio.console, "the report")
    assert "carrier      mailbox" in studio.console
