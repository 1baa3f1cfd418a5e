import { describe, expect, test } from 'vitest';
import { explain } from '../../../sdk/explain/explain.ts';
import type { SelectionNotice } from '../../../sdk/explain/explanation.ts';
import { plainWords } from '../../../sdk/explain/phrase.ts';
import type { ChangeKind, NodeChange } from '../../../sdk/managed-state/node-change.ts';
import type { Oversight } from '../../../sdk/managed-state/oversight.ts';
import type { SelectionReasons, SlimReport } from '../../../sdk/managed-state/state-report.ts';
import { change, foundState, managedState, reasons, slimReport } from '../../support/managed-state-report.ts';
import { decision, report } from '../../support/report-builder.ts';

const id = (name: string) => `model.jaffle_shop.${name}`;

function explained(given: Partial<SelectionReasons>, slim: Partial<SlimReport> = {}) {
  const decisions = ['orders', 'below', 'failed', 'fresh', 'added', 'other'].map((name) =>
    decision({ name }),
  );
  return explain(
    report({
      decisions,
      managedState: managedState({ slim: slimReport({ selection: reasons(given), ...slim }) }),
    }),
  );
}

function selection(given: Partial<SelectionReasons>, slim?: Partial<SlimReport>): SelectionNotice {
  const found = explained(given, slim).managedState?.selection;
  if (found === undefined) throw new Error('no selection');
  return found;
}

describe('what changed', () => {
  const KINDS: Readonly<Record<ChangeKind, readonly [Partial<NodeChange>, string]>> = {
    new: [{}, 'new'],
    body: [{}, 'its SQL'],
    configs: [{ configs: ['materialized', 'tags'] }, 'configs materialized and tags'],
    relation: [{ relation: ['schema'] }, 'its table’s name (schema)'],
    'persisted-descriptions': [{}, 'persisted description'],
    macros: [
      { macros: [{ macro: 'macro.jaffle_shop.cents_to_dollars', via: ['macro.money.format'] }] },
      'macro cents_to_dollars, called by way of money.format',
    ],
    contract: [{}, 'its contract'],
    path: [{}, 'its folder'],
    properties: [{ properties: ['owner', 'freshness'] }, 'owner and freshness'],
  };
  test.each(Object.entries(KINDS))('%s', (kind, [given, words]) => {
    const { changes } = selection({ changes: [change('orders', { kinds: [kind as ChangeKind], ...given })] });
    expect(changes.map(({ what }) => plainWords(what))).toEqual([words]);
  });

  test('several kinds stand apart; new says it all', () => {
    const two = change('orders', { kinds: ['body', 'configs'], configs: ['a'] });
    expect(selection({ changes: [two] }).changes.map(({ what }) => plainWords(what))).toEqual([
      'its SQL; config a',
    ]);
    const fresh = change('orders', { kinds: ['body', 'new'] });
    expect(selection({ changes: [fresh] }).changes.map(({ what }) => plainWords(what))).toEqual(['new']);
  });

  test('a seed has data, not SQL; names come out of unique ids', () => {
    const { changes } = selection({
      changes: [
        change('x', { uniqueId: 'test.jaffle_shop.not_null_orders_id.cf6c17daed' }),
        change('x', { uniqueId: 'seed.jaffle_shop.raw_orders' }),
        change('x', { uniqueId: 'source.jaffle_shop.raw.orders' }),
        change('x', { uniqueId: 'model.jaffle_shop.customers.v2' }),
      ],
    });
    expect(changes.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'model customers.v2',
      'seed raw_orders',
      'source raw.orders',
      'data test not_null_orders_id',
    ]);
    expect(plainWords(changes[1]?.what ?? [])).toBe('its data');
  });

  test('what state:modified does not list selects nothing, and is small print', () => {
    const changes = [
      change('x', { uniqueId: 'source.jaffle_shop.raw.orders', kinds: ['new'], selectedBy: ['new'] }),
    ];
    expect(selection({ changes }).title).toBe('dbt found no changed node');
    expect(explained({ changes }).smallPrint.join(' ')).toContain('nothing for that alone: raw.orders.');
  });
});

