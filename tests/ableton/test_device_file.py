"""The committed device: equal to a fresh build, readable by an independent reader, a patch without mistakes."""

from __future__ import annotations

import json
import re
import shutil
import struct
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from bridge.protocol import COMMANDS, DONE, EVENTS, FAIL

FOLDER = Path(__file__).parents[2] / "ableton_m4l"
VIEW_WIDTH, VIEW_HEIGHT = 524, 169


# ---- an independent reader of the container: walks by its own lengths, checks every byte is accounted for


def chunks(data: bytes) -> dict[str, bytes]:
    """The outer layer: tag, little-endian length, payload."""
    found, at = {}, 0
    while at < len(data):
        tag, size = data[at : at + 4].decode(), int.from_bytes(data[at + 4 : at + 8], "little")
        found[tag] = data[at + 8 : at + 8 + size]
        at += 8 + size
    assert at == len(data)
    return found


def fields(data: bytes) -> list[tuple[str, bytes]]:
    """The inner layer: tag, big-endian size that counts its own eight bytes."""
    found, at = [], 0
    while at < len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "big")
        assert size >= 8, f"field of size {size} at {at}"
        found.append((data[at : at + 4].decode(), data[at + 8 : at + size]))
        at += size
    assert at == len(data)
    return found


def frozen_files(ptch: bytes) -> dict[str, dict[str, Any]]:
    """The files of a frozen device, by the directory at its end."""
    magic, header, footer = struct.unpack(">4sIQ", ptch[:16])
    assert (magic, header) == (b"mx@c", 16)
    [(tag, directory)] = fields(ptch[footer:])
    assert tag == "dlst"
    files, end = {}, 16
    for name, entry in fields(directory):
        assert name == "dire"
        values = dict(fields(entry))
        assert list(values) == ["type", "fnam", "sz32", "of32", "vers", "flag", "mdat"]
        assert len(values["fnam"]) % 4 == 0
        size, offset = (int.from_bytes(values[key], "big") for key in ("sz32", "of32"))
        assert offset == end, "files lie one behind another"
        end = offset + size
        files[values["fnam"].rstrip(b"\0").decode()] = {
            "type": values["type"].decode(),
            "flag": int.from_bytes(values["flag"], "big"),
            "data": ptch[offset : offset + size],
        }
    assert end == footer
    return files


def device_files() -> dict[str, dict[str, Any]]:
    return frozen_files(chunks((FOLDER / "DawBridge.amxd").read_bytes())["ptch"])


def patcher() -> dict[str, Any]:
    text = device_files()["DawBridge.amxd"]["data"]
    assert text.endswith(b"\n\0")
    return json.loads(text[:-1])["patcher"]


