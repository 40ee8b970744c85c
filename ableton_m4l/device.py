"""What the Max for Live device consists of: every control with its place, range, words and info text.

`patch()` turns the rows into the boxes and cords of a Max patch. The patch holds no logic of its own:
each control sends `set <name> <value>` to the script, each button first makes all controls send their
values (so that nothing stale is used) and then its own name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

WIDTH, HEIGHT = 524, 169  # Live cuts a device's view off at 169 pixels
SCRIPT = "DawBridge.js"
SERVER_PORT, FIRST_REPLY_PORT = 17710, 17720

Rect = tuple[int, int, int, int]  # x, y, width, height in the view

STORED, HIDDEN = 1, 2  # parameter visibility: kept in the set but not automated; neither
FLOAT, ENUM, BLOB = 0, 2, 3
AS_INT, AS_FLOAT = 0, 1  # unit styles


@dataclass(frozen=True)
class Control:
    """One thing to set or press. `name` is what the script calls it, `title` its long name in Live."""

    name: str
    maxclass: str
    rect: Rect
    title: str
    info: str
    label: str = ""  # printed in the view, left of or above the control
    label_rect: Rect | None = None
    choices: tuple[str, ...] = ()
    low: float = 0.0
    high: float = 1.0
    initial: float = 0.0
    whole: bool = True
    text: str = ""  # of a text field


@dataclass(frozen=True)
class Display:
    """One thing the script writes to, with `<name> set <value>`."""

    name: str
    maxclass: str
    rect: Rect
    info: str
    text: str = ""


def _number(
    name: str, row: int, title: str, label: str, info: str, low: float, high: float, initial: float,
    whole: bool = True,
) -> Control:  # fmt: skip
    y = 7 + 22 * row
    return Control(
        name, "live.numbox", (334, y, 46, 15), title, info, label, (262, y - 2, 68, 18),
        low=low, high=high, initial=initial, whole=whole,
    )  # fmt: skip


def _menu(
    name: str,
    row: int,
    title: str,
    label: str,
    info: str,
    choices: tuple[str, ...],
    initial: int = 0,
) -> Control:
    y = 22 + 37 * row
    return Control(
        name, "live.menu", (388, y, 128, 15), title, info, label, (386, y - 17, 128, 18),
        choices=choices, high=len(choices) - 1, initial=initial,
    )  # fmt: skip


def _button(name: str, rect: Rect, title: str, info: str) -> Control:
    return Control(name, "live.text", rect, title, info)


CONTROLS = (
    Control(
        "prompt", "textedit", (8, 22, 246, 44), "Prompt",
        "What the clip should sound like. Press Enter or click elsewhere to take it over. "
        "The text is stored in the set.",
        "Prompt", (6, 4, 70, 18), text="lo-fi drums, dusty piano",
    ),
    Control(
        "instruments", "textedit", (8, 84, 246, 17), "Instruments",
        "A comma list such as drums, bass, piano: each becomes a track of its own. Empty: one mix.",
        "Instruments, one track each", (6, 67, 180, 18),
    ),
    Control(
        "bars", "live.menu", (334, 7, 46, 15), "Bars",
        "Length in bars of the set's time signature. The clip is cut to the exact sample.",
        "Bars", (262, 5, 68, 18), choices=("1", "2", "4", "8", "16"), high=4, initial=2,
    ),
    _number("variations", 1, "Variations", "Variations",
            "How many takes to make. They go into scenes below one another.", 1, 8, 1),
    _number("guidance", 2, "Guidance", "Guidance",
            "How closely the model keeps to the prompt. 3 is a good start.", 0, 20, 3, False),
    _number("temperature", 3, "Temperature", "Temperature",
            "How adventurous the model is. 1 is a good start.", 0.1, 3, 1, False),
    _number("seed", 4, "Seed", "Seed",
            "The same seed and settings give the same clip. -1 picks a new one each time.",
            -1, 999999, -1),
    _number("port", 5, "Server Port", "Port",
            "The port of the server. Change it only if the server was started with --port.",
            1024, 65535, SERVER_PORT),
    _menu("source", 0, "Source", "Source",
          "Start from nothing, continue the selected audio clip, or follow its melody.",
          ("None", "Continue clip", "Melody of clip")),
    _menu("target", 1, "Target", "Target",
          "Where the result goes: a new track beside this one, the selected slot, or the arrangement "
          "at the song position. Nothing is overwritten.",
          ("New track", "Selected slot", "Arrangement")),
    _menu("give", 2, "Result", "Result", "Also put the notes into MIDI clips on tracks of their own.",
          ("Audio", "Audio and MIDI")),
    _button("generate", (262, 140, 118, 22), "Generate", "Ask the server for a clip."),
    _button("cancel", (388, 140, 128, 22), "Cancel",
            "Stop the newest job. What is in the set already stays."),
    _button("transcribe", (388, 117, 62, 18), "Transcribe",
            "Turn the selected audio clip into a MIDI clip on a new track."),
    _button("separate", (454, 117, 62, 18), "Separate",
            "Split the selected audio clip into drums, bass and more, one new track each."),
)  # fmt: skip

DISPLAYS = (
    Display("light", "led", (238, 5, 14, 14), "Lit while the server answers."),
    Display("server", "live.comment", (96, 4, 140, 18), "The server's model and state.", "no server"),
    Display("status", "live.comment", (6, 104, 250, 48),
            "What is happening, or what to do.", "Press Generate."),
    Display("progress", "slider", (8, 154, 246, 9), "How far the newest job is."),
)  # fmt: skip

_TEXT = {"fontname": "Ableton Sans Medium", "fontsize": 10.0}
_THEME = {
    "textedit": {"bgcolor": "live_control_bg", "textcolor": "live_control_fg"},
    "slider": {"bgcolor": "live_control_bg", "elementcolor": "live_control_selection"},
    "led": {"oncolor": "live_control_selection", "offcolor": "live_control_bg"},
}
# maxclass -> inlets, outlet types; as saved by Max
_PORTS: dict[str, tuple[int, list[str]]] = {
    "textedit": (1, ["", "int", "", ""]),
    "live.menu": (1, ["", "", "float"]),
    "live.numbox": (1, ["", "float"]),
    "live.text": (1, ["", ""]),
    "live.comment": (1, []),
    "led": (1, ["int"]),
    "slider": (1, [""]),
    "message": (2, [""]),
}


def parameter(control: Control) -> dict[str, Any]:
    """What Live knows of a control as a parameter of the device."""
    button = control.maxclass == "live.text"
    valueof: dict[str, Any] = {
        "parameter_annotation_name": control.title,
        "parameter_info": control.info,
        "parameter_invisible": HIDDEN if button else STORED,
        "parameter_longname": control.title,
        "parameter_modmode": 0,
        "parameter_shortname": control.title,
    }
    if control.maxclass == "textedit":
        return valueof | {"parameter_type": BLOB}
    choices = list(control.choices) or (["off", "on"] if button else [])
    valueof |= {"parameter_initial": [control.initial], "parameter_initial_enable": 1}
    valueof |= {"parameter_mmin": control.low, "parameter_mmax": control.high}
    if choices:
        return valueof | {"parameter_type": ENUM, "parameter_enum": choices}
    style = AS_INT if control.whole else AS_FLOAT
    return valueof | {"parameter_type": FLOAT, "parameter_unitstyle": style}


class Patch:
    """Boxes and cords under construction; boxes get ids in the order they are added."""

    def __init__(self) -> None:
        self.boxes: list[dict[str, Any]] = []
        self.lines: list[dict[str, Any]] = []

    def add(self, box: dict[str, Any], x: int, y: int, width: int = 110) -> str:
        """Place a box in the patching view and return its id."""
        box = {"id": f"obj-{len(self.boxes) + 1}", **box}
        box.setdefault("patching_rect", [float(x), float(y), float(width), 22.0])
        self.boxes.append({"box": dict(sorted(box.items()))})
        return str(box["id"])

    def object(
        self, text: str, inlets: int, outlets: list[str], x: int, y: int, **more: Any
    ) -> str:
        """An object box such as `prepend set bars`."""
        box = {"maxclass": "newobj", "text": text, "numinlets": inlets, "numoutlets": len(outlets)}
        if outlets:
            box["outlettype"] = outlets
        return self.add(box | more, x, y, 150)

    def shown(self, maxclass: str, rect: Rect, x: int, y: int, **more: Any) -> str:
        """A box that is part of the device's view."""
        inlets, outlets = _PORTS[maxclass]
        box: dict[str, Any] = {
            "maxclass": maxclass,
            "numinlets": inlets,
            "numoutlets": len(outlets),
        }
        box |= {"presentation": 1, "presentation_rect": [float(value) for value in rect]}
        if outlets:
            box["outlettype"] = outlets
        theme = _THEME.get(maxclass, {})
        attributes = more.pop("saved_attribute_attributes", {})
        attributes |= {name: {"expression": f"themecolor.{color}"} for name, color in theme.items()}
        if attributes:
            box["saved_attribute_attributes"] = dict(sorted(attributes.items()))
        return self.add(box | more, x, y, max(40, rect[2]))

    def cord(self, source: str, outlet: int, destination: str, inlet: int = 0) -> None:
        """Connect an outlet to an inlet."""
        line = {"destination": [destination, inlet], "source": [source, outlet]}
        self.lines.append({"patchline": line})


