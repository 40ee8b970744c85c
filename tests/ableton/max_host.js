// What Max's [js] object gives a script: post, outlet, Task, File, Dict, LiveAPI, messagename. Runs the
// shipped DawBridge.js unchanged, under a clock that the test moves.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const { makeLiveApi } = require('./live_api');

const SCRIPT = process.env.TEST_SCRIPT || path.join(__dirname, '..', '..', 'ableton_m4l', 'DawBridge.js');

class MaxHost {
  // options: deviceId (of a second device), strict (default), v8, audioEngine (false: tasks never run), random (fixed Math.random)
  constructor(set, options = {}) {
    this.set = set;
    this.strict = options.strict !== false;
    this.v8 = Boolean(options.v8);
    this.audioEngine = options.audioEngine !== false;
    this.now = options.start || 1_700_000_000_000;
    set.now = () => this.now;
    this.failures = [];
    this.posts = [];
    this.observers = [];
    this.notifying = false;
    this.deviceId = options.deviceId || set.device;
    this.deviceReady = false;
    this.tasks = new Set();
    this.onOutlet = () => {};
    this.context = vm.createContext(this.globals());
    vm.runInContext('Date', this.context).now = () => this.now;
    if (options.random !== undefined) vm.runInContext('Math', this.context).random = () => options.random;
    vm.runInContext(fs.readFileSync(SCRIPT, 'utf8'), this.context, { filename: SCRIPT });
  }

  fail(text) {
    this.failures.push(text);
    throw new Error(`strict: ${text}`);
  }

  notify(id, property, value) {
    this.observers.filter((api) => Number(api.id) === id && api.observed === property).forEach((api) => {
      this.notifying = true;
      try { api.callback([property, value]); } finally { this.notifying = false; }
    });
  }

  globals() {
    const host = this;
    class Dict {
      constructor() { this.contents = {}; }

      set(key, value) { this.contents[key] = value; }

      parse(json) { this.contents = JSON.parse(json); }
    }
    this.Dict = Dict;
    class Task {
      constructor(work, owner) {
        if (typeof work !== 'function' || !owner) host.fail('a Task needs a function and an object it belongs to');
        Object.assign(this, { work, owner, interval: 500, running: false });
      }

      schedule(ms) { Object.assign(this, { running: true, due: host.now + (ms || 0), once: true }); host.tasks.add(this); }

      repeat() { Object.assign(this, { running: true, due: host.now + this.interval, once: false }); host.tasks.add(this); }

      cancel() { this.running = false; host.tasks.delete(this); }
    }
    return {
      inlets: 1, outlets: 1, autowatch: 0, messagename: '', jsarguments: ['DawBridge.js'],
      Dict, Task, File: makeFile(), LiveAPI: makeLiveApi(this),
      post: (...parts) => this.posts.push(parts.join(' ')),
      outlet: guardApply((...args) => this.outlet(...args), this),
      arrayfromargs: (...args) => (args.length === 1 ? Array.from(args[0]) : [args[0], ...Array.from(args[1])]),
    };
  }

  outlet(index, ...rest) {
    const atoms = rest.flat();
    if (!(index < this.context.outlets)) this.fail(`outlet ${index}`);
    atoms.forEach((atom) => {
      const fine = typeof atom === 'string' || (typeof atom === 'number' && Number.isFinite(atom));
      if (!fine) this.fail(`${JSON.stringify(atom)} cannot leave an outlet (${atoms[0]})`);
    });
    this.onOutlet(index, atoms);
  }

  // One Max message to the script: a function of that name, else anything().
  message(name, ...args) {
    this.context.messagename = name;
    const handler = this.context[name];
    if (typeof handler === 'function') handler(...args);
    else this.context.anything(...args);
  }

  // live.thisdevice bangs when the device is ready
  ready() {
    this.deviceReady = true;
    this.message('bang');
  }

  // Let time pass; every task that is due runs in order.
  advance(ms) {
    const end = this.now + ms;
    for (;;) {
      const due = [...this.tasks].filter((task) => task.running && task.due <= end)
        .sort((a, b) => a.due - b.due)[0];
      if (!due || !this.audioEngine) break;
      this.now = Math.max(this.now, due.due);
      if (due.once) this.tasks.delete(due);
      else due.due = this.now + due.interval;
      due.work.call(due.owner);
    }
    this.now = end;
  }
}

// outlet.apply crashes Live 12 in [js]
function guardApply(outlet, host) {
  outlet.apply = () => host.fail('outlet.apply crashes Live');
  return outlet;
}

function makeFile() {
  return class File {
    constructor(name, access = 'read') {
      this.name = name;
      this.position = 0;
      try {
        if (access === 'write') fs.writeFileSync(name, '');
        this.data = fs.readFileSync(name);
        this.isopen = true;
      } catch (error) {
        this.data = Buffer.alloc(0);
        this.isopen = false;
      }
      this.length = this.data.length;
    }

    get eof() { return this.length; }

    set eof(value) { this.length = value; }

    // bytes, not characters: what lies beyond ASCII may be cut in two between slices
    readstring(count) { return this.readbytes(count).map((byte) => String.fromCharCode(byte)).join(''); }

    readbytes(count) {
      const slice = [...this.data.subarray(this.position, this.position + count)];
      this.position += slice.length;
      return slice;
    }

    writebytes(bytes) { // more than 16 KB at once is cut off
      this.data = Buffer.concat([this.data, Buffer.from(bytes.slice(0, 16384))]);
      this.position += bytes.length;
    }

    close() {
      if (this.position && this.length && fs.existsSync(this.name) && fs.statSync(this.name).size !== this.data.length) {
        fs.writeFileSync(this.name, this.data);
      }
      this.isopen = false;
    }
  };
}

module.exports = { MaxHost, SCRIPT };
