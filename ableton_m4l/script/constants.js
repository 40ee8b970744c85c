// DawBridge.js: asks the DAW Bridge server for clips over OSC and puts them into the Live set.
//
// ES5, for Max's [js] object (Live 11.3.25 and 12.0.5 on); runs unchanged in [v8].
// Units as everywhere in DAW Bridge: a beat is a quarter note, times ending in _s are seconds.
// DawBridge.js is joined from the files in script/ by build_device.py: edit those.

"use strict";

inlets = 1;
outlets = 3; // 0: to udpsend, 1: to udpreceive, 2: to the view
autowatch = 0;

var self = this; // what a Task belongs to; inside functions `this` is undefined in strict mode

var SERVER_PORT = 17710;
var FIRST_REPLY_PORT = 17720;
var REPLY_PORTS = 32;

var PING = "/bridge/ping", GENERATE = "/bridge/generate", TRANSCRIBE = "/bridge/transcribe";
var SEPARATE = "/bridge/separate", CANCEL = "/bridge/cancel", STATUS = "/bridge/status";
var DONE = "/bridge/done", FAIL = "/bridge/fail", PROGRESS = "/bridge/progress";
var CLIP = "/bridge/clip", FAILED = "/bridge/failed", CANCELLED = "/bridge/cancelled";

var BARS = [1, 2, 4, 8, 16];
var SOURCES = ["none", "continue", "melody"];
var TARGETS = ["track", "slot", "arrangement"];
var MODES = {
  "Major": "major", "Minor": "minor", "Dorian": "dorian", "Phrygian": "phrygian", "Lydian": "lydian",
  "Mixolydian": "mixolydian", "Locrian": "locrian", "Harmonic Minor": "harmonic minor",
  "Melodic Minor": "melodic minor"
};
var ROOTS = ["C", "Db", "D", "Eb", "E", "F", "F#", "G", "Ab", "A", "Bb", "B"];
var COLOURS = [0xff94a6, 0xffa529, 0xbffb00, 0x1aff2f, 0x25ffa8, 0x5cffe8, 0x8bc5ff, 0xd86ce4];

var TICK_MS = 100;
var TICKS_DEAD_MS = 2000; // no tick for so long: Live's audio engine is off, timers stand still
var PING_MS = 5000;
var SEARCH_MS = 1000; // between the first pings while no server has answered
var QUICK_SEARCHES = 10;
var LOST_PINGS = 3;
var RESEND_MS = 1000;
var GIVE_UP_MS = 60000;
var POLL_MS = 2000;
var CANCEL_WAIT_MS = 10000;
var WARP_WAIT_MS = 150; // Live defers the warping setter by itself
var CHECK_WAIT_MS = 50;
var NOTES_PER_CALL = 256;
var FILE_SLICE = 4096;
var MAX_PROMPT_BYTES = 3000; // a packet of more than about 4 KB does not leave every machine
var COMPLEX = 4, BEATS = 0; // warp modes
