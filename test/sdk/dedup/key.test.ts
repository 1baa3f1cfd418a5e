import { describe, expect, test } from 'vitest';
import { compareParts, deriveKey, type KeyInputs } from '../../../sdk/dedup/key.ts';

const known = (items: Readonly<Record<string, string>>) => ({ kind: 'known', items }) as const;
const BASE: KeyInputs = {
  code: known({ 'models/a.sql': '1', 'models/b.sql': '2' }),
  vars: known({ start_date: '2026-01-01' }),
  engine: known({ dbt: '1.11.16' }),
};
const textOf = (inputs: KeyInputs): string => {
  const key = deriveKey(inputs);
  if (key.kind !== 'derived') throw new Error('underivable');
  return key.text;
};

describe('a derived key', () => {
  test('is the same whatever order its inputs come in', () => {
    const turned: KeyInputs = {
      engine: known({ dbt: '1.11.16' }),
      vars: known({ start_date: '2026-01-01' }),
      code: known({ 'models/b.sql': '2', 'models/a.sql': '1' }),
    };
    expect(textOf(turned)).toBe(textOf(BASE));
    expect(textOf(BASE)).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each<[string, KeyInputs]>([
    ['a value', { ...BASE, vars: known({ start_date: '2026-01-02' }) }],
    ['a name', { ...BASE, vars: known({ end_date: '2026-01-01' }) }],
    ['one item more', { ...BASE, vars: known({ start_date: '2026-01-01', x: '' }) }],
    ['one item less', { ...BASE, vars: known({}) }],
    ['one part less', { code: known({}), vars: known({ start_date: '2026-01-01' }) }],
    [
      'an item in another part',
      { ...BASE, vars: known({}), engine: known({ dbt: '1.11.16', start_date: '2026-01-01' }) },
    ],
    ['where a name ends', { ...BASE, vars: known({ 'start_date","2026': '01-01' }) }],
  ])('changes with %s', (_what, inputs) => {
    expect(textOf(inputs)).not.toBe(textOf(BASE));
  });

  test('there is none while a part is not known, and it says why', () => {
    const key = deriveKey({ ...BASE, data: { kind: 'unknown', why: 'no data-version was given' } });
    expect(key).toMatchObject({
      kind: 'underivable',
      unknown: [{ part: 'data', why: 'no data-version was given' }],
    });
    expect(key.parts.find(({ name }) => name === 'data')).toEqual({ name: 'data', digest: null });
  });

  test('holds no value, not even of short ones as a bare digest', () => {
    const text = JSON.stringify(deriveKey({ env: known({ REGION: 'eu-central-secret' }) }));
    expect(text).not.toContain('eu-central-secret');
    const [one, two] = [deriveKey({ a: known({ x: '1' }) }), deriveKey({ a: known({ y: '1' }) })];
    expect(one.parts[0]?.items?.['x']).not.toBe(two.parts[0]?.items?.['y']);
  });
});

describe('what differs between two runs', () => {
  const parts = (inputs: KeyInputs) => deriveKey(inputs).parts;

  test('names the files and the variables', () => {
    const now: KeyInputs = {
      ...BASE,
      code: known({ 'models/a.sql': '9', 'models/c.sql': '3' }),
      vars: known({ start_date: '2026-02-01' }),
    };
    expect(compareParts(parts(now), parts(BASE))).toEqual([
      { part: 'code', item: 'models/a.sql', how: 'changed' },
      { part: 'code', item: 'models/b.sql', how: 'removed' },
      { part: 'code', item: 'models/c.sql', how: 'added' },
      { part: 'vars', item: 'start_date', how: 'changed' },
    ]);
    expect(compareParts(parts(BASE), parts(BASE))).toEqual([]);
  });

  test('an unknown part is never the same, and a part without items differs as a whole', () => {
    const unknown: KeyInputs = { ...BASE, engine: { kind: 'unknown', why: 'x' } };
    expect(compareParts(parts(unknown), parts(unknown))).toEqual([{ part: 'engine', how: 'unknown' }]);
    const bare = parts(BASE).map(({ name, digest }) => ({ name, digest }));
    const other = parts({ ...BASE, vars: known({}) });
    expect(compareParts(other, bare)).toEqual([{ part: 'vars', how: 'changed' }]);
  });

  test('a variable that dbt and a driver read is named once', () => {
    const of = (schema: string) =>
      parts({ env: known({ S: schema }), profile: known({ 'variable S': schema, 'variable TZ': schema }) });
    expect(compareParts(of('a'), of('b'))).toEqual([
      { part: 'env', item: 'S', how: 'changed' },
      { part: 'profile', item: 'variable TZ', how: 'changed' },
    ]);
  });
});
