import { expect, test } from 'vitest';
import { isSameLine, lineName, misfitOf } from '../../../sdk/state-archive/engine-line.ts';
import type { EngineLine } from '../../../sdk/state-archive/kept-state.ts';

const core = (dbtVersion: string): EngineLine => ({ engine: 'core', dbtVersion });
const fusion = (dbtVersion: string): EngineLine => ({ engine: 'fusion', dbtVersion });

test.each([
  ['patches of dbt Core', core('1.12.0'), core('1.12.6')],
  ['a pre-release of dbt Core', core('1.12.0b1'), core('1.12.6')],
  // dbt v2 calls itself by the first, its Python package by the second.
  ['a preview of dbt v2, as it is called', fusion('2.0.0-preview.196'), fusion('2.0.0rc196')],
  ['a release candidate', fusion('2.0.0-rc.3'), fusion('2.0.0rc3')],
  ['a release candidate in capitals', fusion('2.0.0-RC3'), fusion('2.0.0rc3')],
  ['a beta', fusion('2.0.0-beta.5'), fusion('2.0.0b5')],
  ['an alpha', fusion('2.0.0-alpha.1'), fusion('2.0.0a1')],
  ['patches of dbt v2', fusion('2.0.0'), fusion('2.0.7')],
])('one line: %s', (_, a, b) => {
  expect([misfitOf(a, b), misfitOf(b, a), isSameLine(a, b)]).toEqual([undefined, undefined, true]);
  expect(lineName(a)).toBe(lineName(b));
});

test.each([
  ['minor versions', core('1.11.16'), core('1.12.6'), 'other-version'],
  ['minor versions that begin alike', core('1.1.6'), core('1.12.6'), 'other-version'],
  ['previews of dbt v2', fusion('2.0.0-preview.195'), fusion('2.0.0-preview.196'), 'other-version'],
  [
    'previews, each by another of its names',
    fusion('2.0.0-preview.195'),
    fusion('2.0.0rc196'),
    'other-version',
  ],
  ['a beta and a release candidate', fusion('2.0.0b5'), fusion('2.0.0rc5'), 'other-version'],
  ['an alpha and a beta', fusion('2.0.0-alpha.5'), fusion('2.0.0-beta.5'), 'other-version'],
  ['a preview and the release', fusion('2.0.0rc196'), fusion('2.0.0'), 'other-version'],
  ['engines', core('2.0.0'), fusion('2.0.0'), 'other-engine'],
])('two lines: %s', (_, left, now, because) => {
  expect(misfitOf(left, now)).toEqual({ because, detail: `dbt ${left.dbtVersion}` });
  expect(isSameLine(left, now)).toBe(false);
});

test('an adapter that is not known fits any, and leaves a state of its own', () => {
  const [none, duckdb, postgres] = [undefined, 'duckdb', 'postgres'].map((adapterType) => ({
    ...core('1.12.6'),
    ...(adapterType === undefined ? {} : { adapterType }),
  })) as [EngineLine, EngineLine, EngineLine];
  expect(misfitOf(none, duckdb)).toBeUndefined();
  expect(misfitOf(duckdb, none)).toBeUndefined();
  expect(misfitOf(duckdb, postgres)).toEqual({ because: 'other-adapter', detail: 'dbt 1.12.6 with duckdb' });
  expect(isSameLine(none, duckdb)).toBe(false);
});
