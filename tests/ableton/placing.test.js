// Where clips go and what Live may do to them: occupied slots, wrong markers, silence, odd paths.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const test = require('node:test');
const { connected, ended, finish, run } = require('./e2e');

const LENIENT = { strict: false };
const ODD_HOME = Number(process.env.TEST_ODD_PORT || 0); // a server whose home has a space and umlauts
const filled = (set, track) => set.clips(track).map((clip) => (clip ? 1 : 0));
const fillSlot = (set, track, slot) => { set.slots(track)[slot].kids.clip = set.addClip(set.slots(track)[slot].id, { name: 'mine' }).id; };

// A device with a slot selected and `target` set to it.
async function slotDevice(live, host, track = 1, slot = 0) {
  const device = await connected({ tracks: ['audio', 'audio'], scenes: 3, ...live }, host);
  device.set.select(track, slot);
  device.turn('target', 1);
  device.turn('bars', 0);
  return device;
}

test('the selected slot is filled, no track is made', async () => {
  const device = await slotDevice();
  assert.equal(await run(device, 'generate'), 'Placed 1 clip.');
  assert.equal(device.set.tracks().length, 2);
  assert.deepEqual(filled(device.set, 1), [1, 0, 0]);
  finish(device);
});

test('the slot is the one selected at the press, whatever is selected later', async () => {
  const device = await slotDevice();
  device.press('generate');
  device.set.select(0, 2);
  await ended(device);
  assert.deepEqual([filled(device.set, 0), filled(device.set, 1)], [[0, 0, 0], [1, 0, 0]]);
  finish(device);
});

test('an occupied slot is left alone, the next empty one is taken', async () => {
  const device = await slotDevice();
  fillSlot(device.set, 1, 0);
  assert.equal(await run(device, 'generate'), 'Placed 1 clip. The selected slot was taken.');
  assert.deepEqual(filled(device.set, 1), [1, 1, 0]);
  assert.equal(device.set.clips(1)[0].props.name, 'mine');
  finish(device);
});

test('where all slots below are occupied a scene is made', async () => {
  const device = await slotDevice({}, {}, 1, 1);
  [0, 1, 2].forEach((slot) => fillSlot(device.set, 1, slot));
  assert.match(await run(device, 'generate'), /^Placed 1 clip\./);
  assert.deepEqual(filled(device.set, 1), [1, 1, 1, 1]);
  finish(device);
});

test('a slot that is filled during the render is not overwritten', async () => {
  const device = await slotDevice();
  device.press('generate');
  fillSlot(device.set, 1, 0);
  assert.equal(await ended(device), 'Placed 1 clip. The selected slot was taken.');
  assert.equal(device.set.clips(1)[0].props.name, 'mine');
  finish(device);
});

test('a MIDI track is selected: the audio goes to a new track, with the reason', async () => {
  const device = await slotDevice({ tracks: ['audio', 'midi'] });
  const said = await run(device, 'generate');
  assert.equal(said, 'Placed 1 clip on 1 new track. The selected track takes no audio clips, so it is on a new one.');
  assert.equal(device.set.tracks().length, 3);
  finish(device);
});

test('the selected track is frozen, or a group: a new track, with the reason', async () => {
  const frozen = await slotDevice();
  frozen.set.tracks()[1].props.is_frozen = 1;
  assert.match(await run(frozen, 'generate'), /on 1 new track\. The selected track is frozen/);
  const group = await slotDevice({ tracks: ['audio', 'group'] });
  assert.match(await run(group, 'generate'), /takes no audio clips/);
  finish(frozen, group);
});

test('no slot selected, or several parts: new tracks, with the reason', async () => {
  const none = await connected();
  assert.match(await run(none, 'generate', { target: 1, bars: 0 }), /No slot is selected/);
  const several = await slotDevice();
  assert.match(await run(several, 'generate', { instruments: 'drums, bass' }), /Several parts, so each has a new track/);
  finish(none, several);
});

['half', 'double', 'single', 'auto'].forEach((kind) => {
  test(`Live's own markers are wrong (${kind}): they are set right`, async () => {
    const device = await connected({ tempo: 110, faults: { markers: kind } });
    assert.equal(await run(device, 'generate', { bars: 1 }), 'Placed 1 clip on 1 new track.');
    const { markers, loop_end: end, sample_length: frames } = device.set.clips(1)[0].props;
    const slope = (a, b) => (60 * (b.beat_time - a.beat_time)) / (b.sample_time - a.sample_time);
    markers.slice(1).forEach((marker, i) => assert.ok(Math.abs(slope(markers[i], marker) - 110) < 0.01));
    assert.deepEqual([markers[0].sample_time, markers[0].beat_time, end], [0, 0, 8]);
    assert.equal(frames, Math.round((8 * 60 * 48000) / 110));
    finish(device);
  });
});