test('what stands below is told by what it stands below, and a changed node only once', () => {
  const { title, below, belowCount } = selection({
    changes: [change('a'), change('b')],
    downstream: {
      [id('b')]: [id('a')],
      [id('x')]: [id('b'), id('a')],
      [id('y')]: [id('a'), id('b')],
      [id('z')]: [id('a')],
    },
  });
  expect(title).toBe('2 nodes changed, 3 nodes below them');
  expect(belowCount).toBe(3);
  expect(below.map((group) => [group.below, group.nodes.map(({ name }) => name)])).toEqual([
    [
      ['a', 'b'],
      ['x', 'y'],
    ],
    [['a'], ['z']],
  ]);
});

test('each node says why it was selected, by the nearest reason', () => {
  const { groups } = explained(
    {
      changes: [change('orders')],
      downstream: { [id('below')]: [id('orders'), id('a'), id('b')], [id('orders')]: [id('a')] },
      retried: [id('failed'), id('orders')],
      fresher: [id('fresh')],
    },
    { added: [id('added')] },
  );
  const nodes = groups.flatMap((group) => group.nodes);
  expect(Object.fromEntries(nodes.map(({ name, selectedFor }) => [name, selectedFor]))).toEqual({
    orders: 'changed: its SQL',
    below: 'below orders, a and 1 more',
    failed: 'to be built again after the last run',
    fresh: 'below a source with newer data',
    added: 'added by strict',
    other: undefined,
  });
});

test('nodes of other reasons are told with theirs', () => {
  const { others } = selection({ retried: [id('a'), id('b')], fresher: [id('c')] }, { added: [id('d')] });
  expect(
    others.map(({ kind, lead, nodes }) => `${kind}: ${plainWords(lead)}: ${nodes.map(({ name }) => name)}`),
  ).toEqual([
    'retried: To be built again after the last run of production (at 2026-11-20 05:00:00 UTC, 1a2b3c4): a,b',
    'fresher: One node stands below a source that has newer data: c',
    'added: Strict added 1 node that dbt’s comparison overlooks: d',
  ]);
});

test('that failures of the last run are not known is small print', () => {
  const { lastRun: _, ...found } = foundState();
  const given = report({ managedState: managedState({ comparison: found, slim: slimReport() }) });
  expect(explain(given).smallPrint.join(' ')).toContain(
    'Which nodes failed in the last run of production is not known',
  );
  expect(explained({}).smallPrint.join(' ')).not.toContain('is not known');
});

test('without a comparison after the run nothing is claimed', () => {
  const { selection: _, ...slim } = slimReport();
  const notice = explain(
    report({ decisions: [decision()], managedState: managedState({ slim }) }),
  ).managedState;
  expect(notice).not.toHaveProperty('selection');
  expect(notice?.selectionUnknown).toContain('is not known');
});

