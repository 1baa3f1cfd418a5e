import { describe, expect, test } from 'vitest';
import type { StateProblem, StateStatus } from '../../../sdk/decisions/decision.ts';
import { STATE_FIXES } from '../../../sdk/decisions/state-fixes.ts';
import { checklist } from '../../../sdk/diagnose/checklist.ts';
import type { CheckCode, Diagnosis } from '../../../sdk/diagnose/diagnosis.ts';
import type { DiagnosisFacts, Step } from '../../../sdk/diagnose/facts.ts';
import type { EngineKind } from '../../../sdk/plan/engine-kind.ts';
import { readStateSettings } from '../../../sdk/plan/state/read.ts';
import { checkDiagnosis, checkOf } from '../../support/diagnosis-schema.ts';

const found = <T>(value: T): Step<T> => ({ kind: 'found', value });
const LOGIN = { DBT_CLOUD_TOKEN: 'tok_314159', DBT_CLOUD_ACCOUNT_HOST: 'ab123.example.com' };

interface Setup {
  readonly env?: Readonly<Record<string, string>>;
  readonly adapterType?: string;
  readonly kind?: EngineKind;
  readonly more?: Partial<DiagnosisFacts>;
}

/** The checklist for real settings, as the engine reads them. */
function diagnosed({ env = LOGIN, adapterType = 'postgres', kind = 'core', more = {} }: Setup): Diagnosis {
  const dbtVersion = kind === 'core' ? '1.11.16' : '2.0.0-preview.196';
  const engine = { kind, dbtVersion, stateVersion: '2.62.3', adapterType };
  const facts: DiagnosisFacts = {
    engine: found({ kind, dbtVersion, commandPrefix: ['dbt'] }),
    plugin: '2.62.3',
    legacyPackages: [],
    profile: found({ profileName: 'shop', targetName: 'prod', adapterType }),
    settings: found(readStateSettings({ engine, command: 'build', args: ['build'], env })),
    ...more,
  };
  return checkDiagnosis(checklist(facts, new Date(0)));
}

const service = (...problems: StateProblem[]): Partial<DiagnosisFacts> => ({
  service: found({
    ms: 1,
    announced: false,
    troubles: problems.map((problem) => ({ problem, fix: STATE_FIXES[problem] })),
  }),
});
const blocked = (by: string) => ({
  status: 'unknown',
  seen: `Not checked, since \`${by}\` did not pass.`,
  fix: `Solve \`${by}\` first.`,
});

describe('a target that State does not work on', () => {
  test.each<[EngineKind, Readonly<Record<string, string>>]>([
    ['core', { DBT_ENGINE_MANAGE_STATE: 'false' }],
    ['fusion', {}],
  ])('%s, with State off: nothing fails, and what is supported is told', (kind, env) => {
    const diagnosis = diagnosed({ kind, env, adapterType: 'duckdb' });
    expect(diagnosis.status).toBe('warn');
    expect(checkOf(diagnosis, 'adapter-supported')).toMatchObject({
      status: 'unknown',
      seen: expect.stringMatching(
        /is of type duckdb; .*snowflake.*\. While it is off, that does not matter\.$/,
      ),
    });
  });

  test.each([
    ['silent', service()],
    ['without credentials', service('no-credentials')],
    ['refused', service('bad-credentials', 'service-unreachable')],
    ['slow', { service: { kind: 'failed', why: 'dbt did not end', fix: 'Wait.' } } as const],
  ])('with State on and %s: that fails, and credentials and service wait for it', (_, more) => {
    const diagnosis = diagnosed({ env: {}, adapterType: 'duckdb', more });
    const failed = diagnosis.checks.filter(({ status }) => status === 'fail').map(({ code }) => code);
    expect(failed).toEqual(['adapter-supported']);
    const codes = diagnosis.checks.map(({ code }) => code);
    expect(codes.slice(-3)).toEqual(['adapter-supported', 'credential-present', 'service']);
    expect(checkOf(diagnosis, 'credential-present')).toMatchObject(blocked('adapter-supported'));
    expect(checkOf(diagnosis, 'service')).toMatchObject(blocked('adapter-supported'));
  });

  test('the same where dbt itself says so', () => {
    const diagnosis = diagnosed({ env: {}, more: service('no-credentials', 'adapter-unsupported') });
    const codes = diagnosis.checks.map(({ code }) => code);
    expect(codes.slice(-3)).toEqual(['adapter-unsupported', 'credential-present', 'service']);
    expect(checkOf(diagnosis, 'credential-present')).toMatchObject(blocked('adapter-supported'));
    expect(checkOf(diagnosis, 'service')).toMatchObject(blocked('adapter-supported'));
  });

  test('on one that it works on, a missing credential fails as ever', () => {
    const diagnosis = diagnosed({ env: {}, more: service('service-unreachable') });
    expect(checkOf(diagnosis, 'credential-present').status).toBe('fail');
    expect(checkOf(diagnosis, 'service-unreachable').status).toBe('fail');
  });

  test('a target that was not found does not pass for an unsupported one', () => {
    const profile: Step<never> = { kind: 'failed', why: 'There is no target', fix: 'Make one.' };
    const diagnosis = diagnosed({ env: {}, more: { profile, ...service('service-unreachable') } });
    expect(checkOf(diagnosis, 'service-unreachable').status).toBe('fail');
  });
});

