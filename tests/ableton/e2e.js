// Helpers of the end-to-end tests: a device in a set, talking to a real server.
'use strict';

const assert = require('node:assert/strict');
const { newDevice } = require('./patch_host');

const SERVER_PORT = Number(process.env.TEST_SKETCH_PORT || 0);
const PATIENCE_MS = 40_000;
const SPEED = 4; // the device's clock runs so much faster than the server's: its waits cost less

function sleep(ms) {
  return new Promise((resolve) => { setTimeout(resolve, ms); });
}

// Let time pass for the devices until `true()` holds.
async function until(devices, what, isTrue, patience = PATIENCE_MS) {
  const began = Date.now();
  let last = began;
  for (;;) {
    const now = Date.now();
    devices.forEach((device) => device.max.advance(SPEED * (now - last)));
    last = now;
    const value = isTrue();
    if (value) return value;
    if (now - began > patience) {
      assert.fail(`waited for ${what}; the device said: ${JSON.stringify(devices.map((d) => d.said.slice(-4)))}; ` +
        `failures: ${JSON.stringify(devices.flatMap((d) => d.max.failures))}`);
    }
    await sleep(10);
  }
}

// A device that has found the server.
async function connected(live = {}, host = {}, port = SERVER_PORT) {
  assert.ok(port > 0, 'no server: TEST_SKETCH_PORT and its likes are set by test_script.py');
  const device = newDevice(live, host);
  device.turn('port', port);
  await until([device], 'a pong', () => device.shown.light === 1);
  return device;
}

// Press, and wait for the sentence that ends the job.
async function run(device, button, controls = {}) {
  Object.entries(controls).forEach(([name, value]) => device.turn(name, value));
  device.press(button);
  return ended(device);
}

async function ended(device) {
  await until([device], 'the end of the job', () => device.shown.cancel === 0);
  await until([device], 'stillness', () => true);
  return device.shown.status;
}

// What must hold at the end of every test: nothing Live has no word for, no internal error.
function finish(...devices) {
  devices.forEach((device) => {
    device.close();
    assert.deepEqual(device.max.failures, []);
    assert.deepEqual(device.max.posts.filter((line) => !/self-test/.test(line)), []);
  });
}

module.exports = { SERVER_PORT, connected, ended, finish, newDevice, run, sleep, until };
