"""Every instrument the arranger knows: its voice, register, General MIDI program, place, and names."""

from __future__ import annotations

import re
from dataclasses import dataclass

DRUM_CHANNEL = 9


@dataclass(frozen=True, slots=True)
class Sound:
    """One instrument."""

    voice: str  # a row of synth voices
    does: str  # what it plays when nothing else is said: bass, chords, pad, arp, melody
    program: int  # General MIDI, 0-based
    low: int  # the notes it plays, MIDI pitches
    high: int
    pan: float = 0.0
    send: float = 0.25  # to the room
    release_s: float = 0.12
    level: float = 0.0  # dB
    bright: float = 1.0
    echo: float = 0.0  # tempo-synchronous repeats


SOUNDS: dict[str, Sound] = {
    # basses
    "finger bass": Sound("finger", "bass", 33, 28, 50, 0, 0.03, 0.06),
    "picked bass": Sound("picked", "bass", 34, 28, 50, 0, 0.03, 0.05),
    "slap bass": Sound("slap", "bass", 36, 28, 53, 0, 0.03, 0.04),
    "upright bass": Sound("upright", "bass", 32, 28, 52, 0, 0.07, 0.09),
    "sub bass guitar": Sound("finger", "bass", 33, 28, 47, 0, 0.03, 0.07, bright=0.45),
    "synth bass": Sound("synthbass", "bass", 38, 28, 50, 0, 0.03, 0.03),
    "house bass": Sound("housebass", "bass", 38, 28, 52, 0, 0.02, 0.04),
    "techno bass": Sound("synthbass", "bass", 38, 28, 47, 0, 0.04, 0.03, bright=0.85),
    "reese bass": Sound("reese", "bass", 39, 28, 48, 0, 0.02, 0.05),
    "wobble bass": Sound("wobble", "bass", 39, 28, 46, 0, 0.03, 0.03),
    "808": Sound("deepbass", "bass", 39, 28, 46, 0, 0.0, 0.05, -1.5),
    "sub": Sound("sub", "bass", 39, 28, 45, 0, 0.0, 0.15),
    "chip bass": Sound("chip", "bass", 80, 33, 57, 0, 0.0, 0.01, bright=0.4),
    "low brass": Sound("horn", "bass", 58, 33, 55, 0.15, 0.45, 0.2),
    "cello": Sound("violin", "bass", 42, 36, 60, 0.25, 0.4, 0.15, bright=0.7),
    "tuba": Sound("horn", "bass", 58, 29, 52, 0.1, 0.25, 0.08, bright=0.8),
    # keys
    "piano": Sound("piano", "chords", 0, 48, 84, 0, 0.2, 0.18),
    "electric piano": Sound("epiano", "chords", 4, 50, 79, 0, 0.18, 0.15),
    "dusty keys": Sound("epiano", "chords", 4, 48, 76, 0, 0.2, 0.2, bright=0.75),
    "clavinet": Sound("clav", "chords", 7, 50, 76, 0.2, 0.12, 0.04),
    "harpsichord": Sound("harpsichord", "chords", 6, 52, 84, 0.2, 0.25, 0.08),
    "organ": Sound("organ", "chords", 16, 50, 77, -0.15, 0.2, 0.05),
    "pipe organ": Sound("pipeorgan", "pad", 19, 45, 77, 0, 0.55, 0.25),
    "accordion": Sound("accordion", "chords", 21, 53, 79, -0.2, 0.2, 0.06),
    # guitars and other strings that are plucked
    "nylon guitar": Sound("nylon", "chords", 24, 47, 76, -0.2, 0.18, 0.08),
    "steel guitar": Sound("steel", "chords", 25, 47, 78, -0.25, 0.18, 0.1),
    "clean guitar": Sound("clean", "chords", 27, 47, 78, 0.3, 0.2, 0.08),
    "muted guitar": Sound("muted", "chords", 28, 52, 78, 0.35, 0.12, 0.03),
    "skank guitar": Sound("muted", "chords", 28, 55, 77, 0.3, 0.2, 0.03, bright=1.2),
    "distorted guitar": Sound("distorted", "chords", 30, 40, 64, 0, 0.1, 0.05),
    "lead guitar": Sound("distorted", "melody", 29, 57, 82, 0.1, 0.25, 0.1, echo=0.2),
    "banjo": Sound("banjo", "arp", 105, 55, 80, 0.35, 0.15, 0.05),
    "harp": Sound("harp", "arp", 46, 48, 86, -0.3, 0.4, 0.6),
    # held by many
    "strings": Sound("strings", "pad", 48, 50, 81, 0, 0.4, 0.35),
    "short strings": Sound("strings", "chords", 48, 48, 76, -0.2, 0.4, 0.1, bright=1.2),
    "violas": Sound("strings", "chords", 41, 50, 74, 0.15, 0.35, 0.12),
    "violins": Sound("strings", "melody", 48, 62, 88, -0.15, 0.35, 0.2, bright=1.1),
    "choir": Sound("choir", "pad", 52, 50, 77, 0, 0.45, 0.4),
    "pad": Sound("pad", "pad", 89, 50, 79, 0, 0.35, 0.6),
    "warm pad": Sound("warmpad", "pad", 89, 48, 76, 0, 0.3, 0.6),
    "dark pad": Sound("warmpad", "pad", 95, 45, 72, 0, 0.45, 0.8, bright=0.7),
    "glass pad": Sound("glasspad", "pad", 92, 52, 82, 0, 0.5, 0.9),
    "supersaw": Sound("supersaw", "chords", 90, 52, 81, 0, 0.25, 0.12),
    # played in short notes by machines
    "stab": Sound("stab", "chords", 81, 52, 78, 0.1, 0.3, 0.08, echo=0.18),
    "pluck": Sound("pluck", "melody", 80, 60, 86, -0.1, 0.25, 0.15, echo=0.3),
    "sequence": Sound("sequence", "arp", 81, 55, 84, 0.2, 0.2, 0.06, echo=0.25),
    "acid line": Sound("acid", "arp", 87, 40, 64, 0.05, 0.12, 0.02, echo=0.2),
    "chip": Sound("chip", "arp", 80, 60, 88, 0.15, 0.05, 0.01, bright=0.8),
    # bells and bars
    "bells": Sound("bell", "arp", 14, 62, 91, 0.2, 0.45, 1.2, echo=0.2),
    "music box": Sound("musicbox", "melody", 10, 67, 91, 0.1, 0.35, 1.0, echo=0.2),
    "vibraphone": Sound("vibes", "melody", 11, 58, 84, 0.2, 0.3, 0.5),
    "marimba": Sound("marimba", "arp", 12, 53, 84, -0.2, 0.25, 0.3),
    "kalimba": Sound("kalimba", "arp", 108, 58, 86, 0.15, 0.25, 0.4),
    # one voice
    "saw lead": Sound("sawlead", "melody", 81, 60, 86, 0, 0.22, 0.1, echo=0.3),
    "square lead": Sound("squarelead", "melody", 80, 60, 88, -0.05, 0.08, 0.03),
    "lead": Sound("softlead", "melody", 82, 60, 86, 0, 0.25, 0.12, echo=0.22),
    "flute": Sound("flute", "melody", 73, 62, 89, 0.15, 0.32, 0.1),
    "clarinet": Sound("clarinet", "melody", 71, 55, 82, 0.15, 0.28, 0.09),
    "saxophone": Sound("sax", "melody", 66, 53, 78, 0.08, 0.25, 0.08),
    "trumpet": Sound("trumpet", "melody", 56, 58, 82, -0.1, 0.3, 0.08),
    "french horn": Sound("horn", "melody", 60, 52, 74, -0.2, 0.45, 0.2),
    "brass section": Sound("brass", "melody", 61, 55, 79, -0.15, 0.25, 0.08),
    "violin": Sound("violin", "melody", 40, 60, 88, -0.15, 0.35, 0.14),
    "harmonica": Sound("harmonica", "melody", 22, 60, 84, 0.1, 0.25, 0.07),
    "melodica": Sound("harmonica", "melody", 22, 60, 82, 0.1, 0.3, 0.07, bright=0.8, echo=0.35),
    "voice": Sound("voice", "melody", 53, 57, 79, 0, 0.35, 0.12),
}

