import { describe, expect, test } from 'vitest';
import { matchDecisionLog, parseDecisionLog } from '../../../sdk/decisions/decision-log.ts';
import { fixture } from './recorded.ts';

const real = fixture('dbt-core-1.11/plugin-decision-log.jsonl');

test('reads the plugin’s real log', () => {
  const log = parseDecisionLog(real);
  expect(log.run).toMatchObject({
    targetName: 'dev',
    deferToTarget: 'prod',
    freshnessToleranceSeconds: 2700,
  });
  expect(log.unreadable).toBe(0);
  expect(log.entries).toHaveLength(real.trim().split('\n').length - 1);
  expect(log.entries[0]).toEqual({
    nodeName: 'raw_orders',
    resourceType: 'seed',
    relationName: '"jaffle"."dev"."raw_orders"',
    decisionId: 'dec-0a69acb8',
  });
});

test('a torn last line is not a defect, one in the middle is', () => {
  const lines = real.trim().split('\n');
  const torn = `${lines.slice(0, 3).join('\n')}\n${lines[3]?.slice(0, 40)}`;
  expect(parseDecisionLog(torn)).toMatchObject({ unreadable: 0, entries: [{}, {}] });
  const broken = [lines[0], '{"entry_type": "no', lines[1], ''].join('\n');
  expect(parseDecisionLog(broken)).toMatchObject({ unreadable: 1, entries: [{}] });
});

test.each(['', '\n\n', 'null\n', '[]\n', '"x"\n', '{"entry_type":"node","node_info":3}\n'])(
  '%j has no entries',
  (text) => {
    expect(parseDecisionLog(text).entries).toEqual([]);
  },
);

describe('which node an entry belongs to', () => {
  const line = (name: string, type: string, fqn: string): string =>
    JSON.stringify({
      entry_type: 'node',
      node_name: name,
      node_info: { fqn, node_resource_type: type },
      execution_decision_id: 'd',
    });
  const node = (uniqueId: string, relationName?: string) => {
    const [resourceType = '', , name = ''] = uniqueId.split('.');
    return { uniqueId, name, resourceType, ...(relationName === undefined ? {} : { relationName }) };
  };

  test('by name, type and relation', () => {
    const log = parseDecisionLog(`${line('orders', 'model', '"d"."s"."orders"')}\n`);
    expect([...matchDecisionLog(log, [node('model.a.orders', '"d"."s"."orders"')]).keys()]).toEqual([
      'model.a.orders',
    ]);
    expect(matchDecisionLog(log, [node('model.a.orders', '"d"."other"."orders"')]).size).toBe(0);
    expect(matchDecisionLog(log, [node('seed.a.orders', '"d"."s"."orders"')]).size).toBe(0);
  });

  test('nobody’s when two nodes of the run share the name, since the plugin may have mixed them up', () => {
    const log = parseDecisionLog(
      `${line('orders', 'model', '"d"."a"."orders"')}\n${line('orders', 'model', '"d"."b"."orders"')}\n`,
    );
    const nodes = [node('model.a.orders', '"d"."a"."orders"'), node('model.b.orders', '"d"."b"."orders"')];
    expect(matchDecisionLog(log, nodes).size).toBe(0);
    const onlyOne = parseDecisionLog(`${line('orders', 'model', '"d"."a"."orders"')}\n`);
    expect(matchDecisionLog(onlyOne, nodes.toReversed()).size).toBe(0);
  });

  test('nobody’s when the log names it twice', () => {
    const log = parseDecisionLog(
      `${line('t', 'test', '')}\n${line('t', 'test', '')}\n${line('t', 'test', '')}\n`,
    );
    expect(matchDecisionLog(log, [node('test.a.t')]).size).toBe(0);
  });
});
