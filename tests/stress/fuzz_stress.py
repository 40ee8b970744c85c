"""Damaged, random and hostile packets against the live socket while jobs run: does the server stay well?

    python tests/stress/fuzz_stress.py [PACKETS] [SEED]

Every packet goes to a real server; behind every forty a ping must be answered within a second, behind
every 2000 a job is asked for, and each message that parses must have one answer.
Prints a Markdown table; exit code 1 on any violation.
"""

from __future__ import annotations

import math
import random
import socket
import sys
import tempfile
import time
from pathlib import Path

import psutil
from workbench import milliseconds, say, table

import junk  # isort: skip
from accounts import states, violations  # isort: skip
from running import RunningServer, finish  # isort: skip

from bridge.packet import Message, PacketError, decode, encode  # isort: skip
from bridge.protocol import COMMANDS, DONE, EVENTS, FAIL, reply_port_of  # isort: skip

ADDRESSES = [command.address for command in COMMANDS if command.address != "/bridge/quit"]
WORDS = [key.name for command in COMMANDS for key in command.all_keys] + [
    "", "4/4", "A minor", "/etc/passwd", "../..", "♫", "\x01", "a tone",
]  # fmt: skip
NUMBERS = [
    0,
    1,
    -1,
    2**31 - 1,
    -(2**31),
    2**62,
    0.0,
    1e-40,
    3e38,
    math.inf,
    -math.inf,
    math.nan,
    4.0,
]


def hostile(dice: random.Random) -> bytes:
    """A well-formed message without sense: any command, any arguments."""
    args = [
        dice.choice((dice.choice(WORDS), dice.choice(NUMBERS), True, False))
        for _ in range(dice.randrange(9))
    ]
    # an empty prompt keeps these from becoming jobs; a request_id keeps them findable
    return encode(dice.choice(ADDRESSES), f"fuzz-{dice.random()}", "", *args)


def any_packet(dice: random.Random, seeds: list[bytes]) -> bytes:
    kind = dice.random()
    if kind < 0.5:
        return junk.damaged(dice.choice(seeds), dice)
    if kind < 0.6:
        return dice.randbytes(dice.randrange(600))
    if kind < 0.65:
        return junk.bundle(*[hostile(dice) for _ in range(dice.randrange(5))])
    if kind < 0.7:
        return junk.damaged(junk.bundle(hostile(dice), hostile(dice)), dice)
    return hostile(dice)


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else int(time.time())
    dice, wrong, pings, accepted = random.Random(seed), [], [], {}
    seeds = [*junk.NOT_OSC.values(), *(data for data, _ in junk.REFUSED.values())]
    seeds = [data for data in seeds if len(data) < 3000]
    seeds += [encode(address, "id", "", "bars", 4) for address in ADDRESSES]
    junk_sent = expected = answered = 0
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        server = RunningServer(Path(folder) / "home", "--queue-limit", "1000")
        process = psutil.Process(server.process.pid)
        wire = Wire(server.port)
        memory = []
        with server.client() as client:
            for number in range(count):
                packet = any_packet(dice, seeds)
                try:
                    expected += sum(map(is_answered_here, decode(packet)))
                except PacketError:
                    junk_sent += 1
                wire.send(packet)
                if number % 40 == 39:
                    pings.append(wire.ping(f"ping-{number}"))
                if number % 2000 == 1999:
                    memory.append(process.memory_info().rss)
                    keys = {"bars": 1}
                    answer = client.request(
                        "/bridge/generate", "a tone", keys=keys, request_id=f"job-{number}"
                    )
                    accepted[f"job-{number}"] = str(answer[0])
            for job_id in accepted.values():
                finish(client, job_id)
            wire.ping("last")
        answered = wire.answered
        wrong += wire.wrong
        if answered != expected:
            wrong.append(f"{expected} answers were due, {answered} came")
        wire.close()
        if server.process.poll() is not None:
            wrong.append("the server has ended")
        wrong += violations(server.home, accepted)
        strangers = set(states(server.home)) - {"done"}
        wrong += [f"jobs are {state}" for state in strangers]
        log_bytes = sum(path.stat().st_size for path in server.home.logs.glob("bridge.log*"))
        log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
        if "Traceback" in log:
            wrong.append("a traceback is in the log: " + log[log.index("Traceback") :][:2000])
        output = server.stop()
        if "Traceback" in output:
            wrong.append("a traceback was printed: " + output[:2000])
    wrong += [f"a ping took {took:.2f} s" for took in pings if took > 1.0]
    growth = (memory[-1] - memory[len(memory) // 4]) / 1e6
    if growth > 30:
        wrong.append(f"memory grew by {growth:.0f} MB")
    say(
        table(
            ("what", "count"),
            (
                ("packets sent", count),
                ("of these not OSC (dropped, at most one log line a second)", junk_sent),
                ("answers due to their sender, answers heard", f"{expected}, {answered}"),
                (
                    "pings behind every 40 packets: median, p99, max",
                    " / ".join(milliseconds(pings)),
                ),
                ("jobs accepted between them, all done and verified", len(accepted)),
                ("log files in total", f"{log_bytes / 1e6:.1f} MB"),
                ("growth of the server's memory after the first quarter", f"{growth:.1f} MB"),
                ("violations", len(wrong)),
                ("seconds", f"{time.monotonic() - began:.0f}"),
            ),
        )
    )
    say(f"\nseed {seed}")
    for text in wrong:
        say(f"VIOLATION: {text}")
    return 1 if wrong else 0


def is_answered_here(message: Message) -> bool:
    """Answers and events sent to a server are dropped; a reply_port takes the answer elsewhere."""
    if message.address in (DONE, FAIL, *EVENTS):
        return False
    return reply_port_of(message.args) is None


class Wire:
    """A socket that counts its answers and looks at each of them."""

    def __init__(self, port: int) -> None:
        self.answered, self.wrong = 0, []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self._socket.settimeout(5.0)
        self._socket.connect(("127.0.0.1", port))

    def send(self, packet: bytes) -> None:
        self._socket.send(packet)

    def ping(self, request_id: str) -> float:
        """Wait until everything that was sent before is answered; how long the ping took."""
        sent = time.monotonic()
        self.send(encode("/bridge/ping", request_id))
        # requests are handled side by side: those that ask the job list may be answered later
        self.send(encode("/bridge/status", f"after-{request_id}"))
        took, waiting = 0.0, {request_id, f"after-{request_id}"}
        while waiting:
            [message] = decode(self._socket.recv(65_536))
            if message.address in EVENTS:  # a damaged packet became a good /bridge/notify
                continue
            if message.address not in (DONE, FAIL):
                self.wrong.append(f"heard {message}")
            elif message.args[1] in waiting:
                waiting.remove(message.args[1])
                took = took or time.monotonic() - sent
            else:
                self.answered += 1
                if message.address == FAIL and message.args[2] == "internal":
                    self.wrong.append(f"an internal error: {message.args}")
        return took

    def close(self) -> None:
        self._socket.close()


if __name__ == "__main__":
    sys.exit(main())
