import type { NodeDecision } from '../../sdk/decisions/decision.ts';
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