describe('what dbt does not see', () => {
  const OVERSIGHTS: Readonly<Record<Oversight['kind'], readonly [Oversight, string]>> = {
    'built-in-macro': [
      { kind: 'built-in-macro', macro: 'macro.jaffle_shop.m' },
      'The macro m has changed. It stands in front of',
    ],
    'naming-macro': [{ kind: 'naming-macro', macro: 'macro.jaffle_shop.m' }, 'It decides names of schemas'],
    'untracked-macro': [
      { kind: 'untracked-macro', macro: 'macro.money.m', mentionedBy: [id('a')] },
      'The macro money.m has changed, and dbt finds nothing that calls it, though it is named by a.',
    ],
    'project-hook': [
      { kind: 'project-hook', uniqueId: 'operation.p.p-on-run-end-0' },
      'The project’s hook p-on-run-end-0 is new',
    ],
    removed: [
      { kind: 'removed', uniqueId: id('a') },
      'a is gone. dbt lists neither it nor what stood below it.',
    ],
    relation: [
      { kind: 'relation', uniqueId: id('a'), from: 'x.a', to: 'y.a' },
      'a is now y.a in the warehouse, and was x.a.',
    ],
    variable: [{ kind: 'variable', name: 'v', uniqueIds: [id('a')] }, 'The variable v has another value now'],
    'environment-variable': [
      { kind: 'environment-variable', name: 'V', uniqueIds: [id('a')] },
      'The environment variable V has another value now',
    ],
    'not-compared': [
      { kind: 'not-compared', uniqueId: id('a'), fields: ['refs'] },
      'This differs, and dbt does not compare it: a (refs).',
    ],
    'false-alarm': [{ kind: 'false-alarm', uniqueId: id('a'), configs: ['c'] }, 'a (c).'],
    'contract-refused': [
      { kind: 'contract-refused', uniqueId: id('a') },
      'lists nothing and ends with an error',
    ],
  };

  test.each(Object.entries(OVERSIGHTS).filter(([kind]) => kind !== 'false-alarm' && kind !== 'naming-macro'))(
    '%s is a caution with a way out',
    (kind, [oversight, words]) => {
      const [told, ...more] = selection({ oversights: [oversight] }).oversights;
      expect(more).toEqual([]);
      expect(told).toMatchObject({ kind, tone: 'caution' });
      expect(plainWords(told?.says ?? [])).toContain(words);
      expect(told?.todo).toBeTruthy();
    },
  );

  test.each([
    OVERSIGHTS['false-alarm'],
    [{ kind: 'removed', uniqueId: 'test.p.not_null_a.abc' }, 'not_null_a is gone.'],
  ] as const)('$0.kind of what builds nothing is small print', (oversight, words) => {
    const found = explained({ oversights: [oversight] });
    expect(found.managedState?.selection?.oversights).toEqual([]);
    expect(found.smallPrint.join(' ')).toContain(words);
  });

  const variable: Oversight = { kind: 'variable', name: 'v', uniqueIds: [id('a'), id('b')] };
  const tone = (given: Partial<SelectionReasons>, slim?: Partial<SlimReport>) =>
    selection({ oversights: [variable], ...given }, slim).oversights[0]?.tone;

  test('is settled where all it concerns is selected for another reason, and not before', () => {
    expect(tone({})).toBe('caution');
    expect(tone({ downstream: { [id('a')]: [id('x')] } })).toBe('caution');
    expect(tone({ downstream: { [id('a')]: [id('x')] }, retried: [id('b')] })).toBe('settled');
    expect(tone({}, { mode: 'strict', added: [id('a'), id('b')] })).toBe('settled');
    expect(tone({}, { mode: 'strict', added: [id('a')] })).toBe('caution');
    // Listed, but not by state:modified.
    expect(tone({ changes: ['a', 'b'].map((name) => change(name, { selectedBy: ['new'] })) })).toBe(
      'caution',
    );
  });

  const macro: Oversight = { kind: 'built-in-macro', macro: 'macro.jaffle_shop.m' };
  const hook: Oversight = { kind: 'project-hook', uniqueId: 'operation.p.p-on-run-end-0' };
  const gone: Oversight = { kind: 'removed', uniqueId: id('gone') };
  const tones = (oversights: readonly Oversight[], slim?: Partial<SlimReport>) =>
    Object.fromEntries(
      selection({ oversights }, slim).oversights.map(({ kind, tone: how, todo }) => [
        kind,
        `${how} ${todo ?? ''}`,
      ]),
    );

  test('strict has named the nodes behind a macro, but not those behind a hook, and brings nothing back', () => {
    const slim = tones([macro, hook, gone]);
    expect(slim['built-in-macro']).toContain('caution If that matters here, set `slim: strict`');
    expect(slim['project-hook']).toMatch(/^caution .*`slim: false`/);
    expect(slim['project-hook']).not.toContain('strict');
    const strict = tones([macro, hook, gone], { mode: 'strict' });
    expect(strict['built-in-macro']).toBe('settled ');
    expect(strict['project-hook']).toContain('caution');
    expect(strict['removed']).toContain('caution');
  });

  test('a naming macro is as settled as what it renames', () => {
    const naming: Oversight = { kind: 'naming-macro', macro: 'macro.jaffle_shop.generate_schema_name' };
    const renamed: Oversight = { kind: 'relation', uniqueId: id('a'), from: 'x.a', to: 'y.a' };
    expect(tones([naming, renamed])['naming-macro']).toContain('caution');
    expect(tones([naming, renamed], { added: [id('a')] })['naming-macro']).toBe('settled ');
    const [alone] = selection({ oversights: [naming] }).oversights;
    expect(alone?.tone).toBe('settled');
    expect(plainWords(alone?.says ?? [])).toContain('No node was found whose name differs by it.');
  });

  test('strict that selected everything says why, and settles all but what is gone', () => {
    const given = [macro, variable, hook, gone];
    const all = selection({ oversights: given }, { mode: 'strict', addedAll: macro });
    expect(plainWords(all.addedAll ?? [])).toMatch(/^Strict selected everything.* The macro m has changed/);
    expect(all.oversights.map(({ kind, tone: how }) => [kind, how])).toEqual([
      ['removed', 'caution'],
      ['project-hook', 'settled'],
      ['variable', 'settled'],
    ]);
  });
});
