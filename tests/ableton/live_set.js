// A small Live set: tracks, slots, scenes, clips over real files, warp markers, undo. It behaves as Live
// does; what a caller may ask of it is checked one floor up, in live_api.js.
'use strict';

const fs = require('node:fs');

class Refused extends Error {} // Live prints such an error to the Max console and goes on

// Frames and sample rate of a WAV file, from its own chunks.
function wavLength(file) {
  const data = fs.readFileSync(file);
  if (data.toString('latin1', 0, 4) !== 'RIFF') throw new Refused(`not an audio file: ${file}`);
  let at = 12;
  const found = {};
  while (at + 8 <= data.length) {
    const size = data.readUInt32LE(at + 4);
    found[data.toString('latin1', at, at + 4)] = { at: at + 8, size };
    at += 8 + size + (size % 2);
  }
  const rate = data.readUInt32LE(found['fmt '].at + 4);
  return { frames: found.data.size / data.readUInt16LE(found['fmt '].at + 12), rate };
}

// seconds -> beats (or back) on the line through warp markers
function along(markers, from, to, value) {
  let i = 1;
  while (i < markers.length - 1 && value > markers[i][from]) i += 1;
  const [a, b] = [markers[i - 1], markers[i]];
  return a[to] + ((value - a[from]) * (b[to] - a[to])) / (b[from] - a[from]);
}

class LiveSet {
  // faults: markers exact|half|double|single|auto; spaces accept|quotes|refuse; silent (number of creates
  // that do nothing); neverWarps, deafWarp; warpDefault 0|1
  constructor(options = {}) {
    this.version = (options.version || '12.3.5').split('.').map(Number);
    this.faults = { markers: 'exact', spaces: 'accept', silent: 0, warpDefault: 1, ...options.faults };
    this.now = options.now || (() => 0);
    this.log = [];
    this.nodes = new Map();
    this.nextId = 1;
    this.undoSteps = [];
    const song = this.add('Song', 0, {
      tempo: options.tempo || 120, signature_numerator: options.numerator || 4,
      signature_denominator: options.denominator || 4, current_song_time: options.songTime || 0,
      root_note: 9, scale_name: 'Minor', scale_mode: options.scale ? 1 : 0, name: options.name || '',
      is_playing: 0, file_path: '',
    });
    song.kids = { tracks: [], return_tracks: [], scenes: [], view: 0, master_track: 0 };
    this.song = song.id;
    this.app = this.add('Application', 0, {}).id;
    song.kids.view = this.add('Song.View', song.id, {}).id;
    this.node(song.kids.view).kids = { detail_clip: 0, highlighted_clip_slot: 0, selected_scene: 0, selected_track: 0 };
    for (let i = 0; i < (options.scenes || 2); i += 1) this.addScene(-1);
    (options.tracks || ['audio']).forEach((kind) => this.addTrack(kind, -1));
    song.kids.return_tracks.push(this.makeTrack('return'));
    const owner = options.deviceOn === 'return' ? song.kids.return_tracks[0] : song.kids.tracks[options.deviceOn || 0];
    const parent = options.inRack ? this.add('Chain', owner, {}).id : owner;
    this.device = this.add('Device', parent, { name: 'DawBridge' }).id;
    this.node(owner).kids.devices.push(this.device);
    this.view().selected_scene = song.kids.scenes[0];
  }

  add(cls, parent, props) {
    const node = { id: this.nextId, cls, parent, props, kids: {} };
    this.nextId += 1;
    this.nodes.set(node.id, node);
    return node;
  }

  node(id) { return this.nodes.get(Number(id)); }

  view() { return this.node(this.node(this.song).kids.view).kids; }

  tracks() { return this.node(this.song).kids.tracks.map((id) => this.node(id)); }

  slots(trackIndex) { return this.tracks()[trackIndex].kids.clip_slots.map((id) => this.node(id)); }

  // the clips of a track's slots, null for an empty one
  clips(trackIndex) { return this.slots(trackIndex).map((slot) => this.node(slot.kids.clip) || null); }

  arrangement(trackIndex) { return this.tracks()[trackIndex].kids.arrangement_clips.map((id) => this.node(id)); }

