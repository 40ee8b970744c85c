"""Repeatable chance: the same words and numbers always give the same throws."""

from __future__ import annotations

import hashlib
import random


def dice(*parts: object) -> random.Random:
    """A generator seeded by everything that matters for one decision, on every machine alike."""
    text = "|".join(str(part) for part in parts)
    number = int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")
    return random.Random(number)  # noqa: S311 - music wants repeatable chance, not secrets
