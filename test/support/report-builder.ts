import type { NodeDecision } from '../../sdk/decisions/decision.ts';
import type { DedupReport, EarlierRun, ExecutedBecause, RecordFate } from '../../sdk/dedup/dedup-report.ts';
import type { RunReport } from '../../sdk/result.ts';

/** A model that was built without dbt State, except for what is given. */
export function decision(given: Partial<NodeDecision> = {}): NodeDecision {
  const name = given.name ?? 'customers';
  const resourceType = given.resourceType ?? 'model';
  return {
    uniqueId: `${resourceType}.jaffle_shop.${name}`,
    name,
    resourceType,
    action: 'built',
    because: 'state-absent',
    status: 'success',
    failed: false,
    basis: 'reported',
    evidence: [],
    ...given,
  };
}

/** A data test that ran and passed, except for what is given. */
export function testDecision(given: Partial<NodeDecision> = {}): NodeDecision {
  return decision({
    name: 'not_null_customers_id',
    resourceType: 'test',
    action: 'tested',
    status: 'pass',
    ...given,
  });
}

/** A data test whose stored result was reused, except for what is given. */
export function reusedTest(given: Partial<NodeDecision> = {}): NodeDecision {
  return testDecision({ action: 'reused', because: 'stored-test-result', ...given });
}

/** A model that was not tried because another failed. */
export function skipped(name: string, upstreamId: string): NodeDecision {
  return decision({
    name,
    action: 'skipped',
    because: 'upstream-failed',
    detail: upstreamId,
    status: 'skipped',
  });
}

/** A successful `dbt build` of nothing in 12 s without dbt State, except for what is given. */
export function report(given: Partial<RunReport> = {}): RunReport {
  return {
    schemaVersion: 1,
    outcome: given.failure === undefined ? 'executed' : 'failed',
    command: 'build',
    args: ['build'],
    exitCode: given.failure === undefined ? 0 : 1,
    invocationId: '4cc9d475-98e4-4c51-9357-a568296462bc',
    startedAt: '2026-11-21T01:25:41.077Z',
    finishedAt: '2026-11-21T01:25:53.077Z',
    wallMs: 12_000,
    labels: {},
    engine: {
      kind: 'core',
      commandPrefix: ['dbt'],
      dbtVersion: '1.11.16',
      adapterType: 'postgres',
      adapterVersion: '1.11.0',
    },
    project: {
      name: 'jaffle_shop',
      dir: '/repo/jaffle_shop',
      targetPath: '/repo/jaffle_shop/target',
      profileName: 'jaffle_shop',
      targetName: 'dev',
    },
    threads: 4,
    state: { kind: 'absent' },
    decisions: [],
    notices: [],
    artifactPaths: { runResults: '/repo/jaffle_shop/target/run_results.json' },
    ...given,
  };
}

/** As {@link report}, with a failure of the `nodes-failed` kind. */
export function failedReport(given: Partial<RunReport> = {}): RunReport {
  return report({ failure: { code: 'nodes-failed', message: 'Some nodes failed' }, ...given });
}

export const EARLIER_URL = 'https://github.com/acme/shop/actions/runs/123/attempts/1';
export const KEY_DIGEST = '3f2a9c41d07b6688'.repeat(4);

const LEDGER = {
  store: 'redis',
  key: { kind: 'derived', digest: KEY_DIGEST },
} as const;

/** A successful `dbt build` of 3 min 20 s in a workflow, except for what is given. */
export function earlierRun(given: Partial<EarlierRun> = {}): EarlierRun {
  return {
    startedAt: '2026-11-20T17:58:51.000Z',
    finishedAt: '2026-11-20T18:02:11.000Z',
    wallMs: 200_000,
    result: 'succeeded',
    host: 'runner-3',
    pid: 4711,
    url: EARLIER_URL,
    workflowRunId: '123',
    command: 'build',
    labels: {},
    ...given,
  };
}

/** A run that took the result of {@link earlierRun} in 1.4 s; with a `failure`, its failure. */
export function replayedReport(
  given: Partial<RunReport> = {},
  dedup: Partial<Extract<DedupReport, { kind: 'replayed' }>> = {},
): RunReport {
  const failed = given.failure !== undefined;
  return report({
    outcome: failed ? 'failed' : 'replayed',
    wallMs: 1400,
    ...given,
    dedup: {
      ...LEDGER,
      kind: 'replayed',
      run: earlierRun({ result: failed ? 'failed' : 'succeeded' }),
      restored: ['run_results.json', 'manifest.json'],
      omitted: [],
      ...dedup,
    },
  });
}

/** A run that did nothing because an identical one, of `run`, is in flight. */
export function skippedReport(run: EarlierRun | undefined): RunReport {
  const { exitCode: _exitCode, invocationId: _invocationId, ...rest } = report();
  return {
    ...rest,
    outcome: 'skipped-in-flight',
    wallMs: 800,
    state: { kind: 'unknown', why: 'dbt was not started' },
    artifactPaths: {},
    dedup: { ...LEDGER, kind: 'skipped-in-flight', ...(run === undefined ? {} : { run }) },
  };
}

/** What the ledger says of a run that was executed. */
export function executedDedup(because: ExecutedBecause, record: RecordFate = 'kept'): DedupReport {
  return { ...LEDGER, kind: 'executed', because, record };
}
