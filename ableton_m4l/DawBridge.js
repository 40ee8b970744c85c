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

// Pure functions: versions, names, paths, requests, warp markers. Nothing here touches Live or Max.

// Can this Live make an audio clip from a file? (since 11.3.25 and 12.0.5)
function canInsert(version) {
  var major = version[0], minor = version[1], bugfix = version[2];
  if (major === 11) {
    return minor > 3 || (minor === 3 && bugfix >= 25);
  }
  return major > 12 || (major === 12 && (minor > 0 || bugfix >= 5));
}

function beatsPerBar(numerator, denominator) {
  return numerator * 4 / denominator;
}

// "A minor" for the server, "" for a scale it has no word for.
function keyName(root, scale) {
  return MODES[scale] && ROOTS[root] ? ROOTS[root] + " " + MODES[scale] : "";
}

function trimmed(text) {
  return String(text).replace(/^\s+|\s+$/g, "");
}

function utf8Length(text) {
  return encodeURIComponent(text).replace(/%../g, "x").length;
}

// "Drums, bass,,drums" -> "drums,bass"
function commaNames(text) {
  var names = [];
  String(text).split(",").forEach(function (name) {
    name = trimmed(name).toLowerCase();
    if (name && names.indexOf(name) < 0) {
      names.push(name);
    }
  });
  return names.join(",");
}

// Forward slashes, and Max's "Macintosh HD:/x" or "Disk:/x" as "/x" or "/Volumes/Disk/x".
function localPath(path) {
  var slashed = String(path).replace(/^"|"$/g, "").replace(/\\/g, "/");
  var volume = /^([^\/:]{2,}):(\/.*)$/.exec(slashed);
  if (!volume) {
    return slashed;
  }
  return (volume[1] === "Macintosh HD" ? "" : "/Volumes/" + volume[1]) + volume[2];
}

function fileName(path) {
  return localPath(path).split("/").pop();
}

function folderOf(path) {
  return localPath(path).split("/").slice(0, -1).join("/");
}

// The first words of a prompt, short enough for a track title.
function shortName(text) {
  var words = trimmed(text).split(/\s+/), name = words[0];
  for (var i = 1; i < words.length && (name + " " + words[i]).length <= 24; i += 1) {
    name += " " + words[i];
  }
  return name.slice(0, 32) || "DAW Bridge";
}

function colourOf(role) {
  var sum = 0;
  for (var i = 0; i < role.length; i += 1) {
    sum += role.charCodeAt(i) * (i + 1);
  }
  return COLOURS[sum % COLOURS.length];
}

function rounded(value, digits) {
  var scale = Math.pow(10, digits);
  return Math.round(value * scale) / scale;
}

// Live writes warp markers as {sample_time (seconds), beat_time}; between two of them, and beyond the
// last, beats grow in a straight line.
function segmentFor(markers, field, value) {
  var i = 1;
  while (i < markers.length - 1 && value > markers[i][field]) {
    i += 1;
  }
  return [markers[i - 1], markers[i]];
}

function between(markers, from, to, value) {
  var pair = segmentFor(markers, from, value), a = pair[0], b = pair[1];
  return a[to] + (value - a[from]) * (b[to] - a[to]) / (b[from] - a[from]);
}

function beatAt(markers, seconds) {
  return between(markers, "sample_time", "beat_time", seconds);
}

function secondsAt(markers, beats) {
  return between(markers, "beat_time", "sample_time", beats);
}

function straightMarkers(seconds, beats) {
  return [{sample_time: 0, beat_time: 0}, {sample_time: seconds, beat_time: beats}];
}

// The markers of a section cut out of a file, counted from the section's own start.
function sectionMarkers(markers, start, end) {
  var first = beatAt(markers, start);
  var inside = markers.filter(function (m) {
    return m.sample_time > start + 0.001 && m.sample_time < end - 0.001;
  });
  var all = [{sample_time: start, beat_time: first}].concat(inside);
  all.push({sample_time: end, beat_time: beatAt(markers, end)});
  return all.map(function (m) {
    return {sample_time: m.sample_time - start, beat_time: m.beat_time - first};
  });
}

// What to do so that a clip's markers lie on the wanted line: markers that exist are moved (upward moves
// from the right, downward ones from the left, so that none passes another), missing ones are added.
// Live's last marker is a hidden one that only fixes the tempo of the last segment.
function warpEdits(markers, wanted) {
  var up = [], down = [], add = [];
  var visible = markers.length > 1 ? markers.slice(0, -1) : markers;
  visible.forEach(function (marker) {
    var distance = beatAt(wanted, marker.sample_time) - marker.beat_time;
    if (distance > 0.0001) {
      up.unshift({edit: "move", beat: marker.beat_time, distance: distance});
    } else if (distance < -0.0001) {
      down.push({edit: "move", beat: marker.beat_time, distance: distance});
    }
  });
  wanted.forEach(function (want) {
    var there = visible.some(function (marker) {
      return Math.abs(marker.sample_time - want.sample_time) < 0.001;
    });
    if (!there) {
      add.push({edit: "add", beat: want.beat_time, sample: want.sample_time});
    }
  });
  return up.concat(down, add);
}

// Do the markers put every wanted point, and the middle between two, on its beat (to 1/100 beat)?
function onBeat(markers, wanted) {
  if (markers.length < 2) {
    return false;
  }
  return wanted.every(function (want, i) {
    var middle = i ? (want.sample_time + wanted[i - 1].sample_time) / 2 : want.sample_time;
    return Math.abs(beatAt(markers, want.sample_time) - want.beat_time) < 0.01 &&
      Math.abs(beatAt(markers, middle) - beatAt(wanted, middle)) < 0.01;
  });
}

