"""Wording a request for a model that only reads words: tempo, key and meter said its way."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .music import MODES

if TYPE_CHECKING:
    from .engines import GenerateRequest

_TEMPO = re.compile(r"\bbpm\b|\d\s*bpm\b|\bbeats per minute\b", re.IGNORECASE)
_MODES = "|".join((*MODES, "maj", "min"))
_SIGN = r"(?:[#♯b♭]|[- ]?(?:sharp|flat))?[- ]?"
_KEY = re.compile(  # "A minor", "in a minor", "in F#m", but not "a major hit"
    rf"\b[A-G]{_SIGN}(?:{_MODES})\b|(?i:\bin [a-g]{_SIGN}(?:{_MODES})\b)"
    r"|\bin [A-G](?:[#b]|m\b|#m|bm)?(?=[\s,.;]|$)"
)
_METER = re.compile(r"\b\d{1,2}/(?:1|2|4|8|16|32)\b|\bwaltz\b", re.IGNORECASE)
_LOOSE_ENDS = re.compile(
    r"(?:\b(?:with|and|plus|featuring|over|on|a|an|the)\s*|&\s*|\+\s*)+(?=[,.;]|$)", re.IGNORECASE
)


def compose_prompt(request: GenerateRequest, instrument: str = "") -> str:
    """The user's words, then bpm, key and meter where they do not say those themselves.

    A tempo, key or meter the user wrote is never contradicted. With `instrument` the prompt asks for
    that one alone: what is named stands first, twice, and other instruments are taken out, because
    the models read "no drums" as drums.
    """
    words = _alone(request.prompt, instrument) if instrument else request.prompt.strip()
    hints = [words] if words else []
    if not _TEMPO.search(request.prompt):
        hints.append(f"{request.bpm:g} bpm")
    if request.key is not None and not _KEY.search(request.prompt):
        hints.append(f"in {request.key}")
    if str(request.meter) != "4/4" and not _METER.search(request.prompt):
        hints.append(f"in {request.meter} time")
    return ", ".join(hints)


def _alone(prompt: str, instrument: str) -> str:
    """The prompt for one instrument without the others."""
    from .engines.sketch.instruments import find_names, resolve

    words, wanted = prompt.lower(), resolve(instrument)[0]
    for name, asks, at in reversed(find_names(words)):
        if asks != wanted and name != instrument.lower():
            words = words[:at] + words[at + len(name) :]
    words = re.sub(r"\b(and|with|plus|featuring)\s+(?=(?:and|with|plus|featuring)\b)", "", words)
    words = _LOOSE_ENDS.sub("", words)
    words = re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s{2,}", " ", words))
    rest = [part.strip() for part in words.split(",") if part.strip(" .;")]
    return ", ".join([f"solo {instrument}", f"{instrument} only", *rest])
