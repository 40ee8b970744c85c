from __future__ import annotations

import json
import struct
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from bridge.audio.midi import write_midi, write_notes
from bridge.music import Meter, Note

NOTES = [Note(0, 1, 60, 100), Note(0.5, 0.25, 64, 80), Note(3.75, 0.25, 36, 127, 9)]


def parse(path: Path) -> tuple[dict[str, object], list[tuple[float, float, int, int, int]]]:
    """A MIDI reader of its own: header, meta events, and notes in beats, by the file format."""
    data = path.read_bytes()
    assert data[:8] == b"MThd\0\0\0\6"
    kind, count, division = struct.unpack_from(">HHH", data, 8)
    facts: dict[str, object] = {"type": kind, "tracks": count, "names": [], "ends": []}
    notes, at = [], 14
    for _ in range(count):
        assert data[at : at + 4] == b"MTrk"
        end = at + 8 + struct.unpack_from(">I", data, at + 4)[0]
        at, tick, status, open_notes = at + 8, 0, 0, {}

        def number() -> int:
            nonlocal at
            value = 0
            while True:
                byte = data[at]
                at += 1
                value = value << 7 | byte & 0x7F
                if byte < 0x80:
                    return value

        while at < end:
            tick += number()
            if data[at] >= 0x80:
                status, at = data[at], at + 1
            if status == 0xFF:
                meta, at = data[at], at + 1
                size = number()
                body, at = data[at : at + size], at + size
                if meta == 0x03:
                    facts["names"].append(body.decode())
                elif meta == 0x51:
                    facts["bpm"] = 60e6 / int.from_bytes(body, "big")
                elif meta == 0x58:
                    facts["meter"] = f"{body[0]}/{2 ** body[1]}"
                elif meta == 0x2F:
                    facts["ends"].append(tick / division)
            elif status >> 4 == 0xC:
                facts.setdefault("programs", {})[status & 15] = data[at]
                at += 1
            else:
                pitch, velocity, key = data[at], data[at + 1], (status & 15, data[at])
                at += 2
                if status >> 4 == 9 and velocity:
                    assert key not in open_notes, "a key struck while it is down"
                    open_notes[key] = (tick, velocity)
                else:
                    start, struck = open_notes.pop(key)
                    length = (tick - start) / division
                    notes.append((start / division, length, pitch, struck, status & 15))
        assert not open_notes and at == end
    assert at == len(data)
    return facts, sorted(notes)


@pytest.mark.parametrize("bpm", [20, 93.7, 174.35, 400])
@pytest.mark.parametrize("meter", [Meter(4, 4), Meter(7, 8), Meter(12, 8), Meter(3, 2)])
def test_notes_tempo_and_meter_come_back(tmp_path: Path, bpm: float, meter: Meter) -> None:
    path = tmp_path / "a.mid"
    write_midi(path, NOTES, bpm=bpm, meter=meter, name="piano", beats=Fraction(21, 2))
    facts, notes = parse(path)
    assert notes == [(n.start, n.length, n.pitch, n.velocity, n.channel) for n in NOTES]
    assert facts["bpm"] == pytest.approx(bpm, rel=2e-6) and facts["meter"] == str(meter)
    assert (facts["type"], facts["tracks"], facts["ends"]) == (1, 2, [10.5, 10.5])
    assert facts["programs"] == {0: 0}
    assert mido.MidiFile(path).length == pytest.approx(10.5 * 60 / bpm, rel=1e-5)


def test_names_keep_every_script_and_programs_can_be_given(tmp_path: Path) -> None:
    write_midi(
        tmp_path / "a.mid", NOTES, bpm=120, meter=Meter(4, 4), name="ピアノ é", beats=4,
        programs={0: 88, 9: 0},
    )  # fmt: skip
    facts, _ = parse(tmp_path / "a.mid")
    assert facts["names"] == ["ピアノ é"] * 2 and facts["programs"] == {0: 88, 9: 0}


def test_notes_are_cut_at_the_ends_and_never_struck_twice(tmp_path: Path) -> None:
    notes = [
        Note(-1, 2, 50, 90), Note(-2, 1, 51, 90), Note(3.5, 4, 52, 90), Note(4, 1, 53, 90),
        Note(0, 3, 60, 90), Note(1, 1, 60, 80), Note(1, 2, 60, 70), Note(2.0, 1e-9, 61, 70),
    ]  # fmt: skip
    write_midi(tmp_path / "a.mid", notes, bpm=120, meter=Meter(4, 4), name="x", beats=4)
    _, found = parse(tmp_path / "a.mid")
    tick = 1 / 960
    assert [n[:4] for n in found] == [
        (0, 1, 50, 90), (0, 1, 60, 90), (1, 2, 60, 80), (2, tick, 61, 70), (3.5, 0.5, 52, 90),
    ]  # fmt: skip


def test_no_notes_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="empty"):
        write_midi(
            tmp_path / "a.mid", [Note(8, 1, 60, 90)], bpm=120, meter=Meter(4, 4), name="x", beats=4
        )
    assert not (tmp_path / "a.mid").exists()


def test_the_note_list_is_sorted_json(tmp_path: Path) -> None:
    write_notes(tmp_path / "n.json", [Note(1.5, 0.25, 64, 80), Note(1 / 3, 1, 60, 100, 9)])
    assert json.loads((tmp_path / "n.json").read_bytes()) == [
        [0.333333, 1, 60, 100, 9], [1.5, 0.25, 64, 80, 0],
    ]  # fmt: skip
