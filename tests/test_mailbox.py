"""The file carrier: packets as files in, answers as files out, with and without folder events."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import junk
import pytest
from running import finish, wait_until

from bridge import mailbox
from bridge.mailbox import Mailbox
from bridge.packet import Message, decode, encode, encode_request


def drop(inbox: Path, name: str, data: bytes) -> Path:
    """Write one packet as a client does: whole, then renamed."""
    inbox.mkdir(parents=True, exist_ok=True)
    temporary = (inbox / name).with_suffix(".tmp")
    temporary.write_bytes(data)
    temporary.replace(inbox / name)
    return inbox / name


def fetch(outbox: Path, count: int = 1) -> list[Message]:
    """Wait for at least so many answers; read them in order and delete them."""
    wait_until(lambda: len(list(outbox.glob("*.osc"))) >= count, f"{count} answers in {outbox}")
    messages = []
    for path in sorted(outbox.glob("*.osc")):
        messages += decode(path.read_bytes())
        path.unlink()
    return messages


Act = Callable[[Mailbox, list[tuple[Message, str]]], Awaitable[None]]


def with_mailbox(home: Path, act: Act) -> list[tuple[Message, str]]:
    """Run a mailbox in this process while `act` does something; returns what was handed on."""
    heard: list[tuple[Message, str]] = []

    async def main() -> None:
        async def handle(message: Message, peer: str) -> None:
            heard.append((message, peer))

        box = Mailbox(home / "in", home / "out", handle)
        running = asyncio.create_task(box.run())
        try:
            await asyncio.wait_for(act(box, heard), 20)
            assert not running.done(), running.exception()
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    (home / "in").mkdir(parents=True, exist_ok=True)
    (home / "out").mkdir(parents=True, exist_ok=True)
    asyncio.run(main())
    return heard


def hears(count: int) -> Act:
    async def act(box: Mailbox, heard: list[tuple[Message, str]]) -> None:
        while len(heard) < count:
            await asyncio.sleep(0.01)

    return act


def test_a_request_by_file_becomes_a_clip_and_its_story_comes_back_as_files(start_server):
    server = start_server()
    out = server.home.mailbox_out / "reaper"
    request = encode_request("/bridge/generate", "my-id", "a tone", "bars", 1)
    sent = drop(server.home.mailbox_in, "reaper-1.osc", request)
    wait_until(lambda: any(out.glob("*.osc")), "an answer")
    wait_until(lambda: any(server.home.clips.glob("*.json")), "a manifest")
    messages = fetch(out)
    while messages[-1].address != "/bridge/clip":
        messages += fetch(out)
    address, command, request_id, job_id, place = messages[0].address, *messages[0].args
    assert (address, command, request_id, place) == ("/bridge/done", "/bridge/generate", "my-id", 0)
    assert messages[-1].args == (job_id, str(server.home.clips / f"{job_id}.json"))
    assert {m.address for m in messages[1:-1]} == {"/bridge/progress"}
    assert not sent.exists()


def test_resending_by_file_and_by_socket_is_the_same_job(start_server):
    server = start_server()
    packet = encode_request("/bridge/generate", "my-id", "a tone", "bars", 1)
    with server.client() as client:
        job_id, place = client.request("/bridge/generate", "a tone", request_id="my-id")
        finish(client, job_id)
    drop(server.home.mailbox_in, "reaper-1.osc", packet)
    drop(server.home.mailbox_in, "reaper-2.osc", packet)
    answers = fetch(server.home.mailbox_out / "reaper", 2)
    assert [m.args for m in answers] == [("/bridge/generate", "my-id", job_id, place)] * 2
    assert len(list(server.home.clips.glob("*.json"))) == 1


def test_packets_that_waited_while_no_server_ran_are_answered_in_order(start_server, tmp_path):
    inbox = tmp_path / "home" / "mailbox" / "in"
    for n in range(5):
        drop(inbox, f"m4l-{n}.osc", encode_request("/bridge/ping", f"id-{n}"))
    server = start_server()
    answers = fetch(server.home.mailbox_out / "m4l", 5)
    assert [m.args[1] for m in answers] == [f"id-{n}" for n in range(5)]


@pytest.mark.parametrize("name", ["text", "bundle of size -4", "string is not UTF-8", "empty"])
def test_junk_files_go_away_with_one_log_line_and_the_next_is_answered(start_server, name):
    server = start_server()
    bad = drop(server.home.mailbox_in, "reaper-1.osc", junk.NOT_OSC[name])
    drop(server.home.mailbox_in, "reaper-2.osc", encode_request("/bridge/ping", "my-id"))
    assert fetch(server.home.mailbox_out / "reaper")[0].args[:2] == ("/bridge/ping", "my-id")
    assert not bad.exists()
    log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
    assert log.count("mailbox.dropped file=reaper-1.osc") == 1


@pytest.mark.parametrize(
    "name",
    ["..-1.osc", ".hidden-1.osc", "noname.osc", "-1.osc", "with space-1.osc", "ü-1.osc", "x" * 65 + "-1.osc"],
)  # fmt: skip
def test_a_client_name_that_could_lead_out_of_the_folder_is_refused(tmp_path, name):
    drop(tmp_path / "in", name, encode("/bridge/ping", "bad"))
    drop(tmp_path / "in", "good-1.osc", encode("/bridge/ping", "good"))
    [(message, peer)] = with_mailbox(tmp_path, hears(1))
    assert (message.args, peer) == (("good",), "mailbox|good")
    assert not list((tmp_path / "in").glob("*.osc"))


def test_the_client_is_everything_before_the_last_hyphen(tmp_path):
    drop(tmp_path / "in", "reaper-on-mac.local-000017.osc", encode("/bridge/ping", "x"))
    assert with_mailbox(tmp_path, hears(1))[0][1] == "mailbox|reaper-on-mac.local"


def test_half_written_files_are_left_alone(tmp_path):
    (tmp_path / "in").mkdir()
    half = tmp_path / "in" / "reaper-1.tmp"
    half.write_bytes(b"/bri")
    drop(tmp_path / "in", "reaper-2.osc", encode("/bridge/ping", "whole"))
    assert [m.args for m, _ in with_mailbox(tmp_path, hears(1))] == [("whole",)]
    assert half.exists()


def test_a_file_larger_than_any_packet_is_refused_unread(tmp_path):
    drop(tmp_path / "in", "a-1.osc", bytes(10_000_000))
    drop(tmp_path / "in", "b-1.osc", encode("/bridge/ping", "x"))
    assert len(with_mailbox(tmp_path, hears(1))) == 1


def test_a_folder_named_like_a_packet_does_not_stop_the_mailbox(tmp_path):
    (tmp_path / "in" / "a-1.osc").mkdir(parents=True)
    drop(tmp_path / "in", "b-1.osc", encode("/bridge/ping", "x"))

    async def act(box, heard):
        await hears(1)(box, heard)
        drop(tmp_path / "in", "b-2.osc", encode("/bridge/ping", "y"))
        await hears(2)(box, heard)

    assert len(with_mailbox(tmp_path, act)) == 2


def test_a_file_in_place_of_the_inbox_does_not_stop_the_mailbox(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "RESCAN_S", 0.05)

    async def act(box, heard):
        await asyncio.sleep(0.05)
        (tmp_path / "in").rmdir()
        (tmp_path / "in").write_text("in the way")
        await asyncio.sleep(0.2)
        (tmp_path / "in").unlink()
        drop(tmp_path / "in", "a-1.osc", encode("/bridge/ping", "x"))
        await hears(1)(box, heard)

    assert len(with_mailbox(tmp_path, act)) == 1


def test_a_packet_that_cannot_be_removed_is_handled_once(tmp_path, monkeypatch):
    def refuse(self: Path, missing_ok: bool = False) -> None:
        raise PermissionError(13, "the folder is read-only")

    monkeypatch.setattr(mailbox, "RESCAN_S", 0.02)
    drop(tmp_path / "in", "a-1.osc", encode("/bridge/ping", "x"))
    monkeypatch.setattr(Path, "unlink", refuse)

    async def act(box, heard):
        await hears(1)(box, heard)
        await asyncio.sleep(0.15)

    assert len(with_mailbox(tmp_path, act)) == 1


def test_a_bundle_in_a_file_is_all_its_messages(tmp_path):
    drop(tmp_path / "in", "a-1.osc", junk.bundle(encode("/one", 1), encode("/two", 2)))
    assert [m.address for m, _ in with_mailbox(tmp_path, hears(2))] == ["/one", "/two"]


def test_without_folder_events_the_rescan_finds_packets(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "RESCAN_S", 0.05)
    monkeypatch.setattr(Mailbox, "on_any_event", lambda self, event: None)

    async def act(box, heard):
        await asyncio.sleep(0.05)
        drop(tmp_path / "in", "a-1.osc", encode("/bridge/ping", "x"))
        await hears(1)(box, heard)

    assert len(with_mailbox(tmp_path, act)) == 1


def test_where_the_system_gives_no_folder_events_the_rescan_does_the_work(tmp_path, monkeypatch):
    def no_more_watches(*_: object, **__: object) -> None:
        raise OSError(28, "inotify watch limit reached")

    monkeypatch.setattr(mailbox, "RESCAN_S", 0.05)
    monkeypatch.setattr(mailbox.Observer, "start", no_more_watches)
    drop(tmp_path / "in", "a-1.osc", encode("/bridge/ping", "x"))
    assert len(with_mailbox(tmp_path, hears(1))) == 1


def test_a_deleted_inbox_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "RESCAN_S", 0.05)

    async def act(box, heard):
        await asyncio.sleep(0.05)
        (tmp_path / "in").rmdir()
        while not (tmp_path / "in").exists():
            await asyncio.sleep(0.01)
        drop(tmp_path / "in", "a-1.osc", encode("/bridge/ping", "x"))
        await hears(1)(box, heard)

    assert len(with_mailbox(tmp_path, act)) == 1


def test_answers_are_numbered_in_order_and_whole(tmp_path):
    async def act(box, heard):
        for n in range(20):
            box.send("mailbox|reaper", encode("/bridge/done", n))

    with_mailbox(tmp_path, act)
    names = sorted(path.name for path in (tmp_path / "out" / "reaper").iterdir())
    assert len(names) == 20 and all(len(name) == 16 for name in names)
    values = [decode((tmp_path / "out" / "reaper" / name).read_bytes())[0].args for name in names]
    assert values == [(n,) for n in range(20)]


def test_unread_answers_survive_a_restart_with_the_clock_set_back(tmp_path, monkeypatch):
    async def act(box, heard):
        box.send("mailbox|reaper", encode("/bridge/done", "after"))

    monkeypatch.setattr(time, "time", lambda: 1e9)
    out = tmp_path / "out" / "reaper"
    out.mkdir(parents=True)
    for n in range(5):
        (out / f"{10_000_000_000 + n:012d}.osc").write_bytes(encode("/bridge/done", "before"))
    with_mailbox(tmp_path, act)
    texts = [decode(path.read_bytes())[0].args[0] for path in sorted(out.glob("*.osc"))]
    assert texts == ["before"] * 5 + ["after"]


def test_answers_nobody_fetched_for_a_day_are_pruned_and_fresh_ones_kept(tmp_path, monkeypatch):
    monkeypatch.setattr(mailbox, "RESCAN_S", 0.02)
    old = time.time() - mailbox.ANSWERS_KEPT_S - 60
    out = tmp_path / "out"
    for client, age in (("gone", old), ("here", old), ("here", time.time())):
        (out / client).mkdir(parents=True, exist_ok=True)
        path = out / client / f"{int(age):012d}.osc"
        path.write_bytes(b"x")
        os.utime(path, (age, age))
    os.utime(out / "gone", (old, old))

    async def act(box, heard):
        while (out / "gone").exists() or len(list((out / "here").iterdir())) > 1:
            await asyncio.sleep(0.01)

    with_mailbox(tmp_path, act)
    [kept] = (out / "here").iterdir()
    assert kept.stat().st_mtime > old
