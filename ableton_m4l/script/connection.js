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
