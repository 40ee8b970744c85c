"""Placing files with a record of what was placed, so that taking them away removes nothing else."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .. import SOFTWARE
from ..errors import BridgeError

RECORD = (
    "installed-files.json"  # in the target folder: relative path -> SHA-256 of what was put there
)
KEPT_SUFFIX = ".changed-by-you"


@dataclass(frozen=True, slots=True)
class Placed:
    """What was done: files placed, and the user's own changes that were moved aside or left."""

    files: int
    kept: list[Path] = field(default_factory=list)


def shipped(folder: str) -> Path:
    """A folder that travels beside the package, in a checkout as in an installed wheel.

    Raises BridgeError `not-found` when the installation lacks it.
    """
    path = Path(__file__).resolve().parents[2] / folder
    if not path.is_dir():
        raise BridgeError(
            "not-found", f"this installation lacks {path}: install daw-bridge again with pip"
        )
    return path


def read_files(folder: Path, *patterns: str) -> dict[str, bytes]:
    """Relative path with forward slashes -> content, of the files below `folder` that fit a pattern."""
    paths = {path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(paths)}


def place(files: Mapping[str, bytes], target: Path) -> Placed:
    """Write `files` (relative path -> content) into `target` and keep a record of them there.

    Files of an earlier placement that are no longer among them are removed; what the user changed
    in an earlier placement is kept under another name. Raises BridgeError `bad-request`, having
    changed nothing, when a file that is in the way was not put there by us.
    """
    before = _record(target)
    for name, content in files.items():
        path = target / name
        if path.exists() and name not in before and path.read_bytes() != content:
            raise BridgeError(
                "bad-request",
                f"{path} is in the way and was not put there by daw-bridge: move it elsewhere first",
            )
    kept = [
        _keep(target / name)
        for name, digest in before.items()
        if _is_changed(target / name, digest) and files.get(name) != (target / name).read_bytes()
    ]
    for name in set(before) - set(files):
        (target / name).unlink(missing_ok=True)
    try:
        for name, content in files.items():
            path = target / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        digests = {name: _digest(content) for name, content in files.items()}
        text = json.dumps({"software": SOFTWARE, "files": digests}, indent=1)
        (target / RECORD).write_text(text, encoding="utf-8")
    except OSError as error:
        raise BridgeError(
            "bad-request", f"{target} cannot be written: {error.strerror or error}"
        ) from error
    _remove_empty_folders(target)
    return Placed(len(files), kept)


def remove(target: Path) -> Placed:
    """Take away what `place` put into `target`; files the user changed stay and are named."""
    record = _record(target)
    if not record:
        raise BridgeError("not-found", f"nothing of daw-bridge is installed in {target}")
    kept, removed = [], 0
    for name, digest in record.items():
        path = target / name
        if _is_changed(path, digest):
            kept.append(path)
        elif path.exists():
            path.unlink()
            removed += 1
    (target / RECORD).unlink()
    _remove_empty_folders(target)
    if target.is_dir() and not any(target.iterdir()):
        target.rmdir()
    return Placed(removed, kept)


def _record(target: Path) -> dict[str, str]:
    path = target / RECORD
    if not path.is_file():
        return {}
    try:
        files = json.loads(path.read_text(encoding="utf-8"))["files"]
        inside = all(
            ".." not in Path(name).parts and not Path(name).is_absolute() for name in files
        )
    except (ValueError, KeyError, TypeError) as error:
        raise BridgeError(
            "bad-request", f"{path} cannot be understood ({error}): remove {target} by hand"
        ) from error
    if not inside:
        raise BridgeError(
            "bad-request", f"{path} names files outside its folder: remove it by hand"
        )
    return {str(name): str(digest) for name, digest in files.items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _is_changed(path: Path, digest: str) -> bool:
    return path.is_file() and _digest(path.read_bytes()) != digest


def _keep(path: Path) -> Path:
    kept = path.with_name(path.name + KEPT_SUFFIX)
    path.replace(kept)
    return kept


def _remove_empty_folders(target: Path) -> None:
    if not target.is_dir():
        return
    folders = sorted((path for path in target.rglob("*") if path.is_dir()), reverse=True)
    for folder in folders:
        if not any(folder.iterdir()):
            folder.rmdir()