function pairs(keys) {
  var list = [];
  Object.keys(keys).forEach(function (name) {
    if (keys[name] !== "" && keys[name] !== null && keys[name] !== undefined) {
      list.push(name, keys[name]);
    }
  });
  return list;
}

// The arguments of /bridge/generate behind the request_id.
function generateArguments(settings, song, section) {
  var keys = {
    bars: settings.bars, bpm: song.bpm, meter: song.meter, key: song.key, seed: settings.seed,
    variations: settings.variations, instruments: settings.instruments, loop: 1,
    guidance: settings.guidance, temperature: settings.temperature, midi: settings.give ? 1 : 0,
    project: song.project
  };
  if (settings.target === "arrangement") {
    keys.place_beats = song.place;
  }
  if (section) {
    keys.source = section.path;
    keys.source_mode = settings.source;
    keys.source_start_s = section.start;
    keys.source_length_s = section.length;
  }
  return [settings.prompt].concat(pairs(keys));
}

// The keys of a request about the selected clip: in the clip's own tempo, so that its beats stay beats.
function sectionKeys(song, section) {
  return {
    bpm: section.bpm >= 20 && section.bpm <= 400 ? section.bpm : song.bpm, meter: song.meter,
    start_s: section.start, length_s: section.length, project: song.project
  };
}

function transcribeArguments(song, section) {
  var keys = sectionKeys(song, section);
  keys.quantize = "1/16";
  return [section.path].concat(pairs(keys));
}

function separateArguments(song, section) {
  return [section.path].concat(pairs(sectionKeys(song, section)));
}

// One row per track to fill: {kind, role, clips by variation}. Where parts were made the mix is left out,
// for together they would sound twice; MIDI beside audio only when it was asked for.
function trackRows(manifest, wantMidi) {
  var rows = [];
  function parts(kind) {
    return manifest.clips.some(function (clip) {
      return clip.kind === kind && clip.role !== "mix";
    });
  }
  var skipMix = {audio: parts("audio"), midi: parts("midi")};
  var audioToo = manifest.clips.some(function (clip) {
    return clip.kind === "audio";
  });
  manifest.clips.forEach(function (clip) {
    var unwanted = clip.kind === "midi" && audioToo && !wantMidi;
    if (unwanted || !(clip.kind in skipMix) || (clip.role === "mix" && skipMix[clip.kind])) {
      return;
    }
    var row = rows.filter(function (one) {
      return one.kind === clip.kind && one.role === clip.role;
    })[0];
    if (!row) {
      row = {kind: clip.kind, role: clip.role, clips: []};
      rows.push(row);
    }
    row.clips.push(clip);
  });
  return rows;
}

function warpMode(role, available) {
  var wanted = /drum|perc|beat|hat|kick|snare/.test(role) ? BEATS : COMPLEX;
  return available.indexOf(wanted) < 0 ? null : wanted;
}

function progressText(stage, fraction, eta) {
  var text = stage.charAt(0).toUpperCase() + stage.slice(1);
  if (fraction > 0) {
    text += " " + Math.round(fraction * 100) + " %";
  }
  return eta >= 1 ? text + ", about " + Math.round(eta) + " s left" : text;
}

function plural(count, noun) {
  return count + " " + noun + (count === 1 ? "" : "s");
}

// What textedit, menus and boxes send, as one text: "text <symbol>", "bang" when the field is empty.
function fieldText(words) {
  if (words[0] === "text") {
    words = words.slice(1);
  } else if (words[0] === "bang") {
    words = [];
  }
  return trimmed(words.join(" "));
}

// Live: get, set, call, and read back.

// The object at a path or "id n"; null when there is none.
function at(path) {
  var found = new LiveAPI(path);
  return Number(found.id) === 0 ? null : found;
}

function byId(id) {
  return Number(id) > 0 ? at("id " + id) : null;
}

function one(object, property) {
  var value = object.get(property);
  return Array.isArray(value) ? value[0] : value;
}

// ["id", 3, "id", 4] -> [3, 4]
function ids(object, property) {
  var list = object.get(property) || [];
  var found = [];
  for (var i = 0; i + 1 < list.length; i += 2) {
    if (Number(list[i + 1]) > 0) {
      found.push(Number(list[i + 1]));
    }
  }
  return found;
}