  select(trackIndex, slotIndex) {
    const slot = this.slots(trackIndex)[slotIndex];
    this.view().highlighted_clip_slot = slot.id;
    this.view().detail_clip = slot.kids.clip || 0;
    this.view().selected_scene = this.node(this.song).kids.scenes[slotIndex];
  }

  makeTrack(kind) {
    const track = this.add('Track', this.song, {
      name: kind, color: 0, is_frozen: 0, is_foldable: kind === 'group' ? 1 : 0, arm: 0,
      has_audio_input: kind === 'audio' ? 1 : 0, has_midi_input: kind === 'midi' ? 1 : 0,
    });
    const rows = kind === 'return' ? [] : this.node(this.song).kids.scenes;
    track.kids = { clip_slots: [], devices: [], arrangement_clips: [] };
    track.kids.clip_slots = rows.map(() => this.makeSlot(track.id));
    return track.id;
  }

  makeSlot(track) {
    const slot = this.add('ClipSlot', track, {});
    slot.kids = { clip: 0 };
    return slot.id;
  }

  addTrack(kind, index) {
    const { tracks } = this.node(this.song).kids;
    const at = index < 0 ? tracks.length : index;
    if (at > tracks.length) throw new Refused(`track index ${index}`);
    const id = this.makeTrack(kind);
    tracks.splice(at, 0, id);
    return id;
  }

  addScene(index) {
    const { scenes, tracks } = this.node(this.song).kids;
    const at = index < 0 ? scenes.length : index;
    const scene = this.add('Scene', this.song, { name: '' });
    scenes.splice(at, 0, scene.id);
    tracks.forEach((id) => this.node(id).kids.clip_slots.splice(at, 0, this.makeSlot(id)));
    return scene.id;
  }

  // ---- undo: Live merges what a device does into one step until the user touches something

  touch() { this.stepOpen = false; }

  change() {
    if (this.stepOpen) return;
    this.undoSteps.push(structuredClone([...this.nodes]));
    this.stepOpen = true;
  }

  undo() {
    this.nodes = new Map(this.undoSteps.pop());
    this.stepOpen = false;
  }

  // ---- clips

  addClip(parent, props) {
    const clip = this.add('Clip', parent, {
      name: '', color: 0, looping: 0, loop_start: 0, start_marker: 0, is_arrangement_clip: 0, start_time: 0,
      gain: 0.4, ...props,
    });
    return clip;
  }

  audioClip(slot, file) {
    const { frames, rate } = wavLength(file);
    const seconds = frames / rate;
    const clip = this.addClip(slot.id, {
      is_audio_clip: 1, is_midi_clip: 0, file_path: file, sample_length: frames, sample_rate: rate,
      warping: this.faults.warpDefault, warp_mode: 0, available_warp_modes: [0, 1, 2, 3, 4, 6],
      markers: this.guessMarkers(seconds),
    });
    const length = clip.props.warping ? along(clip.props.markers, 'sample_time', 'beat_time', seconds) : seconds;
    Object.assign(clip.props, { loop_end: length, end_marker: length, looping: clip.props.warping });
    slot.kids.clip = clip.id;
    return clip.id;
  }

  // Live takes a short file for a loop of 1, 2, 4, 8 ... bars and picks the length nearest to the tempo.
  guessMarkers(seconds) {
    const song = this.node(this.song).props;
    const bar = (song.signature_numerator * 4) / song.signature_denominator;
    const natural = (seconds * song.tempo) / 60;
    const beats = [1, 2, 4, 8, 16].map((bars) => bars * bar)
      .sort((a, b) => Math.abs(Math.log(a / natural)) - Math.abs(Math.log(b / natural)))[0];
    const factor = { half: 0.5, double: 2 }[this.faults.markers] || 1;
    const line = (points, slope) => {
      const last = points[points.length - 1];
      return [...points, { sample_time: last.sample_time + 0.03125 / slope, beat_time: last.beat_time + 0.03125 }];
    };
    const start = { sample_time: 0, beat_time: 0 };
    if (this.faults.markers === 'single') return line([start], (beats / seconds) * 0.9);
    if (this.faults.markers === 'auto') { // auto-warp of a long file: a late first beat, wavering markers
      return line([1, 2, 3, 4].map((i) => ({
        sample_time: (seconds * i) / 5, beat_time: (beats * (i - 1)) / 5 + 0.07 * (i % 2),
      })), beats / seconds);
    }
    return line([start, { sample_time: seconds, beat_time: beats * factor }], (beats * factor) / seconds);
  }

