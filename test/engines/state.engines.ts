import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain, type RunResult } from '../../sdk/index.ts';
import { CORE_1_11, CORE_1_12 } from '../support/engine.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { startScriptedStateService } from '../support/scripted-state-service.ts';
import { decisionOf, type Library, library, postgresEnv } from './library.ts';

/** The real plugin on Postgres; dbt Core 1.12 can be told to say `reused` where it said `success`. */
const CASES = [
  { name: 'core-1.11', engine: CORE_1_11, env: {}, status: 'success' },
  { name: 'core-1.12', engine: CORE_1_12, env: {}, status: 'success' },
  {
    name: 'core-1.12 with the reused status',
    engine: CORE_1_12,
    env: { RUN_CACHE_EMIT_REUSED_STATUS: 'true' },
    status: 'reused',
  },
];

const SOURCE = '"library"."elsewhere"."shelf_use"';

const STORED_FAILURE = {
  answer: 'skip',
  runtime_ms: 100,
  execution_results: { failures: 2, should_warn: false, should_error: true },
};

/** What the service is asked and answers once everything has been built. */
const SECOND_RUN = {
  default: { answer: 'skip', runtime_ms: 2000 },
  nodes: {
    raw_loans: { answer: 'execute' },
    loans: { answer: 'skip', stale: true, runtime_ms: 3000 },
    shelf_use: {
      answer: 'clone',
      source: SOURCE,
      target: '"library"."library"."shelf_use"',
      clone_sqls: [
        'drop table if exists "library"."library"."shelf_use" cascade',
        `create table "library"."library"."shelf_use" as select * from ${SOURCE}`,
      ],
      runtime_ms: 900,
    },
    late_fees: {
      answer: 'clone',
      source: '"library"."elsewhere"."missing"',
      target: '"library"."library"."late_fees"',
      clone_sqls: [
        'create table "library"."library"."late_fees" as select * from "library"."elsewhere"."missing"',
      ],
    },
    not_null_late_fees_fee: STORED_FAILURE,
    accepted_values_shelf_use_shelf__north__south: { answer: 'execute' },
  },
};

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

describe.each(CASES)('$name', ({ engine, env, status }) => {
  let shop: Library;
  let result: RunResult;

  beforeAll(async () => {
    await postgres.dropDatabase('library');
    await postgres.createDatabase('library');
    shop = await library(engine, { ...postgresEnv(postgres, 'library'), ...env });
    const first = await build(shop, { default: { answer: 'execute' } });
    expect(first).toMatchObject({ outcome: 'executed', state: { kind: 'active', troubles: [] } });
    await postgres.query('library', 'create schema elsewhere');
    await postgres.query('library', `create table ${SOURCE} as select * from library.shelf_use`);
    result = await build(shop, SECOND_RUN);
  });
  afterAll(() => shop?.remove());

  test('is active on proof, and the engine is told apart', () => {
    expect(result).toMatchObject({
      engine: { kind: 'core', dbtVersion: engine.dbtVersion, stateVersion: '2.62.3' },
      state: { kind: 'active', version: '2.62.3' },
    });
  });

  test('models kept as they are, fresh and stale', () => {
    expect(decisionOf(result, 'raw_books')).toMatchObject({
      action: 'reused',
      because: 'no-changes',
      status,
    });
    expect(decisionOf(result, 'loans')).toMatchObject({
      action: 'reused',
      because: 'within-lag-tolerance',
      status,
      failed: false,
    });
    expect(decisionOf(result, 'raw_loans')).toMatchObject({ action: 'built', because: 'state-decided' });
    // Postgres views are never submitted.
    expect(decisionOf(result, 'stg_books')).toMatchObject({ action: 'built', because: 'state-not-asked' });
  });

  test('a clone is a clone, and one that fails ends as a build', () => {
    expect(decisionOf(result, 'shelf_use')).toMatchObject({
      action: 'cloned',
      because: 'clone-of-other-environment',
      status,
    });
    expect(decisionOf(result, 'late_fees')).toMatchObject({
      action: 'built',
      because: 'clone-failed',
      status: 'success',
      failed: false,
    });
  });

  test('tests: a stored pass is reused, a stored failure is reused and still fails the run', () => {
    expect(decisionOf(result, 'unique_stg_books_book_id')).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      failed: false,
    });
    expect(decisionOf(result, 'not_null_late_fees_fee')).toMatchObject({
      action: 'reused',
      because: 'stored-test-result',
      status: 'fail',
      failures: 2,
      failed: true,
    });
    expect(decisionOf(result, 'accepted_values_shelf_use_shelf__north__south')).toMatchObject({
      action: 'tested',
      because: 'state-decided',
      status: 'pass',
    });
    expect(result).toMatchObject({ outcome: 'failed', exitCode: 1, failure: { code: 'nodes-failed' } });
  });

  test('dbt’s own no-op is no reuse', () => {
    expect(decisionOf(result, 'shelf_report')).toMatchObject({
      action: 'no-op',
      because: 'nothing-to-do',
      status: 'no-op',
    });
    const reused = result.decisions.filter((node) => node.action === 'reused' || node.action === 'cloned');
    expect(reused.map((node) => node.name)).not.toContain('shelf_report');
    expect(explain(result).totals.tests.reused.total).toBe(
      reused.filter((node) => node.resourceType === 'test').length,
    );
    expect(result.savings?.nodes).toBe(reused.length);
  });

  test('a stored failure holds back what comes after it, as a fresh one would', async () => {
    const held = await build(shop, {
      default: { answer: 'skip', runtime_ms: 2000 },
      nodes: { unique_loans_loan_id: STORED_FAILURE },
    });
    expect(held.failure?.code).toBe('nodes-failed');
    const { uniqueId } = decisionOf(held, 'unique_loans_loan_id');
    expect(decisionOf(held, 'shelf_use')).toMatchObject({
      action: 'skipped',
      because: 'upstream-failed',
      detail: uniqueId,
    });
  });
});

async function build(shop: Library, script: object): Promise<RunResult> {
  const service = await startScriptedStateService(script);
  try {
    return await shop.run(['build', '--target', 'postgres'], { env: { ...shop.env, ...service.env } });
  } finally {
    await service.stop();
  }
}