function pathOf(object) {
  return String(object.unquotedpath || object.path).replace(/"/g, "");
}

function fileThere(path) {
  var file = new File(path, "read");
  var there = file.isopen;
  if (there) {
    file.close();
  }
  return Boolean(there);
}

// The whole text of a file, read in slices; null when it cannot be opened.
function readText(path) {
  var file = new File(path, "read"), slices = [], slice;
  if (!file.isopen) {
    return null;
  }
  while (file.position < file.eof) {
    slice = file.readstring(FILE_SLICE);
    if (!slice) {
      break;
    }
    slices.push(slice);
  }
  file.close();
  return slices.join("");
}

function readJson(path) {
  var text = readText(path);
  try {
    return text === null ? null : JSON.parse(text);
  } catch (error) {
    return null;
  }
}

function markersOf(clip) {
  var text = one(clip, "warp_markers");
  return text ? JSON.parse(text).warp_markers : [];
}

function secondsOf(clip) {
  return one(clip, "sample_length") / one(clip, "sample_rate");
}

function liveVersion() {
  var app = new LiveAPI("live_app");
  return [
    Number(app.call("get_major_version")), Number(app.call("get_minor_version")),
    Number(app.call("get_bugfix_version"))
  ];
}

// What a job needs to know of the set at the moment the button is pressed.
function songNow() {
  var song = at("live_set"), view = at("live_set view");
  var numerator = one(song, "signature_numerator"), denominator = one(song, "signature_denominator");
  var bar = beatsPerBar(numerator, denominator);
  var modern = canInsert(device.version); // scale_mode came with 12.0.5, the set's name with 11.3.25
  var scaled = modern && device.version[0] >= 12 && Number(one(song, "scale_mode")) === 1;
  return {
    bpm: rounded(one(song, "tempo"), 4),
    meter: numerator + "/" + denominator,
    key: scaled ? keyName(one(song, "root_note"), one(song, "scale_name")) : "",
    place: Math.floor(one(song, "current_song_time") / bar + 0.001) * bar,
    project: modern ? String(one(song, "name") || "").slice(0, 120) : "",
    scene: ids(view, "selected_scene")[0] || 0,
    slot: ids(view, "highlighted_clip_slot")[0] || 0
  };
}

function selectedClip() {
  var clip = at("live_set view detail_clip"), slot;
  if (!clip) {
    slot = at("live_set view highlighted_clip_slot");
    clip = slot && Number(one(slot, "has_clip")) ? byId(ids(slot, "clip")[0]) : null;
  }
  return clip;
}

// The part of a file that the selected clip plays, or {problem}.
function selectedSection(song) {
  var clip = selectedClip();
  if (!clip) {
    return {problem: "Select an audio clip first: click it so that the Clip View shows it."};
  }
  if (!Number(one(clip, "is_audio_clip"))) {
    return {problem: "The selected clip is a MIDI clip: select an audio clip."};
  }
  var warped = Number(one(clip, "warping")) === 1, whole = secondsOf(clip);
  var from = one(clip, "loop_start"), to = one(clip, "loop_end"), markers = null;
  if (warped) {
    markers = markersOf(clip);
    from = secondsAt(markers, from);
    to = secondsAt(markers, to);
  }
  from = Math.max(0, Math.min(from, whole));
  to = Math.max(0, Math.min(to, whole));
  if (!(to - from > 0.05)) {
    return {problem: "The selected clip plays less than 0.05 seconds of its file."};
  }
  var cut = warped ? sectionMarkers(markers, from, to) : null;
  return {
    path: localPath(one(clip, "file_path")), start: rounded(from, 4), length: rounded(to - from, 4),
    warped: warped, markers: cut,
    bpm: warped ? rounded(60 * cut[cut.length - 1].beat_time / (to - from), 3) : song.bpm
  };
}

// The connection: settings and state of the device, reply port, pings.

var settings = {
  prompt: "", instruments: "", bars: 4, variations: 1, guidance: 3, temperature: 1, seed: -1,
  source: "none", target: "track", give: 0
};
var device = {
  ready: false, version: [0, 0, 0], client: "", counter: 0, port: SERVER_PORT,
  replyPort: 0, portsTried: 0, pings: {}, unanswered: 0, nextPing: 0, connected: false,
  clips: "", lastTick: 0
};
var jobs = []; // the open ones, oldest first
var clock = null;

function send(address, args) {
  outlet(0, [address].concat(args));
}

function show(part, word, value) {
  outlet(2, part, word, value);
}

function say(text) {
  show("status", "set", text);
}

function nextId() {
  device.counter += 1;
  return device.client + "-" + device.counter;
}

function listenOn(port) {
  device.replyPort = port;
  outlet(1, "port", port);
}

function ping(now) {
  var id = nextId();
  device.pings[id] = device.replyPort;
  device.nextPing = now + (device.connected || device.portsTried > QUICK_SEARCHES ? PING_MS : SEARCH_MS);
  device.unanswered += 1;
  send(PING, [id, "reply_port", device.replyPort, "client", device.client]);
}

// Called when a ping is due. Silence on a reply port means that no server runs or that another program
// holds the port, so the next ping listens on the next port.
function keepConnection(now) {
  if (now < device.nextPing) {
    return;
  }
  if (device.connected && device.unanswered >= LOST_PINGS) {
    disconnect("The server on port " + device.port + " no longer answers. Waiting for it.");
  } else if (!device.connected && device.unanswered > 0) {
    device.portsTried += 1;
    listenOn(FIRST_REPLY_PORT + (device.replyPort + 1 - FIRST_REPLY_PORT) % REPLY_PORTS);
    if (device.portsTried === 3) {
      say("No server on port " + device.port + ". Start it with: daw-bridge serve. If it runs, " +
        "compare its port, or another program holds the reply ports from " + FIRST_REPLY_PORT + ".");
    }
  }
  ping(now);
}

function disconnect(reason) {
  device.connected = false;
  device.unanswered = 0;
  device.portsTried = 0;
  show("light", "set", 0);
  show("server", "set", "no server");
  if (reason) {
    say(reason);
  }
}

function onPong(id, rest) {
  var port = device.pings[id];
  if (port === undefined || port !== device.replyPort) {
    return; // another device's, or an answer that outlived its port
  }
  device.unanswered = 0;
  device.pings = {};
  device.clips = localPath(rest[4] || "");
  if (!device.connected) {
    device.connected = true;
    device.nextPing = Date.now() + PING_MS;
    show("light", "set", 1);
    say(device.portsTried
      ? "Connected. Reply port taken or server late, now listening on " + port + "."
      : "Connected. Type a prompt and press Generate.");
  }
  device.portsTried = 0;
  show("server", "set", rest[3] + ", " + rest[2]);
}

// Jobs: asking until the server has it, following, cancelling.

// A job is asking (until the server has it), open, placing (its clips), cancelling; then it is dropped.
// Its clips go into the set once: news of a job that is placing, or that is gone, is ignored.
function ask(command, args, more) {
  var now = Date.now();
  var job = {
    id: nextId(), command: command, args: args, state: "asking", began: now, due: 0, sends: 0, wait: 0,
    jobId: "", lastNews: now, polls: {}, steps: [], notes: [], problems: [], done: 0,
    newTracks: 0, reads: 0, asked: 0
  };
  Object.keys(more).forEach(function (name) {
    job[name] = more[name];
  });
  jobs.push(job);
  sendRequest(job, now);
  showJobs();
  return job;
}

function drop(job, text) {
  jobs = jobs.filter(function (other) {
    return other !== job;
  });
  show("progress", "set", 0);
  showJobs();
  if (text) {
    say(text);
  }
}

function showJobs() {
  show("cancel", "active", jobs.length ? 1 : 0);
}

function sendRequest(job, now) {
  job.sends += 1;
  job.wait = Math.min(RESEND_MS * Math.pow(2, Math.max(0, job.sends - 3)), 8000);
  job.due = now + job.wait;
  send(job.command, [job.id].concat(
    job.args, ["reply_port", device.replyPort, "client", device.client]));
}

function jobWith(field, value) {
  return jobs.filter(function (job) {
    return job[field] === value;
  })[0];
}

function pollStatus(job, now) {
  var id = nextId();
  job.polls[id] = 1;
  job.lastPoll = now;
  send(STATUS, [id, job.jobId, "reply_port", device.replyPort, "client", device.client]);
}

function sendCancel(job, now) {
  job.due = now + RESEND_MS;
  send(CANCEL, [nextId(), job.jobId, "reply_port", device.replyPort, "client", device.client]);
}

// Whatever is due for one job.
function advance(job, now) {
  if (job.state === "asking" && now >= job.due) {
    if (now - job.began > GIVE_UP_MS) {
      drop(job, "The server did not answer for a minute. Start it with: daw-bridge serve. Then try again.");
    } else {
      sendRequest(job, now);
      if (job.sends === 4) {
        say("The server does not answer, still trying. Cancel stops it.");
      }
    }
  } else if (job.state === "open" && now - Math.max(job.lastNews, job.lastPoll || 0) >= POLL_MS) {
    pollStatus(job, now);
  } else if (job.state === "cancelling" && now >= job.due) {
    if (now - job.began > CANCEL_WAIT_MS) {
      drop(job, "Cancelled here. The server did not confirm it.");
    } else if (job.jobId) {
      sendCancel(job, now);
    } else {
      sendRequest(job, now); // its answer names the job to cancel
    }
  } else if (job.state === "placing") {
    runSteps(job, now);
  }
}

function accepted(job, jobId, place) {
  job.jobId = String(jobId);
  job.lastNews = Date.now();
  if (job.state === "asking") {
    job.state = "open";
    say(place > 0 ? "Queued, " + plural(place, "job") + " ahead." : "The server has begun.");
  } else if (job.state === "cancelling") {
    sendCancel(job, Date.now());
  }
}

function onProgress(job, stage, fraction, eta) {
  job.lastNews = Date.now();
  if (job.state === "open") {
    show("progress", "set", Math.round(100 * fraction));
    say(progressText(stage, fraction, eta));
  }
}

function onStatus(job, state, stage, fraction, eta, detail) {
  if (state === "done") {
    place(job, detail);
  } else if (state === "failed") {
    drop(job, failureText(detail));
  } else if (state === "cancelled") {
    drop(job, "Cancelled.");
  } else {
    onProgress(job, state === "queued" ? "queued" : stage, fraction, eta);
  }
}

// "code: message" or the message alone; the server's messages are whole sentences.
function failureText(detail) {
  var text = String(detail).replace(/^[a-z-]+: /, "");
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function onFail(command, id, code, message) {
  var job = jobWith("id", id);
  if (command === PING) {
    say(failureText(message)); // such as a server that wants a token
    return;
  }
  if (!job) {
    job = jobs.filter(function (one) {
      return one.polls[id];
    })[0];
    if (job && code === "not-found") { // a server that lost its memory: ask again, under the same id
      if (job.asked) {
        drop(job, "The server no longer knows this job. Press the button again.");
      } else {
        job.asked = 1;
        job.state = "asking";
        job.sends = 0;
        job.due = 0;
      }
    }
    return;
  }
  drop(job, (code === "queue-full" ? "The server's queue is full. " : "") + failureText(message));
}

function onDone(command, id, rest) {
  var job;
  if (command === PING) {
    onPong(id, rest);
  } else if (command === STATUS) {
    job = jobs.filter(function (one) {
      return one.polls[id];
    })[0];
    if (job && job.state !== "placing") {
      job.polls = {};
      job.lastNews = Date.now();
      if (job.state === "open") {
        onStatus(job, rest[1], rest[2], Number(rest[3]), Number(rest[4]), rest[5]);
      }
    }
  } else if (command === CANCEL) {
    job = jobWith("jobId", String(rest[0]));
    if (job && job.state === "cancelling") {
      drop(job, "Cancelled.");
    }
  } else {
    job = jobWith("id", id);
    if (job) {
      accepted(job, rest[0], Number(rest[1]));
    }
  }
}

function onEvent(address, args) {
  var job = jobWith("jobId", String(args[0]));
  if (!job || job.state === "placing") {
    return;
  }
  if (address === PROGRESS) {
    onProgress(job, args[1], Number(args[2]), Number(args[3]));
  } else if (address === CANCELLED || job.state === "cancelling") {
    drop(job, "Cancelled.");
  } else if (address === CLIP) {
    place(job, args[1]);
  } else if (address === FAILED) {
    drop(job, failureText(args[2]));
  }
}

// Placing: from a manifest to steps, tracks and slots; what is said at the end.

// Steps run one after the other; each may return how many ms the next has to wait.
function runSteps(job, now) {
  while (job.steps.length && now >= job.due) {
    job.due = now + (job.steps.shift()() || 0);
  }
  if (!job.steps.length && now >= job.due) {
    finishPlacing(job);
  }
}

function place(job, manifestPath) {
  job.state = "placing";
  job.folder = folderOf(manifestPath);
  job.due = 0;
  job.steps = [function () {
    return planPlacing(job, localPath(manifestPath));
  }];
  runSteps(job, Date.now());
}

function planPlacing(job, manifestPath) {
  var manifest = readJson(manifestPath);
  if (!manifest) {
    job.reads += 1;
    if (job.reads < 5) {
      job.steps = [function () {
        return planPlacing(job, manifestPath);
      }];
      return 500;
    }
    job.problems.push("the list of clips cannot be read: " + manifestPath);
    return 0;
  }
  if (job.onManifest) {
    return job.onManifest(job, manifest);
  }
  job.rows = trackRows(manifest, job.give);
  noteTempo(job);
  job.notes = job.notes.concat((manifest.report || {}).notes || []);
  job.rows.forEach(function (row) {
    row.clips.forEach(function (clip) {
      var item = {
        row: row, clip: clip, path: job.folder + "/" + clip.file, problem: "",
        name: job.name + (row.role === "mix" ? "" : " " + row.role) +
          (clip.variation > 1 ? " " + clip.variation : "")
      };
      job.steps.push(step(job, item, makeClip), step(job, item, shapeClip), step(job, item, checkClip));
      if (job.target === "arrangement") {
        job.steps.push(step(job, item, toArrangement));
      }
      job.steps.push(function () {
        if (item.problem) {
          job.problems.push(item.problem);
        } else {
          job.done += 1;
        }
      });
    });
  });
  return 0;
}

function step(job, item, work) {
  return function () {
    return item.problem ? 0 : work(job, item);
  };
}

function noteTempo(job) {
  var bpm = one(at("live_set"), "tempo"), rendered;
  job.rows.forEach(function (row) {
    rendered = row.clips[0].bpm || rendered;
  });
  if (job.command === GENERATE && rendered && Math.abs(bpm - rendered) > 0.05) {
    job.notes.push("made for " + rounded(rendered, 2) + " BPM, the set is now at " + rounded(bpm, 2));
  }
}

function trackTakes(track, kind) {
  return /^live_set tracks \d+$/.test(pathOf(track)) && !Number(one(track, "is_foldable")) &&
    Number(one(track, kind === "audio" ? "has_audio_input" : "has_midi_input")) === 1;
}

// The track for a row: the selected slot's where that was asked for and is possible, else a new one.
function trackFor(job, row) {
  if (row.track) {
    return byId(row.track);
  }
  var track = job.target === "slot" ? selectedTrack(job, row) : null;
  if (!track) {
    track = newTrack(job, row);
  }
  row.track = track ? Number(track.id) : 0;
  return track;
}

function selectedTrack(job, row) {
  var slot = byId(job.song.slot);
  var track = slot ? byId(ids(slot, "canonical_parent")[0]) : null;
  var note = "";
  if (job.rows.length > 1) {
    note = "several parts, so each has a new track";
  } else if (!track) {
    note = "no slot is selected, so it is on a new track";
  } else if (!trackTakes(track, row.kind)) {
    note = "the selected track takes no " + row.kind + " clips, so it is on a new one";
  } else if (Number(one(track, "is_frozen"))) {
    note = "the selected track is frozen, so it is on a new one";
  } else {
    row.slot = job.song.slot;
    return track;
  }
  if (job.notes.indexOf(note) < 0) {
    job.notes.push(note);
  }
  return null;
}

// Behind the device's own track where that is a track of the set, else at the end.
function newTrack(job, row) {
  var song = at("live_set"), before = ids(song, "tracks");
  var own = /live_set tracks (\d+)/.exec(pathOf(new LiveAPI("this_device")));
  var index = own ? Number(own[1]) + 1 + job.newTracks : -1;
  song.call(row.kind === "audio" ? "create_audio_track" : "create_midi_track", index);
  var made = ids(song, "tracks").filter(function (id) {
    return before.indexOf(id) < 0;
  })[0];
  var track = made ? byId(made) : null;
  if (track) {
    job.newTracks += 1;
    track.set("name", job.name + (row.role === "mix" ? "" : " " + row.role));
    track.set("color", colourOf(row.role));
  }
  return track;
}

// The slot a clip goes to: from the wanted scene downward the first empty one, with a new scene at need.
function slotFor(job, item, track) {
  var song = at("live_set"), scenes = ids(song, "scenes"), slots = ids(track, "clip_slots");
  var first = item.row.slot ? slots.indexOf(item.row.slot) : scenes.indexOf(job.song.scene);
  var index = Math.max(0, first) + (item.row.slot ? 0 : (item.clip.variation || 1) - 1);
  while (index < slots.length && Number(one(byId(slots[index]), "has_clip"))) {
    index += 1;
  }
  if (item.row.slot && index > first && job.notes.indexOf("the selected slot was taken") < 0 &&
      !item.row.used) {
    job.notes.push("the selected slot was taken");
  }
  while (index >= slots.length) {
    song.call("create_scene", -1);
    var more = ids(track, "clip_slots");
    if (more.length <= slots.length) {
      return null;
    }
    slots = more;
  }
  item.row.used = true;
  return byId(slots[index]);
}

function finishPlacing(job) {
  var total = job.done, text = "";
  if (total) {
    text = "Placed " + plural(total, "clip") +
      (job.newTracks ? " on " + plural(job.newTracks, "new track") : "") +
      (job.target === "arrangement" ? " at beat " + rounded(job.song.place, 2) : "") + ".";
  }
  job.notes.concat(job.problems).forEach(function (note) {
    text += " " + note.charAt(0).toUpperCase() + note.slice(1) + ".";
  });
  drop(job, trimmed(text) || "The server made no clip.");
}

// One clip in its slot: made, warped, looped, read back, copied to the arrangement.

function makeClip(job, item) {
  if (item.row.kind === "audio" && !canInsert(device.version)) {
    item.problem = "Live " + device.version.join(".") + " cannot take files from a device " +
      "(11.3.25 or 12.0.5 can): drag in " + item.path;
    return 0;
  }
  var track = trackFor(job, item.row);
  var slot = track ? slotFor(job, item, track) : null;
  if (!slot) {
    item.problem = "Live made no track or slot for " + item.path;
    return 0;
  }
  item.slot = Number(slot.id);
  return item.row.kind === "audio" ? makeAudio(job, item, slot) : makeMidi(job, item, slot);
}

function makeAudio(job, item, slot) {
  slot.call("create_audio_clip", item.path);
  if (!Number(one(slot, "has_clip")) && item.path.indexOf(" ") >= 0) {
    slot.call("create_audio_clip", '"' + item.path + '"'); // some hosts split a path at its spaces
  }
  if (!Number(one(slot, "has_clip"))) {
    item.problem = fileThere(item.path)
      ? "Live refused the file, drag it in by hand: " + item.path
      : "the file is missing: " + item.path;
    return 0;
  }
  var clip = byId(ids(slot, "clip")[0]);
  clip.set("name", item.name);
  clip.set("color", colourOf(item.row.role));
  clip.set("warping", warpWanted(job, item) ? 1 : 0);
  return WARP_WAIT_MS;
}

// Stems are warped as the clip they were cut from, all else to the bars it was made for.
function warpWanted(job, item) {
  return job.command === SEPARATE ? job.section.warped : Boolean(item.clip.beats);
}

function clipOf(item) {
  var slot = byId(item.slot);
  return slot ? byId(ids(slot, "clip")[0]) : null;
}

function shapeClip(job, item) {
  var clip = clipOf(item);
  if (!clip) {
    item.problem = "the clip was removed while it was being placed";
  } else if (item.row.kind === "midi") {
    setLoop(clip, item.beats);
  } else if (wantedMarkers(job, item, clip)) {
    warp(clip, item);
    setLoop(clip, item.beats);
  }
  return CHECK_WAIT_MS;
}

// Where each point of the file belongs: on the bars it was made for, or as in the clip it was cut from.
function wantedMarkers(job, item, clip) {
  if (!warpWanted(job, item)) {
    item.wanted = null;
  } else if (job.command === SEPARATE) {
    item.wanted = job.section.markers;
  } else {
    item.wanted = straightMarkers(secondsOf(clip), item.clip.beats);
  }
  item.beats = item.wanted ? item.wanted[item.wanted.length - 1].beat_time : 0;
  return item.wanted;
}

function warp(clip, item) {
  if (!Number(one(clip, "warping"))) {
    clip.set("warping", 1);
  }
  var mode = warpMode(item.row.role, clip.get("available_warp_modes").map(Number));
  if (mode !== null) {
    clip.set("warp_mode", mode);
  }
  warpEdits(markersOf(clip), item.wanted).forEach(function (edit) {
    if (edit.edit === "move") {
      clip.call("move_warp_marker", edit.beat, edit.distance);
    } else {
      var marker = new Dict();
      marker.set("sample_time", edit.sample);
      marker.set("beat_time", edit.beat);
      clip.call("add_warp_marker", marker);
    }
  });
}

function setLoop(clip, beats) {
  clip.set("looping", 1);
  clip.set("loop_start", 0);
  clip.set("start_marker", 0);
  clip.set("loop_end", beats);
  clip.set("end_marker", beats);
}

function checkClip(job, item) {
  var clip = clipOf(item);
  if (!clip) {
    item.problem = "the clip was removed while it was being placed";
    return 0;
  }
  var looped = !item.beats || (Number(one(clip, "looping")) === 1 &&
    Math.abs(one(clip, "loop_start")) < 0.01 && Math.abs(one(clip, "loop_end") - item.beats) < 0.01);
  var warped = !item.wanted ||
    (Number(one(clip, "warping")) === 1 && onBeat(markersOf(clip), item.wanted));
  if (item.row.kind === "audio" && fileName(one(clip, "file_path")) !== fileName(item.path)) {
    job.notes.push("check " + item.name + ", Live shows another file");
  } else if (!looped || !warped) {
    job.notes.push("check the warping of " + item.name);
  }
  return 0;
}

function makeMidi(job, item, slot) {
  var notes = readJson(job.folder + "/" + item.clip.notes);
  if (!notes) {
    item.problem = "the notes are missing: " + item.clip.notes;
    return 0;
  }
  var end = notes.reduce(function (latest, note) {
    return Math.max(latest, note[0] + note[1]);
  }, 1);
  item.beats = item.clip.beats || Math.ceil(end);
  slot.call("create_clip", item.beats);
  var clip = clipOf(item);
  if (!clip) {
    item.problem = "Live made no MIDI clip, drag in by hand: " + item.path;
    return 0;
  }
  clip.set("name", item.name);
  clip.set("color", colourOf(item.row.role));
  for (var i = 0; i < notes.length; i += NOTES_PER_CALL) {
    addNotes(clip, notes.slice(i, i + NOTES_PER_CALL));
  }
  var held = countNotes(clip, end);
  if (held !== notes.length) {
    job.notes.push(item.name + " holds " + held + " of " + notes.length + " notes");
  }
  return 0;
}

function addNotes(clip, notes) {
  var dict = new Dict();
  dict.parse(JSON.stringify({notes: notes.map(function (note) {
    return {start_time: note[0], duration: note[1], pitch: note[2], velocity: note[3]};
  })}));
  clip.call("add_new_notes", dict);
}

function countNotes(clip, end) {
  var held = clip.call("get_notes_extended", 0, 128, 0, end + 1);
  var text = Array.isArray(held) ? held[0] : held;
  return text ? JSON.parse(text).notes.length : 0;
}

// A looped clip keeps its length only when it is made in a slot and then copied, so that is the way.
function toArrangement(job, item) {
  var slot = byId(item.slot), track = byId(item.row.track);
  var before = ids(track, "arrangement_clips");
  var beat = job.song.place + (item.beats || 0) * ((item.clip.variation || 1) - 1);
  track.call("duplicate_clip_to_arrangement", "id " + ids(slot, "clip")[0], beat);
  var made = ids(track, "arrangement_clips").filter(function (id) {
    return before.indexOf(id) < 0 && Math.abs(one(byId(id), "start_time") - beat) < 0.001;
  });
  if (made.length) {
    slot.call("delete_clip");
  } else {
    job.notes.push(item.name + " stays in its slot, Live did not copy it to the arrangement");
  }
  return 0;
}

// The self-test for a real Live.

// Asks for one bar, then checks in a scratch track what only a running Live can tell; removes what it made.
function startSelfTest() {
  if (!device.ready) {
    say(refusal());
    return;
  }
  var song = songNow();
  var args = generateArguments({
    prompt: "self-test click", bars: 1, seed: 1, variations: 1, instruments: "", guidance: 3,
    temperature: 1, give: 1, target: "track"
  }, song, null);
  say("Self-test: asking for one bar.");
  ask(GENERATE, args, {song: song, name: "self-test", onManifest: selfTest, target: "track", give: 1});
}

function selfTest(job, manifest) {
  var lines = [], made = [];
  var wav = manifest.clips.filter(function (clip) {
    return clip.kind === "audio";
  })[0];
  var midi = manifest.clips.filter(function (clip) {
    return clip.kind === "midi";
  })[0];
  var plain = job.folder + "/" + wav.file, home = folderOf(job.folder);
  function report(name, passed, detail) {
    lines.push(passed);
    post("DawBridge self-test " + (passed ? "PASS " : "FAIL ") + name + (detail ? ": " + detail : "") + "\n");
  }
  function scratch(kind) {
    var track = newTrack(job, {kind: kind, role: "mix"});
    made.push(Number(track.id));
    return byId(ids(track, "clip_slots")[0]);
  }
  function tryPath(name, path, quoted) {
    var slot = scratch("audio");
    slot.call("create_audio_clip", quoted ? '"' + path + '"' : path);
    var clip = Number(one(slot, "has_clip")) ? byId(ids(slot, "clip")[0]) : null;
    report(name, Boolean(clip), clip ? String(one(clip, "file_path")) : path);
    return clip;
  }
  report("version", canInsert(device.version), "Live " + device.version.join("."));
  report("timers run", Date.now() - device.lastTick < TICKS_DEAD_MS, "turn the audio engine off and repeat");
  report("prompt arrives as one text", typeof settings.prompt === "string", settings.prompt);
  report("manifest read by File", true, job.folder);
  var clip = tryPath("plain path", plain, false), markers;
  if (copyFile(plain, home + "/self test.wav")) {
    tryPath("path with a space", home + "/self test.wav", false);
    tryPath("path with a space, quoted", home + "/self test.wav", true);
  } else {
    report("path with a space", false, "File could not write " + home + "/self test.wav");
  }
  if (copyFile(plain, home + "/selftest-\u00e4.wav")) {
    tryPath("path with an umlaut", home + "/selftest-\u00e4.wav", false);
  } else {
    report("path with an umlaut", false, "File could not write it");
  }
  if (clip) {
    clip.set("warping", 1);
  }
  job.steps.push(function () {
    if (clip) {
      var item = {row: {role: "mix"}, clip: wav};
      markers = markersOf(clip);
      report("warping after " + WARP_WAIT_MS + " ms", Number(one(clip, "warping")) === 1, "");
      wantedMarkers(job, item, clip);
      report("Live's own markers fit", onBeat(markers, item.wanted), JSON.stringify(markers));
      warp(clip, item);
      setLoop(clip, item.beats);
      report("markers after correction", onBeat(markersOf(clip), item.wanted), JSON.stringify(markersOf(clip)));
      report("loop", Math.abs(one(clip, "loop_end") - item.beats) < 0.01, String(one(clip, "loop_end")));
    }
    if (midi) {
      var slot = scratch("midi");
      slot.call("create_clip", 4);
      var notes = byId(ids(slot, "clip")[0]);
      addNotes(notes, [[0, 1, 60, 100, 0], [1, 0.5, 64, 90, 0]]);
      report("notes by Dict", countNotes(notes, 4) === 2, countNotes(notes, 4) + " of 2");
    }
    return CHECK_WAIT_MS;
  }, function () {
    made.forEach(function (id) {
      var song = at("live_set"), index = ids(song, "tracks").indexOf(id);
      if (index >= 0) {
        song.call("delete_track", index);
      }
    });
    var failed = lines.filter(function (passed) {
      return !passed;
    }).length;
    job.notes.push("self-test: " + (lines.length - failed) + " passed, " + failed +
      " failed, the lines are in Max's console");
  });
  return WARP_WAIT_MS;
}

function copyFile(from, to) {
  var source = new File(from, "read"), copy = new File(to, "write"), slice;
  if (!source.isopen || !copy.isopen) {
    return false;
  }
  while (source.position < source.eof) {
    slice = source.readbytes(FILE_SLICE);
    copy.writebytes(slice);
  }
  copy.eof = copy.position;
  source.close();
  copy.close();
  return true;
}

// Messages from the patch.

// Everything that arrives passes here: an error becomes a line in the view, not silence.
function guarded(work) {
  try {
    work();
  } catch (error) {
    post("DawBridge: " + error + "\n");
    say("Internal error: " + error.message + ". The Max console has more.");
  }
}

// What is due: from the timer, and from every message, for timers stand still without the audio engine.
function work() {
  var now = Date.now();
  if (!device.ready) {
    return;
  }
  keepConnection(now);
  jobs.slice().forEach(function (job) {
    advance(job, now);
  });
}

function tick() {
  device.lastTick = Date.now();
  guarded(work);
}

// live.thisdevice: from here on, not before, Live may be asked.
function bang() {
  guarded(function () {
    device.version = liveVersion();
    device.client = "live-" + Date.now().toString(36) + Math.floor(Math.random() * 46656).toString(36);
    device.ready = true;
    device.lastTick = Date.now();
    outlet(0, "port", device.port);
    listenOn(FIRST_REPLY_PORT + Math.floor(Math.random() * REPLY_PORTS));
    disconnect("");
    showJobs();
    if (!canInsert(device.version)) {
      say("Live " + device.version.join(".") + " cannot take clips from a device: 11.3.25 or 12.0.5 and " +
        "later can. Clips are made, drag them in by hand.");
    }
    clock = new Task(tick, self);
    clock.interval = TICK_MS;
    clock.repeat();
    ping(Date.now());
  });
}

// "set name value": one control of the view.
function set(name) {
  var words = arrayfromargs(arguments).slice(1);
  var value = words[0];
  if (name === "prompt" || name === "instruments") {
    settings[name] = name === "prompt" ? fieldText(words) : commaNames(fieldText(words));
  } else if (name === "bars") {
    settings.bars = BARS[value];
  } else if (name === "source") {
    settings.source = SOURCES[value];
  } else if (name === "target") {
    settings.target = TARGETS[value];
  } else if (name === "guidance" || name === "temperature") {
    settings[name] = rounded(value, 2);
  } else if (name === "port") {
    setPort(Math.round(value));
  } else {
    settings[name] = Math.round(value);
  }
}

function setPort(port) {
  if (port === device.port) {
    return;
  }
  device.port = port;
  if (device.ready) {
    outlet(0, "port", port);
    disconnect("Looking for a server on port " + port + ".");
    device.nextPing = 0;
    guarded(work);
  }
}

function refusal() {
  if (!device.ready) {
    return "Live is still loading this device. Try again in a moment.";
  }
  return device.version[0] < 11 ? "This Live is too old: 11.3.25 or 12.0.5 and later work." : "";
}

function start(command) {
  var problem = refusal(), song, section = null, options;
  if (!problem && command === GENERATE && settings.prompt === "/selftest") {
    startSelfTest();
    return;
  }
  if (!problem && command === GENERATE && !settings.prompt) {
    problem = "Type a prompt first: what should it sound like?";
  }
  if (!problem && command === GENERATE && utf8Length(settings.prompt) > MAX_PROMPT_BYTES) {
    problem = "The prompt is too long, keep it under " + MAX_PROMPT_BYTES + " letters.";
  }
  if (!problem) {
    song = songNow();
    if (command !== GENERATE || settings.source !== "none") {
      section = selectedSection(song);
      problem = section.problem;
    }
  }
  if (problem) {
    say(problem);
    return;
  }
  options = {
    song: song, section: section, target: settings.target, give: settings.give,
    name: shortName(command === GENERATE ? settings.prompt : fileName(section.path).replace(/\.\w+$/, ""))
  };
  say("Asking the server.");
  if (command === GENERATE) {
    ask(command, generateArguments(settings, song, section), options);
  } else if (command === TRANSCRIBE) {
    ask(command, transcribeArguments(song, section), options);
  } else {
    ask(command, separateArguments(song, section), options);
  }
  hintAtClock();
}

function hintAtClock() {
  if (Date.now() - device.lastTick > TICKS_DEAD_MS) {
    say("Live's audio engine seems to be off, and timers stand still without it. Switch it on in the " +
      "Options menu.");
  }
}

function generate() {
  guarded(function () {
    start(GENERATE);
  });
}

function selftest() {
  guarded(function () {
    startSelfTest();
  });
}

function transcribe() {
  guarded(function () {
    start(TRANSCRIBE);
  });
}

function separate() {
  guarded(function () {
    start(SEPARATE);
  });
}

// The newest job stops; what a job has placed already stays, Live's Undo removes it.
function cancel() {
  guarded(function () {
    var job = jobs[jobs.length - 1];
    if (!job) {
      say("Nothing to cancel.");
    } else if (job.state === "placing") {
      drop(job, "Stopped. What is in the set stays, Undo removes it.");
    } else {
      job.state = "cancelling";
      job.began = Date.now();
      job.due = 0;
      say("Cancelling.");
      work();
    }
  });
}

// OSC from udpreceive: the address is the message's name.
function anything() {
  var address = messagename, args = arrayfromargs(arguments);
  guarded(function () {
    if (address === DONE) {
      onDone(args[0], args[1], args.slice(2));
    } else if (address === FAIL) {
      onFail(args[0], args[1], args[2], args[3]);
    } else {
      onEvent(address, args);
    }
    work();
    pump();
  });
}

// Without timers the steps of placing are driven by the server's answers to pings.
function pump() {
  var placing = jobs.some(function (job) {
    return job.state === "placing";
  });
  if (placing && Date.now() - device.lastTick > TICKS_DEAD_MS) {
    ping(Date.now());
  }
}

function notifydeleted() {
  if (clock) {
    clock.cancel();
  }
}
