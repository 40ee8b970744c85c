"""`daw-bridge status`, `cancel`, `stop` and `schema`."""

from __future__ import annotations

import argparse
import json
import sys

from .. import manifest
from ..protocol import STATUS_TOTALS
from ..schema import commands_json, commands_markdown
from .connect import connected, settings, stop_server


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")


def status(options: argparse.Namespace) -> int:
    """What the server does; exit code 1 when there is none."""
    with connected(options) as client:
        version, _, state, model, clips, pid = client.request("/bridge/ping")
        totals = dict(zip(STATUS_TOTALS, client.request("/bridge/status"), strict=False))
    if options.json:
        _print(json.dumps({"version": version, "clips": clips, "pid": pid, **totals}, indent=1))
        return 0
    _print(f"The bridge {version} (process {pid}) is {state}, model {model}.")
    _print(
        f"Jobs: {totals['queued']} queued, {totals['running']} running, {totals['done']} done, "
        f"{totals['failed']} failed, {totals['cancelled']} cancelled."
    )
    _print(f"Clips appear in {clips}")
    return 0


def cancel(options: argparse.Namespace) -> int:
    """Stop a job."""
    with connected(options) as client:
        job_id, state = client.request("/bridge/cancel", options.job_id)
    if options.json:
        _print(json.dumps({"job_id": job_id, "state": state}))
    elif state in ("queued", "running"):
        _print(f"Job {job_id} was {state} and is cancelled.")
    else:
        _print(f"Job {job_id} is {state} already; nothing to cancel.")
    return 0


def stop(options: argparse.Namespace) -> int:
    """Stop the server of this home and wait until it is gone."""
    pid = stop_server(settings(options))
    _print(
        json.dumps({"stopped": pid}) if options.json else f"The bridge (process {pid}) has stopped."
    )
    return 0


def schema(options: argparse.Namespace) -> int:
    """The two contracts with the outside: the OSC commands and the manifest."""
    if options.markdown:
        _print(commands_markdown())
    else:
        _print(json.dumps({**commands_json(), "manifest": manifest.SCHEMA}, indent=1))
    return 0
