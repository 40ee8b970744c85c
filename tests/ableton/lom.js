// The Live Object Model as a table of facts (lom_api.json): what exists, since which Live, with which types.
'use strict';

const fs = require('node:fs');
const path = require('node:path');

const CLASSES = JSON.parse(fs.readFileSync(path.join(__dirname, 'lom_api.json'), 'utf8')).classes;
const ROOTS = { live_set: 'Song', live_app: 'Application', this_device: 'Device' };

function numbers(text) {
  const parts = text.split('.').map(Number);
  return [parts[0] || 0, parts[1] || 0, parts[2] || 0];
}

function atLeast(version, other) {
  for (let i = 0; i < 3; i += 1) {
    if (version[i] !== other[i]) return version[i] > other[i];
  }
  return true;
}

// Does a Live of this version have an entry whose `since` reads e.g. "12.2", ">12.1.0 <=12.2.0" (taken at
// its later end) or "12.0.5 (also 11.3.25 and later 11.3.x; ...)"?
function hasIt(since, version) {
  if (since.startsWith('<=')) return true; // older than the oldest Live in the table
  const found = /also (\d+\.\d+\.\d+)/.exec(since);
  const main = since.replace(/\(.*\)/, '').match(/\d+(\.\d+)+/g);
  const also = found && version[0] === numbers(found[1])[0] && atLeast(version, numbers(found[1]));
  return also || atLeast(version, numbers(main[main.length - 1]));
}

// The entry of a child, property or function, or a sentence on why this Live has none.
function lookUp(className, kind, name, version) {
  const entry = CLASSES[className] && (CLASSES[className][kind] || {})[name];
  if (!entry) return { why: `${className} has no ${kind} "${name}"` };
  if (entry.max_for_live === false) return { why: `${className} ${name} is not documented for Max for Live` };
  if (!hasIt(entry.since, version)) {
    return { why: `${className} ${name} is newer (${entry.since}) than Live ${version.join('.')}` };
  }
  return { entry };
}

function isNumber(value) {
  return typeof value === 'number' && Number.isFinite(value);
}

const CHECKS = {
  int: (value) => Number.isInteger(value),
  float: isNumber,
  bool: (value) => value === 0 || value === 1 || typeof value === 'boolean',
  str: (value) => typeof value === 'string',
  symbol: (value) => typeof value === 'string' && value.length > 0,
  id: (value) => typeof value === 'string' && /^id \d+$/.test(value),
  dict: (value) => Boolean(value) && typeof value === 'object',
};

// A sentence on what is wrong with a value of this type; "" when it fits, or the type is not a plain one.
function typeProblem(type, value) {
  const known = CHECKS[type] || (/Mode$/.test(type) ? CHECKS.int : null);
  return known && !known(value) ? `${JSON.stringify(value)} is no ${type}` : '';
}

// Arity and types of a call; the Max for Live form of the arguments wins over the Python one.
function callProblem(name, entry, args) {
  const params = (entry.lom && entry.lom.params) || entry.params;
  const least = params.filter((param) => !param.optional).length;
  if (args.length < least || args.length > params.length) {
    return `${name} takes ${least}..${params.length} arguments, got ${args.length}`;
  }
  for (let i = 0; i < args.length; i += 1) {
    const problem = typeProblem(params[i].type, args[i]);
    if (problem) return `${name} ${params[i].name}: ${problem}`;
    if (params[i].max !== undefined && args[i] > params[i].max) return `${name} ${params[i].name} is too large`;
    if (params[i].min !== undefined && args[i] < params[i].min) return `${name} ${params[i].name} is too small`;
  }
  return '';
}

module.exports = { CLASSES, ROOTS, lookUp, hasIt, typeProblem, callProblem, numbers };