  moveMarker(clip, beat, distance) {
    const list = clip.props.markers;
    const index = list.findIndex((m, i) => i < list.length - 1 && Math.abs(m.beat_time - beat) < 1e-6);
    if (index < 0) throw new Refused(`no warp marker at beat ${beat}`);
    const hidden = list[list.length - 1];
    const gap = { s: hidden.sample_time - list[list.length - 2].sample_time, b: hidden.beat_time - list[list.length - 2].beat_time };
    const next = list[index + 1];
    const target = beat + distance;
    if (index > 0 && target <= list[index - 1].beat_time) throw new Refused('a marker would pass its neighbour');
    if (index + 1 < list.length - 1 && target >= next.beat_time) throw new Refused('a marker would pass its neighbour');
    list[index].beat_time = target;
    this.refreshHidden(list, gap);
  }

  addMarker(clip, beat, seconds) {
    const list = clip.props.markers;
    const hidden = list.pop();
    const before = list[list.length - 1];
    const slope = (hidden.beat_time - before.beat_time) / (hidden.sample_time - before.sample_time);
    const taken = list.some((m) => Math.abs(m.sample_time - seconds) < 1e-4 || Math.abs(m.beat_time - beat) < 1e-6);
    list.push(...(taken ? [] : [{ sample_time: seconds, beat_time: beat }]));
    list.sort((a, b) => a.sample_time - b.sample_time);
    const ordered = list.every((m, i) => i === 0 || m.beat_time > list[i - 1].beat_time);
    if (!ordered) list.splice(list.findIndex((m) => m.sample_time === seconds), 1);
    list.push({});
    this.refreshHidden(list, { s: 0.03125 / slope, b: 0.03125 });
    if (taken || !ordered) throw new Refused('no warp marker can be added there');
  }

  // the hidden last marker follows the last visible one and keeps the tempo of the segment before it
  refreshHidden(list, gap) {
    const last = list[list.length - 2];
    const before = list[list.length - 3];
    const slope = before ? (last.beat_time - before.beat_time) / (last.sample_time - before.sample_time) : gap.b / gap.s;
    if (slope * 60 < 5 || slope * 60 > 999) throw new Refused(`segment of ${slope * 60} BPM`);
    list[list.length - 1] = { sample_time: last.sample_time + 0.03125 / slope, beat_time: last.beat_time + 0.03125 };
  }

  // The warping setter works later; what is due becomes visible before anything is read.
  settle(clip) {
    const pending = clip.props.pendingWarp;
    if (!pending || this.now() < pending.due) return;
    delete clip.props.pendingWarp;
    if (pending.value === clip.props.warping || this.faults.neverWarps) return;
    clip.props.warping = pending.value;
    const [from, to] = pending.value ? ['sample_time', 'beat_time'] : ['beat_time', 'sample_time'];
    ['loop_start', 'loop_end', 'start_marker', 'end_marker'].forEach((name) => {
      clip.props[name] = along(clip.props.markers, from, to, clip.props[name]);
    });
    if (!pending.value) clip.props.looping = 0;
  }

  setClip(clip, name, value) {
    const { props } = clip;
    if (name === 'warping') {
      props.pendingWarp = { value: Number(value), due: this.now() + 60 };
      return;
    }
    if (name === 'looping' && value && props.is_audio_clip && !props.warping) throw new Refused('unwarped audio cannot loop');
    const next = { ...props, [name]: value };
    if (next.loop_start >= next.loop_end || next.start_marker >= next.end_marker) {
      throw new Refused(`${name} ${value}: the end would lie before the start`);
    }
    props[name] = value;
  }
}

module.exports = { LiveSet, Refused, wavLength, along };
