"""The command table: every row parses, every refusal names what was wrong."""

from __future__ import annotations

import math

import pytest

from bridge.errors import CODES, BridgeError
from bridge.protocol import COMMANDS, EVENTS, STAGES, Param, parse, reply_port_of
from bridge.schema import commands_json, commands_markdown

SAMPLES = {
    "text": "words", "int": 3, "float": 100.5, "flag": 1, "meter": "7/8", "key": "F# dorian",
    "names": "drums, bass", "path": "/tmp/a.wav",
}  # fmt: skip


def sample(param: Param):
    if param.choices:
        return param.choices[0]
    if param.kind in ("int", "float") and param.high is not None:
        return type(SAMPLES[param.kind])(min(param.high, max(param.low, SAMPLES[param.kind])))
    return SAMPLES[param.kind]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.address)
def test_every_key_of_every_command_is_understood(command):
    fixed = [sample(p) for p in command.fixed]
    for key in command.all_keys:
        needed = ["source", "/tmp/a.wav"] if key.name in ("source_mode", "source_join") else []
        request = parse(command.address, ["id", *fixed, key.name, sample(key), *needed])
        assert request.command is command
        assert request.values[key.name] != ""
        others = [k for k in command.all_keys if k.name not in (key.name, *needed)]
        assert all(request.values[k.name] == k.default for k in others)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda c: c.address)
def test_defaults_are_legal_values_themselves(command):
    fixed = [sample(p) for p in command.fixed]
    for key in command.all_keys:
        if key.default not in (None, (), "") and key.kind != "names":
            request = parse(command.address, ["id", *fixed, key.name, key.default])
            assert request.values[key.name] == key.default


REFUSED = [
    ("/bridge/nope", ["id"], "unknown-command", "/bridge/nope"),
    ("/bridge/generat", ["id"], "unknown-command", "did you mean /bridge/generate"),
    ("/*", ["id"], "unknown-command", "/*"),
    ("/bridge/ping", [], "bad-request", "request_id"),
    ("/bridge/ping", ["  "], "bad-request", "request_id"),
    ("/bridge/ping", ["x" * 200], "bad-request", "longer than 128"),
    ("/bridge/generate", ["id"], "bad-request", "prompt"),
    ("/bridge/generate", ["id", " "], "bad-request", "prompt is empty"),
    ("/bridge/generate", ["id", "x" * 60_000], "out-of-range", "60000 characters"),
    ("/bridge/generate", ["id", "a\x01b"], "bad-request", "control characters"),
    ("/bridge/generate", ["id", "p", "bars"], "bad-request", "'bars', has no value"),
    ("/bridge/generate", ["id", "p", "barz", 4], "unknown-key", "did you mean bars"),
    ("/bridge/generate", ["id", "p", 4, 4], "unknown-key", "'4'"),
    ("/bridge/generate", ["id", "p", "bars", 4, "bars", 4], "bad-request", "bars is given twice"),
    ("/bridge/generate", ["id", "p", "bars", "4"], "bad-request", 'bars must be a number'),
    ("/bridge/generate", ["id", "p", "bars", math.nan], "out-of-range", "bars must be a finite"),
    ("/bridge/generate", ["id", "p", "bpm", math.inf], "out-of-range", "bpm must be a finite"),
    ("/bridge/generate", ["id", "p", "bars", 0], "out-of-range", "bars must be in 0.25..256, got 0"),
    ("/bridge/generate", ["id", "p", "bars", -1], "out-of-range", "got -1"),
    ("/bridge/generate", ["id", "p", "bars", 10_000], "out-of-range", "got 10000"),
    ("/bridge/generate", ["id", "p", "meter", "0/4"], "out-of-range", "got 0/4"),
    ("/bridge/generate", ["id", "p", "meter", "7/3"], "out-of-range", "got 7/3"),
    ("/bridge/generate", ["id", "p", "meter", "waltz"], "bad-request", '"waltz"'),
    ("/bridge/generate", ["id", "p", "key", "H minor"], "out-of-range", '"H minor"'),
    ("/bridge/generate", ["id", "p", "seed", 1.5], "bad-request", "seed must be a whole number"),
    ("/bridge/generate", ["id", "p", "variations", 9], "out-of-range", "variations must be in 1..8"),
    ("/bridge/generate", ["id", "p", "loop", 2], "bad-request", "loop must be 1 or 0"),
    ("/bridge/generate", ["id", "p", "bars", 4, "seconds", 8], "bad-request", "bars or seconds"),
    ("/bridge/generate", ["id", "p", "place_s", 1, "place_beats", 2], "bad-request", "not both"),
    ("/bridge/generate", ["id", "p", "source_mode", "melody"], "bad-request", "without source"),
    ("/bridge/generate", ["id", "p", "source_mode", "blend"], "out-of-range", "continue, melody"),
    ("/bridge/generate", ["id", "p", "source_join", 1], "bad-request", "without source"),
    ("/bridge/generate", ["id", "p", "source", "/a.wav", "source_join", 1, "source_mode", "melody"],
     "bad-request", "source_mode continue, got melody"),
    ("/bridge/generate", ["id", "p", "source", "/a.wav", "source_join", 1, "instruments", "bass"],
     "bad-request", "leave out instruments"),
    ("/bridge/generate", ["id", "p", "source_join", 2], "bad-request", "must be 1 or 0"),
    ("/bridge/generate", ["id", "p", "instruments", "../x"], "out-of-range", "'../x'"),
    ("/bridge/generate", ["id", "p", "instruments", "a,b,c,d,e,f,g,h,i"], "out-of-range", "got 9"),
    ("/bridge/generate", ["id", "p", "instruments", "bass, bass"], "bad-request", "twice"),
    ("/bridge/generate", ["id", "p", "instruments", "drums, Mix"], "bad-request", "leave it out"),
    ("/bridge/transcribe", ["id", ""], "bad-request", "path is empty"),
    ("/bridge/transcribe", ["id", "/x.wav", "quantize", "1/7"], "out-of-range", "1/8t"),
    ("/bridge/notify", ["id"], "bad-request", "/bridge/notify needs on"),
]  # fmt: skip


