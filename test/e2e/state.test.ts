import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain, type RunResult, renderSummary, runDbt } from '../../sdk/index.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';
import { postgresEnv, type Workspace, workspace } from './workspace.ts';

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

/** Builds on Postgres with the real plugin, talking to a service that answers as told, if one is given. */
async function build(script?: object, args: readonly string[] = []): Promise<RunResult> {
  const service = script === undefined ? undefined : await startScriptedStateService(script);
  try {
    return await runDbt(['build', '--target', 'postgres', ...args], {
      cwd: shop.dir,
      env: { ...shop.env, ...service?.env },
      dbt: shop.dbt,
      output: 'silent',
      reject: false,
    });
  } finally {
    await service?.stop();
  }
}

const decision = (result: RunResult, name: string) => {
  const found = result.decisions.find((node) => node.name === name);
  if (found === undefined) throw new Error(`There is no node ${name}.`);
  return found;
};

test('enabled and without credentials is not active: cause and fix come first', async () => {
  const result = await build();
  expect(result.outcome).toBe('executed');
  expect(result.state).toMatchObject({
    kind: 'inactive',
    version: '2.62.3',
    trouble: { problem: 'no-credentials', fix: expect.stringContaining('DBT_CLOUD_TOKEN') },
  });
  for (const node of result.decisions.filter((one) => one.resourceType === 'model')) {
    expect(node).toMatchObject({ action: 'built', because: 'state-inactive' });
  }
  const summary = renderSummary(explain(result));
  expect(summary.indexOf('dbt State was not active')).toBeGreaterThan(0);
  expect(summary.indexOf('dbt State was not active')).toBeLessThan(summary.indexOf('What happened'));
});

describe('with a service', () => {
  test('what it said to execute was built because it said so; Postgres views were not submitted', async () => {
    const result = await build({ default: { answer: 'execute' } });
    expect(result.state).toMatchObject({ kind: 'active', troubles: [] });
    expect(decision(result, 'rides')).toMatchObject({ action: 'built', because: 'state-decided' });
    expect(decision(result, 'stg_rides')).toMatchObject({ action: 'built', because: 'state-not-asked' });
    expect(result.savings).toBeUndefined();
  });

  test('reused models, seeds and tests, stale or not: each told apart, savings as reported', async () => {
    const result = await build({
      default: { answer: 'skip', runtime_ms: 2000 },
      nodes: {
        daily_revenue: { answer: 'skip', stale: true, runtime_ms: 3000 },
        station_balance: { answer: 'execute' },
        unique_bike_usage_bike_id: {
          answer: 'skip',
          runtime_ms: 100,
          execution_results: { failures: 2, should_warn: false, should_error: true },
        },
      },
    });
    expect(result.state).toMatchObject({ kind: 'active' });
    expect(decision(result, 'raw_bikes')).toMatchObject({ action: 'reused', because: 'no-changes' });
    expect(decision(result, 'rides')).toMatchObject({ action: 'reused', because: 'no-changes' });
    expect(decision(result, 'daily_revenue')).toMatchObject({
      action: 'reused',
      because: 'within-lag-tolerance',
    });
    expect(decision(result, 'station_balance')).toMatchObject({ action: 'built', because: 'state-decided' });
    expect(decision(result, 'unique_stg_bikes_bike_id')).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      status: 'pass',
      failed: false,
    });
    expect(decision(result, 'unique_bike_usage_bike_id')).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      status: 'fail',
      failures: 2,
      failed: true,
    });
    expect(decision(result, 'price_of_a_ride')).toMatchObject({ action: 'tested' });
    expect(result.failure?.code).toBe('nodes-failed');

    const reused = result.decisions.filter((node) => node.action === 'reused');
    expect(result.savings?.nodes).toBe(reused.length);
    const explanation = explain(result);
    const { executed, reused: reusedTests } = explanation.totals.tests;
    expect(executed.total).toBe(1);
    expect(reusedTests.total).toBe(reused.filter((node) => node.resourceType === 'test').length);
    expect(explanation.time.saved?.nodeMs).toBe(result.savings?.nodeMs);
  });

  test('a service that nobody reaches is said to be just that', async () => {
    const service = await startScriptedStateService({ default: { answer: 'skip' } });
    await service.stop();
    const result = await runDbt(['run', '--target', 'postgres', '--select', 'bike_usage'], {
      cwd: shop.dir,
      env: { ...shop.env, ...service.env, RUN_CACHE_API_CLIENT_MAX_ATTEMPTS: '1' },
      dbt: shop.dbt,
      output: 'silent',
    });
    expect(result.state).toMatchObject({ kind: 'inactive', trouble: { problem: 'service-unreachable' } });
    expect(decision(result, 'bike_usage').action).toBe('built');
  });
});

test('no secret of the profile or the environment is in anything we write', async () => {
  const result = await build({ default: { answer: 'execute' } }, ['--select', 'raw_bikes']);
  const { artifacts: _, ...report } = result;
  const written = JSON.stringify(report) + (await shop.read('target/dbt_runcache_report.json'));
  expect(written).toContain('raw_bikes');
  expect(written).not.toContain(postgres.password);
  expect(written).not.toContain('not-a-secret-client');
});
