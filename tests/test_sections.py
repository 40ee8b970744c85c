"""A look at a file's header in a process of its own: what it tells, and that it can be given up."""

from __future__ import annotations

import asyncio
import logging
import time

import numpy as np
import pytest
import soundfile

from bridge import sections
from bridge.errors import BridgeError


@pytest.fixture
def song(tmp_path):
    path = tmp_path / "a song.wav"
    soundfile.write(path, np.zeros(8000 * 40), 8000)
    return str(path)


GENERATE = {
    "source_start_s": 1.0,
    "source_length_s": None,
    "source_join": False,
    "source_mode": "continue",
}


def test_only_what_a_model_looks_at_counts(song):
    def seconds(**changed: object) -> float | None:
        section = sections.section_of({**GENERATE, "source": song, **changed})
        assert section is not None
        return asyncio.run(sections.look_at(section))

    assert seconds() == 30.0
    assert seconds(source_mode="melody", source_length_s=35.0) == 30.0
    assert seconds(source_mode="melody", source_length_s=2.5) == 2.5
    assert seconds(source_join=True) == 39.0
    assert sections.section_of({**GENERATE, "source": ""}) is None


def test_what_is_wrong_is_raised_with_the_key_the_user_wrote(song):
    section = sections.section_of({**GENERATE, "source": song, "source_start_s": 41.0})
    with pytest.raises(BridgeError, match=r"source_start_s is 41, but .* is only 40\.000 s long"):
        asyncio.run(sections.look_at(section))


def test_a_look_that_takes_too_long_is_given_up_and_leaves_no_process(song, monkeypatch, caplog):
    started = []
    start = asyncio.create_subprocess_exec

    async def start_and_keep(*command, **options):
        started.append(await start(*command, **options))
        return started[-1]

    monkeypatch.setattr(asyncio, "create_subprocess_exec", start_and_keep)
    monkeypatch.setattr(sections, "LOOK_S", 0.001)
    began = time.monotonic()
    assert asyncio.run(sections.look_at({"path": song})) is None
    assert time.monotonic() - began < 30
    assert started[0].returncode is not None and "header.slow" in caplog.text


def test_a_look_that_breaks_down_leaves_it_to_the_job(song, caplog):
    with caplog.at_level(logging.ERROR):
        assert asyncio.run(sections.look_at({"path": song, "nonsense": 1})) is None
    assert "header.failed" in caplog.text and "nonsense" in caplog.text


def test_a_look_that_cannot_start_leaves_it_to_the_job(song, monkeypatch, caplog):
    monkeypatch.setattr(sections.sys, "executable", "/no/such/python")
    assert asyncio.run(sections.look_at({"path": song})) is None
    assert "header.not_started" in caplog.text