@pytest.mark.parametrize(("address", "args", "code", "words"), REFUSED)
def test_a_refusal_says_what_was_wrong(address, args, code, words):
    with pytest.raises(BridgeError) as refusal:
        parse(address, args)
    assert refusal.value.code == code
    assert words in refusal.value.message


def test_clients_without_types_are_understood():
    # Pure Data has only floats, Max turns 120.0 into an int, sclang sends true as 1
    values = parse("/bridge/generate", [7.0, 808.0, "bars", 4.0, "seed", 9.0, "loop", 0.0]).values
    assert values["prompt"] == "808"
    assert (values["bars"], values["seed"], values["loop"]) == (4.0, 9, False)
    assert isinstance(values["seed"], int)


def test_keys_come_in_any_order_and_names_are_a_list():
    values = parse(
        "/bridge/generate", ["id", "p", "instruments", " Drums ,bass,", "bpm", 93.7]
    ).values
    assert values["instruments"] == ("drums", "bass")
    assert values["bpm"] == 93.7


def test_the_optional_job_of_status_is_told_from_a_key():
    assert parse("/bridge/status", ["id"]).values["job_id"] == ""
    assert parse("/bridge/status", ["id", "job"]).values["job_id"] == "job"
    with_key = parse("/bridge/status", ["id", "reply_port", 9000]).values
    assert (with_key["job_id"], with_key["reply_port"]) == ("", 9000)


def test_the_reply_port_of_a_refused_request_is_known():
    assert reply_port_of(["id", "p", "nonsense", 1, "reply_port", 9000.0]) == 9000
    assert reply_port_of(["id", "reply_port", 70_000]) is None
    assert reply_port_of(["id", "reply_port"]) is None


def test_the_printed_tables_hold_every_fact():
    text = commands_markdown()
    for command in COMMANDS:
        assert command.address in text
        assert all(f"`{key.name}`" in text.replace(" ", "` ").replace("``", "`") or key.name in text
                   for key in command.all_keys)  # fmt: skip
    assert all(name in text for name in (*EVENTS, *CODES))
    assert {c["address"] for c in commands_json()["commands"]} == {c.address for c in COMMANDS}
    assert STAGES[-1] == "done"