test('clips that Live makes unwarped are warped, although the setter works late', async () => {
  const device = await connected({ faults: { warpDefault: 0 } });
  assert.equal(await run(device, 'generate', { bars: 1 }), 'Placed 1 clip on 1 new track.');
  const { warping, looping, loop_end: end } = device.set.clips(1)[0].props;
  assert.deepEqual([warping, looping, end], [1, 1, 8]);
  finish(device);
});

test('warping that never comes, or markers that do not move, are noticed by reading back', async () => {
  const never = await connected({ faults: { warpDefault: 0, neverWarps: true } }, LENIENT);
  assert.match(await run(never, 'generate', { prompt: 'w', bars: 1 }), /Placed 1 clip .*Check the warping of w\./);
  const deaf = await connected({ faults: { markers: 'double', deafWarp: true } }, LENIENT);
  assert.match(await run(deaf, 'generate', { prompt: 'w', bars: 1 }), /Check the warping of w\./);
  finish(never, deaf);
});

test('Live makes nothing, without a word: the path to drag in is said', async () => {
  const clip = await slotDevice({ faults: { silent: 1 } });
  assert.match(await run(clip, 'generate'), /^Live refused the file, drag it in by hand: \/.*\.wav\.$/);
  const track = await connected({ faults: { silent: 1 } });
  assert.match(await run(track, 'generate', { bars: 0 }), /^Live made no track or slot for \/.*\.wav\.$/);
  const scene = await connected({ scenes: 1, faults: { silent: 0 } });
  scene.turn('variations', 2);
  scene.press('generate');
  scene.set.faults.silent = 2; // the track, then nothing else is asked for
  assert.match(await ended(scene), /Live made no track or slot/);
  finish(clip, track, scene);
});

test('a file that is gone before it is placed is named', async () => {
  const device = await slotDevice({}, LENIENT);
  device.lose = (direction, message) => {
    if (message.address === '/bridge/clip') {
      const folder = message.args[1].replace(/\.json$/, '');
      fs.readdirSync(folder).filter((name) => name.endsWith('.wav')).forEach((name) => fs.unlinkSync(path.join(folder, name)));
    }
    return false;
  };
  assert.match(await run(device, 'generate'), /^The file is missing: \/.*\.wav\.$/);
  finish(device);
});

test('a manifest that cannot be read is named after a few tries', async () => {
  const device = await connected();
  device.lose = (direction, message) => {
    if (message.address === '/bridge/clip') fs.unlinkSync(message.args[1]);
    return false;
  };
  assert.match(await run(device, 'generate'), /The list of clips cannot be read: \/.*\.json/);
  finish(device);
});

test('a manifest that comes late, as on a slow disk, is waited for', async () => {
  const device = await connected();
  device.lose = (direction, message) => {
    if (message.address === '/bridge/clip') {
      const [, manifest] = message.args;
      fs.renameSync(manifest, `${manifest}.late`);
      setTimeout(() => fs.renameSync(`${manifest}.late`, manifest), 150);
    }
    return false;
  };
  assert.equal(await run(device, 'generate', { bars: 0 }), 'Placed 1 clip on 1 new track.');
  finish(device);
});

test('the user removes the clip while it is being placed', async () => {
  const device = await connected();
  const shape = device.max.context.shapeClip;
  device.max.context.shapeClip = (job, item) => {
    device.set.node(item.slot).kids.clip = 0;
    return shape(job, item);
  };
  assert.match(await run(device, 'generate'), /was removed while it was being placed/);
  finish(device);
});

['accept', 'quotes'].forEach((spaces) => {
  test(`a home with a space and umlauts, which Live takes (${spaces})`, async () => {
    const device = await connected({ faults: { spaces } }, {}, ODD_HOME);
    assert.equal(await run(device, 'generate', { prompt: 'Glöckchen', bars: 0, give: 1 }), 'Placed 2 clips on 2 new tracks.');
    assert.match(device.set.clips(1)[0].props.file_path, / .*ü/);
    finish(device);
  });
});

test('a Live that takes no path with a space: the sentence names the file', async () => {
  const device = await connected({ faults: { spaces: 'refuse' } }, {}, ODD_HOME);
  assert.match(await run(device, 'generate', { bars: 0 }), /Live refused the file, drag it in by hand: \/.* .*ü/);
  finish(device);
});

test('instrument names with umlauts keep their letters', async () => {
  const device = await connected();
  await run(device, 'generate', { prompt: 'kür', bars: 0, instruments: 'bläser' });
  assert.equal(device.set.tracks()[1].props.name, 'kür bläser');
  finish(device);
});

test('audio engine off: a hint, and the clip is placed all the same', async () => {
  const device = await connected();
  device.max.audioEngine = false;
  device.max.now += 3000;
  device.turn('prompt', 'still');
  device.press('generate');
  assert.match(device.shown.status, /audio engine seems to be off/);
  assert.equal(await ended(device), 'Placed 1 clip on 1 new track.');
  assert.equal(device.set.clips(1)[0].props.loop_end, 16);
  finish(device);
});
