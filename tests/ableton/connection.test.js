// Losing, repeating, restarting: what UDP and people do between the button and the clip.
'use strict';

const assert = require('node:assert/strict');
const { spawn } = require('node:child_process');
const dgram = require('node:dgram');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const test = require('node:test');
const { SERVER_PORT, connected, ended, finish, newDevice, run, until } = require('./e2e');

const CLOCKWORK = Number(process.env.TEST_CLOCKWORK_PORT || 0); // its prompts command how a job goes; two may wait
const count = (device, address) => device.sent.filter((message) => message.address === address).length;
const clips = (set, track) => set.clips(track).filter(Boolean).length;

function freePort() {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address();
      socket.close(() => resolve(port));
    });
  });
}

// A clockwork server of its own, for tests that end it.
function startServer(home, port, ...flags) {
  const server = spawn(process.env.TEST_PYTHON, [
    '-m', 'bridge', 'serve', '--home', home, '--port', String(port), '--model', 'clockwork', ...flags,
  ], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  server.stderr.on('data', (text) => { said += text; });
  return new Promise((resolve, reject) => {
    server.once('exit', (code) => reject(new Error(`the server ended with ${code}: ${said}`)));
    server.stdout.once('data', () => resolve(server));
  });
}

function stopServer(server) {
  return new Promise((resolve) => {
    server.once('exit', resolve);
    server.kill('SIGKILL');
  });
}

test('no server: the sentence says how to start one', async () => {
  const device = newDevice();
  device.turn('port', await freePort());
  await until([device], 'the sentence', () => /No server on port \d+\. Start it with: daw-bridge serve/.test(device.shown.status));
  assert.equal(device.shown.light, 0);
  finish(device);
});

test('a clip that does not fit the song is placed, and the server\'s words are said', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  assert.equal(await run(device, 'generate', { prompt: 'rush', target: 0 }),
    'Placed 1 clip on 1 new track. The take rushes, try another seed.');
  finish(device);
});

test('a reply port that is taken: the next one is used, and said', async () => {
  const device = newDevice({}, { random: 0 });
  device.portsTaken.add(17720);
  device.listen(17720);
  device.turn('port', SERVER_PORT);
  await until([device], 'a pong', () => device.shown.light === 1);
  assert.match(device.shown.status, /now listening on 1772[1-9]/);
  assert.equal(await run(device, 'generate', { bars: 0 }), 'Placed 1 clip on 1 new track.');
  finish(device);
});

test('a pong for another device on the same port is not taken for ours', async () => {
  const device = newDevice();
  device.deliver({ address: '/bridge/done', args: ['/bridge/ping', 'live-other-1', '0.1', 1, 'idle', 'sketch', '/x', 1] });
  assert.notEqual(device.shown.light, 1);
  finish(device);
});

test('two devices in one set get their own clips', async () => {
  const first = await connected({ tracks: ['audio', 'audio'] });
  const owner = first.set.tracks()[1];
  const deviceId = first.set.add('Device', owner.id, {}).id;
  owner.kids.devices.push(deviceId);
  const second = await connected(first.set, { deviceId });
  first.turn('bars', 0);
  second.turn('bars', 0);
  first.turn('prompt', 'one');
  second.turn('prompt', 'two');
  first.press('generate');
  second.press('generate');
  await until([first, second], 'both', () => first.shown.cancel === 0 && second.shown.cancel === 0);
  assert.deepEqual(first.set.tracks().map((track) => track.props.name).sort(), ['audio', 'audio', 'one', 'two']);
  finish(first, second);
});

test('a request that is lost is sent again under the same id', async () => {
  const device = await connected();
  let lost = 0;
  device.lose = (direction, message) => direction === 'out' && message.address === '/bridge/generate' && (lost += 1) <= 2;
  assert.equal(await run(device, 'generate', { bars: 0 }), 'Placed 1 clip on 1 new track.');
  const ids = device.sent.filter((message) => message.address === '/bridge/generate').map((message) => message.args[0]);
  assert.ok(ids.length >= 3);
  assert.equal(new Set(ids).size, 1);
  finish(device);
});

test('an answer that is lost: asked again, the same job, one clip', async () => {
  const device = await connected();
  let lost = 0;
  device.lose = (direction, message) => direction === 'in' && message.args[0] === '/bridge/generate' && (lost += 1) === 1;
  await run(device, 'generate', { bars: 0 });
  assert.equal(clips(device.set, 1), 1);
  assert.equal(device.set.tracks().length, 2);
  finish(device);
});

test('a lost /bridge/clip is healed by polling the status', async () => {
  const device = await connected();
  device.lose = (direction, message) => message.address === '/bridge/clip';
  assert.equal(await run(device, 'generate', { bars: 0 }), 'Placed 1 clip on 1 new track.');
  assert.ok(count(device, '/bridge/status') >= 1);
  finish(device);
});

