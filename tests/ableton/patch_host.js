// Plays the patch around the script: follows the cords of DawBridge.maxpat from a control that the test
// turns, or a packet that arrives, to whatever it reaches. UDP goes over a real socket on 127.0.0.1.
'use strict';

const dgram = require('node:dgram');
const fs = require('node:fs');
const path = require('node:path');
const osc = require('./osc');
const { MaxHost } = require('./max_host');
const { LiveSet } = require('./live_set');

const PATCH = path.join(__dirname, '..', '..', 'ableton_m4l', 'DawBridge.maxpat');

class PatchHost {
  constructor(set, options = {}) {
    this.set = set;
    this.max = new MaxHost(set, options);
    this.max.onOutlet = (index, atoms) => this.emit(this.script, index, atoms);
    const { boxes, lines } = JSON.parse(fs.readFileSync(PATCH, 'utf8')).patcher;
    this.boxes = new Map(boxes.map(({ box }) => [box.id, box]));
    this.lines = lines.map(({ patchline }) => patchline);
    this.script = boxes.find(({ box }) => /^js /.test(box.text || '')).box;
    this.values = new Map();
    this.shown = {}; // display or button -> the last value written to it
    this.said = []; // every status line
    this.lose = () => false; // (direction, message) -> true to lose a packet
    this.portsTaken = new Set();
    this.sent = [];
    this.received = [];
    this.sender = dgram.createSocket('udp4');
    this.sender.unref();
    this.load();
  }

  // What Live does with a device: parameters come back and speak, then live.thisdevice bangs.
  load() {
    this.boxes.forEach((box) => {
      if (!box.parameter_enable || box.maxclass === 'live.text') return;
      const { valueof } = box.saved_attribute_attributes;
      const stored = valueof.parameter_type === 3 ? box.text : valueof.parameter_initial[0];
      this.values.set(box.id, stored);
      if (box.maxclass !== 'textedit') this.output(box);
    });
  }

  ready() {
    const device = [...this.boxes.values()].find((box) => box.text === 'live.thisdevice');
    this.max.deviceReady = true;
    this.emit(device, 0, ['bang']);
  }

  control(name) { return [...this.boxes.values()].find((box) => box.varname === name); }

  // the user turns a control: a number, a menu's place, or text
  turn(name, value) {
    const box = this.control(name);
    this.values.set(box.id, value);
    if (box.maxclass !== 'textedit') this.output(box);
  }

  press(name) { this.emit(this.control(name), 0, ['bang']); }

  output(box) {
    const value = this.values.get(box.id);
    if (box.maxclass === 'textedit') this.emit(box, 0, value === '' ? ['bang'] : ['text', value]);
    else this.emit(box, 0, [box.maxclass === 'live.menu' ? 'int' : 'float', value]);
  }

  emit(box, outlet, atoms) {
    this.lines.filter((line) => line.source[0] === box.id && line.source[1] === outlet)
      .forEach((line) => this.input(this.boxes.get(line.destination[0]), atoms));
  }

  input(box, atoms) {
    const words = (box.text || '').split(' ');
    const kind = box.maxclass === 'newobj' ? words[0] : box.maxclass;
    const handler = OBJECTS[kind];
    if (!handler) throw new Error(`the patch host plays no ${kind}`);
    handler(this, box, atoms, words);
  }

  listen(port) {
    if (this.receiver) this.receiver.close();
    this.receiver = null;
    if (this.portsTaken.has(port)) return; // the bind fails with a line in Max's console
    const socket = dgram.createSocket('udp4');
    socket.on('error', () => {});
    socket.on('message', (packet) => this.deliver(osc.decode(packet)));
    socket.bind(port, '127.0.0.1');
    socket.unref();
    this.receiver = socket;
  }

  deliver(message) {
    if (this.lose('in', message)) return;
    this.received.push(message);
    const receive = [...this.boxes.values()].find((box) => /^udpreceive/.test(box.text || ''));
    this.emit(receive, 0, [message.address, ...message.args]);
  }

  close() {
    if (this.receiver) this.receiver.close();
    this.receiver = null;
    this.sender.close();
    this.max.message('notifydeleted');
  }
}

const last = (atoms) => atoms[atoms.length - 1];

// Numbers travel as ["int", n] or ["float", n], as in Max; a script sees only the number.
const OBJECTS = {
  js(host, box, atoms) { host.max.message(atoms[0], ...atoms.slice(1)); },
  prepend(host, box, atoms, words) {
    const rest = atoms[0] === 'int' || atoms[0] === 'float' ? atoms.slice(1) : atoms;
    host.emit(box, 0, [...words.slice(1), ...rest]);
  },
  t(host, box, atoms, words) {
    for (let outlet = words.length - 2; outlet >= 0; outlet -= 1) host.emit(box, outlet, ['bang']);
  },
  message(host, box, atoms, words) { host.emit(box, 0, words); },
  route(host, box, atoms, words) {
    const place = words.slice(1).indexOf(atoms[0]);
    if (place < 0) host.emit(box, words.length - 1, atoms);
    else host.emit(box, place, atoms.slice(1));
  },
  udpsend(host, box, atoms) {
    if (atoms[0] === 'port') {
      [host.serverPort] = [atoms[1]];
      return;
    }
    const message = { address: atoms[0], args: atoms.slice(1) };
    host.sent.push(message);
    const packet = osc.encode(message.address, message.args);
    if (packet.length > 4096) throw new Error(`a packet of ${packet.length} bytes`);
    if (!host.lose('out', message)) host.sender.send(packet, host.serverPort, '127.0.0.1');
  },
  udpreceive(host, box, atoms) { if (atoms[0] === 'port') host.listen(atoms[1]); },
  'live.menu': (host, box, atoms) => { if (atoms[0] === 'outputvalue') host.output(box); },
  'live.numbox': (host, box, atoms) => { if (atoms[0] === 'outputvalue') host.output(box); },
  textedit(host, box, atoms) { if (atoms[0] === 'bang') host.output(box); },
  'live.text': (host, box, atoms) => {
    if (atoms[0] !== 'active') throw new Error(`live.text got ${atoms}`);
    host.shown[box.varname] = atoms[1];
  },
};
['live.comment', 'led', 'slider'].forEach((kind) => {
  OBJECTS[kind] = (host, box, atoms) => {
    if (atoms[0] !== 'set' || atoms.length !== 2) throw new Error(`${kind} got ${atoms}`);
    host.shown[box.varname] = last(atoms);
    if (box.varname === 'status') host.said.push(last(atoms));
  };
});

// A device in a set, loaded and ready. `live` are LiveSet's options, `host` those of the Max side.
function newDevice(live = {}, host = {}) {
  const set = live instanceof LiveSet ? live : new LiveSet(live);
  const device = new PatchHost(set, host);
  if (host.ready !== false) device.ready();
  return device;
}

module.exports = { PatchHost, newDevice };
