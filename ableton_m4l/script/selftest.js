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
