import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explainFinished, type RunEvent, type RunResult, runDbt } from '../../sdk/index.ts';
import { checkedLines } from '../support/decision-log.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { pythonEnv } from '../support/python-env.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';
import { postgresEnv, type Workspace, workspace } from './workspace.ts';

type Finished = Extract<RunEvent, { kind: 'node-finished' }>;

let postgres: Postgres;
let shop: Workspace;
beforeAll(async () => {
  postgres = await startPostgres();
  await postgres.createDatabase('shop');
  shop = await workspace(postgresEnv(postgres));
});
afterAll(async () => {
  await shop?.remove();
  await postgres?.stop();
});

/** A build on Postgres, with what was told of the nodes while it ran. */
async function build(
  dbt: string,
  script: object,
  env: Record<string, string> = {},
): Promise<{ result: RunResult; told: Map<string, Finished> }> {
  const service = await startScriptedStateService(script);
  try {
    const run = runDbt(['build', '--target', 'postgres'], {
      cwd: shop.dir,
      env: { ...shop.env, ...service.env, ...env },
      dbt,
      output: 'silent',
      reject: false,
    });
    const told = new Map<string, Finished>();
    for await (const event of run) {
      if (event.kind !== 'node-finished') continue;
      expect(told.has(event.uniqueId), `${event.uniqueId} was told twice`).toBe(false);
      told.set(event.uniqueId, event);
    }
    return { result: await run, told };
  } finally {
    await service.stop();
  }
}

const CLONE = ['drop table if exists {target}', 'create table {target} as select * from {source}'];
/** Every way a node can go, in one build. */
const SCRIPT = {
  default: { answer: 'skip', runtime_ms: 2000, description: 'Nothing it reads has changed' },
  nodes: {
    rides: { answer: 'execute', description: 'Its SQL has changed' },
    daily_revenue: { answer: 'skip', stale: true, runtime_ms: 3000 },
    revenue_by_plan: {
      answer: 'clone',
      source: '"shop"."elsewhere"."revenue_by_plan"',
      target: '"shop"."bike_hire"."revenue_by_plan"',
      clone_sqls: CLONE.map((sql) =>
        sql
          .replace('{target}', '"shop"."bike_hire"."revenue_by_plan"')
          .replace('{source}', '"shop"."elsewhere"."revenue_by_plan"'),
      ),
    },
    station_balance: {
      answer: 'clone',
      source: '"shop"."nowhere"."station_balance"',
      target: '"shop"."bike_hire"."station_balance"',
      clone_sqls: ['create table "shop"."bike_hire"."station_balance" as select * from "shop"."nowhere"."x"'],
    },
    unique_stg_bikes_bike_id: { answer: 'execute' },
    unique_bike_usage_bike_id: {
      answer: 'skip',
      execution_results: { failures: 2, should_warn: false, should_error: true },
    },
  },
};

const EXPECTED: Readonly<Record<string, Partial<Finished>>> = {
  raw_bikes: { action: 'reused', because: 'no-changes' },
  daily_revenue: { action: 'reused', because: 'within-lag-tolerance' },
  rides: { action: 'built', because: 'state-decided', detail: 'Its SQL has changed' },
  stg_rides: { action: 'built', because: 'state-not-asked', materialized: 'view' },
  revenue_by_plan: { action: 'cloned', because: 'clone-of-other-environment' },
  station_balance: { action: 'built', because: 'clone-failed' },
  unique_stg_bikes_bike_id: { action: 'tested', because: 'state-decided', status: 'pass' },
  unique_stg_stations_station_id: { action: 'reused', because: 'stored-test-result', failed: false },
  unique_bike_usage_bike_id: {
    action: 'reused',
    because: 'stored-test-result',
    status: 'fail',
    failed: true,
    failures: 2,
  },
};

describe.each([
  ['Core 1.11', 'core-1.11', {}],
  ['Core 1.12', 'core-1.12', {}],
  ['Core 1.12 with its status reused', 'core-1.12', { RUN_CACHE_EMIT_REUSED_STATUS: 'true' }],
] as const)('%s', (_, requirements, env) => {
  test('what is told as each node ends is what is decided in the end, and what the log holds', async () => {
    const { dbt } = await pythonEnv({ requirements });
    await build(dbt, { default: { answer: 'execute' } });
    await postgres.query('shop', 'create schema if not exists elsewhere');
    await postgres.query('shop', 'drop table if exists elsewhere.revenue_by_plan');
    await postgres.query(
      'shop',
      'create table elsewhere.revenue_by_plan as select * from bike_hire.revenue_by_plan',
    );

    const { result, told } = await build(dbt, SCRIPT, env);

    expect(result.state).toMatchObject({ kind: 'active' });
    const byName = new Map([...told.values()].map((event) => [event.name, event]));
    for (const [name, expected] of Object.entries(EXPECTED)) {
      expect(byName.get(name), name).toMatchObject(expected);
    }
    expect([...told.keys()].toSorted()).toEqual(result.decisions.map((one) => one.uniqueId).toSorted());
    for (const { uniqueId, action, because, failed, detail } of result.decisions) {
      expect(told.get(uniqueId)).toMatchObject({
        action,
        because,
        failed,
        ...(action === 'skipped' || detail === undefined ? {} : { detail }),
      });
    }
    const reused = byName.get('raw_bikes');
    if (reused === undefined) throw new Error('raw_bikes was not told');
    expect(explainFinished(reused).sentence).toBe(
      'dbt State found no new changes, so it kept what was there: Nothing it reads has changed.',
    );

    const [first, ...rest] = checkedLines(await readFile(result.decisionsPath ?? '', 'utf8'));
    expect(first).toMatchObject({
      type: 'run',
      schemaVersion: 1,
      command: 'build',
      state: { kind: 'active' },
    });
    expect(rest.pop()).toMatchObject({ type: 'end', outcome: 'failed', savings: result.savings });
    expect(rest).toEqual(result.decisions.map((decision) => ({ type: 'decision', ...decision })));
  });
});

test('dbt v2 on DuckDB: what is told is what is decided, and State is not claimed to have done any of it', async () => {
  const { dbt, env } = await pythonEnv({ requirements: 'fusion' });
  const run = runDbt(['run', '--target', 'duckdb', '--manage-state'], {
    cwd: shop.dir,
    env: { ...shop.env, ...env },
    dbt,
    output: 'silent',
    reject: false,
  });
  const told = new Map<string, Finished>();
  for await (const event of run) if (event.kind === 'node-finished') told.set(event.uniqueId, event);
  const result = await run;
  expect(result.decisions.length).toBeGreaterThan(5);
  expect([...told.keys()].toSorted()).toEqual(result.decisions.map((one) => one.uniqueId).toSorted());
  for (const { uniqueId, action, because } of result.decisions) {
    expect(told.get(uniqueId)).toMatchObject({ action, because });
    expect(action).not.toMatch(/reused|cloned/);
  }
  expect(result.state.kind).toBe('inactive');
  const [first] = checkedLines(await readFile(result.decisionsPath ?? '', 'utf8'));
  expect(first).toMatchObject({ type: 'run', engine: 'fusion', state: { kind: 'inactive' } });
});
