// What starts from a selected clip: transcribe, separate, continue. The clip's file comes from the server too.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { connected, finish, run } = require('./e2e');

const CLOCKWORK = Number(process.env.TEST_CLOCKWORK_PORT || 0); // its engine can continue a clip

// A device whose set holds a generated two-bar clip, selected.
async function withClip(live = {}, port = undefined) {
  const device = await connected({ tempo: 120, ...live }, {}, port);
  await run(device, 'generate', { prompt: 'melody', bars: 1, target: 0 });
  device.set.select(1, 0);
  return device;
}

function keysOf(device, address) {
  const { args } = device.sent.filter((message) => message.address === address).pop();
  const keys = {};
  for (let i = 2; i < args.length; i += 2) keys[args[i]] = args[i + 1];
  return { path: args[1], ...keys };
}

test('transcribe: the section the clip plays becomes a MIDI clip in its tempo', async () => {
  const device = await withClip();
  const clip = device.set.clips(1)[0];
  Object.assign(clip.props, { loop_start: 4, loop_end: 8 });
  const said = await run(device, 'transcribe');
  const keys = keysOf(device, '/bridge/transcribe');
  assert.deepEqual([keys.path, keys.start_s, keys.length_s, keys.bpm], [clip.props.file_path, 2, 2, 120]);
  assert.equal(said, 'Placed 1 clip on 1 new track.');
  const made = device.set.tracks().findIndex((track) => track.props.has_midi_input);
  const midi = device.set.clips(made)[0];
  assert.ok(midi.props.notes.length > 0);
  assert.deepEqual([midi.props.loop_start, midi.props.looping], [0, 1]);
  assert.ok(midi.props.notes.every((note) => note.start_time < midi.props.loop_end));
  finish(device);
});

test('transcribe: a clip at its own tempo is heard in that tempo, an unwarped one in the set\'s', async () => {
  const device = await withClip();
  const clip = device.set.clips(1)[0];
  device.set.node(device.set.song).props.tempo = 90; // the warped clip follows; its file stays at 120
  await run(device, 'transcribe');
  assert.equal(keysOf(device, '/bridge/transcribe').bpm, 120);
  Object.assign(clip.props, { warping: 0, looping: 0, loop_start: 1, loop_end: 3 });
  await run(device, 'transcribe');
  const keys = keysOf(device, '/bridge/transcribe');
  assert.deepEqual([keys.bpm, keys.start_s, keys.length_s], [90, 1, 2]);
  finish(device);
});

test('continue: the selected clip goes with the request', async () => {
  const device = await withClip({}, CLOCKWORK);
  const said = await run(device, 'generate', { prompt: 'more', source: 1, bars: 1 });
  const keys = keysOf(device, '/bridge/generate');
  assert.deepEqual([keys.source, keys.source_mode], [device.set.clips(1).concat(device.set.clips(2))
    .find((clip) => clip && clip.props.name === 'melody').props.file_path, 'continue']);
  assert.deepEqual([keys.source_start_s, keys.source_length_s], [0, 4]);
  assert.equal(said, 'Placed 1 clip on 1 new track.');
  finish(device);
});

test('an engine that takes no source says so', async () => {
  const device = await withClip();
  assert.match(await run(device, 'generate', { source: 2 }), /cannot use a source for melody/);
  finish(device);
});

test('a MIDI clip, or none, is refused before anything is sent', async () => {
  const device = await connected({ tracks: ['audio', 'midi'] });
  await run(device, 'generate', { bars: 0, give: 1 });
  const track = device.set.tracks().findIndex((one, i) => one.props.has_midi_input && device.set.clips(i)[0]);
  device.set.select(track, 0);
  ['transcribe', 'separate'].forEach((button) => {
    device.press(button);
    assert.match(device.shown.status, /is a MIDI clip: select an audio clip/);
  });
  finish(device);
});

test('a clip whose file is gone: the server\'s sentence', async () => {
  const device = await withClip();
  device.set.clips(1)[0].props.file_path = '/nowhere/gone.wav';
  assert.match(await run(device, 'transcribe'), /There is no file '\/nowhere\/gone\.wav'/);
  finish(device);
});

const STEMS = process.env.TEST_STEMS_PORT // a server that has a (tiny, untrained) separation model
  ? {} : { skip: 'the extra for stems is not installed' };

test('separate: one track per stem, warped as the clip they come from', STEMS, async () => {
  const device = await withClip({ tempo: 120 }, Number(process.env.TEST_STEMS_PORT));
  const source = device.set.clips(1)[0];
  Object.assign(source.props, { loop_start: 2, loop_end: 6 });
  device.set.node(device.set.song).props.tempo = 90;
  const said = await run(device, 'separate');
  const keys = keysOf(device, '/bridge/separate');
  assert.deepEqual([keys.start_s, keys.length_s, keys.bpm], [1, 2, 120]);
  assert.equal(said, 'Placed 4 clips on 4 new tracks.');
  const stems = device.set.tracks().flatMap((track, i) => device.set.clips(i))
    .filter((clip) => clip && clip.id !== source.id);
  assert.equal(stems.length, 4);
  stems.forEach(({ props }) => {
    assert.deepEqual([props.warping, props.looping, props.loop_start, props.loop_end], [1, 1, 0, 4]);
    assert.ok(props.markers.every((m) => Math.abs(m.beat_time - 2 * m.sample_time) < 0.001));
  });
  finish(device);
});

test('separate: stems of an unwarped clip stay unwarped', STEMS, async () => {
  const device = await withClip({}, Number(process.env.TEST_STEMS_PORT));
  const source = device.set.clips(1)[0];
  Object.assign(source.props, { warping: 0, looping: 0, loop_start: 0.5, loop_end: 1.5 });
  assert.equal(await run(device, 'separate'), 'Placed 4 clips on 4 new tracks.');
  const stems = device.set.tracks().flatMap((track, i) => device.set.clips(i))
    .filter((clip) => clip && clip.id !== source.id);
  stems.forEach(({ props }) => assert.deepEqual([props.warping, props.sample_length], [0, 48000]));
  finish(device);
});

test('separate without the model: the sentence says what to run', async () => {
  const device = await withClip();
  assert.match(await run(device, 'separate'), /models pull|pip install/);
  finish(device);
});