def _label(patch: Patch, control: Control, x: int, y: int) -> None:
    if control.label_rect:
        patch.shown(
            "live.comment", control.label_rect, x, y, text=control.label, textjustification=0
        )


def _control(patch: Patch, control: Control, x: int, y: int) -> str:
    more: dict[str, Any] = {
        "annotation": control.info,
        "annotation_name": control.title,
        "parameter_enable": 1,
        "saved_attribute_attributes": {"valueof": parameter(control)},
        "varname": control.name,
    }
    if control.maxclass == "textedit":
        # outputmode 1: the text leaves as one symbol; keymode 1: Enter takes it over
        more |= {"text": control.text, "outputmode": 1, "nosymquotes": 1, "keymode": 1} | _TEXT
    elif control.maxclass == "live.text":
        more |= {"mode": 0, "text": control.title, "texton": control.title}
    return patch.shown(control.maxclass, control.rect, x, y, **more)


def _audio_and_script(patch: Patch) -> tuple[str, str]:
    """The pass-through cords, the script and its sockets; returns the script's id and its route's."""
    source = patch.object("plugin~", 2, ["signal", "signal"], 20, 20)
    sink = patch.object("plugout~", 2, ["signal", "signal"], 20, 60)
    patch.cord(source, 0, sink, 0)
    patch.cord(source, 1, sink, 1)
    script = patch.object(
        f"js {SCRIPT}", 1, ["", "", ""], 20, 560,
        saved_object_attributes={"filename": SCRIPT, "parameter_enable": 0},
    )  # fmt: skip
    loaded = patch.object("live.thisdevice", 1, ["bang", "int", "int"], 200, 20)
    receive = patch.object(f"udpreceive {FIRST_REPLY_PORT} @quiet 1", 1, [""], 380, 20)
    send = patch.object(f"udpsend 127.0.0.1 {SERVER_PORT}", 1, [], 20, 600)
    names = " ".join([*(display.name for display in DISPLAYS), "cancel"])
    routes = [""] * (len(DISPLAYS) + 2)
    route = patch.object(f"route {names}", 1, routes, 380, 600)
    for source_id, outlet, target in (
        (loaded, 0, script), (receive, 0, script), (script, 0, send), (script, 1, receive),
        (script, 2, route),
    ):  # fmt: skip
        patch.cord(source_id, outlet, target)
    return script, route


