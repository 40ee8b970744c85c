"""The gain curve that all parts share."""

from __future__ import annotations

import numpy as np
import pytest

from bridge.engines.sketch.synth import space


@pytest.mark.parametrize("loop", [False, True])
@pytest.mark.parametrize("frames", [1, 5, 17, 40, 1000, 48001])
@pytest.mark.parametrize("hop", [16, 29, 64])
def test_lines_between_even_points_are_those_of_interp(frames: int, hop: int, loop: bool) -> None:
    blocks = -(-frames // hop)
    level = np.random.default_rng(frames).uniform(0.2, 1.0, blocks)
    centre = (np.arange(blocks) + 0.5) * hop
    if loop:
        centre = np.concatenate([[centre[-1] - frames], centre, [centre[0] + frames]])
        level = np.concatenate([level[-1:], level, level[:1]])
    drawn = space._lines(frames, hop, centre, level, extra=int(loop))
    assert np.abs(drawn - np.interp(np.arange(frames), centre, level)).max() < 1e-6


@pytest.mark.parametrize("loop", [False, True])
def test_the_shared_gain_holds_every_peak(loop: bool) -> None:
    mix = np.random.default_rng(1).normal(0, 0.6, (2, 30_011)).astype(np.float32)
    gain = space.shared_gain(mix, 44_100, loop, 0.9)
    assert np.abs(mix * gain).max() <= 0.9001