# Names musicians use -> a row of SOUNDS, "drums", or a part of the drum kit ("drums:kick,snare").
# A name that begins with "+" asks for whatever the style plays there.
_NAMES: dict[str, str] = {
    "drums": "drums drum kit drumkit beat beats drum machine rhythm section",
    "drums:kick": "kick bass drum kicks",
    "drums:snare,clap,rim": "snare snares clap claps rimshot",
    "drums:hat,open,pedal,ride,crash": "hat hats hi-hat hi-hats hihat hihats cymbal cymbals ride",
    "drums:shaker,tambourine,conga,cowbell,rim,clave": "percussion perc shaker shakers tambourine conga"
    " congas bongos cowbell",
    "drums:tom,low tom,high tom": "tom toms timpani taiko",
    "+bass": "bass bassline bass line low end bottom",
    "+chords": "chords chord keys keyboard keyboards harmony rhythm stabs",
    "+pad": "pads atmosphere texture background",
    "+arp": "arp arpeggio arpeggios arpeggiator sequence ostinato",
    "+melody": "melody lead topline top line solo tune hook theme",
    "finger bass": "bass guitar electric bass", "picked bass": "picked bass",
    "slap bass": "slap bass slapped bass", "upright bass": "upright bass double bass contrabass"
    " acoustic bass standup bass",
    "synth bass": "synth bass moog", "reese bass": "reese reese bass", "808": "808 808s 808 bass",
    "wobble bass": "wobble bass wobble growl", "sub": "sub sub bass subs",
    "acid line": "acid 303 tb-303 acid line", "low brass": "trombone trombones low brass",
    "tuba": "tuba sousaphone bassoon", "cello": "cello cellos celli",
    "piano": "piano pianos grand piano upright piano grand",
    "electric piano": "electric piano rhodes e-piano epiano wurlitzer wurli electric keys",
    "clavinet": "clav clavinet", "harpsichord": "harpsichord cembalo",
    "organ": "organ hammond b3 organs", "pipe organ": "pipe organ church organ",
    "accordion": "accordion bandoneon concertina squeezebox",
    "nylon guitar": "nylon guitar classical guitar spanish guitar flamenco guitar",
    "+guitar": "guitar guitars",
    "steel guitar": "acoustic guitar steel guitar acoustic guitars ukulele uke mandolin"
    " lute bouzouki",
    "clean guitar": "electric guitar electric guitars clean guitar jangly guitar",
    "muted guitar": "funk guitar muted guitar rhythm guitar wah guitar",
    "distorted guitar": "distorted guitar distorted guitars power chords heavy guitar heavy guitars"
    " fuzz guitar overdriven guitar",
    "lead guitar": "lead guitar guitar solo solo guitar",
    "banjo": "banjo sitar koto shamisen oud", "harp": "harp harps lyre",
    "strings": "strings string section string orchestra orchestra violas string",
    "violins": "violins", "choir": "choir voices chorus choirs choral",
    "pad": "pad synth pad", "warm pad": "warm pad analog pad", "dark pad": "dark pad drone",
    "glass pad": "glass pad glassy pad shimmer", "supersaw": "supersaw supersaws hoover",
    "stab": "stab synth stab synth stabs", "pluck": "pluck plucks synth pluck plucked synth",
    "sequence": "synth synths synthesizer synthesiser sequencer",
    "chip": "chip 8-bit nes gameboy", "bells": "bell bells tubular bells church bells chimes"
    " glockenspiel celesta",
    "music box": "music box toy piano", "vibraphone": "vibraphone vibes",
    "marimba": "marimba xylophone balafon", "kalimba": "kalimba mbira thumb piano steel drum"
    " steel drums steelpan",
    "saw lead": "synth lead saw lead", "square lead": "square lead", "lead": "soft lead theremin whistle",
    "flute": "flute flutes recorder pan flute piccolo ocarina shakuhachi",
    "clarinet": "clarinet oboe woodwind woodwinds cor anglais english horn",
    "saxophone": "saxophone sax saxes saxophones"
    " tenor sax alto sax",
    "trumpet": "trumpet cornet flugelhorn muted trumpet", "french horn": "french horn horn",
    "brass section": "brass horns horn section brass section trumpets",
    "violin": "violin fiddle viola", "harmonica": "harmonica mouth organ blues harp",
    "melodica": "melodica", "voice": "vocal vocals voice singer singing vox humming",
}  # fmt: skip

