"""Builds DawBridge.js, .amxd and .maxpat from script/ and device.py, the same bytes every time.

    python build_device.py            write them and view.svg
    python build_device.py --check    exit 1 if the files that are there differ from a fresh build
    python build_device.py --loose    write DawBridge-loose.amxd, which reads DawBridge.js beside it

The .amxd is the frozen form that Max writes: a header, the patch as JSON, the script, and a directory of
both at the end. Chunk lengths of the outer layer are little-endian, those inside are big-endian.
"""

from __future__ import annotations

import argparse
import json
import struct
import sys
from pathlib import Path
from typing import Any

from device import HEIGHT, SCRIPT, WIDTH, patch
from draw_view import draw

HERE = Path(__file__).resolve().parent
DEVICE, READABLE, VIEW = "DawBridge.amxd", "DawBridge.maxpat", "view.svg"
# the files of script/ in the order in which they are joined
PARTS = (
    "constants", "values", "live", "connection", "jobs", "placing", "clips", "selftest", "messages",
)  # fmt: skip
AUDIO_EFFECT = b"aaaa"
FROZEN, LOOSE = 7, 1  # the value of the meta chunk
DEVICE_FLAG, FILE_FLAG = 0x11, 0
# seconds since 1904, fixed so that the bytes are: 2026-01-01 00:00 UTC
MODIFIED = 1_767_225_600 + 2_082_844_800
MINIMUM_LIVE = "11.3.25"


def patcher() -> dict[str, Any]:
    """The patch as Max stores it."""
    made = patch()
    return {
        "patcher": {
            "fileversion": 1,
            "appversion": {
                "major": 8, "minor": 5, "revision": 6, "architecture": "x64", "modernui": 1,
            },
            "classnamespace": "box",
            "rect": [80.0, 80.0, 1420.0, 760.0],
            "openrect": [0.0, 0.0, float(WIDTH), float(HEIGHT)],
            "openinpresentation": 1,
            "default_fontsize": 10.0,
            "default_fontname": "Ableton Sans Medium",
            "devicewidth": float(WIDTH),
            "description": "DAW Bridge: clips from a prompt, by a server on this machine",
            "boxes": made.boxes,
            "lines": made.lines,
            "dependency_cache": [{"name": SCRIPT, "bootpath": ".", "type": "TEXT", "implicit": 1}],
            "latency": 0,
            "is_mpe": 0,
            "minimum_live_version": MINIMUM_LIVE,
            "minimum_max_version": "",
            "platform_compatibility": 0,
            "project": project(),
            "autosave": 0,
        }
    }  # fmt: skip


def project() -> dict[str, Any]:
    """Without this object Max refuses a device."""
    return {
        "version": 1,
        "creationdate": MODIFIED,
        "modificationdate": MODIFIED,
        "viewrect": [0.0, 0.0, 300.0, 500.0],
        "autoorganize": 1,
        "hideprojectwindow": 1,
        "showdependencies": 1,
        "autolocalize": 0,
        "contents": {"patchers": {}, "code": {}},
        "layout": {},
        "searchpath": {},
        "detailsvisible": 0,
        "amxdtype": int.from_bytes(AUDIO_EFFECT, "big"),
        "readonly": 0,
        "devpathtype": 0,
        "devpath": ".",
        "sortmode": 0,
        "viewmode": 0,
        "includepackages": 0,
    }


def maxpat() -> bytes:
    """The patch as text, for reading in Max or here."""
    return (json.dumps(patcher(), indent="\t") + "\n").encode()


def _field(tag: bytes, payload: bytes) -> bytes:
    return tag + struct.pack(">I", 8 + len(payload)) + payload


def _entry(kind: bytes, name: str, size: int, offset: int, flag: int) -> bytes:
    text = name.encode() + b"\0"
    text += b"\0" * (-len(text) % 4)
    numbers = (
        (b"sz32", size),
        (b"of32", offset),
        (b"vers", 0),
        (b"flag", flag),
        (b"mdat", MODIFIED),
    )
    fields = _field(b"type", kind) + _field(b"fnam", text)
    return _field(b"dire", fields + b"".join(_field(t, struct.pack(">I", v)) for t, v in numbers))


def _outer(meta: int, body: bytes) -> bytes:
    head = b"ampf" + struct.pack("<I", 4) + AUDIO_EFFECT + b"meta" + struct.pack("<II", 4, meta)
    return head + b"ptch" + struct.pack("<I", len(body)) + body


def amxd(code: bytes) -> bytes:
    """The frozen device: patch and script in one file."""
    device = maxpat() + b"\0"
    footer = 16 + len(device) + len(code)  # offsets count from the m of mx@c
    directory = _entry(b"JSON", DEVICE, len(device), 16, DEVICE_FLAG)
    directory += _entry(b"TEXT", SCRIPT, len(code), 16 + len(device), FILE_FLAG)
    body = b"mx@c" + struct.pack(">IQ", 16, footer) + device + code + _field(b"dlst", directory)
    return _outer(FROZEN, body)


def script() -> bytes:
    """The one script that Max runs: its parts, joined."""
    parts = [(HERE / "script" / f"{name}.js").read_bytes() for name in PARTS]
    return b"\n".join(part.replace(b"\r\n", b"\n") for part in parts)


def outputs() -> dict[str, bytes]:
    """Every generated file by name, built now."""
    return {SCRIPT: script(), DEVICE: amxd(script()), READABLE: maxpat(), VIEW: draw().encode()}


def main(arguments: list[str]) -> int:
    """Build, or compare with what is there."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare only")
    parser.add_argument("--loose", action="store_true", help="an unfrozen device, script beside it")
    options = parser.parse_args(arguments)
    if options.loose:
        (HERE / "DawBridge-loose.amxd").write_bytes(_outer(LOOSE, maxpat() + b"\0"))
        return 0
    stale = []
    for name, data in outputs().items():
        path = HERE / name
        if path.exists() and path.read_bytes().replace(b"\r\n", b"\n") == data.replace(
            b"\r\n", b"\n"
        ):
            continue
        stale.append(name)
        if not options.check:
            path.write_bytes(data)
    for name in stale:
        sys.stdout.write(f"{name} {'differs from a fresh build' if options.check else 'written'}\n")
    return 1 if options.check and stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
