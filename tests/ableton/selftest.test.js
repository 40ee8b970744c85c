// The self-test that a person runs in a real Live, run here in the fake one: what it prints, and that it
// leaves nothing behind.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { connected, ended, finish, run } = require('./e2e');

const lines = (device) => device.max.posts.filter((line) => /^DawBridge self-test/.test(line));

test('every open point has its line, and the set is as before', async () => {
  const device = await connected({ faults: { markers: 'double', warpDefault: 0 } });
  const said = await run(device, 'generate', { prompt: '/selftest' });
  const failed = lines(device).filter((line) => / FAIL /.test(line)).map((line) => line.replace(/^.* FAIL ([^:\n]*)[^]*$/, '$1'));
  assert.deepEqual(failed, ['path with a space, quoted', "Live's own markers fit"]);
  assert.match(said, /^Self-test: \d+ passed, 2 failed/);
  assert.equal(lines(device).length, 13);
  assert.deepEqual(device.set.tracks().map((track) => track.props.name), ['audio']);
  finish(device);
});

test('a Live that takes no path with a space shows it', async () => {
  const device = await connected({ faults: { spaces: 'refuse' } });
  device.max.message('selftest');
  await ended(device);
  assert.ok(lines(device).some((line) => /FAIL path with a space/.test(line)));
  assert.ok(lines(device).some((line) => /PASS path with an umlaut/.test(line)));
  finish(device);
});