# Names of more than one word, so that the lists above can be parted at blanks.
_PHRASES = (
    "drum kit", "drum machine", "rhythm section", "bass drum", "bass line", "low end", "top line",
    "bass guitar", "electric bass", "picked bass", "slap bass", "slapped bass", "upright bass",
    "double bass", "acoustic bass", "standup bass", "synth bass", "reese bass", "808 bass",
    "wobble bass", "sub bass", "acid line", "low brass", "grand piano", "upright piano",
    "electric piano", "electric keys", "pipe organ", "church organ", "nylon guitar",
    "classical guitar", "spanish guitar", "flamenco guitar", "acoustic guitars", "acoustic guitar",
    "steel guitar", "electric guitars", "electric guitar", "clean guitar", "jangly guitar",
    "funk guitar", "muted guitar", "rhythm guitar", "wah guitar", "distorted guitars",
    "distorted guitar", "power chords", "heavy guitars", "heavy guitar", "fuzz guitar",
    "overdriven guitar", "lead guitar", "guitar solo", "solo guitar", "string section",
    "string orchestra", "synth pad", "warm pad", "analog pad", "dark pad", "glass pad",
    "glassy pad", "synth stabs", "synth stab", "synth pluck", "plucked synth", "tubular bells",
    "church bells", "music box", "toy piano", "thumb piano", "steel drums", "steel drum",
    "synth lead", "saw lead", "square lead", "soft lead", "pan flute", "cor anglais", "english horn",
    "tenor sax", "alto sax", "muted trumpet", "french horn", "horn section", "brass section",
    "mouth organ", "blues harp",
)  # fmt: skip


