import { expect, test } from 'vitest';
import type { Manifest } from '../../../sdk/artifacts/types.ts';
import { overlookedResolution } from '../../../sdk/managed-state/overlooked-resolution.ts';
import { readRecording } from './recording.ts';

const { before } = await readRecording('core-1.12');
const ID = 'model.bakery.plain';

/** The recorded project, where a model calls these macros, and these call others. */
function calling(
  calls: readonly string[],
  macros: Readonly<Record<string, readonly string[]>> = {},
): Manifest {
  const made = Object.entries(macros).map(([id, called]) => {
    const [, packageName = '', name = ''] = id.split('.');
    return [
      id,
      {
        ...{ unique_id: id, name, package_name: packageName, macro_sql: name },
        depends_on: { macros: called },
      },
    ];
  });
  const node = before.nodes[ID] ?? expect.unreachable();
  return {
    ...before,
    macros: { ...(before['macros'] as object), ...Object.fromEntries(made) },
    nodes: { ...before.nodes, [ID]: { ...node, depends_on: { nodes: [], macros: calls } } },
  };
}

const seen = (old: Manifest, now: Manifest) => overlookedResolution(old, now, new Set());
const CALLS_ANOTHER = [{ kind: 'not-compared', uniqueId: ID, fields: ['depends_on.macros'] }];
const MACROS = {
  'macro.bakery.day': [],
  'macro.helpers.day': [],
  'macro.dbt.now': [],
  'macro.dbt.today': ['macro.dbt.now'],
  'macro.bakery.default__now': [],
};

test('a call that finds another macro: one of the project in front of a package’s', () => {
  expect(seen(calling(['macro.helpers.day'], MACROS), calling(['macro.bakery.day'], MACROS))).toEqual(
    CALLS_ANOTHER,
  );
});

test('likewise in a macro that it calls, of its own or of dbt’s', () => {
  const own = (called: string) =>
    calling(['macro.bakery.outer'], { ...MACROS, 'macro.bakery.outer': [called] });
  expect(seen(own('macro.helpers.day'), own('macro.bakery.day'))).toEqual(CALLS_ANOTHER);
  const dispatched = (...more: string[]) =>
    calling(['macro.dbt.today'], { ...MACROS, 'macro.dbt.today': ['macro.dbt.now', ...more] });
  expect(seen(dispatched(), dispatched('macro.bakery.default__now'))).toEqual(CALLS_ANOTHER);
});

// dbt notes more of these while it runs.
test('macros of dbt’s own that are noted at the one and not at the other say nothing', () => {
  const [one, other] = [
    calling(['macro.dbt.today'], MACROS),
    calling(['macro.dbt.today', 'macro.dbt.now'], MACROS),
  ];
  expect([seen(one, other), seen(other, one)]).toEqual([[], []]);
  expect(seen(calling([], MACROS), other)).toEqual([]);
});

test('what is listed anyway is not named', () => {
  const [old, now] = [calling(['macro.helpers.day'], MACROS), calling(['macro.bakery.day'], MACROS)];
  expect(overlookedResolution(old, now, new Set([ID]))).toEqual([]);
});
