import { describe, expect, test } from 'vitest';
import { findJsonFault } from '../../../sdk/artifacts/scan-json.ts';
import { seededRandom } from '../../support/random.ts';

const DOCUMENT =
  '{"a": [1, -2.5, 0, 1e5, 1.25E-3, 10e+2, true, false, null], "b\\n\\u00e9\\"": {"": [[], {}, [{}]]}, "c": "x\\\\", "d": [ ]} ';

/** Whether a text is JSON. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe('truncated', () => {
  test('every proper beginning of a document', () => {
    const end = DOCUMENT.trimEnd().length;
    for (let length = 0; length < end; length += 1) {
      expect(findJsonFault(DOCUMENT.slice(0, length)), `first ${length} characters`).toEqual({
        kind: 'truncated',
      });
    }
  });

  test.each([
    '[NaN',
    '[-',
    '[-I',
    '[-Infinit',
    '[Na',
    '[Inf',
    '[1.',
    '[1e',
    '[1e+',
    '["\\',
    '["\\u00',
    '{"a"',
    '{"a":',
  ])('%s', (text) => expect(findJsonFault(text)).toEqual({ kind: 'truncated' }));
});

describe('malformed, where it begins to be', () => {
  test.each([
    ['{}x', 2],
    ['{} {}', 3],
    ['[1,]', 3],
    ['{"a":1,}', 7],
    ['{"a" 1}', 5],
    ['{"a":}', 5],
    ['{1: 2}', 1],
    ['[1}', 2],
    ['{"a": 1]', 7],
    [']', 0],
    ['[1 2]', 3],
    ['[01]', 2],
    ['[-x]', 1],
    ['[+1]', 1],
    ['[.5]', 1],
    ['[1.x]', 1],
    ['[1e]', 1],
    ['[tru ]', 1],
    ['[nulL', 1],
    ['[-Info', 1],
    ["['a']", 1],
    ['["\\x"]', 1],
    ['["\\u00g0"]', 1],
    ['["a\nb"]', 1],
    ['["a\tb', 1],
    ['<html>', 0],
    ['[1, \u00a0 2]', 4],
  ])('%j at %i', (text, position) => {
    expect(findJsonFault(text)).toEqual({ kind: 'malformed', position });
  });
});

describe('non-finite', () => {
  test('every place a value can stand, and not inside texts', () => {
    const fault = findJsonFault('{"NaN": NaN, "b": [Infinity, -Infinity, "NaN", -1], "c": {"d": NaN}}');
    expect(fault).toEqual({
      kind: 'non-finite',
      text: '{"NaN": null, "b": [null, null, "NaN", -1], "c": {"d": null}}',
    });
  });

  test.each(['NaN', ' Infinity ', '[NaN]'])('%j', (text) => {
    expect(findJsonFault(text).kind).toBe('non-finite');
  });

  test.each(['{NaN: 1}', '[NaNa]', '[Infinity1]', '[--Infinity]'])('not in %j', (text) => {
    expect(findJsonFault(text).kind).toBe('malformed');
  });
});

test('agrees with JSON.parse on random damage', () => {
  const random = seededRandom('random damage');
  let refused = 0;
  for (let round = 0; round < 10_000; round += 1) {
    let text = DOCUMENT;
    for (let damage = random.int(1, 3); damage > 0; damage -= 1) {
      const at = random.int(0, text.length);
      const added = random.pick(['', '', ...'{}[]",:\\0-+.eE1 untrfalsN\u0001']);
      text = text.slice(0, at) + added + text.slice(at + random.int(0, 2));
    }
    if (random.next() < 0.2) text = text.slice(0, random.int(0, text.length));
    if (isJson(text)) continue;
    refused += 1;
    const fault = findJsonFault(text);
    if (fault.kind === 'non-finite') throw new Error(`Taken for JSON: ${text}`);
    if (fault.kind === 'truncated') continue;
    // What stands before the fault is a good beginning, and nothing that follows can mend what stands there.
    const before = text.slice(0, fault.position);
    if (!isJson(before) && findJsonFault(before).kind !== 'truncated')
      throw new Error(`Fault too late: ${text}`);
    const mended = ['', '"', ']', '}', '"]}', '0]}', '"}]}'].find((more) => isJson(text + more));
    if (mended !== undefined) throw new Error(`Only cut off: ${text}`);
  }
  expect(refused).toBeGreaterThan(5_000);
});

describe('hostile texts are neither slow nor deep', () => {
  const SIZE = 4_000_000;

  test.each([
    ['lists', '['.repeat(SIZE), 'truncated'],
    ['objects', '{"":'.repeat(SIZE / 4), 'truncated'],
    ['one open text', `["${'\\"'.repeat(SIZE / 2)}`, 'truncated'],
    ['one long number', `[${'1'.repeat(SIZE)}`, 'truncated'],
    ['white space', `[${' '.repeat(SIZE)}x`, 'malformed'],
    ['many NaN', `[${'NaN,'.repeat(SIZE / 8)}NaN]`, 'non-finite'],
  ])('%s', { timeout: 20_000 }, (_, text, kind) => {
    expect(findJsonFault(text).kind).toBe(kind);
  });

  test('mixed nesting is told apart level by level', () => {
    const random = seededRandom('mixed nesting');
    const opened = Array.from({ length: 5000 }, () => random.pick(['{"":', '[']));
    const closed = opened.map((open) => (open === '[' ? ']' : '}')).reverse();
    const good = `${opened.join('')}NaN${closed.join('')}`;
    expect(findJsonFault(good).kind).toBe('non-finite');
    closed[2500] = closed[2500] === ']' ? '}' : ']';
    const start = opened.join('').length + 3;
    expect(findJsonFault(`${opened.join('')}NaN${closed.join('')}`)).toEqual({
      kind: 'malformed',
      position: start + 2500,
    });
  });
});
