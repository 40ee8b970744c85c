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
