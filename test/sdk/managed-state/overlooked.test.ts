import { describe, expect, test } from 'vitest';
import { overlooked } from '../../../sdk/managed-state/overlooked.ts';
import type { KnownChanges } from '../../../sdk/managed-state/oversight.ts';
import type { Requirements } from '../../support/python-env.ts';
import { readRecording } from './recording.ts';

const recordings = {
  'core-1.11': await readRecording('core-1.11'),
  'core-1.12': await readRecording('core-1.12'),
  fusion: await readRecording('fusion'),
} satisfies Record<Requirements, unknown>;

function overlookedAfter(edit: string, requirements: Requirements = 'core-1.12', known: KnownChanges = {}) {
  const { before, edits } = recordings[requirements];
  const { now } = edits.get(edit) ?? expect.unreachable(edit);
  return overlooked(before, now, requirements === 'fusion' ? 'fusion' : 'core', known);
}

describe('where dbt Core is blind', () => {
  test.each([
    'nothing',
    'model body',
    'macro',
    'macro that nothing calls',
    'contract: type',
    'alias in yml',
    'schema in yml',
  ])('%s: nothing is overlooked', (edit) => {
    expect(overlookedAfter(edit)).toEqual([]);
  });

  test('macros in front of macros of dbt', () => {
    expect(overlookedAfter('built-in macro overridden')).toEqual([
      { kind: 'built-in-macro', macro: 'macro.bakery.current_timestamp' },
    ]);
  });

  test('a macro that names schemas, and the tables it renames', () => {
    const found = overlookedAfter('new generate_schema_name');
    expect(found[0]).toEqual({ kind: 'naming-macro', macro: 'macro.bakery.generate_schema_name' });
    expect(found).toContainEqual({
      kind: 'relation',
      uniqueId: 'model.bakery.orders',
      from: '"bakery"."main"."orders"',
      to: '"bakery"."elsewhere"."orders"',
    });
  });

  test('a macro of the same name as one of a package is not called where the package is named', () => {
    expect(overlookedAfter('macro of a package overridden')).toEqual([]);
  });

  test('variables in SQL', () => {
    expect(overlookedAfter('project variable', 'core-1.12', { variables: ['rate', 'other'] })).toEqual([
      { kind: 'variable', name: 'rate', uniqueIds: ['model.bakery.by_var'] },
    ]);
    expect(
      overlookedAfter('environment variable in SQL', 'core-1.12', { environment: ['BAKERY_CITY'] }),
    ).toEqual([{ kind: 'environment-variable', name: 'BAKERY_CITY', uniqueIds: ['model.bakery.by_env'] }]);
  });

  test('a variable is not overlooked in a node that is listed anyway', () => {
    const found = overlookedAfter('materialization in a folder', 'core-1.12', { variables: ['rate'] });
    expect(found).toEqual([]);
  });

  test('hooks of the project, and nodes that are gone', () => {
    expect(overlookedAfter('project hook')).toMatchObject([{ kind: 'project-hook' }]);
    expect(overlookedAfter('model deleted')).toEqual([{ kind: 'removed', uniqueId: 'model.bakery.by_env' }]);
  });

  test('a contract that dbt refuses instead of listing anything', () => {
    for (const requirements of ['core-1.11', 'core-1.12'] as const) {
      for (const [name, { answers }] of recordings[requirements].edits) {
        const refused = overlookedAfter(name, requirements).some(({ kind }) => kind === 'contract-refused');
        expect(refused, name).toBe(!Array.isArray(answers['modified']));
      }
    }
  });
});

test('a contract of a version that is no longer enforced is refused', () => {
  const { before } = recordings['core-1.12'];
  const id = 'model.bakery.customers.v2';
  const model = before.nodes[id] ?? expect.unreachable();
  const now = { ...before, nodes: { ...before.nodes, [id]: { ...model, contract: { enforced: false } } } };
  expect(overlooked(before, now, 'core')).toEqual([{ kind: 'contract-refused', uniqueId: id }]);
});

test('a config that reads nothing from outside is no false alarm', () => {
  const { before } = recordings['core-1.12'];
  const id = 'model.bakery.growing';
  const model = before.nodes[id] ?? expect.unreachable();
  const now = {
    ...before,
    nodes: { ...before.nodes, [id]: { ...model, unrendered_config: { unique_key: 'x' } } },
  };
  expect(overlooked(before, now, 'core')).toEqual([]);
});

test('dbt Core 1.11 cries wolf over a variable or the target inside a config', () => {
  const alarm = (uniqueId: string) => ({ kind: 'false-alarm', uniqueId, configs: ['materialized'] });
  expect(overlookedAfter('variable in a config', 'core-1.11')).toContainEqual(
    alarm('model.bakery.config_var'),
  );
  expect(overlookedAfter('another target', 'core-1.11')).toContainEqual(alarm('model.bakery.config_target'));
  const kinds = (edit: string) => overlookedAfter(edit, 'core-1.11').map(({ kind }) => kind);
  expect(kinds('meta in a folder')).not.toContain('false-alarm');
  expect(kinds('materialization in a folder')).not.toContain('false-alarm');
});

describe('where dbt v2 is blind', () => {
  test.each([
    ['contract: type', 'model.bakery.priced', ['contract']],
    ['contract: column removed', 'model.bakery.priced', ['contract']],
    ['singular test', 'test.bakery.no_free_orders', ['raw_code']],
    ['expectation of a unit test', 'unit_test.bakery.orders.orders_in_cents', ['expect']],
    ['deprecation date', 'model.bakery.plain', ['deprecation_date']],
    ['description of an exposure', 'exposure.bakery.board', ['description']],
  ])('%s', (edit, uniqueId, fields) => {
    expect(overlookedAfter(edit, 'fusion')).toEqual([{ kind: 'not-compared', uniqueId, fields }]);
  });

  test('the severity of a test', () => {
    expect(overlookedAfter('severity of a test', 'fusion')).toMatchObject([
      { kind: 'not-compared', fields: ['severity'] },
    ]);
  });

  test('macros of packages and of hooks', () => {
    expect(overlookedAfter('macro of a package', 'fusion')).toEqual([
      { kind: 'untracked-macro', macro: 'macro.helpers.day', mentionedBy: ['model.bakery.daily'] },
    ]);
    expect(overlookedAfter('macro in a hook', 'fusion')).toMatchObject([
      { kind: 'untracked-macro', macro: 'macro.bakery.noted' },
    ]);
  });

  test('nothing is overlooked where nothing is edited', () => {
    expect(overlookedAfter('nothing', 'fusion')).toEqual([]);
  });
});
