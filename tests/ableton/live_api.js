// LiveAPI as Max's [js] offers it, over a LiveSet. Strict: whatever Live has no word for fails the test.
// Lenient: silent exactly where Live is silent, so that only reading back can notice.
'use strict';

const { CLASSES, ROOTS, lookUp, typeProblem, callProblem } = require('./lom');
const { Refused } = require('./live_set');

// What a set property of a node holds in the model, where its name differs.
function makeLiveApi(host) {
  const { set } = host;

  // A mistake of the caller: ends a strict test, is a line in Live's console otherwise.
  function mistake(text) {
    set.log.push(text);
    if (host.strict) host.fail(text);
    return undefined;
  }

  function childIds(node, name) {
    const value = node.kids[name];
    return Array.isArray(value) ? value : [value || 0];
  }

  function rootOf(word) {
    if (word === 'live_set') return set.node(set.song);
    if (word === 'live_app') return set.node(set.app);
    return set.node(host.deviceId);
  }

  function follow(path) {
    const words = path.split(' ');
    if (!(words[0] in ROOTS)) return mistake(`no path "${path}"`);
    let node = rootOf(words[0]);
    for (let i = 1; i < words.length; i += 1) {
      if (words[i] === 'canonical_parent') {
        node = set.node(node.parent);
      } else {
        const found = lookUp(node.cls, 'children', words[i], set.version);
        if (found.why) return mistake(`path "${path}": ${found.why}`);
        const list = childIds(node, words[i]);
        if (found.entry.list) i += 1;
        if (found.entry.list && !/^\d+$/.test(words[i] || '')) return mistake(`path "${path}" needs a number`);
        node = set.node(found.entry.list ? list[Number(words[i])] : list[0]);
      }
      if (!node) return undefined;
    }
    return node;
  }

  function pathOf(node) {
    if (node.id === set.song) return 'live_set';
    if (node.id === set.app) return 'live_app';
    const parent = set.node(node.parent);
    const name = Object.keys(parent.kids).find((key) => childIds(parent, key).includes(node.id));
    if (name === undefined) return `${pathOf(parent)} devices 0`; // inside a rack: chains are not modelled
    const place = Array.isArray(parent.kids[name]) ? ` ${parent.kids[name].indexOf(node.id)}` : '';
    return `${pathOf(parent)} ${name}${place}`;
  }

  class LiveAPI {
    constructor(first, second) {
      const callback = typeof first === 'function' ? first : null;
      const path = callback ? second : first;
      if (!host.deviceReady) mistake('LiveAPI before live.thisdevice');
      if (typeof path !== 'string') mistake(`LiveAPI path ${path}`);
      this.callback = callback;
      const byId = /^id (\d+)$/.exec(path);
      const node = byId ? set.node(byId[1]) : follow(String(path));
      this.held = node ? node.id : 0;
    }

    get node() { return set.node(this.held); }

    get id() { return this.node ? this.held : '0'; } // "0" as text: compare loosely

    get unquotedpath() { return this.node ? pathOf(this.node) : ''; }

    get path() { return `"${this.unquotedpath}"`; }

    set property(name) { this.observed = name; host.observers.push(this); }

    get(name) {
      const { node } = this;
      if (!node) return mistake(`get ${name} of no object`);
      if (node.cls === 'Clip') set.settle(node);
      if (name === 'canonical_parent') return ['id', node.parent];
      if (((CLASSES[node.cls] || {}).children || {})[name]) {
        const child = lookUp(node.cls, 'children', name, set.version);
        if (child.why) return mistake(child.why);
        return childIds(node, name).flatMap((id) => ['id', id]);
      }
      const found = lookUp(node.cls, 'properties', name, set.version);
      if (found.why) return mistake(found.why);
      return this.read(node, name);
    }

    read(node, name) {
      if (name === 'has_clip') return [node.kids.clip ? 1 : 0];
      if (name === 'warp_markers') return [JSON.stringify({ warp_markers: node.props.markers })];
      if (name === 'available_warp_modes') return node.props.available_warp_modes.slice();
      if (name === 'file_path' && node.props.is_midi_clip) return mistake('file_path of a MIDI clip');
      if (!(name in node.props)) return mistake(`the set model holds no ${node.cls} ${name}`);
      return [node.props[name]];
    }

    set(name, value) {
      const { node } = this;
      if (!node) return mistake(`set ${name} of no object`);
      if (host.notifying) return mistake(`set ${name}: changes cannot be triggered by notifications`);
      const found = lookUp(node.cls, 'properties', name, set.version);
      if (found.why) return mistake(found.why);
      if (!found.entry.access.includes('set')) return mistake(`${node.cls} ${name} is read-only`);
      const problem = typeProblem(found.entry.type, value);
      if (problem) return mistake(`${node.cls} ${name}: ${problem}`);
      return this.attempt(`set ${name}`, () => {
        set.change();
        if (node.cls === 'Clip') set.setClip(node, name, value);
        else node.props[name] = value;
        host.notify(node.id, name, value);
      });
    }

    attempt(what, work) {
      try {
        return work();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        return mistake(`${what}: ${error.message}`);
      }
    }

    call(name, ...args) {
      const { node } = this;
      if (!node) return mistake(`call ${name} of no object`);
      if (host.notifying) return mistake(`call ${name}: changes cannot be triggered by notifications`);
      const found = lookUp(node.cls, 'functions', name, set.version);
      if (found.why) return mistake(found.why); // Live: no error at all
      const problem = callProblem(name, found.entry, args) || this.dictProblem(found.entry, args);
      if (problem) return mistake(problem);
      if (!CALLS[node.cls] || !CALLS[node.cls][name]) return mistake(`the set model cannot ${node.cls}.${name}`);
      return this.attempt(name, () => {
        if (!/^get_/.test(name)) set.change();
        return CALLS[node.cls][name](node, ...args);
      });
    }

    // [js] takes a Dict, [v8] also a plain object
    dictProblem(entry, args) {
      const params = (entry.lom && entry.lom.params) || entry.params;
      const plain = params.some((p, i) => p.type === 'dict' && !(args[i] instanceof host.Dict));
      return plain && !host.v8 ? 'a plain object as argument: [js] needs a Dict' : '';
    }
  }

  function contents(dict) {
    return dict instanceof host.Dict ? dict.contents : dict;
  }

  function silent() { // a create that does nothing, without a word
    if (set.faults.silent > 0) {
      set.faults.silent -= 1;
      return true;
    }
    return false;
  }

  function checkTrack(track, kind) {
    if (!track.props[`has_${kind}_input`]) throw new Refused(`not an ${kind} track`);
    if (track.props.is_frozen) throw new Refused('the track is frozen');
  }

  function audioPath(path) {
    const quoted = /^"(.*)"$/.exec(path);
    if (/^[^/:]{2,}:\//.test(path)) throw new Refused('Invalid syntax'); // Macintosh HD:/...
    if (!path.includes(' ')) return path;
    const right = set.faults.spaces === 'accept' ? !quoted : set.faults.spaces === 'quotes' && quoted;
    if (!right) {
      set.log.push('Invalid syntax'); // split at the space: an error line, and no clip
      return null;
    }
    return quoted ? quoted[1] : path;
  }

  const CALLS = {
    Application: {
      get_major_version: () => set.version[0],
      get_minor_version: () => set.version[1],
      get_bugfix_version: () => set.version[2],
      get_version_string: () => set.version.join('.'),
    },
    Song: {
      create_audio_track: (node, index) => (silent() ? undefined : ['id', set.addTrack('audio', index)]),
      create_midi_track: (node, index) => (silent() ? undefined : ['id', set.addTrack('midi', index)]),
      create_scene: (node, index) => (silent() ? undefined : ['id', set.addScene(index)]),
      delete_track: (node, index) => { node.kids.tracks.splice(index, 1); },
    },
    Track: {
      duplicate_clip_to_arrangement(node, clipId, time) {
        if (silent()) return undefined;
        const source = set.node(/\d+/.exec(clipId)[0]);
        const length = source.props.loop_end - source.props.loop_start;
        const copy = set.addClip(node.id, structuredClone(source.props));
        Object.assign(copy.props, { is_arrangement_clip: 1, start_time: time, end_time: time + length });
        node.kids.arrangement_clips.push(copy.id);
        return ['id', copy.id];
      },
    },
    ClipSlot: {
      create_audio_clip(node, path) {
        checkTrack(set.node(node.parent), 'audio');
        if (node.kids.clip) throw new Refused('the slot is occupied');
        const file = audioPath(path);
        if (file === null || silent()) return undefined;
        if (!require('node:fs').existsSync(file)) throw new Refused(`no file ${file}`);
        return ['id', set.audioClip(node, file)];
      },
      create_clip(node, length) {
        checkTrack(set.node(node.parent), 'midi');
        if (node.kids.clip) throw new Refused('the slot is occupied');
        if (!(length > 0)) throw new Refused(`length ${length}`);
        if (silent()) return undefined;
        const clip = set.addClip(node.id, {
          is_audio_clip: 0, is_midi_clip: 1, notes: [], looping: 1, loop_end: length, end_marker: length,
        });
        node.kids.clip = clip.id;
        return ['id', clip.id];
      },
      delete_clip(node) {
        if (!node.kids.clip) throw new Refused('no clip to delete');
        node.kids.clip = 0;
      },
    },
    Clip: {
      move_warp_marker: (node, beat, distance) => { if (!set.faults.deafWarp) set.moveMarker(node, beat, distance); },
      add_warp_marker: (node, dict) => {
        const marker = contents(dict);
        if (!set.faults.deafWarp) set.addMarker(node, marker.beat_time, marker.sample_time);
      },
      add_new_notes(node, dict) {
        const { notes } = contents(dict);
        notes.forEach((note) => {
          const whole = Number.isInteger(note.pitch) && note.pitch >= 0 && note.pitch < 128;
          if (!whole || !(note.duration > 0) || note.start_time < 0 || note.velocity < 1 || note.velocity > 127) {
            throw new Refused(`note ${JSON.stringify(note)}`);
          }
        });
        node.props.notes.push(...notes);
        return notes.map((note, i) => i + 1);
      },
      get_notes_extended(node, pitch, pitches, from, span) {
        const notes = node.props.notes.filter((note) => note.pitch >= pitch && note.pitch < pitch + pitches &&
          note.start_time >= from && note.start_time < from + span);
        return [JSON.stringify({ notes })];
      },
    },
  };

  return LiveAPI;
}

module.exports = { makeLiveApi };