def test_the_committed_files_equal_a_fresh_build() -> None:
    done = subprocess.run(
        [sys.executable, str(FOLDER / "build_device.py"), "--check"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_a_changed_script_is_noticed(tmp_path: Path) -> None:
    copy = shutil.copytree(FOLDER, tmp_path / "ableton_m4l")
    with (copy / "script" / "jobs.js").open("a", encoding="utf-8") as part:
        part.write("// changed\n")
    done = subprocess.run(
        [sys.executable, str(copy / "build_device.py"), "--check"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        "DawBridge.js differs from a fresh build",
        "DawBridge.amxd differs from a fresh build",
    ]


def test_every_part_of_the_script_is_in_it() -> None:
    joined = script()
    for part in (FOLDER / "script").glob("*.js"):
        assert part.read_text(encoding="utf-8") in joined, part


def test_the_outer_layer_is_that_of_a_frozen_audio_effect() -> None:
    found = chunks((FOLDER / "DawBridge.amxd").read_bytes())
    assert list(found) == ["ampf", "meta", "ptch"]
    assert found["ampf"] == b"aaaa"
    assert int.from_bytes(found["meta"], "little") == 7


def test_the_script_inside_is_the_script_beside_it() -> None:
    files = device_files()
    assert [(name, file["type"], file["flag"]) for name, file in files.items()] == [
        ("DawBridge.amxd", "JSON", 0x11),
        ("DawBridge.js", "TEXT", 0),
    ]
    script = (FOLDER / "DawBridge.js").read_bytes().replace(b"\r\n", b"\n")
    assert files["DawBridge.js"]["data"] == script


def test_the_readable_patch_is_the_patch_inside() -> None:
    assert json.loads((FOLDER / "DawBridge.maxpat").read_text())["patcher"] == patcher()


def test_the_patcher_says_what_live_needs() -> None:
    patch = patcher()
    assert patch["project"]["amxdtype"] == int.from_bytes(b"aaaa", "big")
    assert patch["openinpresentation"] == 1
    assert patch["openrect"] == [0, 0, VIEW_WIDTH, VIEW_HEIGHT]
    assert patch["minimum_live_version"] == "11.3.25"
    assert [entry["name"] for entry in patch["dependency_cache"]] == ["DawBridge.js"]


# ---- patch lint: Max ignores unknown classes, attributes and cords in silence

# class -> inlets, outlets, attributes it may carry (beside those of every box)
OBJECTS = {
    "plugin~": (2, 2), "plugout~": (2, 2), "live.thisdevice": (1, 3), "udpreceive": (1, 1),
    "udpsend": (1, 0), "prepend": (1, 1), "js": (1, 3),
}  # fmt: skip
SHOWN = {
    "textedit": (1, 4, {"text", "outputmode", "nosymquotes", "keymode", "fontname", "fontsize"}),
    "live.menu": (1, 3, set()),
    "live.numbox": (1, 2, set()),
    "live.text": (1, 2, {"mode", "text", "texton"}),
    "live.comment": (1, 0, {"text", "textjustification"}),
    "led": (1, 1, {"ignoreclick"}),
    "slider": (1, 1, {"ignoreclick", "orientation", "size"}),
    "message": (2, 1, {"text"}),
}
EVERY_BOX = {
    "id", "maxclass", "numinlets", "numoutlets", "outlettype", "patching_rect", "presentation",
    "presentation_rect", "varname", "annotation", "annotation_name", "parameter_enable",
    "saved_attribute_attributes",
}  # fmt: skip
PARAMETER = {
    "parameter_annotation_name", "parameter_enum", "parameter_info", "parameter_initial",
    "parameter_initial_enable", "parameter_invisible", "parameter_longname", "parameter_mmax",
    "parameter_mmin", "parameter_modmode", "parameter_shortname", "parameter_type",
    "parameter_unitstyle",
}  # fmt: skip


def boxes() -> list[dict[str, Any]]:
    return [entry["box"] for entry in patcher()["boxes"]]


def ports(box: dict[str, Any]) -> tuple[int, int]:
    if box["maxclass"] != "newobj":
        return SHOWN[box["maxclass"]][:2]
    words = box["text"].split()
    if words[0] == "t":
        return 1, len(words) - 1
    if words[0] == "route":
        return 1, len(words)
    return OBJECTS[words[0]]


def controls() -> list[dict[str, Any]]:
    return [box for box in boxes() if box.get("parameter_enable")]


def valueof(box: dict[str, Any]) -> dict[str, Any]:
    return box["saved_attribute_attributes"]["valueof"]


def test_every_box_is_of_a_known_kind_with_known_attributes_and_ports() -> None:
    for box in boxes():
        assert (box["numinlets"], box["numoutlets"]) == ports(box), box
        assert len(box.get("outlettype", [])) == box["numoutlets"], box
        own = {"text", "saved_object_attributes"}
        if box["maxclass"] != "newobj":
            own = SHOWN[box["maxclass"]][2]
        assert set(box) <= EVERY_BOX | own, set(box) - EVERY_BOX - own


def test_ids_are_unique_and_every_cord_joins_an_outlet_to_an_inlet() -> None:
    by_id = {box["id"]: box for box in boxes()}
    assert len(by_id) == len(boxes())
    cords = [line["patchline"] for line in patcher()["lines"]]
    for cord in cords:
        (source, outlet), (target, inlet) = cord["source"], cord["destination"]
        assert 0 <= outlet < by_id[source]["numoutlets"], cord
        assert 0 <= inlet < by_id[target]["numinlets"], cord
    counted = Counter(json.dumps(cord, sort_keys=True) for cord in cords)
    assert set(counted.values()) == {1}, "a cord is there twice"


def test_audio_passes_through() -> None:
    by_text = {box.get("text"): box["id"] for box in boxes()}
    through = {
        (line["patchline"]["source"][1], line["patchline"]["destination"][1])
        for line in patcher()["lines"]
        if line["patchline"]["source"][0] == by_text["plugin~"]
        and line["patchline"]["destination"][0] == by_text["plugout~"]
    }
    assert through == {(0, 0), (1, 1)}


def test_the_view_lies_inside_169_pixels_and_nothing_overlaps() -> None:
    shown = [box for box in boxes() if box.get("presentation")]
    for box in shown:
        x, y, width, height = box["presentation_rect"]
        assert all(value == int(value) for value in box["presentation_rect"])
        assert x >= 0 and y >= 0 and x + width <= VIEW_WIDTH and y + height <= VIEW_HEIGHT, box
    solid = [box for box in shown if box["maxclass"] != "live.comment"]
    for i, one in enumerate(solid):
        for other in solid[i + 1 :]:
            assert not overlap(one["presentation_rect"], other["presentation_rect"]), (one, other)


def overlap(one: list[float], other: list[float]) -> bool:
    return all(
        one[axis] < other[axis] + other[axis + 2] and other[axis] < one[axis] + one[axis + 2]
        for axis in (0, 1)
    )


def test_every_parameter_has_a_unique_name_a_start_value_and_an_info_text() -> None:
    names = [valueof(box)["parameter_longname"] for box in controls()]
    assert len(set(names)) == len(names) and not any("[" in name for name in names)
    for box in controls():
        value = valueof(box)
        assert set(value) <= PARAMETER, set(value) - PARAMETER
        assert len(value["parameter_info"]) > 20 and box["annotation"] == value["parameter_info"]
        # buttons hidden, all else stored only: neither floods Live's undo list nor can be automated
        assert value["parameter_invisible"] == (2 if box["maxclass"] == "live.text" else 1)
        if box["maxclass"] != "textedit":
            assert value["parameter_initial_enable"] == 1
            low, high = value["parameter_mmin"], value["parameter_mmax"]
            assert low <= value["parameter_initial"][0] <= high
        if "parameter_enum" in value and box["maxclass"] == "live.menu":
            assert value["parameter_mmax"] == len(value["parameter_enum"]) - 1


# ---- patch against script, script against the server's table


def script() -> str:
    return (FOLDER / "DawBridge.js").read_text(encoding="utf-8")


def constants() -> dict[str, str]:
    return dict(re.findall(r'\b([A-Z]+) = "(/bridge/[a-z]+)"', script()))


def test_every_message_of_the_patch_has_a_function_in_the_script() -> None:
    functions = set(re.findall(r"^function (\w+)\(", script(), re.MULTILINE))
    sent = {box["text"] for box in boxes() if box["maxclass"] == "message"} - {"outputvalue"}
    sent |= {
        box["text"].split()[1] for box in boxes() if box.get("text", "").startswith("prepend ")
    }
    assert sent == {"generate", "cancel", "transcribe", "separate", "selftest", "set"}
    assert sent | {"bang", "anything", "notifydeleted"} <= functions


def test_every_control_of_the_patch_is_a_setting_of_the_script() -> None:
    declared = re.search(r"var settings = \{(.*?)\};", script(), re.DOTALL)
    assert declared
    settings = set(re.findall(r"(\w+):", declared[1]))
    set_by_patch = {
        box["text"].split()[2] for box in boxes() if box.get("text", "").startswith("prepend set ")
    }
    assert set_by_patch == settings | {"port"}


@pytest.mark.parametrize(
    ("menu", "constant"), [("bars", "BARS"), ("source", "SOURCES"), ("target", "TARGETS")]
)
def test_menus_have_as_many_entries_as_the_script_knows(menu: str, constant: str) -> None:
    [box] = [box for box in controls() if box["varname"] == menu]
    known = json.loads(re.search(rf"var {constant} = (\[.*?\]);", script())[1])
    entries = valueof(box)["parameter_enum"]
    assert len(entries) == len(known)
    if menu == "bars":
        assert entries == [str(value) for value in known]


def test_every_address_is_in_the_servers_table() -> None:
    events = set(EVENTS) | {DONE, FAIL}
    commands = {command.address for command in COMMANDS}
    assert set(constants().values()) <= commands | events
    assert events <= set(constants().values()), "an event the device does not hear"
    assert set(re.findall(r'"(/bridge/\w+)"', script())) == set(constants().values())


@pytest.mark.parametrize(
    ("name", "functions"),
    [
        ("generate", ("generateArguments",)),
        ("transcribe", ("transcribeArguments", "sectionKeys")),
        ("separate", ("separateArguments", "sectionKeys")),
    ],
)
def test_every_key_that_is_sent_is_known_to_the_server(
    name: str, functions: tuple[str, ...]
) -> None:
    keys: set[str] = set()
    for function in functions:
        body = re.search(rf"function {function}\(.*?\n\}}", script(), re.DOTALL)
        assert body
        keys |= set(re.findall(r"(?:keys\.|[{,]\s*)([a-z_]+)\s*[:=](?!=)", body[0]))
    [command] = [one for one in COMMANDS if one.address == f"/bridge/{name}"]
    assert len(keys) >= 5
    assert keys <= {param.name for param in command.all_keys}


def test_ports_agree_with_the_servers_default() -> None:
    from bridge.config import Config

    port = Config.__dataclass_fields__["port"].default
    [box] = [box for box in controls() if box["varname"] == "port"]
    assert valueof(box)["parameter_initial"] == [port]
    assert f"udpsend 127.0.0.1 {port}" in {one.get("text") for one in boxes()}
    assert f"var SERVER_PORT = {port};" in script()