test('the same clip announced twice goes into the set once', async () => {
  const device = await connected();
  const deliver = device.deliver.bind(device);
  device.deliver = (message) => { deliver(message); if (message.address === '/bridge/clip') deliver(message); };
  assert.equal(await run(device, 'generate', { bars: 0 }), 'Placed 1 clip on 1 new track.');
  device.received.filter((message) => message.address === '/bridge/clip').forEach(deliver);
  await until([device], 'stillness', () => true);
  assert.equal(clips(device.set, 1), 1);
  assert.equal(device.set.tracks().length, 2);
  finish(device);
});

test('progress, and a cancel that the server confirms', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  device.turn('prompt', 'steps 400');
  device.press('generate');
  await until([device], 'progress', () => device.shown.progress >= 2);
  assert.match(device.shown.status, /^Generating \d+ %/);
  assert.equal(device.shown.cancel, 1);
  device.press('cancel');
  assert.equal(await ended(device), 'Cancelled.');
  assert.deepEqual([device.shown.progress, device.set.tracks().length], [0, 1]);
  finish(device);
});

test('cancel before the server has answered', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  let lost = 0;
  device.lose = (direction, message) => direction === 'out' && message.address === '/bridge/generate' && (lost += 1) <= 1;
  device.turn('prompt', 'steps 400');
  device.press('generate');
  device.press('cancel');
  assert.equal(await ended(device), 'Cancelled.');
  finish(device);
});

test('a full queue is said, and the earlier jobs go on', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  device.turn('prompt', 'steps 60');
  device.press('generate');
  await until([device], 'progress', () => device.shown.progress >= 1);
  device.press('generate');
  device.press('generate');
  await until([device], 'a place', () => device.said.some((line) => /Queued, \d job/.test(line)));
  device.press('generate');
  await until([device], 'the refusal', () => device.said.some((line) => /The server's queue is full\./.test(line)));
  [1, 2, 3].forEach(() => device.press('cancel'));
  await ended(device);
  finish(device);
});

test('a model error comes back as its sentence', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  assert.equal(await run(device, 'generate', { prompt: 'refuse' }), 'Clockwork refuses to work');
  assert.equal(count(device, '/bridge/status'), 0);
  finish(device);
});

test('a model error whose event is lost is found by polling', async () => {
  const device = await connected({}, {}, CLOCKWORK);
  device.lose = (direction, message) => message.address === '/bridge/failed';
  assert.equal(await run(device, 'generate', { prompt: 'refuse' }), 'Clockwork refuses to work');
  finish(device);
});

test('the server is killed in the middle of a job and comes back: one clip', async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'daw-bridge-restart-'));
  const port = await freePort();
  let server = await startServer(home, port);
  const device = await connected({}, {}, port);
  device.turn('prompt', 'steps 80');
  device.press('generate');
  await until([device], 'progress', () => device.shown.progress >= 5);
  await stopServer(server);
  server = await startServer(home, port);
  assert.equal(await ended(device), 'Placed 1 clip on 1 new track.');
  assert.deepEqual([clips(device.set, 1), device.set.tracks().length], [1, 2]);
  await stopServer(server);
  fs.rmSync(home, { recursive: true, force: true });
  finish(device);
});

test('the server comes back without its memory: the same request is asked again', async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'daw-bridge-empty-'));
  const port = await freePort();
  let server = await startServer(path.join(home, 'a'), port);
  const device = await connected({}, {}, port);
  device.turn('prompt', 'steps 40');
  device.press('generate');
  await until([device], 'progress', () => device.shown.progress >= 5);
  await stopServer(server);
  server = await startServer(path.join(home, 'b'), port);
  assert.equal(await ended(device), 'Placed 1 clip on 1 new track.');
  await stopServer(server);
  fs.rmSync(home, { recursive: true, force: true });
  finish(device);
});

test('a server that wants a token says so', async () => {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'daw-bridge-token-'));
  const port = await freePort();
  const server = await startServer(home, port, '--token', 'secret');
  const device = newDevice();
  device.turn('port', port);
  await until([device], 'the sentence', () => /wants its token/.test(device.said.join('\n')));
  assert.equal(device.shown.light, 0);
  await stopServer(server);
  fs.rmSync(home, { recursive: true, force: true });
  finish(device);
});

test('a server that falls silent is noticed, the light goes out, and comes back', async () => {
  const device = await connected();
  let deaf = true;
  device.lose = () => deaf;
  for (let i = 0; i < 25; i += 1) device.max.advance(1000); // the device's clock, not the world's
  assert.equal(device.shown.light, 0);
  assert.match(device.said.join('\n'), /no longer answers/);
  deaf = false;
  await until([device], 'the light', () => device.shown.light === 1);
  finish(device);
});

test('a server that never answers a request: given up after a minute, with a sentence', async () => {
  const device = await connected();
  device.lose = (direction, message) => message.address === '/bridge/generate';
  device.press('generate');
  for (let i = 0; i < 75; i += 1) device.max.advance(1000);
  assert.match(device.said.join('\n'), /did not answer for a minute/);
  assert.equal(device.shown.cancel, 0);
  assert.ok(count(device, '/bridge/generate') < 15);
  finish(device);
});

test('pressing before Live is ready is refused, without a call', () => {
  const device = newDevice({}, { ready: false });
  device.press('generate');
  assert.match(device.shown.status, /still loading/);
  finish(device);
});
