"""The user in front of the program: answers to modal dialogs, which must not come from the background."""

from __future__ import annotations

from typing import Any


class ScriptError(AssertionError):
    """A script broke a rule: REAPER's own error text, or the double's reason."""


class Dialogs:
    """`answers` are given in turn; `boxes` and `dialogs` hold what was shown."""

    def __init__(self) -> None:
        self.answers: list[Any] = []
        self.boxes: list[str] = []
        self.dialogs: list[tuple[str, list[str], list[str]]] = []  # title, captions, values
        self.in_tick = False

    def text(self, value: str) -> str:
        """What Lua's bytes say."""
        return value.encode("latin-1").decode("utf-8", "surrogateescape")

    def bytes(self, value: str) -> str:
        """A text as Lua's bytes."""
        return value.encode("utf-8", "surrogateescape").decode("latin-1")

    def _answer(self, what: str) -> Any:
        if self.in_tick:
            raise ScriptError(f"a modal dialog inside a tick: {what}")
        assert self.answers, f"nobody is there to answer: {what}"
        answer = self.answers.pop(0)
        return answer(what) if callable(answer) else answer

    def message_box(self, message: str, type_: int) -> int:
        self.boxes.append(message)
        names = {0: {"ok": 1}, 3: {"yes": 6, "no": 7, "cancel": 2}, 4: {"yes": 6, "no": 7}}[type_]
        return names[self._answer(message)]

    def dialog(self, title: str, count: int, captions: str, values: str) -> tuple[bool, str]:
        """GetUserInputs; the answer is None (Cancel) or {caption beginning: new value}."""
        names = captions.split(",")
        options = dict(n.split("=", 1) for n in names[count:])
        separator = options.get("separator", ",")
        fields = values.split(separator)
        if not 1 <= count <= 16 or len(names) - len(options) != count or len(fields) != count:
            raise ScriptError(f"GetUserInputs: {count} inputs, {names}, {fields}")
        self.dialogs.append((self.text(title), names[:count], [self.text(f) for f in fields]))
        answer = self._answer(title)
        if answer is None:
            return False, values
        for key, value in answer.items():
            places = [i for i, name in enumerate(names[:count]) if name.startswith(key)]
            assert len(places) == 1, f"no single field {key!r} in {names}"
            fields[places[0]] = self.bytes(str(value))
        return True, separator.join(fields)
