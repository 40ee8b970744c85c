// The ES5 gate: one newer word and Max's [js] refuses the whole script.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const test = require('node:test');
const { SCRIPT } = require('./max_host');

let acorn = null;
try { acorn = require('acorn'); } catch (error) { /* said below */ }
const options = acorn ? {} : { skip: 'acorn is not installed: run npm ci in tests/ableton' };

test('the shipped script is ES5', options, () => {
  acorn.parse(fs.readFileSync(SCRIPT, 'utf8'), { ecmaVersion: 5 });
});

test('the gate refuses what is newer', options, () => {
  ['const a = 1;', 'f(a => a);', 'f(`a`);', 'f(1, );', 'for (let i of []) {}'].forEach((line) => {
    assert.throws(() => acorn.parse(line, { ecmaVersion: 5 }), SyntaxError, line);
  });
});

test('no library that [js] lacks is used', () => {
  const script = fs.readFileSync(SCRIPT, 'utf8');
  const missing = /\b(console\.|setTimeout|setInterval|Promise|Object\.(assign|values|entries)|padStart|\.includes\(|\.startsWith\(|\.endsWith\(|\.find\(|\.findIndex\(|Array\.from|Number\.is\w+|Math\.(log2|sign|trunc)|outlet\.apply|arguments\.callee)/;
  assert.equal((missing.exec(script) || [''])[0], '');
});
