"""Which MusicGen checkpoints exist, under which licence, and where they lie on this machine; no torch."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from ...errors import BridgeError

LICENCE = "CC-BY-NC-4.0"
RANDOM_PREFIX = "random:"


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """One published checkpoint: its short name, its id on the hub, and what it is."""

    name: str
    hub_id: str
    shape: str  # a key of shapes.SHAPES
    decoder_parameters: int
    channels: int = 1
    melody: bool = False

    @property
    def licence(self) -> str:
        """Of the weights; every published MusicGen checkpoint has the same."""
        return LICENCE


_SMALL, _MEDIUM, _LARGE = 420_000_000, 1_838_000_000, 3_255_000_000

CHECKPOINTS: dict[str, Checkpoint] = {
    row.name: row
    for row in (
        Checkpoint("small", "facebook/musicgen-small", "small", _SMALL),
        Checkpoint("medium", "facebook/musicgen-medium", "medium", _MEDIUM),
        Checkpoint("large", "facebook/musicgen-large", "large", _LARGE),
        Checkpoint("melody", "facebook/musicgen-melody", "melody", 1_400_000_000, melody=True),
        Checkpoint(
            "melody-large",
            "facebook/musicgen-melody-large",
            "melody-large",
            2_450_000_000,
            melody=True,
        ),
        Checkpoint("stereo-small", "facebook/musicgen-stereo-small", "stereo-small", _SMALL, 2),
        Checkpoint("stereo-medium", "facebook/musicgen-stereo-medium", "stereo-medium", _MEDIUM, 2),
        Checkpoint("stereo-large", "facebook/musicgen-stereo-large", "stereo-large", _LARGE, 2),
        Checkpoint(
            "stereo-melody",
            "facebook/musicgen-stereo-melody",
            "stereo-melody",
            1_400_000_000,
            2,
            True,
        ),
        Checkpoint(
            "stereo-melody-large",
            "facebook/musicgen-stereo-melody-large",
            "stereo-melody-large",
            2_450_000_000,
            2,
            True,
        ),
    )
}
_BY_HUB_ID = {row.hub_id: row for row in CHECKPOINTS.values()}


@dataclass(frozen=True, slots=True)
class LocalCheckpoint:
    """A checkpoint folder on this machine, and which published one it is (None: the user's own)."""

    folder: Path
    revision: str  # hub commit, "" when not known
    published: Checkpoint | None


def published(name: str) -> Checkpoint | None:
    """The row of a short name or a full hub id; None for anything else."""
    return CHECKPOINTS.get(name) or _BY_HUB_ID.get(name)


def has_weights(folder: Path) -> bool:
    """Whether a folder holds a configuration and weights that load without a pickle."""
    return (folder / "config.json").is_file() and any(
        (folder / name).is_file() for name in ("model.safetensors", "model.safetensors.index.json")
    )


def hub_cache() -> Path:
    """The download cache that all programs of this user share."""
    from huggingface_hub.constants import HF_HUB_CACHE

    return Path(HF_HUB_CACHE)


def _in_cache(checkpoint: Checkpoint, cache: Path) -> LocalCheckpoint | None:
    repo = cache / ("models--" + checkpoint.hub_id.replace("/", "--"))
    try:
        revision = (repo / "refs" / "main").read_text().strip()
    except OSError:
        return None
    folder = repo / "snapshots" / revision
    return LocalCheckpoint(folder, revision, checkpoint) if has_weights(folder) else None


def _in_home(checkpoint: Checkpoint, home: Path) -> LocalCheckpoint | None:
    folder = home / "models" / checkpoint.name
    if not has_weights(folder):
        return None
    return LocalCheckpoint(folder, _pulled_revision(folder / "pulled.json"), checkpoint)


def _pulled_revision(record: Path) -> str:
    """The commit a folder was pulled from; "" where that was not noted, or not readably."""
    try:
        return str(json.loads(record.read_text(encoding="utf-8"))["revision"])
    except (OSError, ValueError, TypeError, KeyError):
        return ""


def find_local(name: str, home: Path | None = None, cache: Path | None = None) -> LocalCheckpoint:
    """Where a checkpoint lies: a folder path, a short name or a hub id.

    Looks under `home/models/` first, then in the hub's download cache; never downloads.
    Raises BridgeError `model-missing` with the command that fetches it.
    """
    row = published(name)
    if row is not None:
        found = (_in_home(row, home) if home else None) or _in_cache(row, cache or hub_cache())
        if found is None:
            raise BridgeError(
                "model-missing",
                f"the checkpoint {row.hub_id} is not on this machine; fetch it with "
                f"`daw-bridge models pull {row.name}` (its weights are {row.licence}: "
                "non-commercial use only)",
            )
        return found
    folder = Path(name).expanduser()
    if not folder.is_dir():
        raise BridgeError(
            "model-missing",
            f"{name!r} is neither a folder nor one of {', '.join(CHECKPOINTS)}; "
            "see `daw-bridge models`",
        )
    return LocalCheckpoint(folder, "", None)


def list_local(home: Path | None = None, cache: Path | None = None) -> list[LocalCheckpoint]:
    """Every published checkpoint that could be loaded now, in the order of the table."""
    cache = cache or hub_cache()
    found = [
        (_in_home(row, home) if home else None) or _in_cache(row, cache)
        for row in CHECKPOINTS.values()
    ]
    return [item for item in found if item is not None]
