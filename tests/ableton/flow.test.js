// From the button to the clip in the set, against a real server with the sketch engine.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { connected, finish, run } = require('./e2e');

const names = (set) => set.tracks().map((track) => track.props.name);
const filled = (set, track) => set.clips(track).map((clip) => (clip ? 1 : 0));

test('a prompt becomes a warped, looping clip on a new track beside the device', async () => {
  const device = await connected({ tracks: ['audio', 'midi'], tempo: 93.7, numerator: 3 });
  const said = await run(device, 'generate', { prompt: 'dusty drums', bars: 2 });
  const [clip] = device.set.clips(1);
  assert.equal(said, 'Placed 1 clip on 1 new track.');
  assert.deepEqual(names(device.set), ['audio', 'dusty drums', 'midi']);
  assert.notEqual(device.set.tracks()[1].props.color, 0);
  assert.equal(clip.props.name, 'dusty drums');
  assert.deepEqual(filled(device.set, 0), [0, 0]);
  assert.equal(clip.props.sample_length, Math.round((12 * 60 * 48000) / 93.7));
  const { warping, looping, loop_start: start, loop_end: end, end_marker: last, warp_mode: mode } = clip.props;
  assert.deepEqual([warping, looping, start, end, last, mode], [1, 1, 0, 12, 12, 4]);
  finish(device);
});

test('the request carries the set: tempo, meter, scale, name and every control', async () => {
  const device = await connected({ tempo: 140, numerator: 7, denominator: 8, scale: true, name: 'Song 1' });
  await run(device, 'generate', {
    prompt: 'odd', bars: 1, variations: 2, guidance: 4.2, temperature: 0.7, seed: 42, instruments: 'Drums, bass', give: 1,
  });
  const { args } = device.sent.find((message) => message.address === '/bridge/generate');
  const keys = {};
  for (let i = 2; i < args.length; i += 2) keys[args[i]] = args[i + 1];
  assert.equal(args[1], 'odd');
  assert.deepEqual(keys, {
    bars: 2, bpm: 140, meter: '7/8', key: 'A minor', seed: 42, variations: 2, instruments: 'drums,bass', loop: 1,
    guidance: 4.2, temperature: 0.7, midi: 1, project: 'Song 1', reply_port: keys.reply_port, client: keys.client,
  });
  finish(device);
});

test('7/8: two bars are seven beats, on the grid', async () => {
  const device = await connected({ tempo: 120, numerator: 7, denominator: 8 });
  await run(device, 'generate', { prompt: 'odd drums', bars: 1 });
  assert.equal(device.set.clips(1)[0].props.loop_end, 7);
  assert.equal(device.set.clips(1)[0].props.sample_length, 168000);
  finish(device);
});

test('instruments become one track each, in one scene, without the mix', async () => {
  const device = await connected({ scenes: 3 });
  device.set.select(0, 1);
  const said = await run(device, 'generate', { prompt: 'jam', bars: 1, instruments: 'drums, bass, piano' });
  assert.equal(said, 'Placed 3 clips on 3 new tracks.');
  assert.deepEqual(names(device.set), ['audio', 'jam drums', 'jam bass', 'jam piano']);
  [1, 2, 3].forEach((track) => assert.deepEqual(filled(device.set, track), [0, 1, 0]));
  assert.equal(device.set.clips(1)[1].props.warp_mode, 0);
  const lengths = [1, 2, 3].map((track) => device.set.clips(track)[1].props.sample_length);
  assert.equal(new Set(lengths).size, 1);
  finish(device);
});

test('variations go into scenes below one another, new scenes are made at need', async () => {
  const device = await connected({ scenes: 2 });
  device.set.select(0, 1);
  const said = await run(device, 'generate', { prompt: 'takes', bars: 0, variations: 3 });
  assert.equal(said, 'Placed 3 clips on 1 new track.');
  assert.deepEqual(filled(device.set, 1), [0, 1, 1, 1]);
  assert.equal(device.set.clips(1)[2].props.name, 'takes 2');
  finish(device);
});

test('notes become MIDI clips beside the audio when asked for', async () => {
  const device = await connected();
  const said = await run(device, 'generate', { prompt: 'bass', bars: 1, give: 1 });
  assert.equal(said, 'Placed 2 clips on 2 new tracks.');
  const track = device.set.tracks().findIndex((one) => one.props.has_midi_input);
  const clip = device.set.clips(track)[0];
  assert.ok(clip.props.notes.length > 0);
  assert.deepEqual([clip.props.loop_start, clip.props.loop_end, clip.props.looping], [0, 8, 1]);
  clip.props.notes.forEach((note) => assert.ok(note.start_time >= 0 && note.start_time < 8));
  finish(device);
});

