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
