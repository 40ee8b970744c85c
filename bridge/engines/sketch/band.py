"""Who plays: from the style, the prompt and the instruments asked for to a list of players."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace

from .drums import LANES
from .instruments import SOUNDS, resolve
from .prompt import Brief
from .styles import Seat, Style

# What each role sounds like where a style has no seat for it.
_DEFAULT_SOUND = {
    "bass": "finger bass", "chords": "piano", "pad": "pad", "arp": "pluck", "melody": "lead",
    "counter": "lead",
}  # fmt: skip
_DEFAULT_RHYTHM = {
    "bass": ("R--- ..R- R--- ..5-", "R-R- ..R- R--. .5R-"),
    "chords": ("x--- ..x- --x- ----", "x--- ---- x--- ----", "x--x --x- ..x- x---"),
    "arp": ("x.x. x.x. x.x. x.x.", "xxxx xxxx xxxx xxxx"),
}


@dataclass(frozen=True, slots=True)
class Player:
    """One track: its role as the user named it, what it does, its sound and its rhythm."""

    role: str
    does: str  # drums, bass, chords, pad, arp, melody, counter, solo
    sound: str = ""  # a row of SOUNDS; "" for drums
    rhythm: str = "hold"
    enters: float = 0.0
    level: float = 0.0
    lanes: tuple[str, ...] = ()  # the part of the kit that is played, () all


def gather(
    brief: Brief, instruments: tuple[str, ...], chance: random.Random
) -> tuple[list[Player], list[str]]:
    """The players of one take, and the instrument names nobody knows.

    With `instruments`, exactly one player per name, in that order, named as asked.
    """
    if instruments:
        return _asked_for(brief.style, instruments, chance)
    if brief.only:
        players, _unknown = _asked_for(brief.style, brief.named, chance)
        return players, []
    return _house_band(brief, chance), []


def _seat_player(seat: Seat, density: float, chance: random.Random) -> Player:
    """The player of a seat; sparse music takes its calmer rhythms, busy music its fuller ones."""
    rhythms = sorted(seat.rhythms, key=lambda text: sum(symbol not in ".-? " for symbol in text))
    half = (len(rhythms) + 1) // 2
    if density < -0.25:
        rhythms = rhythms[:half]
    elif density > 0.25:
        rhythms = rhythms[-half:]
    return Player(seat.does, seat.does, seat.sound, chance.choice(rhythms), seat.enters, seat.level)


def _house_band(brief: Brief, chance: random.Random) -> list[Player]:
    """The style's own players, with the prompt's instruments on their seats."""
    seats = list(brief.style.seats)
    if brief.density < -0.25:  # sparse: one of a kind is enough, and what joins late stays away
        first = {seat.does: seat for seat in reversed(seats)}
        seats = [seat for seat in seats if first[seat.does] is seat and seat.enters < 0.6]
    players = [_seat_player(seat, brief.density, chance) for seat in seats]
    if any(brief.style.drums):
        players.insert(0, Player("drums", "drums"))
    seated: set[int] = set()
    for target in brief.named:
        if target.startswith("drums"):
            if not any(player.does == "drums" for player in players):
                players.insert(0, Player("drums", "drums"))
                seated = {index + 1 for index in seated}
            continue
        target = _style_guitar(brief.style) if target == "+guitar" else target
        does = target[1:] if target.startswith("+") else SOUNDS[target].does
        same = [i for i, p in enumerate(players) if i not in seated and target in (p.sound, p.does)]
        free = same or [i for i, p in enumerate(players) if i not in seated and p.does == does]
        if free:  # what was named plays from the beginning
            index = free[0]
            sound = players[index].sound if target.startswith("+") else target
            players[index] = replace(players[index], sound=sound, enters=0.0)
            seated.add(index)
        else:
            seated.add(len(players))
            players.append(_named_player(target, does, does, brief.style, chance))
    silent = {lane for t in brief.banned if t.startswith("drums:") for lane in t[6:].split(",")}
    if silent:  # "no hi-hats": the rest of the kit plays on
        kept = tuple(lane for lane in LANES if lane not in silent)
        players = [replace(p, lanes=kept) if p.does == "drums" else p for p in players]
    return _unique([player for player in players if not _is_banned(player, brief.banned)])


def _style_guitar(style: Style) -> str:
    """The guitar a style has, else a steel-string one."""
    own = [s.sound for s in style.seats if "guitar" in s.sound and SOUNDS[s.sound].does != "bass"]
    return own[0] if own else "steel guitar"


def _is_banned(player: Player, banned: tuple[str, ...]) -> bool:
    for target in banned:
        if target.startswith("drums"):
            if player.does == "drums" and (target == "drums" or "shaker" in target):
                return True
        elif target == "+guitar":
            if "guitar" in player.sound and player.does != "bass":
                return True
        elif target == player.sound or target == f"+{player.does}":
            return True
        elif not target.startswith("+") and player.sound:
            if SOUNDS[target].voice == SOUNDS[player.sound].voice:
                return True
    return False


def _asked_for(
    style: Style, names: tuple[str, ...], chance: random.Random
) -> tuple[list[Player], list[str]]:
    players: list[Player] = []
    unknown: list[str] = []
    taken: list[str] = []
    for name in names:
        # what `read_prompt` found is a target already, what the user listed is a name
        is_target = name in SOUNDS or name.startswith(("+", "drums"))
        target, known = (name, True) if is_target else resolve(name)
        if not known:
            unknown.append(name)
        role = name.lstrip("+").split(":")[0] if name.startswith(("+", "drums:")) else name
        if target.startswith("drums"):
            lanes = tuple(target.partition(":")[2].split(",")) if ":" in target else ()
            players.append(Player(role, "drums", lanes=lanes))
            continue
        target = _style_guitar(style) if target == "+guitar" else target
        does = target[1:] if target.startswith("+") else SOUNDS[target].does
        does = _free_job(does, target, taken)
        taken.append(does)
        players.append(_named_player(target, does, role, style, chance))
    tonal = [index for index, player in enumerate(players) if player.does != "drums"]
    if len(tonal) == 1 and players[tonal[0]].does in ("chords", "pad", "arp"):
        players[tonal[0]] = replace(players[tonal[0]], does="solo")  # one player plays everything
    return _unique(players), unknown


def _free_job(does: str, target: str, taken: list[str]) -> str:
    """Something else to do when another player does the same already."""
    if does not in taken or target.startswith("+"):
        return does
    if does == "melody":
        return "counter"
    if does == "pad":
        return "counter"
    if does == "chords":
        held = ("organ", "accordion", "strings")
        free = "pad" if SOUNDS[target].voice in held else "arp"
        return free if free not in taken else "chords"
    return does


def _named_player(target: str, does: str, role: str, style: Style, chance: random.Random) -> Player:
    """A player for a named instrument, playing as the style's own player of that kind would."""
    seats = [seat for seat in style.seats if seat.does == does]
    seats.sort(key=lambda seat: seat.sound != target)
    sound = target
    if target.startswith("+"):
        sound = seats[0].sound if seats else _DEFAULT_SOUND[does]
    if seats and does != "pad":
        rhythm = chance.choice(seats[0].rhythms)
        if rhythm.startswith("power") and sound != "distorted guitar":
            rhythm = chance.choice(_DEFAULT_RHYTHM["chords"])
    else:
        rhythm = chance.choice(_DEFAULT_RHYTHM.get(does, ("hold",)))
    return Player(role, does, sound, rhythm)


def _unique(players: list[Player]) -> list[Player]:
    """The same players with no role twice: "piano", "piano 2"; none is called "mix"."""
    seen: set[str] = {"mix"}
    made: list[Player] = []
    for player in players:
        role, number = player.role, 1
        while role in seen:
            number += 1
            role = f"{player.role} {number}"
        seen.add(role)
        made.append(replace(player, role=role))
    return made