test('the arrangement: at the bar of the song position, variations behind one another, slots left empty', async () => {
  const device = await connected({ songTime: 21.3, numerator: 3 });
  const said = await run(device, 'generate', { prompt: 'arr', bars: 1, variations: 2, target: 2 });
  assert.equal(said, 'Placed 2 clips on 1 new track at beat 21.');
  const clips = device.set.arrangement(1);
  assert.deepEqual(clips.map((clip) => [clip.props.start_time, clip.props.end_time]), [[21, 27], [27, 33]]);
  assert.deepEqual(filled(device.set, 1), [0, 0]);
  finish(device);
});

test('a device on a return track, or in a rack, finds its place', async () => {
  const last = await connected({ tracks: ['audio', 'audio'], deviceOn: 'return' });
  await run(last, 'generate', { prompt: 'end', bars: 0 });
  assert.deepEqual(names(last.set), ['audio', 'audio', 'end']);
  const inner = await connected({ tracks: ['audio', 'audio'], inRack: true });
  await run(inner, 'generate', { prompt: 'beside', bars: 0 });
  assert.deepEqual(names(inner.set), ['audio', 'beside', 'audio']);
  finish(last, inner);
});

test('undo takes back the whole insert in one step', async () => {
  const device = await connected();
  device.set.touch();
  await run(device, 'generate', { prompt: 'gone', bars: 0, variations: 2 });
  assert.equal(device.set.undoSteps.length, 1);
  device.set.undo();
  assert.deepEqual(names(device.set), ['audio']);
  finish(device);
});

['11.3.25', '11.3.43', '12.0.5', '12.1.0', '12.3.5'].forEach((version) => {
  test(`the whole way in Live ${version}`, async () => {
    const device = await connected({ version, scale: true });
    const said = await run(device, 'generate', { prompt: 'v', bars: 0, give: 1 });
    assert.match(said, /^Placed 2 clips on 2 new tracks\.$/);
    const key = device.sent.find((message) => message.address === '/bridge/generate').args.indexOf('key');
    assert.equal(key >= 0, version.startsWith('12'));
    finish(device);
  });
});

['11.0.0', '11.3.20', '12.0.2'].forEach((version) => {
  test(`Live ${version} is too old: the clip is made, its path is shown, nothing is called`, async () => {
    const device = await connected({ version, scale: true });
    assert.ok(device.said.some((line) => line.startsWith(`Live ${version} cannot take clips`)));
    const said = await run(device, 'generate', { prompt: 'old', bars: 0 });
    assert.match(said, /^Live .* cannot take files from a device .*drag in \/.*\.wav/);
    assert.deepEqual(names(device.set), ['audio']);
    finish(device);
  });
});

test('Live 10 is refused at the button', async () => {
  const device = await connected({ version: '10.1.43' });
  device.press('generate');
  assert.match(device.shown.status, /too old/);
  assert.ok(!device.sent.some((message) => message.address === '/bridge/generate'));
  finish(device);
});

test('the same script runs in [v8]', async () => {
  const device = await connected({}, { v8: true });
  assert.equal(await run(device, 'generate', { prompt: 'v8', bars: 0 }), 'Placed 1 clip on 1 new track.');
  finish(device);
});

test('a tempo change during the render is said, and the clip follows the new tempo', async () => {
  const device = await connected({ tempo: 100 });
  device.turn('bars', 1);
  device.turn('prompt', 'slow');
  device.press('generate');
  device.set.node(device.set.song).props.tempo = 128;
  const { ended } = require('./e2e');
  const said = await ended(device);
  assert.match(said, /^Placed 1 clip on 1 new track\. Made for 100 BPM, the set is now at 128\.$/);
  const { warping, loop_end: end } = device.set.clips(1)[0].props;
  assert.deepEqual([warping, end], [1, 8]);
  finish(device);
});

test('refusals before anything is sent', async () => {
  const device = await connected({ tracks: ['audio', 'midi'] });
  device.turn('prompt', '');
  device.press('generate');
  assert.match(device.shown.status, /Type a prompt first/);
  device.turn('prompt', 'ü'.repeat(1501));
  device.press('generate');
  assert.match(device.shown.status, /prompt is too long/);
  device.press('transcribe');
  assert.match(device.shown.status, /Select an audio clip first/);
  device.press('cancel');
  assert.match(device.shown.status, /Nothing to cancel/);
  assert.ok(!device.sent.some((message) => /generate|transcribe|cancel/.test(message.address)));
  finish(device);
});

test('a prompt of the greatest length goes through', async () => {
  const device = await connected();
  assert.match(await run(device, 'generate', { prompt: 'ü'.repeat(1500), bars: 0 }), /Placed 1 clip/);
  finish(device);
});

test('a value the server refuses comes back as its sentence', async () => {
  const device = await connected({ tempo: 600 });
  const said = await run(device, 'generate', { prompt: 'fast' });
  assert.match(said, /bpm must be in 20\.\.400, got 600/i);
  assert.equal(device.set.tracks().length, 1);
  finish(device);
});
