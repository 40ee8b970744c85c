"""Clips beyond 30 s: which windows there are, and that each continues what is there."""

import numpy as np
import pytest

from bridge.engines.musicgen.pattern import Ids, Plan, plan
from bridge.engines.musicgen.sampling import Sampling
from bridge.engines.musicgen.windows import STRIDE_FRAMES, WINDOW_FRAMES, render_tokens, window_ends


class Counting:
    """A token model whose every token is its frame's number in the whole clip, told by its context."""

    codebooks, channels, pad = 4, 1, 9999

    def __init__(self) -> None:
        self.layouts: list[Plan] = []
        self.seeds: list[list[int]] = []
        self.melodies: list[int] = []

    def tokens(self, prompt, chroma, layout, sampling, seeds, report) -> Ids:
        self.layouts.append(layout)
        self.seeds.append(list(seeds))
        if chroma is not None:
            self.melodies.append(int(chroma[0, 0]))
        context = layout.ids[:, 0, 1 : layout.first]
        begin = int(context[0, 0]) if context.size else 0
        assert np.array_equal(context[0], np.arange(begin, begin + context.shape[1]))
        for fraction in (0.5, 1.0):
            report(fraction)
        frames = np.arange(begin, begin + layout.frames)
        return np.broadcast_to(frames, (len(seeds), 4, layout.frames)).copy()


@pytest.mark.parametrize("frames", [100, 1500, 1501, 2400, 2401, 6000])
@pytest.mark.parametrize("given", [0, 500])
def test_windows_cover_the_clip_once(frames: int, given: int) -> None:
    model, seen = Counting(), []
    frames += given
    start = np.broadcast_to(np.arange(given), (1, 4, given)) if given else None
    codes = render_tokens(model, "x", None, start, frames, Sampling(), [5, 6], seen.append)
    assert codes.shape == (2, 4, frames)
    assert np.array_equal(codes[1, 3], np.arange(frames))
    assert all(layout.frames <= WINDOW_FRAMES for layout in model.layouts)
    for layout in model.layouts[1:]:
        assert layout.first - 1 >= WINDOW_FRAMES - STRIDE_FRAMES  # at least 12 s of context
    assert seen == sorted(seen) and seen[-1] == pytest.approx(1.0)
    assert model.seeds[0] == [5, 6]
    assert len({row[0] for row in model.seeds}) == len(model.seeds)


def test_prompt_that_fills_the_window_is_a_bug() -> None:
    with pytest.raises(ValueError, match="whole window"):
        window_ends(WINDOW_FRAMES, 2000)


def test_melody_moves_on_with_the_windows() -> None:
    model = Counting()
    melody = np.repeat(np.arange(235, dtype=np.float32)[:, None], 12, axis=1)
    render_tokens(model, "x", melody, None, 3300, Sampling(), [0], lambda fraction: None)
    # windows start at frames 0, 900, 1800: chroma frames of 6.4 codec frames each, around the end again
    assert model.melodies == [0, 141, 281 - 235]


def test_delay_pattern_of_mono_and_stereo() -> None:
    mono = plan(1, 4, 1, 3, pad=9)
    assert mono.positions == 7 and mono.steps == 6 and mono.first == 1
    sampled = [[position for position in range(7) if not mono.known[k, position]] for k in range(4)]
    assert sampled == [[1, 2, 3], [2, 3, 4], [3, 4, 5], [4, 5, 6]]
    assert (mono.ids == 9).all()
    stereo = plan(1, 8, 2, 3, pad=9)
    assert stereo.delays.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    prompt = np.arange(8).reshape(1, 4, 2)
    prompted = plan(2, 4, 1, 5, pad=9, prompt=prompt)
    assert prompted.first == 3
    assert np.array_equal(prompted.codes(prompted.ids)[1, :, :2], prompt[0])
