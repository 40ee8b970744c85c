"""Draws the README's pictures from what the double holds after real runs against a real server.

    python tests/reaper/draw_pictures.py reaper_scripts

Nothing in them is a screenshot of REAPER: names, places, colours, waveforms, notes and texts are the
project's, the drawing is ours.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np
import soundfile

sys.path.insert(0, str(Path(__file__).parents[1]))

from reaper.double.host import Reaper  # noqa: E402 the tests' folder is no package
from reaper.double.model import Item, Project, Track  # noqa: E402

REPO = Path(__file__).parents[2]
SCRIPTS = REPO / "reaper_scripts"
WIDTH, PANEL, ROW, SECONDS = 860, 190, 50, 12.0
LABEL = 14  # height of an item's name, above what is in it
INK, PAPER, GRID, GREY = "#e8eaed", "#24282e", "#3a4048", "#8b939c"
WISH = {"Prompt": "mellow house, electric piano", "Bars": "4", "Seed": "7", "MIDI": "yes"}


def text(x: float, y: float, what: str, size: int = 12, fill: str = INK, extra: str = "") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
        f'font-family="Helvetica, Arial, sans-serif" {extra}>{escape(what)}</text>'
    )


def box(x: float, y: float, w: float, h: float, fill: str, extra: str = "") -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{w:.1f}" height="{h:.1f}" fill="{fill}" {extra}/>'


def across(seconds: float) -> float:
    return PANEL + seconds / SECONDS * (WIDTH - PANEL - 10)


def colour_of(track: Track) -> str:
    native = int(track.values.get("I_CUSTOMCOLOR", 0))
    red, green, blue = native & 255, native >> 8 & 255, native >> 16 & 255
    return f"#{red:02x}{green:02x}{blue:02x}" if native else GREY


def waveform(item: Item, y: float) -> str:
    assert item.take and item.take.source
    audio, _ = soundfile.read(item.take.source.file, always_2d=True)
    left, right = across(item.position), across(item.position + item.length)
    peaks = [abs(part).max() for part in np.array_split(audio, int(right - left))]
    middle, half = y + (LABEL + ROW - 4) / 2, (ROW - 4 - LABEL) / 2 - 1
    top = [f"{left + i:.0f},{middle - p * half:.1f}" for i, p in enumerate(peaks)]
    bottom = [
        f"{left + i:.0f},{middle + p * half:.1f}" for i, p in reversed(list(enumerate(peaks)))
    ]
    return f'<polygon points="{" ".join(top + bottom)}" fill="#ffffff" fill-opacity="0.8"/>'


def notes(item: Item, y: float, project: Project) -> str:
    assert item.take
    pitches = [note[3] for note in item.take.notes]
    low, high = min(pitches), max(pitches) + 1
    start = project.tempo.to_qn(item.position)
    out = []
    for begin, end, _, pitch, _ in item.take.notes:
        x1 = across(project.tempo.to_time(start + begin / 960))
        x2 = across(project.tempo.to_time(start + end / 960))
        height = (ROW - 8 - LABEL) / (high - low)
        note_y = y + LABEL + 1 + (high - 1 - pitch) * height
        out.append(box(x1, note_y, max(1.5, x2 - x1 - 1), max(1.5, height - 0.5), "#ffffff"))
    return "".join(out)


def _short(name: str, most: int) -> str:
    return name if len(name) <= most else name[: most - 1] + "\u2026"


def arrange(studio: Reaper, y: float) -> tuple[str, float]:
    """The tracks with their items, and the height they take."""
    project, out, depth = studio.active, [], 0
    for bar in range(int(SECONDS / 2) + 1):
        x = across(bar * 2.0)
        height = ROW * len(project.tracks) + 18
        out.append(box(x, y, 1, height, GRID) + text(x + 3, y + 11, f"{bar + 1}", 10, GREY))
    out.append(box(across(project.cursor), y, 1.5, ROW * len(project.tracks) + 18, "#ffd54f"))
    y += 18
    for track in project.tracks:
        colour, indent = colour_of(track), depth * 14
        fill = "#313740" if not track.values.get("I_SELECTED") else "#48525e"
        out.append(box(4 + indent, y, PANEL - 12 - indent, ROW - 4, fill, 'rx="3"'))
        out.append(box(4 + indent, y, 5, ROW - 4, colour))
        out.append(text(16 + indent, y + 27, _short(track.name, 22 - 3 * depth)))
        for item in track.items:
            left, width = across(item.position), across(item.length) - PANEL
            out.append(box(left, y, width, ROW - 4, colour, 'rx="2" fill-opacity="0.55"'))
            out.append(notes(item, y, project) if item.take.is_midi else waveform(item, y))
            out.append(text(left + 4, y + 11, item.take.name, 9, "#ffffff"))
        depth += track.depth
        y += ROW
    return "".join(out), 18 + ROW * len(project.tracks)


def status(line: str, y: float) -> str:
    return box(4, y, WIDTH - 8, 22, "#15181c", 'rx="3"') + text(12, y + 15, line, 11, "#aed581")


def dialog(studio: Reaper, y: float) -> tuple[str, float]:
    title, captions, values = studio.dialogs[-1]
    values = [
        WISH.get(c.split(" ")[0].rstrip(","), v) for c, v in zip(captions, values, strict=True)
    ]
    height = 34 + 26 * len(captions)
    out = [box(140, y, 580, height, "#3a4048", 'rx="5"'), text(152, y + 19, title, 12, "#ffd54f")]
    for index, (caption, value) in enumerate(zip(captions, values, strict=True)):
        row = y + 30 + 26 * index
        out.append(text(152, row + 15, caption, 11))
        out.append(box(420, row, 290, 21, "#24282e", 'rx="2"') + text(427, row + 15, value, 11))
    return "".join(out), height


def picture(parts: list[tuple[str, float]]) -> str:
    """One SVG out of parts below each other: (drawing at y = 0, height)."""
    out, y = [], 8.0
    for drawing, height in parts:
        out.append(f'<g transform="translate(0 {y:.0f})">{drawing}</g>')
        y += height + 8
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y:.0f}" width="{WIDTH}">'
    return head + box(0, 0, WIDTH, y, PAPER, 'rx="6"') + "".join(out) + "</svg>\n"


def heading(words: str) -> tuple[str, float]:
    return text(8, 14, words, 13, "#ffffff", 'font-weight="bold"'), 16


def studio_at(home: Path, folder: Path) -> Reaper:
    studio = Reaper(folder, environment={"DAW_BRIDGE_HOME": str(home)})
    for name, selected in (("Drums", False), ("Keys", True), ("Vocals", False)):
        track = studio.active.add(Track())
        track.texts["P_NAME"], track.values["I_SELECTED"] = name, float(selected)
    studio.active.cursor, studio.active.file = 4.0, "song.rpp"
    return studio


def draw_generate(home: Path, folder: Path) -> str:
    studio = studio_at(home, folder)
    parts = [heading("1  Run Generate clip"), arrange(studio, 0)]
    studio.run(SCRIPTS / "Generate clip.lua", WISH)
    parts += [dialog(studio, 0), heading("2  Go on working; the status line tells how far it is")]
    has_job = lambda: any(key.startswith("job_") for _, key in studio.active.ext)  # noqa: E731
    studio.until(lambda: not has_job(), "the clip")
    busy = [line for line in studio.status_line if "%" in line] or studio.status_line[:1]
    parts += [(status(busy[len(busy) // 2], 0), 22)]
    parts += [
        heading("3  The clip lands at the edit cursor, below the selected track; one undo step")
    ]
    parts += [arrange(studio, 0), (status(studio.status_line[-1], 0), 22)]
    return picture(parts)


def draw_instruments(home: Path, folder: Path) -> str:
    studio = studio_at(home, folder)
    answer = {
        "Prompt": WISH["Prompt"],
        "Instruments": "drums, bass, chords",
        "Bars": "4",
        "MIDI": "no",
    }
    studio.run(SCRIPTS / "Generate instruments.lua", answer)
    has_job = lambda: any(key.startswith("job_") for _, key in studio.active.ext)  # noqa: E731
    studio.until(lambda: not has_job(), "the clip")
    return picture(
        [heading("Generate instruments: one track each, in a folder track"), arrange(studio, 0)]
    )


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        command = [sys.executable, "-m", "bridge", "serve", "--model", "sketch", "--port", "0"]
        server = subprocess.Popen(
            [*command, "--home", str(home)], cwd=REPO, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONPATH": str(REPO)},
        )  # fmt: skip
        try:
            while not (home / "bridge.json").exists():
                assert server.poll() is None, "the server ended"
            for name, draw in (("generate", draw_generate), ("instruments", draw_instruments)):
                svg = draw(home, Path(folder) / name)
                (target / f"{name}.svg").write_text(svg, encoding="utf-8")
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
