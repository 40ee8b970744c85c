"""The running program: scripts in Lua states of their own, ticks, dialogs, action list, rules of conduct."""

from __future__ import annotations

import importlib
import inspect
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lupa

from . import calls_media, calls_project, calls_system
from .api import Api, ArgumentError
from .dialogs import Dialogs, ScriptError
from .media import Source
from .model import Project, Thing

CALLS: dict[str, Callable] = {
    name: function
    for module in (calls_project, calls_media, calls_system)
    for name, function in inspect.getmembers(module, inspect.isfunction)
    if not name.startswith("_") and name[0].isupper() or name in vars(calls_system)
    if getattr(function, "__module__", "") == module.__name__
}
PROLOGUE = Path(__file__).with_name("prologue.lua")
BUILD_MISSING_PEAKS = 40047
Answer = str | int | bool | None


@dataclass
class Script:
    """One running script."""

    path: Path
    command: int
    deferred: list = field(default_factory=list)
    at_exit: list = field(default_factory=list)
    options: int = 0
    ever_deferred: bool = False
    run: Any = None


@dataclass
class Tick:
    """Processor seconds of one deferred call, and how many of them inside REAPER's functions.

    Processor time, since the wall clock also counts what other programs do meanwhile.
    """

    script: str
    seconds: float
    inside_api: float


