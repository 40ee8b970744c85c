"""The project model: tracks, items, takes, selection, tempo, undo; what a test looks at afterwards."""

from __future__ import annotations

import itertools
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

from .media import Source, open_file, section_of
from .tempo import Marker, TempoMap

ITEM_DEFAULTS = {"B_LOOPSRC": 1.0, "C_BEATATTACHMODE": -1.0, "D_VOL": 1.0}
TAKE_DEFAULTS = {"D_PLAYRATE": 1.0, "D_VOL": 1.0, "B_PPITCH": 1.0}
TRACK_DEFAULTS = {"D_VOL": 1.0, "C_BEATATTACHMODE": -1.0}
PPQ = 960


def new_guid() -> str:
    """A GUID as REAPER writes them."""
    return "{" + str(uuid.uuid4()).upper() + "}"


class Thing:
    """Anything a script holds a pointer to: numbers by parmname, texts by parmname, children."""

    kind = ""
    defaults: dict[str, float] = {}

    def __init__(self, guid: str = "") -> None:
        self.guid = guid or new_guid()
        self.alive = True
        self.values: dict[str, float] = dict(self.defaults)
        self.texts: dict[str, str] = {}
        self.children: list[Thing] = []
        self.parent: Thing | None = None

    def add(self, child: Thing, index: int | None = None) -> Thing:
        """Put a child into its place."""
        child.parent = self
        self.children.insert(len(self.children) if index is None else index, child)
        return child

    def delete(self) -> None:
        """Take it out of its parent; pointers to it and to what is in it are dead from now on."""
        if self.parent is not None:
            self.parent.children.remove(self)
        for thing in self.walk():
            thing.alive = False

    def walk(self) -> Iterator[Thing]:
        """This thing and everything in it."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def name(self) -> str:
        return self.texts.get("P_NAME", "")


class Take(Thing):
    """One take: its source, or the notes of in-project MIDI (start, end in ppq, channel, pitch, vel)."""

    kind = "MediaItem_Take"
    defaults = TAKE_DEFAULTS

    def __init__(self, guid: str = "") -> None:
        super().__init__(guid)
        self.source: Source | None = None
        self.notes: list[tuple[float, float, int, int, int]] = []
        self.unsorted = False

    @property
    def is_midi(self) -> bool:
        return self.source is not None and self.source.type == "MIDI"


class Item(Thing):
    kind = "MediaItem"
    defaults = ITEM_DEFAULTS

    @property
    def position(self) -> float:
        return self.values.get("D_POSITION", 0.0)

    @property
    def length(self) -> float:
        return self.values.get("D_LENGTH", 0.0)

    @property
    def takes(self) -> list[Take]:
        return self.children  # type: ignore[return-value]

    @property
    def take(self) -> Take | None:
        """The active take."""
        active = int(self.values.get("I_CURTAKE", 0))
        return self.takes[active] if self.takes else None


class Track(Thing):
    kind = "MediaTrack"
    defaults = TRACK_DEFAULTS

    @property
    def items(self) -> list[Item]:
        return sorted(self.children, key=lambda item: item.position)  # type: ignore[attr-defined, return-value]

    @property
    def depth(self) -> int:
        return int(self.values.get("I_FOLDERDEPTH", 0))


class Project(Thing):
    """One project tab. `file` is "" while unsaved; `media_folder` is its recording path."""

    kind = "ReaProject"

    def __init__(self, media_folder: Path, file: str = "") -> None:
        super().__init__()
        self.file, self.media_folder = file, media_folder
        self.tempo = TempoMap()
        self.cursor = 0.0
        self.time_selection = (0.0, 0.0)
        self.view = (0.0, 30.0)
        self.play_state = 0
        self.ext: dict[tuple[str, str], tuple[str, str]] = {}  # lower-cased -> (key, value)
        self.dirty = False
        self.undo_points: list[tuple[str, dict]] = []  # description, state before
        self.redo_points: list[tuple[str, dict]] = []
        self.block_depth = 0
        self.block_start: dict = {}
        self.changes = itertools.count(1)
        self.change_count = 0

    @property
    def tracks(self) -> list[Track]:
        return self.children  # type: ignore[return-value]

    def items(self) -> list[Item]:
        """All items, in the order REAPER counts them: by track, by position."""
        return [item for track in self.tracks for item in track.items]

    def folders(self) -> dict[str, str]:
        """Track name -> name of its parent track; asserts that every folder is closed."""
        out, open_folders = {}, []
        for track in self.tracks:
            out[track.name] = open_folders[-1] if open_folders else ""
            if track.depth == 1:
                open_folders.append(track.name)
            for _ in range(-track.depth):
                assert open_folders, f"{track.name} closes a folder that is not open"
                open_folders.pop()
        assert not open_folders, f"folder left open: {open_folders}"
        return out

    # state, for undo and for saving

    def snapshot(self) -> dict:
        """Everything undo restores, as plain data (sources are kept by reference)."""
        return {"tracks": [_dump(track) for track in self.tracks], "ext": dict(self.ext)}

    def restore(self, state: dict, with_ext: bool) -> None:
        """Bring the state back: what survives keeps its pointers, what does not is dead."""
        known = {thing.guid: thing for thing in self.walk() if thing is not self}
        for thing in known.values():
            thing.alive = False
        self.children = [_load(data, self, known) for data in state["tracks"]]
        if with_ext:
            self.ext = dict(state["ext"])

    def undo(self, with_ext: bool = False) -> str:
        """Edit > Undo; returns what was undone."""
        description, state = self.undo_points.pop()
        self.redo_points.append((description, self.snapshot()))
        self.restore(state, with_ext)
        return description

    def save(self, file: Path) -> None:
        """File > Save as."""
        for track in self.tracks:
            for thing in track.walk():
                assert "\n" not in "".join(thing.texts.get("P_NAME", "")), (
                    "a name with a line break"
                )
        data = {
            "tracks": [_dump(track, plain=True) for track in self.tracks],
            "ext": [[key[0], *value] for key, value in self.ext.items()],
            "tempo": [self.tempo.bpm, list(self.tempo.meter)],
            "markers": [[m.time, m.bpm, m.meter, m.linear] for m in self.tempo.markers],
            "media": str(self.media_folder),
        }
        file.write_text(json.dumps(data), encoding="utf-8")
        self.file, self.dirty = str(file), False


def load_project(file: Path) -> Project:
    """File > Open."""
    data = json.loads(file.read_text(encoding="utf-8"))
    project = Project(Path(data["media"]), str(file))
    project.tempo = TempoMap(
        data["tempo"][0], tuple(data["tempo"][1]),
        [Marker(t, b, tuple(m) if m else None, lin) for t, b, m, lin in data["markers"]],
    )  # fmt: skip
    project.ext = {(s, key.lower()): (key, value) for s, key, value in data["ext"]}
    project.children = [_load(track, project, {}) for track in data["tracks"]]
    return project


_KINDS: dict[str, type[Thing]] = {c.kind: c for c in (Track, Item, Take)}


def _dump(thing: Thing, plain: bool = False) -> dict:
    out: dict = {
        "kind": thing.kind, "guid": thing.guid, "values": dict(thing.values),
        "texts": dict(thing.texts), "children": [_dump(child, plain) for child in thing.children],
    }  # fmt: skip
    if isinstance(thing, Take):
        out["notes"] = list(thing.notes)
        source = thing.source
        out["source"] = source
        if plain and source is not None:
            parent = source.parent.file if source.parent else source.file
            out["source"] = [source.type, parent, source.length, source.section]
    return out


def _load(data: dict, parent: Thing, known: dict[str, Thing]) -> Thing:
    thing = known.get(data["guid"]) or _KINDS[data["kind"]](data["guid"])
    thing.alive, thing.parent = True, parent
    thing.values, thing.texts = dict(data["values"]), dict(data["texts"])
    thing.children = [_load(child, thing, known) for child in data["children"]]
    if isinstance(thing, Take):
        thing.notes = [tuple(note) for note in data["notes"]]
        thing.source = _load_source(data["source"])
    return thing


def _load_source(data: Source | list | None) -> Source | None:
    if data is None or isinstance(data, Source):
        return data
    type_, file, length, section = data
    if type_ == "MIDI":
        source: Source | None = Source("MIDI", "", length)
    else:
        source = open_file(file) or Source("WAVE", file, 0.0)  # an offline item
        if section:
            source = section_of(source, *section)
    assert source is not None
    source.in_project = True
    return source


def audio_item(
    project: Project, file: Path, position: float, length: float | None = None, *,
    track: str = "Audio", offset: float = 0.0, rate: float = 1.0,
    section: tuple[float, float, bool] | None = None, selected: bool = True,
) -> Item:  # fmt: skip
    """What a user did before: a track with an item that plays a part of a file."""
    source = open_file(str(file))
    assert source is not None and source.type == "WAVE", file
    if section:
        source = section_of(source, *section)
    source.in_project = True
    row = project.add(Track())
    row.texts["P_NAME"] = track
    item, take = row.add(Item()), Take()
    item.add(take)
    assert isinstance(item, Item)
    take.source = source
    item.values.update(D_POSITION=position, D_LENGTH=length or source.length / rate)
    item.values["B_UISEL"] = float(selected)
    take.values.update(D_STARTOFFS=offset, D_PLAYRATE=rate)
    return item
