// The fake itself: strict where a mistake must end a test, silent where Live is silent.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { LiveSet } = require('./live_set');
const { MaxHost } = require('./max_host');
const { hasIt } = require('./lom');

function host(live = {}, options = {}) {
  const max = new MaxHost(new LiveSet({ tracks: ['audio', 'midi'], ...live }), options);
  max.deviceReady = options.ready !== false;
  return max;
}

const MISTAKES = {
  'an unknown path': (max) => new max.context.LiveAPI('live_set trakcs 0'),
  'a list without a number': (max) => new max.context.LiveAPI('live_set tracks'),
  'an unknown property': (max) => new max.context.LiveAPI('live_set').get('temp'),
  'an unknown function': (max) => new max.context.LiveAPI('live_set').call('make_track'),
  'too few arguments': (max) => new max.context.LiveAPI('live_set tracks 0 clip_slots 0').call('create_audio_clip'),
  'a wrong type': (max) => new max.context.LiveAPI('live_set').call('create_audio_track', '0'),
  'a value of a wrong type': (max) => new max.context.LiveAPI('live_set').set('tempo', 'fast'),
  'setting what is read-only': (max) => new max.context.LiveAPI('live_set').set('name', 'x'),
  'a function for Python only': (max) => new max.context.LiveAPI('live_set').call('begin_undo_step'),
  'a clip on a MIDI track': (max) => new max.context.LiveAPI('live_set tracks 1 clip_slots 0').call('create_audio_clip', __filename),
  'a file that is not there': (max) => new max.context.LiveAPI('live_set tracks 0 clip_slots 0').call('create_audio_clip', '/none.wav'),
  'a path in the style of old Macs': (max) => new max.context.LiveAPI('live_set tracks 0 clip_slots 0').call('create_audio_clip', 'Macintosh HD:/a.wav'),
  'a task of nobody': (max) => new max.context.Task(() => {}),
  'outlet.apply': (max) => max.context.outlet.apply(null, [0, 'x']),
  'an outlet that does not exist': (max) => max.context.outlet(3, 'x'),
};

Object.entries(MISTAKES).forEach(([what, make]) => {
  test(`strict mode refuses ${what}`, () => {
    const max = host();
    assert.throws(() => make(max));
    assert.equal(max.failures.length, 1);
  });
});

test('LiveAPI before live.thisdevice is refused', () => {
  const max = host({}, { ready: false });
  assert.throws(() => new max.context.LiveAPI('live_set'), /before live.thisdevice/);
});

test('what came with a later Live is refused in an earlier one', () => {
  const old = host({ version: '12.0.2' });
  const slot = new old.context.LiveAPI('live_set tracks 0 clip_slots 0');
  assert.throws(() => slot.call('create_audio_clip', __filename), /newer .* than Live 12\.0\.2/);
  const eleven = host({ version: '11.3.25' });
  assert.throws(() => new eleven.context.LiveAPI('live_set').get('scale_mode'), /newer/);
});

test('versions are read as the release notes mean them', () => {
  const since = '12.0.5 (also 11.3.25 and later 11.3.x; absent from 12.0.0-12.0.2)';
  const versions = [[11, 3, 20], [11, 3, 25], [11, 3, 43], [12, 0, 2], [12, 0, 5], [12, 3, 5]];
  assert.deepEqual(versions.map((version) => hasIt(since, version)), [false, true, true, false, true, true]);
  assert.equal(hasIt('>12.1.0 <=12.2.0', [12, 1, 5]), false);
});

test('a change from inside an observer is refused', () => {
  const max = host();
  const { LiveAPI } = max.context;
  const watcher = new LiveAPI(() => new LiveAPI('live_set').set('tempo', 100), 'live_set');
  watcher.property = 'tempo';
  assert.throws(() => new LiveAPI('live_set').set('tempo', 90), /notifications/);
});

test('lenient mode is silent: unknown words give nothing and change nothing', () => {
  const max = host({}, { strict: false });
  const song = new max.context.LiveAPI('live_set');
  assert.equal(song.call('make_track'), undefined);
  assert.equal(song.get('temp'), undefined);
  assert.equal(new max.context.LiveAPI('live_set trakcs 0').id, '0');
  assert.deepEqual(max.failures, []);
  assert.equal(max.set.tracks().length, 2);
});

test('answers have the shapes Live gives', () => {
  const max = host({ tempo: 93.5 });
  const { LiveAPI } = max.context;
  const song = new LiveAPI('live_set');
  assert.deepEqual(song.get('tempo'), [93.5]);
  assert.equal(song.get('tracks').length, 4);
  assert.equal(song.get('tracks')[0], 'id');
  assert.equal(new LiveAPI('live_set tracks 1').path, '"live_set tracks 1"');
  assert.equal(new LiveAPI('live_set tracks 7').id, '0');
  assert.equal(new LiveAPI('this_device').unquotedpath, 'live_set tracks 0 devices 0');
});

test('tasks stand still without the audio engine', () => {
  const max = host({}, { audioEngine: false });
  let ticks = 0;
  const task = new max.context.Task(() => { ticks += 1; }, {});
  task.interval = 10;
  task.repeat();
  max.advance(100);
  assert.equal(ticks, 0);
  max.audioEngine = true;
  max.advance(100);
  assert.ok(ticks > 5);
});

test('undo takes back one step, a touch of the user begins the next', () => {
  const max = host();
  const { set } = max;
  new max.context.LiveAPI('live_set').call('create_midi_track', -1);
  new max.context.LiveAPI('live_set').set('tempo', 90);
  set.touch();
  new max.context.LiveAPI('live_set').set('tempo', 80);
  set.undo();
  assert.equal(set.node(set.song).props.tempo, 90);
  set.undo();
  assert.deepEqual([set.tracks().length, set.node(set.song).props.tempo], [2, 120]);
});