describe('settings without effect', () => {
  test('a misspelt one is a warning with the name that was meant; its value is not shown', () => {
    const diagnosis = diagnosed({ env: { ...LOGIN, RUN_CACHE_FRESHNESS_TOLERENCE: 'v_271828' } });
    expect(checkOf(diagnosis, 'settings-valid')).toEqual({
      code: 'settings-valid',
      status: 'warn',
      seen: 'RUN_CACHE_FRESHNESS_TOLERENCE is set, and no setting of dbt State is known by this name. Did you mean RUN_CACHE_FRESHNESS_TOLERANCE?',
      fix: 'Rename `RUN_CACHE_FRESHNESS_TOLERENCE` to `RUN_CACHE_FRESHNESS_TOLERANCE`, or take it away.',
    });
  });

  test('an unknown one like no other is a warning too, also where State is off', () => {
    const env = { ...LOGIN, RUN_CACHE_ZZZZZZZZZZ: '1', DBT_ENGINE_MANAGE_STATE: 'false' };
    const check = checkOf(diagnosed({ env }), 'settings-valid');
    expect(check.status).toBe('warn');
    expect(check.seen).not.toContain('Did you mean');
    expect(check.fix).toBe('Correct the name of `RUN_CACHE_ZZZZZZZZZZ`, or take it away.');
  });

  test('what this engine ignores is named with the reason, beside what is in force', () => {
    const env = { ...LOGIN, RUN_CACHE_CACHE_MODE: 'read', DBT_ENGINE_MANAGE_STATE: 'true' };
    const check = checkOf(diagnosed({ env, kind: 'fusion', adapterType: 'snowflake' }), 'settings-valid');
    expect(check.status).toBe('pass');
    expect(check.seen).toMatch(/^In force: .*DBT_ENGINE_MANAGE_STATE/);
    expect(check.seen).toMatch(/ Without effect: RUN_CACHE_CACHE_MODE \(dbt v2 has no such setting\)\.$/);
  });

  test('a reason that many share is told once; a warning does not hide them', () => {
    const env = {
      DBT_ENGINE_MANAGE_STATE: 'false',
      RUN_CACHE_LOG_FILE_LIMIT: '3',
      RUN_CACHE_ORG_ID: '7',
      RUN_CACHE_ZZZZZZZZZZ: '1',
    };
    const { seen } = checkOf(diagnosed({ env }), 'settings-valid');
    expect(seen.match(/switched off by/g)).toHaveLength(1);
    expect(seen).toContain('RUN_CACHE_LOG_FILE_LIMIT, RUN_CACHE_ORG_ID (');
  });
});

describe('the last run was not active', () => {
  const last = (problem: StateProblem): Partial<DiagnosisFacts> => ({
    lastRun: found({
      command: 'build',
      startedAt: '2026-11-21T01:25:41.077Z',
      state: { kind: 'inactive', trouble: { problem, fix: STATE_FIXES[problem] } } satisfies StateStatus,
    }),
  });
  const works: Partial<DiagnosisFacts> = { service: found({ ms: 1, announced: true, troubles: [] }) };

  test.each<[StateProblem, CheckCode]>([
    ['no-credentials', 'credential-present'],
    ['adapter-unsupported', 'adapter-supported'],
    ['bad-credentials', 'service'],
    ['client-version-refused', 'service'],
  ])('for %s, and %s passes now: run once more', (problem, by) => {
    const check = checkOf(diagnosed({ more: { ...works, ...last(problem) } }), 'run-cache-active');
    expect(check).toMatchObject({
      status: 'warn',
      seen: expect.stringContaining(`The cause seems mended since then: \`${by}\` passes now.`),
      fix: 'Run dbt once through dbt-runcache, e.g. `dbt-runcache run -- build`.',
    });
  });

  test.each<[StateProblem, Setup]>([
    ['no-credentials', { env: {} }],
    ['bad-credentials', { more: service('bad-credentials') }],
    ['client-version-refused', {}],
    // A probe asks about no node, so that its silence says nothing of these.
    ['service-errors', { more: works }],
    ['never-asked', { more: works }],
  ])('for %s, and nothing shows that it is over: the advice stands', (problem, setup) => {
    const diagnosis = diagnosed({ ...setup, more: { ...setup.more, ...last(problem) } });
    const check = checkOf(diagnosis, 'run-cache-active');
    expect(check.fix).toBe(STATE_FIXES[problem]);
    expect(check.seen).not.toContain('mended');
  });
});

describe('what a problem stands in the place of', () => {
  test.each<[StateProblem, CheckCode | undefined]>([
    ['no-credentials', 'credential-present'],
    ['bad-credentials', 'service'],
    ['adapter-unsupported', 'adapter-supported'],
    ['never-asked', 'run-cache-active'],
    ['legacy-package', undefined],
  ])('%s: %s', (problem, answers) => {
    expect(checkOf(diagnosed({ more: service(problem) }), problem).answers).toBe(answers);
  });

  test('every problem fits the schema', () => {
    for (const problem of Object.keys(STATE_FIXES) as StateProblem[]) {
      expect(diagnosed({ more: service(problem) }).checks.length).toBeGreaterThan(0);
    }
  });
});

test('what is beside a dbt that was not found is no failure of its own', () => {
  const engine = { kind: 'failed', why: 'There is no dbt on PATH', fix: 'Install it.' } as const;
  const diagnosis = diagnosed({ more: { engine } });
  expect(checkOf(diagnosis, 'dbt-found').status).toBe('fail');
  expect(checkOf(diagnosis, 'plugin-installed')).toMatchObject({
    status: 'unknown',
    fix: 'Solve `dbt-found` first.',
  });
});