def _name_table() -> dict[str, str]:
    """Each single name -> what it asks for."""
    table: dict[str, str] = {}
    for target, names in _NAMES.items():
        for phrase in sorted(_PHRASES, key=len, reverse=True):
            pattern = rf"(?<![\w-]){re.escape(phrase)}(?![\w-])"
            if re.search(pattern, names):
                table.setdefault(phrase, target)
                names = re.sub(pattern, " ", names)
        for name in names.split():
            table.setdefault(name, target)
    return table


NAMES = _name_table()
_NAME_PATTERN = re.compile(
    r"(?<![\w-])("
    + "|".join(re.escape(n) for n in sorted(NAMES, key=len, reverse=True))
    + r")(?![\w-])"
)


def find_names(text: str) -> list[tuple[str, str, int]]:
    """Instruments named in a text: (name, what it asks for, where), longest names first."""
    return [(m[1], NAMES[m[1]], m.start()) for m in _NAME_PATTERN.finditer(text.lower())]


def resolve(name: str) -> tuple[str, bool]:
    """What an instrument name asks for, and whether it was known."""
    clean = " ".join(re.sub(r"[_/]+", " ", name.lower()).split())
    if clean in SOUNDS:
        return clean, True
    if clean in NAMES:
        return NAMES[clean], True
    found = find_names(clean)
    if found:  # "soft felt piano" is a piano: the last name found is the noun
        return found[-1][1], True
    return "+melody", False
