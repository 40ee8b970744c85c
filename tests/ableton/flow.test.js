// From the button to the clip in the set, against the real server.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { connected, finish, run } = require('./e2e');

test('a prompt becomes a warped, looping clip on a new track beside the device', async () => {
  const device = await connected({ tracks: ['audio', 'midi'], tempo: 93.7 });
  const said = await run(device, 'generate', { prompt: 'dusty drums', bars: 2 });
  const [own, made, other] = device.set.tracks();
  const [clip] = device.set.clips(1);
  assert.match(said, /^Placed 1 clip on 1 new track\.$/);
  assert.equal(own.props.name, 'audio');
  assert.equal(other.props.name, 'midi');
  assert.equal(made.props.name, 'dusty drums');
  assert.notEqual(made.props.color, 0);
  assert.equal(clip.props.sample_length, Math.round((16 * 60 * 48000) / 93.7));
  assert.deepEqual(
    [clip.props.warping, clip.props.looping, clip.props.loop_start, clip.props.loop_end, clip.props.end_marker],
    [1, 1, 0, 16, 16],
  );
  finish(device);
});
