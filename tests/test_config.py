"""Settings: where they come from, which one wins, how a wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from bridge.config import DEFAULT_HOME, DEFAULT_PORT, load_config
from bridge.errors import BridgeError


def test_defaults():
    config = load_config({}, {})
    assert (config.home, config.port, config.model) == (DEFAULT_HOME, DEFAULT_PORT, "auto")
    assert config.host == "127.0.0.1"


def test_flags_beat_environment_beats_file_beats_default(tmp_path: Path):
    (tmp_path / "config.toml").write_text('port = 1\nqueue_limit = 2\nmodel = "sketch"\n')
    environ = {
        "DAW_BRIDGE_HOME": str(tmp_path),
        "DAW_BRIDGE_PORT": "3",
        "DAW_BRIDGE_QUEUE_LIMIT": "4",
    }
    config = load_config({"port": 5, "model": None}, environ)
    assert (config.port, config.queue_limit, config.model) == (5, 4, "sketch")
    assert config.home == tmp_path


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("port = 'many'", "port must be int, config.toml says 'many'"),
        ("port = 1.5", "port must be int"),
        ("prot = 1", "unknown setting: prot"),
        ("port = ", "cannot be read"),
        ("port = 70000", "0..65535, got 70000"),
        ("device = 'gpu'", "auto, cpu, cuda or mps"),
        ("host = '0.0.0.0'", "also set a token"),
        ("commercial_use = 'maybe'", "commercial_use must be bool"),
    ],
)
def test_a_wrong_setting_is_named_with_its_origin(tmp_path: Path, content: str, words: str):
    (tmp_path / "config.toml").write_text(content)
    with pytest.raises(BridgeError) as error:
        load_config({"home": str(tmp_path)}, {})
    assert words in error.value.message


def test_environment_flags_are_read_as_words(tmp_path: Path):
    environ = {"DAW_BRIDGE_HOME": str(tmp_path), "DAW_BRIDGE_COMMERCIAL_USE": "true"}
    assert load_config({}, environ).commercial_use is True


def test_the_network_needs_a_token(tmp_path: Path):
    flags = {"home": str(tmp_path), "host": "0.0.0.0", "token": "secret"}
    assert load_config(flags, {}).token == "secret"
