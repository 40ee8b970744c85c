"""Clips of one job: every one has a file of its own, whatever the instruments are called."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from bridge.clips import ClipWriter, Frame, file_name, sha256_of
from bridge.music import Meter, Note


@pytest.mark.parametrize("roles", [("hi hat", "hi-hat"), ("гитара", "бас"), ("mix", "mix")])
def test_names_that_look_alike_get_files_of_their_own(tmp_path: Path, roles: tuple[str, str]):
    writer = ClipWriter(Frame(tmp_path, "job", Fraction(1), 120.0, Meter(4, 4)))
    for level, role in enumerate(roles, 1):
        writer.audio(role, np.full((1, 24000), level / 10, np.float32), 48000)
        writer.midi(role, [Note(0.0, 1.0, 60 + level, 90)])
    files = [clip["file"] for clip in writer.clips]
    assert len(set(files)) == 4
    for clip in writer.clips:
        assert clip["sha256"] == sha256_of(tmp_path / clip["file"].split("/")[1])
    notes = [clip["notes"] for clip in writer.clips if clip["kind"] == "midi"]
    assert len(set(notes)) == 2


def test_file_names_hold_letters_digits_and_hyphens():
    assert file_name("Hi-Hat & Co ") == "hi-hat-co"
    assert file_name("гитара") == "part"
