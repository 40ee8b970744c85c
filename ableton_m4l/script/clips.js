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
