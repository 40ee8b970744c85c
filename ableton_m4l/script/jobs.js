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
