"""The one error that may be shown to a musician, and the codes it may carry."""

from __future__ import annotations

import errno

# code -> what it means; printed by `daw-bridge schema` and in the README.
CODES: dict[str, str] = {
    "bad-request": "the packet or its arguments cannot be understood",
    "unknown-command": "no command has this address",
    "unknown-key": "the command does not know this key",
    "out-of-range": "a value lies outside what the command or the engine accepts",
    "not-found": "no such job, file or clip",
    "unreadable-audio": "the file cannot be read as audio",
    "queue-full": "too many jobs are waiting",
    "model-missing": "the model, checkpoint or extra is not installed",
    "model-failed": "the model broke down while working on the job",
    "disk-full": "no space left where the clips are written",
    "unauthorized": "the token is missing or wrong",
    "internal": "a bug in the bridge; the log holds the details",
}


class BridgeError(Exception):
    """A failure that is safe to show: one code of `CODES` and one plain sentence.

    The sentence says what was wrong, the value, and what to do next.
    """

    def __init__(self, code: str, message: str) -> None:
        assert code in CODES, f"{code!r} is not an error code"
        super().__init__(message)
        self.code = code
        self.message = message


class Cancelled(Exception):
    """Raised inside a job's computation when its cancel flag is set."""


def is_disk_full(error: OSError) -> bool:
    """Whether a write failed for lack of room: disk, quota or the size a file may have."""
    return error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
