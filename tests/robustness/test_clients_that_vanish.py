"""Clients that come and go without a word must not use the server up."""

from __future__ import annotations

from running import finish

from bridge.service import MAX_LISTENERS


def test_clients_that_left_without_a_word_do_not_keep_new_ones_from_listening(start_server):
    server = start_server()
    for _ in range(MAX_LISTENERS + 6):
        with server.client() as gone:
            gone.request("/bridge/notify", 1)
    with server.client() as listener, server.client() as asker:
        listener.request("/bridge/notify", 1)
        job_id = str(asker.request("/bridge/generate", "a tone", keys={"bars": 1})[0])
        finish(asker, job_id)
        assert finish(listener, job_id).exists()
    log = (server.home.logs / "bridge.log").read_text(encoding="utf-8")
    assert log.count("listener.forgotten") == 7
