"""SIGKILL for the server at random moments during a stream of jobs: is every accepted job accounted for?

    python tests/stress/kill_stress.py [KILLS] [SEED]

Prints a Markdown table; exit code 1 when anything was lost, half written, repeated or left over.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from workbench import say, table

from accounts import rows, states, violations  # isort: skip
from jobstream import Stream, kill_somewhere  # isort: skip


def main() -> int:
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    began, kinds = time.monotonic(), Counter()
    with tempfile.TemporaryDirectory() as folder:
        stream = Stream(Path(folder) / "home", seed)
        try:
            for _ in range(kills):
                kinds[kill_somewhere(stream)] += 1
            stream.start()
            stream.settle(300.0)
            wrong = stream.wrong + violations(stream.home, stream.accepted)
            counts, stored = states(stream.home), rows(stream.home)
        finally:
            stream.close()
    retried = sum(row["worker_deaths"] > 0 for row in stored)
    say(
        table(
            ("what", "count"),
            (
                ("SIGKILLs of the server (of its worker besides)", f"{kills} ({kinds['worker']})"),
                *((f"… {kind}", count) for kind, count in sorted(kinds.items())),
                ("jobs accepted", len(stream.accepted)),
                ("done, manifest and media hashes verified", counts["done"]),
                ("failed with a reason", counts["failed"]),
                ("cancelled", counts["cancelled"]),
                ("taken up again after their worker died", retried),
                ("lost, half written, repeated or left over", len(wrong)),
                ("seconds", f"{time.monotonic() - began:.0f}"),
            ),
        )
    )
    say(f"\nseed {seed}")
    for text in wrong:
        say(f"VIOLATION: {text}")
    return 1 if wrong or counts["done"] < kills / 10 else 0  # fewer would prove nothing


if __name__ == "__main__":
    sys.exit(main())
