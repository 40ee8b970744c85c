"""How fast the server answers while its model computes, publishes, and does the demo.

    python tests/stress/latency.py

Prints a Markdown table with the limits that must hold; exit code 1 when one is broken.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from workbench import milliseconds, say, table

from running import RunningServer, environment  # isort: skip

from bridge.audio.finish import finish  # isort: skip
from bridge.audio.wav import write_wav  # isort: skip
from bridge.client import Client  # isort: skip
from bridge.music import Meter  # isort: skip

ROWS: list[tuple[object, ...]] = []
BROKEN: list[str] = []


def row(
    what: str, seconds: list[float], limit: str = "", value: float = 0.0, most: float = 0.0
) -> None:
    """One line of the table; with a limit, `value` must be below `most`."""
    kept = "" if not limit else ("yes" if value < most else "NO")
    if kept == "NO":
        BROKEN.append(f"{what}: {1000 * value:.2f} ms, limit {limit}")
    ROWS.append((what, len(seconds), *milliseconds(seconds), limit, kept))


def p99(seconds: list[float]) -> float:
    return sorted(seconds)[round(0.99 * (len(seconds) - 1))]


def timed_requests(client: Client, count: int, pause_s: float, *request: object) -> list[float]:
    took = []
    for _ in range(count):
        began = time.perf_counter()
        client.request(*request)
        took.append(time.perf_counter() - began)
        time.sleep(pause_s)
    return took


def wait_for(client: Client, job_id: str, stage: str) -> None:
    while client.request("/bridge/status", job_id)[2] != stage:
        time.sleep(0.02)


def answers(server: RunningServer) -> None:
    """Pings and accepted jobs, idle and while the model uses every core."""
    with server.client() as client:
        idle = timed_requests(client, 500, 0.002, "/bridge/ping")
        row("ping, idle", idle)
        job_id, _ = client.request("/bridge/generate", "spin steps 100000", keys={"bars": 1})
        wait_for(client, str(job_id), "generating")
        busy = timed_requests(client, 2000, 0.005, "/bridge/ping")
        row("ping, model at full load", busy, "p99 < 10 ms", p99(busy), 0.010)
        accepted = timed_requests(client, 300, 0.01, "/bridge/generate", "a tone")
        row("job accepted (stored durably), model at full load", accepted, "median < 10 ms",
            statistics.median(accepted), 0.010)  # fmt: skip
        client.request("/bridge/cancel", str(job_id))


def publication(server: RunningServer) -> None:
    """From the stage event that says rendered to the clip event, for 8 s of stereo."""
    took = []
    with server.client() as client:
        for seed in range(21):
            keys = {"bars": 4, "bpm": 120.0, "seed": seed}
            job_id, _ = client.request("/bridge/generate", "dusty lo-fi", keys=keys)
            rendered = 0.0
            for stage, _, _, path in client.follow(str(job_id)):
                if stage == "writing" and not rendered:
                    rendered = time.perf_counter()
                if path:
                    assert Path(path).exists()
                    took.append(time.perf_counter() - rendered)
    row("audio rendered to manifest visible, 8 s stereo, first clip of a server", took[:1])
    row("the same, later clips", took[1:], "median < 100 ms", statistics.median(took[1:]), 0.100)


def parts_of_publication(folder: Path) -> None:
    """What the time goes into, function by function, in a process that is warm."""
    noise = np.random.default_rng(1).normal(0, 0.1, (2, 384_000)).astype(np.float32)
    finishing, writing = [], []
    for number in range(11):
        began = time.perf_counter()
        finished = finish([noise], 48000, 48000, 384_000, True)
        finishing.append(time.perf_counter() - began)
        began = time.perf_counter()
        write_wav(folder / f"{number}.wav", finished.parts[0], 48000, tags={}, bpm=120.0, beats=16.0,
                  meter=Meter(4, 4), loop=True)  # fmt: skip
        writing.append(time.perf_counter() - began)
    row("… of that: loudness, ceiling, fades", finishing[1:])
    row("… of that: 24-bit file, synced", writing[1:])


def demo(folder: Path) -> None:
    """From the command typed to its end, the clip printed."""
    took = []
    for number in range(3):
        home = str(folder / f"demo-{number}")
        began = time.perf_counter()
        command = [sys.executable, "-m", "bridge", "demo", "--home", home, "--port", "0"]
        with subprocess.Popen(
            command, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            assert process.stdout is not None
            line = process.stdout.readline()
            took.append(time.perf_counter() - began)
            process.stdout.read()
        assert line.strip().endswith(".wav"), line
    row("demo typed to clip printed, fresh process", took, "every one < 5 s", max(took), 5.0)


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        server = RunningServer(folder / "clockwork", "--queue-limit", "1000")
        answers(server)
        server.kill()
        server = RunningServer(folder / "sketch", model="sketch")
        publication(server)
        server.kill()
        parts_of_publication(folder)
        demo(folder)
    say(table(("what", "n", "median", "p99", "max", "limit", "kept"), ROWS))
    for text in BROKEN:
        say(f"VIOLATION: {text}")
    return 1 if BROKEN else 0


if __name__ == "__main__":
    sys.exit(main())
