"""Draws the device's view as an SVG picture from the same rectangles that Live gets; not a screenshot."""

from __future__ import annotations

from html import escape

from device import CONTROLS, DISPLAYS, HEIGHT, WIDTH, Control, Display, Rect

_FACE, _FIELD, _INK, _ACCENT, _LINE = "#a5a5a5", "#d9d9d9", "#101010", "#ffad56", "#6e6e6e"
_CHARACTER = 5.3  # pixels a character of the 10 px font is wide, about


def _box(rect: Rect, fill: str) -> str:
    x, y, width, height = rect
    return (
        f'<rect x="{x + 0.5}" y="{y + 0.5}" width="{width - 1}" height="{height - 1}" '
        f'fill="{fill}" stroke="{_LINE}"/>'
    )


def _text(rect: Rect, words: str, align: str = "start", wrap: bool = False) -> str:
    x, y, width, height = rect
    at = {"start": x + 3, "middle": x + width / 2, "end": x + width - 3}[align]
    lines = _wrapped(words, int((width - 6) / _CHARACTER)) if wrap else [words]
    top = y + 11 if wrap else y + height / 2 + 3.5
    return "".join(
        f'<text x="{at}" y="{top + 12 * i}" text-anchor="{align}">{escape(line)}</text>'
        for i, line in enumerate(lines)
    )


def _wrapped(words: str, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        if len(lines[-1]) + len(word) + 1 > width and lines[-1]:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def _value(control: Control) -> str:
    if control.choices:
        return control.choices[int(control.initial)]
    return f"{control.initial:g}" if control.whole else f"{control.initial:.2f}"


def _control(control: Control) -> str:
    label = _text(control.label_rect, control.label) if control.label_rect else ""
    if control.maxclass == "textedit":
        return label + _box(control.rect, _FIELD) + _text(control.rect, control.text, wrap=True)
    if control.maxclass == "live.text":
        fill = _ACCENT if control.name == "generate" else _FIELD
        return _box(control.rect, fill) + _text(control.rect, control.title, "middle")
    x, y, width, height = control.rect
    arrow = f'<path d="M{x + width - 11} {y + 6} h6 l-3 4 z"/>' if control.choices else ""
    align = "start" if control.choices else "middle"
    return label + _box(control.rect, _FIELD) + _text(control.rect, _value(control), align) + arrow


def _display(display: Display) -> str:
    x, y, width, height = display.rect
    if display.maxclass == "led":
        return f'<circle cx="{x + width / 2}" cy="{y + height / 2}" r="5" fill="{_ACCENT}" stroke="{_LINE}"/>'
    if display.maxclass == "slider":
        done = (x, y, width * 6 // 10, height)
        return _box(display.rect, _FIELD) + _box(done, _ACCENT)
    if display.name == "server":
        return _text(display.rect, "sketch, busy", "end")
    return _text(display.rect, "Generating 60 %, about 4 s left", wrap=True)


def draw() -> str:
    """The picture, with example texts where Live would show a state."""
    parts = [_control(control) for control in CONTROLS] + [
        _display(display) for display in DISPLAYS
    ]
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{2 * HEIGHT}" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}" font-family="Arial, sans-serif" font-size="10">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="{_FACE}"/>\n{body}\n</svg>\n'
    )
