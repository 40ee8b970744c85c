"""What the header of an audio file says of a section: `python -m bridge.audio.header SECTION`.

A process of its own: the server loads no decoder, and a file that breaks one cannot break the server.
SECTION is a JSON object, the arguments of `section_seconds`. Prints one of {"seconds": ...} and
{"code": ..., "message": ...}.
"""

from __future__ import annotations

import json
import sys

from ..errors import BridgeError
from .read import section_seconds


def main() -> None:
    """Answer on standard output."""
    answer: dict[str, object]
    try:
        answer = {"seconds": section_seconds(**json.loads(sys.argv[1]))}
    except BridgeError as error:
        answer = {"code": error.code, "message": error.message}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