class Reaper(Dialogs):
    """One REAPER process. `profile` is what survives a restart (reaper-extstate.ini)."""

    def __init__(
        self, resource_path: Path, *, version: str = "7.40", lua: str = "lua54",
        profile: dict | None = None, environment: dict[str, str] | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.api = Api(version)
        self.app_version = version + "/linux-x86_64"
        self.lua = importlib.import_module(f"lupa.{lua}")
        self.resource_path = resource_path
        self.environment = environment or {}
        self.profile: dict = {} if profile is None else profile
        self.ext: dict = dict(self.profile)
        self.projects: list[Project] = []
        self.scripts: list[Script] = []
        self.script: Script = Script(Path(), 0)
        self.named: dict[str, int] = {}
        self.paths: dict[int, Path] = {}
        self.toggles: dict[int, int] = {}
        self.directories: dict[str, list[str]] = {}
        self.loose_sources: list[Source] = []
        self.read_only: list[Path] = []
        self.console, self.status_line = "", []
        self.started: list[str] = []
        self.processes: list = []
        self.really_start, self.child_environment = False, None
        self.ticks: list[Tick] = []
        self.refreshes = self.refresh_depth = 0
        self.undo_restores_ext = False
        self.clock_offset = 0.0
        self.relaunch: str | None = None  # what the user picks when an old REAPER asks
        self._inside_api = 0.0
        self.new_tab()

    # ---- what a user does

    def new_tab(self, project: Project | None = None, media: Path | None = None) -> Project:
        """Open a project, or a new unsaved one, in a tab of its own; it becomes the active one."""
        if project is None:
            project = Project(media or self.resource_path / "default media")
        self.projects.append(project)
        self.active = project
        return project

    def close_tab(self, project: Project) -> None:
        """Close a tab without saving."""
        self.projects.remove(project)
        for thing in project.walk():
            thing.alive = False
        if not self.projects:
            self.new_tab()
        elif self.active is project:
            self.active = self.projects[-1]

    def undo(self) -> str:
        """Edit > Undo in the active tab."""
        return self.active.undo(self.undo_restores_ext)

    def register(self, path: Path) -> int:
        """Actions > Load ReaScript."""
        assert path.is_file(), f"no script at {path}"
        name = "RS" + format(abs(hash(str(path))), "040x")
        if name not in self.named:
            self.named[name] = 50000 + len(self.named)
            self.paths[self.named[name]] = path
        return self.named[name]

    def run(self, path: Path, *answers: Any) -> None:
        """Run an action from the action list, with the user's answers to its dialogs in turn."""
        assert not self.answers, f"answers nobody asked for: {self.answers}"
        self.answers = list(answers)
        self.command(self.register(path))
        assert not self.answers, f"answers nobody asked for: {self.answers}"

    def quit(self) -> None:
        """Leave the program: scripts end, what is not in the profile or a project file is gone."""
        for script in list(self.scripts):
            self._end(script)

    # ---- running scripts

    def command(self, number: int) -> None:
        """Main_OnCommand: a script, or the one native action the scripts use."""
        if number == BUILD_MISSING_PEAKS:
            return
        if number not in self.paths:
            raise ScriptError(f"no action has the number {number}")
        running = [s for s in self.scripts if s.command == number]
        if running and not self._relaunched(running):
            return
        outer, outer_tick = self.script, self.in_tick
        script = self.script = Script(self.paths[number], number)
        self.scripts.append(script)
        try:
            runtime = self._runtime(script)
            try:
                self._enter(lambda: runtime.globals()["__load"](str(script.path)))
            except ScriptError:
                self._end(script)  # an error ends the script
                raise
            if not script.deferred:
                if not script.ever_deferred:
                    self.active.undo_points.append((f"ReaScript: {script.path.name}", {}))
                self._end(script)
        finally:
            self.script, self.in_tick = outer, outer_tick

    def _relaunched(self, running: list[Script]) -> bool:
        """What REAPER does when a running script is run again; says whether a new copy starts."""
        if running[0].options & 1:
            self._end(running[0])
            return bool(running[0].options & 2)
        assert self.relaunch, "REAPER would ask what to do with the running script"
        if self.relaunch == "terminate":
            self._end(running[0])
        return self.relaunch == "new"

    def tick(self) -> None:
        """One turn of the timer: every waiting script runs once."""
        for script in list(self.scripts):
            waiting, script.deferred = script.deferred, []
            for function in waiting:
                self._inside_api = 0.0
                began = time.thread_time()
                self.in_tick, self.script = True, script
                try:
                    self._enter(lambda: script.run(function))  # noqa: B023 called at once
                except ScriptError:
                    self._end(script)  # an error ends the script
                    raise
                finally:
                    self.in_tick = False
                spent = time.thread_time() - began
                self.ticks.append(Tick(script.path.name, spent, self._inside_api))
            if not script.deferred and script in self.scripts:
                self._end(script)

    def until(self, true: Callable[[], object], what: str, patience_s: float = 60.0) -> None:
        """Let the timer run until something is so."""
        end = time.monotonic() + patience_s
        while not true():
            assert time.monotonic() < end, (
                f"waited {patience_s} s for: {what}\n{self.status_line[-3:]}\n{self.console}"
            )
            self.tick()
            time.sleep(0.005)

    def idle(self, seconds: float) -> None:
        """Let the timer run for a while of REAPER's clock, without waiting in real time."""
        step = 0.03
        for _ in range(int(seconds / step) + 1):
            self.clock_offset += step
            self.tick()

    def _end(self, script: Script) -> None:
        self.scripts.remove(script)
        script.deferred = []
        outer, self.script = self.script, script
        for function in script.at_exit:
            self._enter(lambda: script.run(function))  # noqa: B023 called at once
        self.script = outer

    def _enter(self, function: Callable[[], object]) -> None:
        """Run Lua code, then check what must hold whenever REAPER gets control back."""
        try:
            function()
        except (lupa.LuaError, self.lua.LuaError, AttributeError) as error:
            raise ScriptError(str(error)) from error
        if self.refresh_depth:
            left, self.refresh_depth = self.refresh_depth, 0
            raise ScriptError(f"PreventUIRefresh left at {left}")
        for project in self.projects:
            if project.block_depth:
                project.block_depth = 0
                raise ScriptError("an undo block was left open")
            for thing in project.walk():
                if getattr(thing, "unsorted", False):
                    raise ScriptError("MIDI notes were inserted and never sorted")
        if self.loose_sources:
            loose, self.loose_sources = self.loose_sources, []
            raise ScriptError(f"sources neither used nor destroyed: {loose[0].file}")

    def _runtime(self, script: Script) -> Any:
        def deny(*_: object) -> None:
            raise AttributeError("a pointer has no fields")

        runtime = self.lua.LuaRuntime(
            encoding="latin-1", unpack_returned_tuples=True, attribute_filter=deny,
            register_eval=False, register_builtins=False,
        )  # fmt: skip
        chunk = runtime.eval("load")(PROLOGUE.read_text(encoding="utf-8"), "=double")
        chunk = chunk[0] if isinstance(chunk, tuple) else chunk
        script.run = chunk(self._call, self.api.state, self.environment.get, self._file_rule)
        return runtime

    def _call(self, name: str, count: int, *given: object) -> tuple:
        """One API call from Lua: (True, results...) or (False, error text)."""
        began = time.thread_time()
        try:
            values = self.api.check(name, count, given)
            if name not in CALLS:
                raise ArgumentError(f"'{name}' is known to REAPER but not to this double")
            result = CALLS[name](self, *values)
        except ArgumentError as error:
            return False, str(error)
        finally:
            self._inside_api += time.thread_time() - began
        return (True, *result) if isinstance(result, tuple) else (True, result)

    def _file_rule(self, what: str, path: str) -> str | None:
        """Why Lua may not do this to a file, or None."""
        file = Path(self.text(path))
        if what == "write" and self.is_read_only(file.parent):
            return f"{path}: Permission denied"
        if what == "rename" and file.exists():
            return f"{path}: File exists"  # as on Windows, where rename never replaces
        return None

    # ---- what the API functions need

    def refuse(self, why: str) -> None:
        raise ArgumentError(f"double: {why}")

    def project(self, proj: Project | None) -> Project:
        return self.active if proj is None else proj

    def project_of(self, thing: Thing) -> Project:
        while thing.parent is not None:
            thing = thing.parent
        assert isinstance(thing, Project)
        return thing

    def changing(self, thing: Thing) -> Project:
        """A change to the project: only inside an undo block, never while it records."""
        project = self.project_of(thing)
        if not project.block_depth:
            self.refuse("the project is changed outside an undo block")
        if project.play_state & 4:
            self.refuse("the project is changed while it records")
        project.dirty = True
        return project

    def is_read_only(self, folder: Path) -> bool:
        return any(folder == root or root in folder.parents for root in self.read_only)

    def now(self) -> float:
        return time.monotonic() + self.clock_offset
