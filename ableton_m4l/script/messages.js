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
