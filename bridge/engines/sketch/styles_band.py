"""The styles made with hands: jazz, funk, rock, reggae, waltz, orchestral and their neighbours."""

from __future__ import annotations

from .grid import Swing
from .styles import POP_MAJOR, POP_MINOR, Seat, Style

_BACKBEAT = ".... X... .... X..."

BAND_STYLES: tuple[Style, ...] = (
    Style(
        "jazz", ("jazz", "swing", "bebop", "big band", "jazzy", "cool jazz"), (90, 220), 0.4, "brushes",
        (
            {"ride": "x... x.o. x... x.o.", "pedal": ".... x... .... x...", "kick": "o... ..?. o... ....",
             "snare": ".... ..?. ..?. ...."},
            {"ride": "x... x.x. x... x.x.", "pedal": ".... x... .... x...", "snare": "..?. o... ..?. o...",
             "kick": "o... .... ..?. ...."},
        ),
        (
            Seat("bass", "upright bass", ("walking",)),
            Seat("chords", "piano", ("x-.. ..x. .... ....", "..x. .... ..x- ....", ".... ..x. .... ..x-",
                                     "x-.. .... ..x. ....")),
            Seat("melody", "saxophone", ("free",), 0.35),
        ),
        ("1 4 2 5", "2 5 1 1", "1 6 2 5"), ("2 5 1 6", "1 6 2 5", "3 6 2 5"), size=5,
        swing=Swing(8, 0.9), loose_ms=6, density=0.6, offbeat=0.6, dominant=True, room_s=1.1,
        wet=0.9, fill="light", bright=0.9,
    ),
    Style(
        "bossa nova", ("bossa nova", "bossa", "samba", "brazilian", "latin jazz"), (110, 150), 0.5,
        "brushes",
        (
            {"kick": "x..o x..o x..o x..o", "rim": "x..x ..x. ..x. x...", "shaker": "xoxo xoxo xoxo xoxo"},
            {"kick": "x..o x..o x..o x..o", "rim": "..x. .x.. x..x ..x.", "hat": "xoxo xoxo xoxo xoxo"},
        ),
        (
            Seat("bass", "upright bass", ("R--R F--F R--R F--F", "R--F F--- R--F F---")),
            Seat("chords", "nylon guitar", ("x.x. .x.. x..x .x..", "x..x ..x. .x.. x.x.")),
            Seat("melody", "flute", ("free",), 0.4),
        ),
        ("1 4 2 5", "1 6 2 5"), ("1 6 2 5", "1 2 5 1", "2 5 1 6"), size=5, loose_ms=4, density=0.45,
        offbeat=0.6, dominant=True, room_s=1.0, wet=0.9, fill="light",
    ),
    Style(
        "funk", ("funk", "funky", "james brown"), (92, 116), 0.7, "acoustic",
        (
            {"kick": "X.x. .... ..x. .x..", "snare": ".... X..o .o.. X..o", "hat": "xoxo xoxo xoxo xoxo"},
            {"kick": "X..x ..x. .... x...", "snare": ".... X.o. .o.o X...", "hat": "xoxo xoxo xoxo xo..",
             "open": ".... .... .... ..x."},
            {"kick": "X.x. .... .x.x ....", "snare": "...o X..o .o.. X.o.", "hat": "x.xo x.xo x.xo x.xo",
             "tambourine": ".... x... .... x..."},
        ),
        (
            Seat("bass", "slap bass", ("R..R ..O. .R.7 ..OA", "R.RO ...R .7R. O..A", "R... .RO. R..R .5O7",
                                       "RR.O ..R. ..7O .R5A")),
            Seat("chords", "muted guitar", ("xxox .xxo xox. xxox", "x.xx .ox. x.xx .ox.",
            ".xx. .xx. oxx. .xxo")),
            Seat("pad", "organ", ("x--- .... .... ....", "..x. .... ..x. ..x."), 0.4, -1),
            Seat("melody", "brass section", ("riff",), 0.55),
        ),
        ("1 1 4 1", "1 4 1 5", "1 7 1 4"), ("1 4 1 4", "1 1 4 5"), size=4, swing=Swing(16, 0.2),
        loose_ms=3, density=0.55, offbeat=0.75, room_s=0.7, wet=0.6, mode="dorian",
    ),
    Style(
        "soul", ("soul", "r&b", "rnb", "motown", "neo soul", "gospel", "rhythm and blues"), (70, 110), 0.4,
        "acoustic",
        (
            {"kick": "X... ..x. X... ....", "snare": _BACKBEAT, "hat": "x.x. x.x. x.x. x.x.",
             "tambourine": ".... x... .... x..."},
            {"kick": "X..x .... ..x. ....", "snare": ".... X... .... X..o", "hat": "x.xo x.xo x.xo x.xo"},
        ),
        (
            Seat("bass", "finger bass", ("R--R ..5. R--. ..5A", "R.R. ..3. 5--. .3.A", "R--- .R5. R--R ..A.")),
            Seat("chords", "electric piano", ("x--- ..x- --.. x-..", "x--- --x- ---- x---")),
            Seat("pad", "organ", ("hold",), 0.55, -3),
            Seat("melody", "brass section", ("riff",), 0.6),
        ),
        ("1 4 7 3", "1 6 2 5", "1 4 1 5"), ("1 6 2 5", "1 3 4 5", "4 3 2 1"), size=4,
        swing=Swing(16, 0.3), loose_ms=5, late_ms=5, density=0.4, offbeat=0.55, room_s=1.0,
    ),
    Style(
        "disco", ("disco", "nu disco", "boogie", "french house"), (108, 126), 0.7, "acoustic",
        (
            {"kick": "X... X... X... X...", "snare": _BACKBEAT, "open": "..x. ..x. ..x. ..x.",
             "hat": "x..o x..o x..o x..o"},
            {"kick": "X... X... X... X...", "clap": _BACKBEAT, "snare": ".... x... .... x..o",
             "open": "..x. ..x. ..x. ..x.", "conga": "..xo .xo. ..xo .xox"},
        ),
        (
            Seat("bass", "finger bass", ("R.O. R.O. R.O. R.O.", "R.OO R.OO R.OO 5.AO", "R..O .RO. R..O .5OA")),
            Seat("chords", "muted guitar", ("x.xx x.xx x.xx x.xx", "..xx ..xx ..xx .xxx")),
            Seat("pad", "strings", ("hold",), 0.3),
            Seat("melody", "violins", ("riff",), 0.6),
        ),
        ("1 4 7 3", "1 6 4 5", "1 7 6 5"), ("1 6 2 5", "4 5 3 6"), size=4, loose_ms=2, density=0.45,
        offbeat=0.5, duck=0.2, room_s=1.2, fill="tom",
    ),
    Style(
        "pop", ("pop", "indie pop", "chart", "singer songwriter"), (90, 125), 0.3, "acoustic",
        (
            {"kick": "X... ..x. X... ....", "snare": _BACKBEAT, "hat": "x.o. x.o. x.o. x.o."},
            {"kick": "X... ...x ..X. ....", "snare": _BACKBEAT, "hat": "x.x. x.x. x.x. x.x.",
             "shaker": "oxox oxox oxox oxox"},
            {"kick": "X..x ..x. X... ....", "clap": _BACKBEAT, "hat": "xoxo xoxo xoxo xoxo"},
        ),
        (
            Seat("bass", "finger bass", ("R-R- R-R- R-R- R-A-", "R--- ..R- R--- ..5-", "R--R ..R- ..R- ..A-")),
            Seat("chords", "piano", ("x--- x--- x--- x---", "x--- ..x- --x- ----", "x--x --x- ..x- x---")),
            Seat("pad", "strings", ("hold",), 0.5, -2),
            Seat("arp", "steel guitar", ("x.x. x.x. x.x. x.x.",), 0.4, -2),
            Seat("melody", "lead", ("free",), 0.55),
        ),
        POP_MINOR, POP_MAJOR, loose_ms=3, density=0.55, offbeat=0.35, room_s=1.3,
    ),
    Style(
        "rock", ("rock", "rock and roll", "indie rock", "grunge", "punk", "alternative", "garage rock",
                 "hard rock"),
        (100, 170), 0.45, "acoustic",
        (
            {"kick": "X... ..x. X... ....", "snare": _BACKBEAT, "hat": "x.x. x.x. x.x. x.x."},
            {"kick": "X.x. .... X.x. ..x.", "snare": _BACKBEAT, "hat": "X.x. X.x. X.x. X.x."},
            {"kick": "X..x ..x. ..X. ....", "snare": ".... X..o .... X...", "ride": "x.x. x.x. x.x. x.x."},
        ),
        (
            Seat("bass", "picked bass", ("R.R. R.R. R.R. R.R.", "R.R. R.R. R.R. R.5A", "R--R ..R. R.R. R.R.")),
            Seat("chords", "distorted guitar", ("power R.R. R.R. R.R. R.R.", "power R--- ..R- R--- ..R-",
                                                "power R--R --R- ..R- R-R-")),
            Seat("chords", "clean guitar", ("x--- x-x- ..x- x---", "x-x- x-x- x-x- x-x-"), 0.3, -3),
            Seat("melody", "lead guitar", ("free",), 0.65),
        ),
        ("1 7 6 7", "1 6 3 7", "1 3 7 4"), ("1 5 4 4", "1 4 5 4", "1 5 6 4", "1 4 1 5"), loose_ms=3,
        density=0.45, offbeat=0.4, room_s=1.0, wet=0.7, fill="tom",
    ),
    Style(
        "metal", ("metal", "heavy metal", "thrash", "metalcore", "death metal", "djent"), (120, 200), 1.0,
        "heavy",
        (
            {"kick": "XxXx XxXx XxXx XxXx", "snare": _BACKBEAT, "ride": "x... x... x... x..."},
            {"kick": "X.xx X.xx X.xx X.xx", "snare": ".... .... X... ....", "crash": "x... x... x... x..."},
            {"kick": "X.xX .xX. X.xX .xX.", "snare": _BACKBEAT, "open": "x... x... x... x..."},
        ),
        (
            Seat("bass", "picked bass", ("RRRR RRRR RRRR RRRR", "R.RR R.RR R.RR R.RR", "R.RR .RR. R.RR .RR.")),
            Seat("chords", "distorted guitar", ("power RRRR RRRR RRRR RRRR", "power R.RR R.RR R.RR R.RR",
                                                "power R.RR .RR. R.RR .RR.")),
            Seat("melody", "lead guitar", ("free",), 0.65),
        ),
        ("1 1 6 7", "1 2 1 7", "1 6 2 5"), ("1 6 7 1",), loose_ms=2, density=0.6, offbeat=0.2,
        room_s=0.9, wet=0.6, fill="tom", mode="phrygian",
    ),
    Style(
        "blues", ("blues", "bluesy", "shuffle", "boogie woogie", "delta"), (70, 130), 0.1, "acoustic",
        (
            {"kick": "X... .... x... ....", "snare": _BACKBEAT, "hat": "x.o. x.o. x.o. x.o."},
            {"kick": "X... ..x. x... ....", "snare": _BACKBEAT, "ride": "x.o. x.o. x.o. x.o."},
        ),
        (
            Seat("bass", "finger bass", ("R.R. 3.3. 5.5. 6.5.", "R... 3... 5... 6...", "R.R. 5.5. 6.6. 5.5.")),
            Seat("chords", "organ", ("..x. ..x. ..x. ..x.", "x-.. ..x- .... ..x.")),
            Seat("chords", "clean guitar", ("x.x. x.x. x.x. x.x.",), 0.2, -2),
            Seat("melody", "harmonica", ("free",), 0.4),
        ),
        ("1 1 1 1 4 4 1 1 5 4 1 5",), ("1 1 1 1 4 4 1 1 5 4 1 5", "1 4 1 1 4 4 1 1 5 4 1 5"),
        swing=Swing(8, 0.95), loose_ms=4, density=0.5, offbeat=0.5, blues=True, room_s=0.9,
    ),
    Style(
        "folk", ("folk", "country", "acoustic", "bluegrass", "americana", "celtic", "irish", "campfire"),
        (85, 130), 0.25, "brushes",
        (
            {"kick": "x... .... x... ....", "snare": ".... x... .... x...", "shaker": "o.o. o.o. o.o. o.o."},
            {"kick": "x... .... x... ....", "tambourine": ".... x... .... x..."},
        ),
        (
            Seat("bass", "upright bass", ("R--. .... F--. ....", "R--- ---- F--- --A-")),
            Seat("chords", "steel guitar", ("x-x- xox- .ox- xox-", "x--- x-ox --ox x-ox",
            "x-o- x-ox x-o- x-ox")),
            Seat("melody", "violin", ("free",), 0.45, -1),
            Seat("arp", "banjo", ("xxxx xxxx xxxx xxxx",), 0.75, -3),
        ),
        ("1 7 6 7", "1 3 7 1", "1 4 1 5"), ("1 4 1 5", "1 5 6 4", "1 1 4 5"), loose_ms=4,
        density=0.5, offbeat=0.25, room_s=1.0, fill="light",
    ),
    Style(
        "reggae", ("reggae", "dub", "roots", "ska", "rocksteady", "dancehall", "jamaican"), (68, 95), 0.5,
        "acoustic",
        (
            {"kick": ".... .... X... ....", "rim": ".... .... X... ....", "hat": "x.xo x.x. x.xo x.x."},
            {"kick": ".... .... X... ....", "snare": ".... .... x... ..?.", "hat": "x.x. xox. x.x. xoxo",
             "rim": "...? .... .... .x.."},
            {"kick": "X... X... X... X...", "rim": ".... .... X... ....", "hat": "x.xo x.xo x.xo x.xo"},
        ),
        (
            Seat("bass", "sub bass guitar", ("R-.. ..3- 5-.R ..5.", "R-R- ..5- .... R-3-",
            "..R- R-.. 5-3- R-..",
                                             "R--. R-5- ..5- 3-..")),
            Seat("chords", "skank guitar", ("..x. ..x. ..x. ..x.",)),
            Seat("chords", "organ", (".xx. .xx. .xx. .xx.", ".x.x .x.x .x.x .x.x"), 0.3, -2),
            Seat("melody", "melodica", ("free",), 0.55),
        ),
        ("1 4 1 5", "1 7 1 7", "1 1 4 5"), ("1 4 1 5", "1 2 1 2", "1 5 4 4"), loose_ms=4, late_ms=4,
        swing=Swing(16, 0.3), density=0.35, offbeat=0.55, room_s=1.5, wet=1.1, fill="tom",
    ),
    Style(
        "afrobeat", ("afrobeat", "afrobeats", "afro", "amapiano", "highlife", "latin", "salsa",
                     "reggaeton", "tropical", "cumbia"),
        (95, 125), 0.6, "acoustic",
        (
            {"kick": "X..x ..x. X..x ..x.", "rim": "x..x ..x. ..x. x...", "shaker": "xoxo xoxo xoxo xoxo",
             "conga": "..xo ..x. ..xo x.x."},
            {"kick": "X... x... X... x...", "snare": "...x ..x. ...x ..x.", "shaker": "xoxx xoxx xoxx xoxx",
             "cowbell": "x.x. .x.x .x.x x.x."},
        ),
        (
            Seat("bass", "finger bass", ("R--R ..5- .R-. 5-3.", "..R- .R5. ..R- .53.", "R..R ..R. .R.5 ..O.")),
            Seat("chords", "clean guitar", ("x.xx .x.x x.x. xx.x", ".x.x x.x. .xx. x.x.")),
            Seat("pad", "electric piano", ("..x. .x.. ..x. .x..", "x--- ..x- --.. x---"), 0.3, -1),
            Seat("melody", "brass section", ("riff",), 0.55),
        ),
        ("1 4 1 5", "1 7 6 7", "1 4 7 3"), ("1 4 5 4", "1 5 2 4", "4 5 6 1"), size=4, loose_ms=3,
        density=0.5, offbeat=0.7, room_s=1.0,
    ),
    Style(
        "cinematic", ("cinematic", "epic", "film", "movie", "trailer", "score", "soundtrack", "orchestral",
                      "heroic", "suspense", "battle"),
        (70, 130), 0.9, "orchestra",
        (
            {"kick": "X... .... ..x. ....", "low tom": ".... ..x. .... x.x.",
             "crash": "x... .... .... .... .... .... .... ...."},
            {"low tom": "X..x ..x. X..x ..x.", "tom": ".... x... .... x.xx", "kick": "X... .... X... ...."},
            {"kick": "X... .... .... ....", "low tom": "..xx .... ..xx ..x.", "tom": ".... ..xx .... .xx."},
        ),
        (
            Seat("pad", "strings", ("hold",), 0.0, 1),
            Seat("chords", "short strings", ("x.xx x.xx x.xx x.xx", "x.x. x.x. x.x. x.x.",
            "xx.x x.xx .xx. x.x."), 0.3),
            Seat("bass", "low brass", ("R--- ---- ---- ----", "R--- ---- R--- ----"), 0.2),
            Seat("pad", "choir", ("hold",), 0.75, -2),
            Seat("melody", "french horn", ("free",), 0.5, 1),
        ),
        ("1 6 3 7", "1 6 4 5", "1 3 6 4", "1 4 6 5"), ("1 4 6 5", "1 6 4 5", "1 3 4 4"), loose_ms=5,
        density=0.25, offbeat=0.1, dominant=True, room_s=2.8, wet=1.6, fill="tom",
    ),
    Style(
        "classical", ("classical", "baroque", "chamber", "string quartet", "sonata", "romantic"), (60, 140),
        0.5, "orchestra",
        ({},),
        (
            Seat("bass", "cello", ("R--- ---- 5--- ----", "R-.. R-.. 5-.. R-..")),
            Seat("chords", "violas", ("..x. ..x. ..x. ..x.", "x-x- x-x- x-x- x-x-")),
            Seat("counter", "violins", ("free",), 0.4),
            Seat("melody", "violin", ("free",), 0.1),
        ),
        ("1 4 5 1", "1 6 4 5", "1 4 7 3 6 2 5 1"), ("1 4 5 1", "1 6 2 5", "1 5 6 3 4 1 4 5"), loose_ms=5,
        density=0.6, offbeat=0.15, dominant=True, room_s=2.0, wet=1.2, fill="none",
    ),
    Style(
        "waltz", ("waltz", "viennese", "3/4 dance", "ballroom", "carousel", "musette", "oom-pah-pah"),
        (84, 190), 0.4, "brushes",
        (
            {"kick": "x... .... ....", "snare": ".... x... x..."},
            {"kick": "x... .... ....", "pedal": ".... x... x...", "tambourine": ".... o... o..."},
        ),
        (
            Seat("bass", "upright bass", ("R--. .... ....", "R-.. .... ..A.", "R--. .... .... F--. .... ....")),
            Seat("chords", "accordion", (".... x... x...",)),
            Seat("pad", "strings", ("hold",), 0.5, -2),
            Seat("melody", "violin", ("free",), 0.3),
        ),
        ("1 4 5 1", "1 1 5 1", "1 6 4 5"), ("1 5 5 1", "1 4 5 1", "1 6 2 5"), loose_ms=4,
        density=0.45, offbeat=0.15, dominant=True, room_s=1.6, fill="light",
    ),
)  # fmt: skip
