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
