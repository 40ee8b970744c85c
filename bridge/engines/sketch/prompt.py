"""Reading a prompt: which style, which mood, which instruments, and what is left to chance."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...music import Key, parse_key
from .dice import dice
from .instruments import find_names
from .styles import Style, all_styles

# word -> (minor +, density +, brightness +, room +, velocity +); what is not said stays 0.
_MOODS: dict[str, tuple[float, float, float, float, float]] = {
    "dark": (1, 0, -0.25, 0.1, 0), "evil": (1, 0, -0.2, 0, 0.1), "sad": (1, -0.2, -0.15, 0.2, -0.15),
    "melancholic": (1, -0.2, -0.15, 0.2, -0.1), "melancholy": (1, -0.2, -0.15, 0.2, -0.1),
    "moody": (1, -0.1, -0.15, 0.1, -0.05), "tense": (1, 0.1, 0, 0, 0.1), "haunting": (1, -0.2, -0.2, 0.6, -0.1),
    "gloomy": (1, -0.2, -0.25, 0.3, -0.1), "ominous": (1, -0.1, -0.2, 0.3, 0),
    "mysterious": (1, -0.2, -0.1, 0.4, -0.1),
    "nostalgic": (0.5, -0.1, -0.15, 0.1, -0.05), "aggressive": (1, 0.3, 0.2, -0.1, 0.2),
    "happy": (-1, 0.15, 0.15, 0, 0.05), "joyful": (-1, 0.2, 0.15, 0, 0.1),
    "cheerful": (-1, 0.15, 0.15, 0, 0.05),
    "uplifting": (-1, 0.15, 0.15, 0.1, 0.1), "sunny": (-1, 0.05, 0.1, 0, 0), "hopeful": (-1, 0, 0.05, 0.1, 0),
    "romantic": (-0.5, -0.1, -0.05, 0.2, -0.1), "playful": (-1, 0.2, 0.1, 0, 0), "bright": (-0.3, 0, 0.3, 0, 0),
    "triumphant": (-1, 0.1, 0.15, 0.2, 0.2), "sparse": (0, -0.45, 0, 0.1, -0.05), "minimal": (0, -0.4, 0, 0, 0),
    "simple": (0, -0.3, 0, 0, 0), "empty": (0, -0.4, 0, 0.2, -0.1), "slow": (0, -0.2, 0, 0, -0.05),
    "busy": (0, 0.45, 0, 0, 0), "complex": (0, 0.35, 0, 0, 0), "energetic": (0, 0.3, 0.15, 0, 0.15),
    "driving": (0, 0.25, 0.05, 0, 0.15), "intense": (0, 0.3, 0.1, 0, 0.2), "fast": (0, 0.25, 0, 0, 0.05),
    "frantic": (0, 0.45, 0.1, 0, 0.15), "powerful": (0, 0.1, 0.05, 0, 0.2), "hard": (0, 0.1, 0.1, -0.1, 0.2),
    "soft": (0, -0.15, -0.25, 0, -0.25), "gentle": (0, -0.2, -0.15, 0, -0.2),
    "calm": (0, -0.3, -0.1, 0.1, -0.2),
    "peaceful": (-0.5, -0.3, -0.1, 0.2, -0.2), "mellow": (0, -0.15, -0.25, 0, -0.15),
    "relaxed": (0, -0.15, -0.1, 0, -0.1), "smooth": (0, -0.1, -0.15, 0, -0.1), "warm": (0, 0, -0.2, 0, 0),
    "muffled": (0, 0, -0.4, 0, 0), "crisp": (0, 0, 0.25, -0.1, 0), "sharp": (0, 0, 0.25, 0, 0.05),
    "dreamy": (0, -0.1, -0.05, 0.7, -0.05), "spacey": (0, 0, 0, 0.8, 0), "spacious": (0, 0, 0, 0.7, 0),
    "reverb": (0, 0, 0, 0.8, 0), "huge": (0, 0.05, 0, 0.5, 0.1), "dry": (0, 0, 0, -0.8, 0),
    "intimate": (0, -0.1, -0.1, -0.4, -0.1), "tight": (0, 0, 0, -0.3, 0),
}  # fmt: skip
# Words that colour a style rather than name one.
_ADJECTIVES = frozenset({
    "jazzy", "funky", "bluesy", "dusty", "chill", "chilled", "acoustic", "epic", "romantic",
    "atmospheric", "ethereal", "dance", "club", "808", "acid", "afro", "tropical", "score", "heroic",
    "80s", "eighties", "alternative", "industrial", "suspense", "celtic", "irish", "arcade", "roots",
    "swing", "shuffle", "sleep", "wobble", "liquid", "rave",
})  # fmt: skip
_BUILD = re.compile(
    r"\b(slow build|build[- ]?up|builds?|building|rising|crescendo|riser|swelling)\b"
)
_ONLY = re.compile(r"\b(only|just|unaccompanied|nothing but|a cappella|acapella)\b")
_SOLO = re.compile(r"\bsolo((?: [\w-]+){1,3})")
_NOT = re.compile(
    r"\b(?:no|without|minus|not any|less)\s+((?:[\w'-]+\s?){1,6})|\b(drum|bass)less\b"
)
_KEY = re.compile(
    r"\b(?:in\s+)?([A-G](?:#|b|♯|♭| sharp| flat)?)[ -]?(major|minor|maj|min|m|dorian|phrygian|lydian|"
    r"mixolydian|harmonic minor|melodic minor)\b"
)


@dataclass(frozen=True, slots=True)
class Brief:
    """What a prompt asks for, with chance already thrown where it says nothing."""

    style: Style
    recognised: bool  # False: no style was named and one was picked
    minor: float  # wish for a minor key, below 0 for major
    density: float  # -1 .. 1 around the style's own
    bright: float
    space: float
    force: float  # added to velocities, as a fraction
    build: bool
    only: bool  # nothing but the instruments named
    named: tuple[str, ...]  # what they ask for, in order
    banned: tuple[str, ...]
    swing: float | None
    key: Key | None


def read_prompt(prompt: str, bpm: float) -> Brief:
    """Understand a prompt in plain English; anything not understood is simply left to the style."""
    text = " ".join(re.sub(r"[^\w#&'♯♭/-]+", " ", prompt.lower()).split())
    style, rest = _find_style(text)
    recognised = style is not None
    if style is None:
        style = _pick_style(text, bpm)
    wishes = [0.0] * 5
    for word in re.findall(r"[a-z]+", text):
        for index, value in enumerate(_MOODS.get(word, ())):
            wishes[index] += value
    banned_text = " ".join(m[1] or m[2] + "s" for m in _NOT.finditer(rest))
    banned = tuple(target for _name, target, _at in find_names(banned_text))
    if "drumless" in text or "bassless" in text:
        banned += (("drums",) if "drumless" in text else ()) + (
            ("+bass",) if "bassless" in text else ()
        )
    wanted = tuple(dict.fromkeys(t for _n, t, _a in find_names(_NOT.sub(" ", rest))))
    # "solo piano", but not "piano solo"; and a prompt that names instruments and no style means them
    solo = any(find_names(match[1]) for match in _SOLO.finditer(text))
    only = bool(wanted) and (solo or not recognised or bool(_ONLY.search(text)))
    if only:  # "solo piano": the word solo is no wish for a melody
        wanted = tuple(t for t in wanted if t != "+melody") or wanted
    swing = 0.0 if re.search(r"\bstraight\b", text) else None
    if re.search(r"\b(swing|swung|shuffle|shuffled|swinging)\b", text):
        swing = 0.85
    limit = [max(-1.0, min(1.0, value)) for value in wishes]
    return Brief(
        style, recognised, limit[0], limit[1], max(-0.5, limit[2]), limit[3], limit[4] * 0.6,
        bool(_BUILD.search(text)), only, wanted, banned, swing, _find_key(prompt),
    )  # fmt: skip


def _find_style(text: str) -> tuple[Style | None, str]:
    """The style with the most words in the text (the last one wins a tie: in "techno jazz" the noun
    comes last, and adjectives count less than nouns), and the text without those words."""
    best: tuple[float, int, Style, re.Match[str]] | None = None
    for style in all_styles():
        for words in style.words:
            spelled = re.sub(r"[ -]", "[ -]", words.replace("&", r"\&"))  # "hip-hop" is "hip hop"
            for match in re.finditer(rf"(?<![\w-]){spelled}(?![\w-])", text):
                size = 0.5 if words in _ADJECTIVES else len(re.split(r"[ -]", words))
                rank = (size, match.start())
                if best is None or rank > best[:2]:
                    best = (*rank, style, match)
    if best is None:
        return None, text
    match = best[3]
    keep = match[0] if best[2].name in ("trap",) and match[0] == "808" else " "
    return best[2], text[: match.start()] + keep + text[match.end() :]


def _pick_style(text: str, bpm: float) -> Style:
    """A style for a prompt that names none: one that lives near the tempo, always the same one."""
    general = ("pop", "lo-fi", "house", "synthwave", "hip hop", "soul", "cinematic", "folk", "rock")
    styles = [style for style in all_styles() if style.name in general]
    near = [style for style in styles if style.bpm[0] - 4 <= bpm <= style.bpm[1] + 4]
    return dice("style", text).choice(near or styles)


def _find_key(prompt: str) -> Key | None:
    match = _KEY.search(prompt)
    return parse_key(f"{match[1]} {match[2]}") if match else None
