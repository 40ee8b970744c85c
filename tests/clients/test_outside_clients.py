"""Programs that are not ours ask the real server for a clip and hear about it; so does the mailbox."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

import pytest
from jobstream import free_port
from outside import HERE, Outside, outside, program, the_clip_of
from running import RunningServer, wait_until

from bridge.packet import decode


def send_until_heard(command: list[str], oscdump: Outside) -> None:
    """oscdump does not say when it listens; asking again with the same request_id is always safe."""
    until = time.monotonic() + 20
    while time.monotonic() < until:
        subprocess.run(command, check=True)
        if oscdump.prints_within(0.5):
            return


def test_liblo_sends_and_liblo_hears(sketch_server: RunningServer):
    oscsend, reply_port = program("oscsend"), free_port()
    with outside([program("oscdump"), "-L", str(reply_port)]) as oscdump:
        address = ["localhost", str(sketch_server.port), "/bridge/generate"]
        arguments = ["my-id", "dusty lo-fi", "bars", "4", "reply_port", str(reply_port)]
        send_until_heard([oscsend, *address, "sssisi", *arguments], oscdump)
        done = oscdump.line_with("/bridge/done")
        assert "sssi" in done and '"/bridge/generate" "my-id"' in done
        assert "generating" in oscdump.line_with("/bridge/progress", "generating")
        clip = oscdump.line_with("/bridge/clip")
    manifest = the_clip_of(sketch_server, "my-id")
    assert str(sketch_server.home.clips / f"{manifest['job_id']}.json") in clip
    assert (manifest["request"]["bars"], manifest["engine"]["name"]) == (4, "sketch")


@pytest.mark.parametrize(
    ("tags", "values", "said"),
    [
        ("sssi", ["lb-0", "dusty lo-fi", "bars", "0"], "bars must be in 0.25..256, got 0"),
        ("sssN", ["lb-N", "dusty lo-fi", "bars"], "type 'N'"),
        ("sssc", ["lb-c", "dusty lo-fi", "bars", "x"], "type 'c'"),
        ("sssS", ["lb-S", "dusty lo-fi", "bars", "x"], "type 'S'"),
        ("ss", ["lb-e", ""], "the prompt is empty"),
    ],
)
def test_liblo_hears_why_it_is_refused(sketch_server: RunningServer, tags, values, said):
    oscsend, oscdump = program("oscsend"), program("oscdump")
    reply_port = free_port()
    if "N" in tags or "c" in tags or "S" in tags:  # what follows cannot be read: put it in front
        tags, values = f"ssi{tags}", ["x", "reply_port", str(reply_port), *values]
    else:
        tags, values = f"{tags}si", [*values, "reply_port", str(reply_port)]
    with outside([oscdump, "-L", str(reply_port)]) as hears:
        command = [oscsend, "localhost", str(sketch_server.port), "/bridge/generate", tags]
        send_until_heard([*command, *values], hears)
        assert said in hears.line_with("/bridge/fail")


def test_a_pure_data_patch_gets_a_clip(sketch_server: RunningServer):
    quiet = ["-nogui", "-noaudio", "-nomidi", "-nrt", "-stderr"]
    start = ["-open", str(HERE / "generate.pd"), "-send", f"bridge-port {sketch_server.port}"]
    with outside([program("pd"), *quiet, *start]) as pd:
        assert "from-pd" in pd.line_with("heard", "bridge done")
        pd.line_with("heard", "bridge progress", "generating")
        clip = pd.line_with("heard", "bridge clip")
    manifest = the_clip_of(sketch_server, "from-pd")
    assert manifest["job_id"] in clip
    request = manifest["request"]
    assert (request["prompt"], request["bars"], request["key"]) == ("dusty lo-fi", 4, "A minor")
    assert (request["seed"], request["loop"]) == (7, True)


def test_sclang_gets_a_clip(sketch_server: RunningServer, tmp_path: Path):
    (tmp_path / "run").mkdir(mode=0o700)
    environment = {
        "QT_QPA_PLATFORM": "offscreen", "QTWEBENGINE_DISABLE_SANDBOX": "1", "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(tmp_path / "run"), "BRIDGE_PORT": str(sketch_server.port),
    }  # fmt: skip
    with outside([program("sclang"), "-D", str(HERE / "generate.scd")], **environment) as sclang:
        assert "from-sclang" in sclang.line_with("heard: /bridge/done")
        clip = sclang.line_with("heard: /bridge/clip")
    manifest = the_clip_of(sketch_server, "from-sclang")
    assert manifest["job_id"] in clip
    assert (manifest["request"]["loop"], manifest["request"]["seed"]) == (True, 7)


@pytest.mark.parametrize("library", ["osc", "node-osc", "osc-js"])
def test_an_osc_library_of_node_gets_a_clip(sketch_server: RunningServer, library: str):
    node = program("node")
    if not (HERE / "node_modules" / library).exists():
        pytest.skip(f"npm's {library} is not installed; tests/clients/install.sh installs it")
    script = HERE / f"with_{library.replace('-', '_')}.js"
    with outside([node, str(script), str(sketch_server.port), str(free_port())]) as program_:
        if library == "osc":
            assert "nil-is-refused bad-request" in program_.line_with("heard /bridge/fail")
        clip = program_.line_with("heard /bridge/clip")
    manifest = the_clip_of(sketch_server, f"from-{library}")
    assert manifest["job_id"] in clip
    assert manifest["request"]["bars"] == 4


def test_pyliblo_gets_a_clip_through_a_bundle(sketch_server: RunningServer):
    python = HERE / ".venv" / "bin" / "python"
    if not list(HERE.glob(".venv/lib/*/site-packages/pyliblo3")):
        pytest.skip("pyliblo3 is not installed; tests/clients/install.sh installs it")
    script = str(HERE / "with_pyliblo.py")
    with outside([str(python), script, str(sketch_server.port)]) as pyliblo:
        assert "from-pyliblo" in pyliblo.line_with("heard /bridge/done sssi")
        pyliblo.line_with("heard /bridge/progress ssff")
        clip = pyliblo.line_with("heard /bridge/clip ss")
    assert the_clip_of(sketch_server, "from-pyliblo")["job_id"] in clip


def test_a_shell_script_gets_a_clip_through_the_mailbox(
    sketch_server: RunningServer, tmp_path: Path
):
    """printf and mv are all a host needs: the packet is spelled out byte by byte."""
    inbox, out = sketch_server.home.mailbox_in, sketch_server.home.mailbox_out / "shell"
    script = (
        r"printf '/bridge/generate\0\0\0\0,sssi\0\0\0from-shell\0\0dusty lo-fi\0bars\0\0\0\0\0\0\0\004'"
        r' > "$1/shell-1.tmp" && mv "$1/shell-1.tmp" "$1/shell-1.osc"'
    )
    subprocess.run([program("sh"), "-c", script, "sh", str(inbox)], check=True)

    def heard() -> dict[str, tuple]:
        packets = [decode(path.read_bytes())[0] for path in sorted(out.glob("*.osc"))]
        return {message.address: message.args for message in packets}

    wait_until(lambda: "/bridge/clip" in heard(), "the clip event as a file")
    manifest = the_clip_of(sketch_server, "from-shell")
    assert heard()["/bridge/done"][:3] == ("/bridge/generate", "from-shell", manifest["job_id"])
    assert manifest["job_id"] in heard()["/bridge/clip"][1]
