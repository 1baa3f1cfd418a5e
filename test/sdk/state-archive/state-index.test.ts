import { describe, expect, test } from 'vitest';
import { MAX_VALUE_BYTES } from '../../../sdk/dedup/store.ts';
import { checkName } from '../../../sdk/dedup/store-names.ts';
import { MAX_STATES, type StateIndex } from '../../../sdk/state-archive/kept-state.ts';
import { indexName, parseIndex, printIndex } from '../../../sdk/state-archive/state-index.ts';
import { keptAt, lastRunAt, PLACE, sha } from './kept.ts';

const INDEX: StateIndex = { schemaVersion: 1, states: [keptAt(2), keptAt(1)], lastRun: lastRunAt(2) };

describe('the name of the list', () => {
  test('is one that every store takes', () => {
    expect(checkName(indexName(PLACE))).toMatch(/^states\/[0-9a-f]{64}$/);
  });

  test('tells places apart, also those whose words run into each other', () => {
    const places = [
      PLACE,
      { ...PLACE, project: 'other' },
      { ...PLACE, repository: 'other' },
      { ...PLACE, path: 'other' },
      { ...PLACE, environment: 'other' },
      { ...PLACE, repository: '', path: PLACE.repository },
    ];
    expect(new Set(places.map(indexName)).size).toBe(places.length);
  });
});

describe('reading the list', () => {
  test('comes back as it was written', () => {
    expect(parseIndex(printIndex(INDEX) ?? '')).toEqual({ kind: 'read', index: INDEX });
  });

  test('what a newer version has added is no trouble, and stays', () => {
    const newer = {
      ...INDEX,
      colour: 'red',
      states: [{ ...keptAt(1), files: { ...keptAt(1).files, docs: 1 }, by: 'Ann' }],
    };
    const parsed = parseIndex(JSON.stringify(newer));
    expect(parsed).toEqual({ kind: 'read', index: newer });
  });

  test.each([
    ['no JSON', '{"schemaVersion": 1, "sta'],
    ['another version', JSON.stringify({ ...INDEX, schemaVersion: 2 })],
    ['no list', JSON.stringify({ schemaVersion: 1 })],
    ['a state without a commit', JSON.stringify({ ...INDEX, states: [{ ...keptAt(1), commit: undefined }] })],
    ['a date that is none', JSON.stringify({ ...INDEX, states: [{ ...keptAt(1), committedAt: 'soon' }] })],
    // It is printed into logs.
    [
      'a date with words of its own',
      JSON.stringify({ ...INDEX, states: [{ ...keptAt(1), publishedAt: '2026-01-01 (\n::error::x)' }] }),
    ],
    ['a commit that is none', JSON.stringify({ ...INDEX, states: [{ ...keptAt(1), commit: 'a\nb' }] })],
    [
      'a digest that leads elsewhere',
      JSON.stringify({
        ...INDEX,
        lastRun: { ...lastRunAt(1), runResults: { sha256: '../x', bytes: 1, contentBytes: 1 } },
      }),
    ],
  ])('%s is unknown, not empty', (_, value) => {
    expect(parseIndex(value)).toEqual({
      kind: 'unknown',
      why: expect.stringContaining('the list of states'),
    });
  });
});

describe('writing the list', () => {
  test(`it holds at most ${MAX_STATES} states, the newest`, () => {
    const states = Array.from({ length: MAX_STATES + 5 }, (_, at) => keptAt(1000 - at));
    const parsed = parseIndex(printIndex({ schemaVersion: 1, states }) ?? '');
    expect(parsed).toEqual({
      kind: 'read',
      index: { schemaVersion: 1, states: states.slice(0, MAX_STATES) },
    });
  });

  test(`${MAX_STATES} states with all that they may hold fit into an entry`, () => {
    const after = Array.from({ length: 20 }, (_, at) => sha(at));
    const more = { after, isDirty: true, url: `https://github.com/${'x'.repeat(200)}` } as const;
    const states = Array.from({ length: MAX_STATES }, (_, at) => {
      const state = keptAt(1000 - at, more);
      const { manifest } = state.files;
      return { ...state, files: { manifest, sources: manifest, values: manifest } };
    });
    const value = printIndex({ schemaVersion: 1, states, lastRun: lastRunAt(1000, more) }) ?? '';
    expect(JSON.parse(value).states).toHaveLength(MAX_STATES);
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(MAX_VALUE_BYTES);
  });

  test('as many of the oldest are dropped as do not fit, counted in bytes', () => {
    const states = Array.from({ length: 20 }, (_, at) => keptAt(1000 - at, { command: 'é'.repeat(10_000) }));
    const value = printIndex({ schemaVersion: 1, states }) ?? '';
    expect(Buffer.byteLength(value)).toBeLessThanOrEqual(MAX_VALUE_BYTES);
    expect(JSON.parse(value).states).toEqual(states.slice(0, 12));
  });

  test('nothing is written where not even the newest fits', () => {
    expect(
      printIndex({ schemaVersion: 1, states: [keptAt(1, { command: 'x'.repeat(300_000) })] }),
    ).toBeUndefined();
  });
});