def _message(patch: Patch, text: str, x: int, y: int) -> str:
    inlets, outlets = _PORTS["message"]
    box = {"maxclass": "message", "text": text, "numinlets": inlets, "numoutlets": len(outlets)}
    return patch.add(box | {"outlettype": outlets}, x, y)


def patch() -> Patch:
    """The whole patch: audio through, sockets, script, controls, displays."""
    made = Patch()
    script, route = _audio_and_script(made)
    refresh = made.object("t b b", 1, ["bang", "bang"], 20, 140)
    ask_live = _message(made, "outputvalue", 120, 180)
    made.cord(refresh, 0, ask_live)
    selftest = _message(made, "selftest", 560, 20)
    made.cord(selftest, 0, script)
    for column, control in enumerate(CONTROLS):
        x, y = 20 + 170 * (column % 8), 240 + 150 * (column // 8)
        box = _control(made, control, x, y)
        _label(made, control, x, y + 30)
        if control.maxclass == "live.text":
            press = _message(made, control.name, x, y + 100)
            made.cord(press, 0, script)
            if control.name == "cancel":
                made.cord(box, 0, press)
                made.cord(route, len(DISPLAYS), box)
                continue
            both = made.object("t b b", 1, ["bang", "bang"], x, y + 60)
            made.cord(box, 0, both)
            made.cord(both, 1, refresh)  # the right outlet comes first
            made.cord(both, 0, press)
            continue
        prepend = made.object(f"prepend set {control.name}", 1, [""], x, y + 60)
        made.cord(box, 0, prepend)
        made.cord(prepend, 0, script)
        if control.maxclass == "textedit":
            made.cord(refresh, 1, box)
        else:
            made.cord(ask_live, 0, box)
    for place, display in enumerate(DISPLAYS):
        made.cord(route, place, _display(made, display, 380 + 170 * place, 640))
    return made


def _display(patch: Patch, display: Display, x: int, y: int) -> str:
    more: dict[str, Any] = {"annotation": display.info, "varname": display.name}
    if display.maxclass == "live.comment":
        more |= {"text": display.text, "textjustification": 2 if display.name == "server" else 0}
    else:
        more |= {"ignoreclick": 1, "parameter_enable": 0}
    if display.maxclass == "slider":
        more |= {"orientation": 1, "size": 101.0}
    return patch.shown(display.maxclass, display.rect, x, y, **more)
