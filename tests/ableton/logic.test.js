// The script's pure functions: versions, names, paths, requests, warp markers.
'use strict';

const assert = require('node:assert/strict');
const test = require('node:test');
const { LiveSet } = require('./live_set');
const { MaxHost } = require('./max_host');

const script = new MaxHost(new LiveSet()).context;
const plain = (value) => JSON.parse(JSON.stringify(value)); // out of the script's realm

test('only Lives that have create_audio_clip may insert', () => {
  const answers = {
    '10.1.43': false, '11.0.0': false, '11.3.24': false, '11.3.25': true, '11.3.43': true, '11.4.0': true,
    '12.0.0': false, '12.0.2': false, '12.0.4': false, '12.0.5': true, '12.1.0': true, '12.3.6': true, '13.0.0': true,
  };
  Object.entries(answers).forEach(([version, answer]) => {
    assert.equal(script.canInsert(version.split('.').map(Number)), answer, version);
  });
});

test('a bar in quarter notes', () => {
  assert.deepEqual([[4, 4], [7, 8], [6, 8], [5, 4], [3, 2]].map(([n, d]) => script.beatsPerBar(n, d)), [4, 3.5, 3, 5, 6]);
});

test('keys that the server knows, and none for exotic scales', () => {
  assert.equal(script.keyName(9, 'Minor'), 'A minor');
  assert.equal(script.keyName(6, 'Dorian'), 'F# dorian');
  assert.equal(script.keyName(0, 'Pelog Selisir'), '');
});

test('paths of Max, Windows and POSIX become one form', () => {
  assert.equal(script.localPath('Macintosh HD:/Users/me/a.wav'), '/Users/me/a.wav');
  assert.equal(script.localPath('Samples:/loops/a.wav'), '/Volumes/Samples/loops/a.wav');
  assert.equal(script.localPath('C:\\Users\\me\\a.wav'), 'C:/Users/me/a.wav');
  assert.equal(script.localPath('"/tmp/a b.wav"'), '/tmp/a b.wav');
  assert.equal(script.folderOf('C:\\clips\\j.json'), 'C:/clips');
  assert.equal(script.fileName('/a/b/c.wav'), 'c.wav');
});

test('instrument lists and track titles are cleaned', () => {
  assert.equal(script.commaNames(' Drums, bass ,,drums,Piano '), 'drums,bass,piano');
  assert.equal(script.shortName('dusty lo-fi drums with a sleepy piano'), 'dusty lo-fi drums with a');
  assert.equal(script.shortName('x'.repeat(50)).length, 32);
  assert.equal(script.shortName('  '), 'DAW Bridge');
});

test('what text fields send is understood in each of its forms', () => {
  assert.equal(script.fieldText(['text', 'slow pads']), 'slow pads');
  assert.equal(script.fieldText(['text', 'slow', 'pads', 4]), 'slow pads 4');
  assert.equal(script.fieldText(['bang']), '');
  assert.equal(script.fieldText([]), '');
  assert.equal(script.fieldText(['text', 'bang']), 'bang');
});

function markers(...points) {
  return points.map(([sample_time, beat_time]) => ({ sample_time, beat_time }));
}

// the list as it is after the edits, without Live's hidden last marker
function edited(list, edits) {
  const visible = plain(list.slice(0, -1));
  plain(edits).forEach((edit) => {
    if (edit.edit === 'add') {
      visible.push({ sample_time: edit.sample, beat_time: edit.beat });
    } else {
      const marker = visible.find((m) => Math.abs(m.beat_time - edit.beat) < 1e-9);
      marker.beat_time += edit.distance;
      visible.sort((a, b) => a.sample_time - b.sample_time);
      visible.forEach((m, i) => assert.ok(i === 0 || m.beat_time > visible[i - 1].beat_time, 'markers crossed'));
    }
  });
  return visible.sort((a, b) => a.sample_time - b.sample_time);
}

const CASES = {
  exact: markers([0, 0], [8, 16], [8.02, 16.03]),
  half: markers([0, 0], [8, 8], [8.03, 8.03]),
  double: markers([0, 0], [8, 32], [8.01, 32.03]),
  halves: markers([0, 0], [2, 2], [4, 4], [6, 6], [8, 8], [8.03, 8.03]),
  doubles: markers([0, 0], [2, 8], [4, 16], [6, 24], [8, 32], [8.03, 32.1]),
  single: markers([0, 0], [0.02, 0.03]),
  late: markers([0.12, 0], [4, 7.5], [7.9, 15], [7.95, 15.1]),
  wavering: markers([0, 0.5], [2, 5], [4, 7], [6, 13], [8, 15], [8.1, 15.2]),
};
Object.entries(CASES).forEach(([name, list]) => {
  test(`${name} markers end on the line, without passing one another`, () => {
    const wanted = script.straightMarkers(8, 16);
    const after = edited(list, script.warpEdits(list, wanted));
    after.forEach((m) => assert.ok(Math.abs(m.beat_time - 2 * m.sample_time) < 1e-9, JSON.stringify(after)));
    assert.deepEqual([after[0].sample_time, after[after.length - 1].sample_time], [0, 8]);
    assert.ok(script.onBeat([...after, { sample_time: 8.1, beat_time: 16.2 }], wanted));
  });
});

test('exact markers need no edit, wrong ones are noticed', () => {
  const wanted = script.straightMarkers(8, 16);
  assert.deepEqual(plain(script.warpEdits(CASES.exact, wanted)), []);
  assert.equal(script.onBeat(CASES.exact, wanted), true);
  ['half', 'double', 'halves', 'doubles', 'single', 'late', 'wavering'].forEach((name) => {
    assert.equal(script.onBeat(CASES[name], wanted), false, name);
  });
  assert.equal(script.onBeat([], wanted), false);
});

test('a section of a warped clip keeps its own markers, counted from its start', () => {
  const list = markers([0, 0], [4, 10], [8, 16], [8.02, 16.03]);
  assert.deepEqual(plain(script.sectionMarkers(list, 2, 8)), markers([0, 0], [2, 5], [6, 11]));
});

const CLIPS = [
  { kind: 'audio', role: 'mix', variation: 1 }, { kind: 'audio', role: 'drums', variation: 1 },
  { kind: 'midi', role: 'drums', variation: 1 }, { kind: 'audio', role: 'drums', variation: 2 },
  { kind: 'picture', role: 'cover', variation: 1 },
];
test('parts have rows, the mix of parts and unknown kinds have none', () => {
  const rows = (midi) => plain(script.trackRows({ clips: CLIPS }, midi)).map((row) => [row.kind, row.role, row.clips.length]);
  assert.deepEqual(rows(0), [['audio', 'drums', 2]]);
  assert.deepEqual(rows(1), [['audio', 'drums', 2], ['midi', 'drums', 1]]);
  const only = [{ kind: 'midi', role: 'mix', variation: 1 }];
  assert.equal(script.trackRows({ clips: only }, 0).length, 1);
});

test('sentences of progress and failure', () => {
  assert.equal(script.progressText('generating', 0.4, 12.3), 'Generating 40 %, about 12 s left');
  assert.equal(script.progressText('loading', 0, -1), 'Loading');
  assert.equal(script.failureText('model-failed: the model broke down'), 'The model broke down');
});

test('drums are warped by beats, mixes by the complex mode, where this Live has them', () => {
  assert.equal(script.warpMode('drums', [0, 1, 4]), 0);
  assert.equal(script.warpMode('mix', [0, 1, 4]), 4);
  assert.equal(script.warpMode('mix', [0, 1, 2, 3]), null);
});
