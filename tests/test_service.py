"""What the service promises, seen through real packets of a real server."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import soundfile
from running import finish, wait_until

from bridge import __version__
from bridge.errors import BridgeError
from bridge.protocol import STATUS_TOTALS


def totals(client) -> dict:
    return dict(zip(STATUS_TOTALS, client.request("/bridge/status"), strict=True))


def test_ping_says_who_and_where(start_server):
    server = start_server()
    with server.client() as client:
        version, protocol, state, model, clips, pid = client.request("/bridge/ping")
    assert (version, protocol, model) == (__version__, 1, "clockwork")
    assert state in ("loading", "idle")
    assert clips == server.home.clips.as_posix()
    assert pid == server.process.pid


def test_the_same_request_id_is_the_same_job(start_server, tmp_path):
    soundfile.write(tmp_path / "a.wav", [0.1] * 800, 8000)
    server = start_server()
    with server.client() as client:
        first = client.request("/bridge/generate", "a tone", request_id="mine")
        finish(client, first[0])
        # resent later, even with other words: the same job, the same answer, nothing new
        assert client.request("/bridge/generate", "other words", request_id="mine") == first
        assert totals(client)["done"] == 1
        with pytest.raises(BridgeError, match="already used for /bridge/generate"):
            client.request("/bridge/transcribe", str(tmp_path / "a.wav"), request_id="mine")


def test_the_queue_has_places_and_an_end(start_server):
    server = start_server("--queue-limit", "2")
    with server.client() as client:
        running, place = client.request("/bridge/generate", "steps 4000")
        assert place == 0
        wait_until(lambda: totals(client)["running"] == 1, "the first job runs")
        places = [client.request("/bridge/generate", "a tone")[1] for _ in range(2)]
        assert places == [1, 2]
        with pytest.raises(BridgeError, match="2 jobs are waiting, the limit is 2") as refusal:
            client.request("/bridge/generate", "a tone")
        assert refusal.value.code == "queue-full"
        assert client.request("/bridge/cancel", running)[1] == "running"
        wait_until(lambda: totals(client)["done"] == 2, "the others are done")
        assert totals(client)["cancelled"] == 1


def test_listeners_hear_the_jobs_of_others_until_they_leave(start_server):
    server = start_server()
    with server.client() as listener, server.client() as asker:
        listener.request("/bridge/notify", 1)
        job_id, _ = asker.request("/bridge/generate", "steps 2")
        finish(asker, job_id)
        *_, last = listener.follow(job_id)
        assert last[3].endswith(f"{job_id}.json")
        listener.request("/bridge/notify", 0)
        job_id, _ = asker.request("/bridge/generate", "steps 2")
        finish(asker, job_id)
        listener.request("/bridge/ping")
        assert not [e for e in listener._events if job_id in e.args]


def test_answers_go_to_the_reply_port(start_server):
    server = start_server()
    with server.client() as hearing, server.client() as asking:
        port = hearing._socket.getsockname()[1]
        packet_id = "to-the-other-socket"
        from bridge.packet import encode_request

        asking._socket.send(encode_request("/bridge/ping", packet_id, "reply_port", port))
        asking._socket.send(encode_request("/bridge/ping", "x", "nonsense", 1, "reply_port", port))
        done, fail = hearing._receive(1e9), hearing._receive(1e9)
    assert (done.address, done.args[:2]) == ("/bridge/done", ("/bridge/ping", packet_id))
    assert (fail.address, fail.args[2]) == ("/bridge/fail", "unknown-key")


@pytest.mark.parametrize(
    ("prompt", "keys", "code", "words"),
    [
        ("x", {"bars": 200, "bpm": 20.0}, "out-of-range", "Clockwork makes clips of 0.1..60 s"),
        (
            "x",
            {"seconds": 50, "variations": 8, "instruments": "a,b,c,d,e,f"},
            "out-of-range",
            "56 tracks of 50 s are 46.7 minutes of audio",
        ),
        ("x", {"model": "nonsense"}, "model-missing", "no engine or checkpoint is called"),
        ("x", {"source": "relative.wav"}, "bad-request", "must be an absolute path"),
        ("x", {"source": "/no/such.wav"}, "not-found", "/no/such.wav"),
        ("x", {"source": __file__, "model": "sketch"}, "out-of-range", "cannot use a source"),
        (
            "x",
            {"source": __file__, "source_join": 1, "model": "sketch"},
            "out-of-range",
            "cannot use a source for continue",
        ),
    ],
)
def test_what_must_fail_is_refused_before_it_is_queued(start_server, prompt, keys, code, words):
    server = start_server()
    with server.client() as client:
        with pytest.raises(BridgeError) as refusal:
            client.request("/bridge/generate", prompt, keys=keys)
        assert totals(client)["queued"] == totals(client)["failed"] == 0
    assert refusal.value.code == code
    assert words in refusal.value.message


def test_files_are_looked_at_before_a_job_is_queued(start_server, tmp_path):
    server = start_server()
    with server.client() as client:
        for path, code in (("/no/such", "not-found"), (str(tmp_path), "unreadable-audio"),
                           ("a.wav", "bad-request")):  # fmt: skip
            with pytest.raises(BridgeError) as refusal:
                client.request("/bridge/transcribe", path)
            assert refusal.value.code == code


def test_what_headers_tell_is_said_before_a_job_is_queued(start_server, tmp_path):
    text, wide, song = (tmp_path / name for name in ("text.wav", "wide.wav", "song.flac"))
    text.write_text("not music\n" * 100)
    soundfile.write(wide, np.zeros((800, 20)), 8000)
    soundfile.write(song, np.zeros(1000 * 8000, np.int16), 8000)
    server = start_server()
    more = {"source": str(song), "model": "random:tiny", "seconds": 100.0}
    refused = (
        ("transcribe", str(text), {}, "unreadable-audio", "no audio of a known kind"),
        ("transcribe", str(song), {}, "out-of-range", "1000.0 s long, at most 900 s"),
        ("transcribe", str(song), {"start_s": 1e3}, "out-of-range", "start_s is 1000, but"),
        ("generate", "x", {**more, "source": str(wide)}, "unreadable-audio", "16 channels, got 20"),
        ("generate", "x", {**more, "source_start_s": 2e3}, "out-of-range", "source_start_s is 2000"),
        ("generate", "x", {**more, "source_join": 1, "source_start_s": 499.9}, "out-of-range",
         "600.1 s long together, a clip may have 600"),
    )  # fmt: skip
    with server.client() as client:
        for command, words, keys, code, reason in refused:
            with pytest.raises(BridgeError) as refusal:
                client.request(f"/bridge/{command}", words, keys=keys)
            assert (refusal.value.code, reason in refusal.value.message) == (code, True), reason
        assert totals(client)["queued"] == totals(client)["failed"] == 0
        client.request("/bridge/generate", "x", keys={**more, "source_start_s": 500.0})
        client.request(
            "/bridge/generate", "x", keys={**more, "source_join": 1, "source_start_s": 500}
        )


def test_a_seed_is_chosen_and_reported(start_server):
    server = start_server()
    with server.client() as client:
        jobs = [client.request("/bridge/generate", "a tone")[0] for _ in range(2)]
        for job_id in jobs:
            finish(client, job_id)
    seeds = [server.manifest(job_id)["request"]["seed"] for job_id in jobs]
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert seeds[0] != seeds[1]
    assert server.manifest(jobs[0])["clips"][0]["seed"] == seeds[0]


def test_variations_and_instruments_are_files_of_their_own(start_server):
    server = start_server()
    keys = {"variations": 2, "instruments": "drums,bass", "bars": 1}
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", "a tone", keys=keys)
        finish(client, job_id)
    clips = server.manifest(job_id)["clips"]
    audio = [(c["role"], c["variation"]) for c in clips if c["kind"] == "audio"]
    assert audio == list(itertools.product(("mix", "drums", "bass"), (1,))) + [
        ("mix", 2), ("drums", 2), ("bass", 2),
    ]  # fmt: skip
    assert len({c["file"] for c in clips}) == len(clips)


def test_a_bug_of_the_engine_fails_one_job_and_the_next_one_works(start_server):
    server = start_server()
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", "raise")
        with pytest.raises(BridgeError, match="ZeroDivisionError: a bug") as failure:
            finish(client, job_id)
        assert failure.value.code == "internal"
        job_id, _ = client.request("/bridge/generate", "print this")
        assert finish(client, job_id).exists()
    assert "Traceback" in (server.home.logs / "worker.log").read_text()


def test_a_model_that_cannot_be_loaded_fails_the_job_with_its_sentence(start_server):
    server = start_server()
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", "x", keys={"model": "clockwork:broken"})
        with pytest.raises(BridgeError, match="clockwork:broken cannot be loaded"):
            finish(client, job_id)
        job_id, _ = client.request("/bridge/generate", "a tone")
        assert finish(client, job_id).exists()


def test_a_job_that_waits_for_the_model_sees_it_being_loaded(start_server):
    server = start_server(model="clockwork:slow")
    with server.client() as client:
        job_id, place = client.request("/bridge/generate", "a tone")
        assert place == 0
        seen = [(stage, fraction) for stage, fraction, *_ in client.follow(job_id)]
    loading = [fraction for stage, fraction in seen if stage == "loading"]
    assert len(loading) >= 3 and loading == sorted(loading) and loading[0] < loading[-1] <= 1
    assert seen[-1] == ("done", 1.0)


def test_models_names_the_default_first(start_server):
    server = start_server()
    with server.client() as client:
        names = client.request("/bridge/models")
    assert names[0] == "clockwork"
    assert "sketch" in names


def test_quit_stops_the_server_and_jobs_wait_for_the_next_one(start_server):
    server = start_server()
    with server.client() as client:
        job_id, _ = client.request("/bridge/generate", "steps 60")
        client.request("/bridge/quit")
    assert server.process.wait(30) == 0
    assert not server.home.heartbeat.exists()
    with start_server().client() as client:
        assert finish(client, job_id).exists()


def test_an_idle_model_gives_its_memory_back_and_comes_again(start_server):
    server = start_server(DAW_BRIDGE_IDLE_UNLOAD_S="0.2")
    log = server.home.logs / "bridge.log"
    worker_log = server.home.logs / "worker.log"
    with server.client() as client:
        wait_until(lambda: "model.unload" in log.read_text(), "the model is unloaded")
        job_id, _ = client.request("/bridge/generate", "a tone")
        assert finish(client, job_id).exists()
    assert worker_log.read_text().count("engine.loaded") == 2
