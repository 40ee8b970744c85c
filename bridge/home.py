"""The folders of one bridge, its single-instance lock and its heartbeat file."""

from __future__ import annotations

import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from .errors import BridgeError, is_disk_full

HEARTBEAT_S = 2.0
STALE_S = 10.0
MAX_PATH_BYTES = 400


@dataclass(frozen=True, slots=True)
class Home:
    """Where everything lies; the property names are the folder names of the contract."""

    root: Path

    @property
    def clips(self) -> Path:
        """The watched folder: manifests, and media in one folder a job."""
        return self.root / "clips"

    @property
    def mailbox_in(self) -> Path:
        """OSC packets as files, from hosts without sockets."""
        return self.root / "mailbox" / "in"

    @property
    def mailbox_out(self) -> Path:
        """The answers, one folder a client."""
        return self.root / "mailbox" / "out"

    @property
    def transcribe(self) -> Path:
        """The drop folder: audio that is put here becomes MIDI."""
        return self.root / "transcribe"

    @property
    def staging(self) -> Path:
        """Where clips are made before they are published, on the clips' own file system."""
        return self.root / "staging"

    @property
    def models(self) -> Path:
        """Checkpoints that were pulled or converted."""
        return self.root / "models"

    @property
    def logs(self) -> Path:
        """Log files of server and worker."""
        return self.root / "logs"

    @property
    def database(self) -> Path:
        """The jobs."""
        return self.root / "jobs.sqlite"

    @property
    def heartbeat(self) -> Path:
        """The heartbeat file."""
        return self.root / "bridge.json"

    def prepare(self) -> None:
        """Make the folders; raise BridgeError when the place cannot serve as a home."""
        self._check_name()
        folders = (
            self.clips, self.mailbox_in, self.mailbox_out, self.transcribe, self.staging,
            self.models, self.logs,
        )  # fmt: skip
        try:
            for folder in folders:
                folder.mkdir(parents=True, exist_ok=True)
            probe = self.staging / f"probe-{os.getpid()}"
            probe.write_bytes(b"x")
            probe.unlink()
        except OSError as error:
            raise BridgeError(
                "disk-full" if is_disk_full(error) else "bad-request",
                f"the folder {self.root} cannot be used: {error.strerror or error}; "
                "choose another with --home",
            ) from error
        if self.clips.stat().st_dev != self.staging.stat().st_dev:
            raise BridgeError(
                "bad-request",
                f"{self.clips} lies on another file system than {self.root}, so that finished clips "
                "could not appear at once; put the whole home there with --home",
            )

    def _check_name(self) -> None:
        """Paths travel as OSC strings, in answers of one frame, and SQLite takes about 500 bytes."""
        try:
            size = len(str(self.root).encode())
        except UnicodeEncodeError as error:  # undecodable bytes of the command line
            raise BridgeError(
                "bad-request",
                f"the name of the folder {ascii(str(self.root))} is not UTF-8; choose another with --home",
            ) from error
        if size > MAX_PATH_BYTES:
            raise BridgeError(
                "bad-request",
                f"the path of the folder {self.root} has {size} bytes, at most {MAX_PATH_BYTES} can "
                "be used; choose another with --home",
            )

    @contextlib.contextmanager
    def only_instance(self) -> Iterator[None]:
        """Hold the home for this process; raise BridgeError when another server has it."""
        lock = FileLock(self.root / "bridge.lock")
        try:
            lock.acquire(timeout=0)
        except Timeout as error:
            other = read_heartbeat(self)
            who = f" (process {other['pid']}, port {other['port']})" if other else ""
            raise BridgeError(
                "bad-request",
                f"another bridge already serves {self.root}{who}; use that one, stop it, or choose "
                "another --home",
            ) from error
        try:
            yield
        finally:
            lock.release()


def sync_folder(folder: Path) -> None:
    """Make renames inside `folder` durable, where the system allows it (not on Windows)."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(
    path: Path, data: bytes, staging: Path | None = None, durable: bool = True
) -> None:
    """Let `path` appear, or change, whole: write aside, fsync, rename over.

    Windows refuses the rename while a reader has the old file open: tried again for a second.
    """
    temporary = (staging or path.parent) / f".{path.name}.{os.getpid()}.tmp"
    with open(temporary, "wb") as file:
        file.write(data)
        if durable:
            file.flush()
            os.fsync(file.fileno())
    for attempt in range(50):
        try:
            os.replace(temporary, path)
            break
        except PermissionError:
            if os.name != "nt" or attempt == 49:
                raise
            time.sleep(0.02)
    if durable:
        sync_folder(path.parent)


def write_heartbeat(home: Home, fields: Mapping[str, object], now: float) -> None:
    """Replace `bridge.json`; `now` is Unix time in seconds."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))
    data = {**fields, "time": stamp, "time_unix": now}
    replace_file(home.heartbeat, json.dumps(data, indent=1).encode(), durable=False)


def read_heartbeat(home: Home, now: float | None = None) -> dict[str, object] | None:
    """What `bridge.json` says, or None when there is none or it is older than STALE_S."""
    try:
        data = json.loads(home.heartbeat.read_bytes())
        age = (time.time() if now is None else now) - float(data["time_unix"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return data if abs(age) < STALE_S else None
