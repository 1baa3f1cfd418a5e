import { describe, expect, test } from 'vitest';
import type { StateProblem, StateStatus } from '../../../sdk/decisions/decision.ts';
import { STATE_FIXES } from '../../../sdk/decisions/state-fixes.ts';
import { checklist } from '../../../sdk/diagnose/checklist.ts';
import { CHECK_CODES, type CheckCode, type Diagnosis } from '../../../sdk/diagnose/diagnosis.ts';
import type { DiagnosisFacts, Step } from '../../../sdk/diagnose/facts.ts';
import type { StateSettings } from '../../../sdk/plan/state/setting.ts';
import { checkDiagnosis, checkOf } from '../../support/diagnosis-schema.ts';

const found = <T>(value: T): Step<T> => ({ kind: 'found', value });
const engine = { kind: 'core', commandPrefix: ['dbt'], dbtVersion: '1.11.16' } as const;
const profile = { profileName: 'shop', targetName: 'prod', adapterType: 'postgres' };
const settings: StateSettings = {
  ...{ settings: [], problems: [], doubts: [], isWanted: false },
  credential: { kind: 'platform-token', source: { kind: 'environment', name: 'DBT_CLOUD_TOKEN' } },
};
const active: StateStatus = { kind: 'active', proof: '3 answers of the service', troubles: [] };

/** Everything as it should be. */
const healthy: DiagnosisFacts = {
  engine: found(engine),
  plugin: '2.62.3',
  legacyPackages: [],
  project: found({ name: 'shop', dir: '/shop', targetPath: '/shop/target' }),
  profile: found(profile),
  settings: found(settings),
  confused: [],
  branch: found({ kind: 'named', branch: 'main' }),
  fallback: found({ seenIn: 'probe', ms: 4000, trackCommitTimestamp: 'on' }),
  service: found({ ms: 5000, announced: true, troubles: [] }),
  logs: found({ folders: ['/shop/logs'], unwritable: [], decisionLog: '/shop/logs/state/responses_1.jsonl' }),
  lastRun: found({ command: 'build', startedAt: '2026-11-21T01:25:41.077Z', state: active }),
};

function diagnosed(changed: Partial<DiagnosisFacts> = {}): Diagnosis {
  return checkDiagnosis(checklist({ ...healthy, ...changed }, new Date(0)));
}

const failures = ({ checks }: Diagnosis) =>
  checks.filter(({ status }) => status !== 'pass').map(({ code, status }) => `${status} ${code}`);

const fusion: Partial<DiagnosisFacts> = {
  engine: found({ ...engine, kind: 'fusion', dbtVersion: '2.0.0-preview.196' } as const),
  profile: found({ ...profile, adapterType: 'snowflake' }),
};
const manageState = (value: string, by?: string): Step<StateSettings> =>
  found({
    ...settings,
    settings: [
      { field: 'MANAGE_STATE', value, source: { kind: 'flag', name: '--manage-state' }, overrides: [] },
    ],
    isWanted: true,
    ...(by !== undefined && { switchedOffBy: by }),
  });

describe('a healthy set-up', () => {
  test('passes every check once, in the order of the codes, and says when', () => {
    const diagnosis = diagnosed();
    expect(diagnosis.status).toBe('pass');
    expect(diagnosis.checkedAt).toBe('1970-01-01T00:00:00.000Z');
    expect(diagnosis.checks.map(({ code }) => code)).toEqual(CHECK_CODES);
    expect(new Set(diagnosis.checks.map(({ status }) => status))).toEqual(new Set(['pass']));
    expect(diagnosis.engine).toEqual(engine);
  });

  test('dbt v2 has no package, no predecessors and no use for the branch; Postgres has a setting of its own', () => {
    const { checks, status } = diagnosed({ ...fusion, settings: manageState('true') });
    expect(status).toBe('pass');
    const codes = checks.map(({ code }) => code);
    const others = ['plugin-version', 'legacy-package', 'git-branch', 'commit-timestamps'];
    expect(codes).toEqual(CHECK_CODES.filter((code) => !others.includes(code)));
  });

  test('what was not looked at is not in the list', () => {
    expect(checklist({}, new Date(0)).checks).toEqual([]);
  });
});

describe('what is missing or wrong', () => {
  const failed: Step<never> = { kind: 'failed', why: 'There is none', fix: 'Make one.' };
  const blocked: Step<never> = { kind: 'blocked', by: 'project-found' };

  test('a step that failed fails its check, and those behind it are not known', () => {
    const diagnosis = diagnosed({ project: failed, profile: blocked, logs: blocked, lastRun: blocked });
    expect(checkOf(diagnosis, 'project-found')).toEqual({
      code: 'project-found',
      status: 'fail',
      seen: 'There is none.',
      fix: 'Make one.',
    });
    expect(checkOf(diagnosis, 'logs')).toMatchObject({
      status: 'unknown',
      fix: 'Solve `project-found` first.',
    });
    expect(diagnosis.status).toBe('fail');
  });

  test('the worst counts, and what is not known does not', () => {
    const out: Step<never> = { kind: 'left-out', why: 'dbt was not started', fix: 'Start it.' };
    expect(diagnosed({ fallback: out, service: out })).toMatchObject({ status: 'pass' });
    expect(diagnosed({ branch: found({ kind: 'detached' }), service: out })).toMatchObject({
      status: 'warn',
    });
    expect(diagnosed({ branch: found({ kind: 'detached' }), engine: failed }).status).toBe('fail');
  });

  test('no plugin: install it; nothing is said of its version and its login', () => {
    const none = { ...settings };
    delete (none as { credential?: unknown }).credential;
    const diagnosis = diagnosed({
      plugin: null,
      settings: found(none),
      service: { kind: 'blocked', by: 'plugin-installed' },
    });
    expect(failures(diagnosis)).toEqual([
      'fail plugin-installed',
      'unknown plugin-version',
      'unknown credential-present',
      'unknown service',
    ]);
    expect(checkOf(diagnosis, 'plugin-installed').fix).toContain('pip install dbt-state');
  });

  test('a predecessor beside the plugin fails, one alone is a warning', () => {
    expect(checkOf(diagnosed({ legacyPackages: ['run-cache'] }), 'legacy-package')).toMatchObject({
      status: 'fail',
      fix: STATE_FIXES['legacy-package'],
    });
    const alone = diagnosed({ plugin: '2.17.1', legacyPackages: ['run-cache'] });
    expect(failures(alone)).toEqual(['warn plugin-version']);
  });

  test.each([
    ['DBT_ENGINE_MANAGE_STATE', 'or set it to `true`'],
    ['RUN_CACHE_DISABLED', 'unset `RUN_CACHE_DISABLED`'],
    ['dbt_project.yml: flags.manage_state', 'take away dbt_project.yml: flags.manage_state'],
    ['run-cache: disabled', 'Leave out `run-cache: disabled`'],
  ])('switched off by %s: a warning that says how to take it back', (by, fix) => {
    const off = checkOf(
      diagnosed({ settings: found({ ...settings, switchedOffBy: by }) }),
      'run-cache-enabled',
    );
    expect(off).toMatchObject({ status: 'warn', seen: expect.stringContaining(by) });
    expect(off.fix).toContain(fix);
  });

  test('dbt v2 is off until it is switched on; with settings for it, that is a failure', () => {
    const seen = (step: Step<StateSettings>) =>
      checkOf(diagnosed({ ...fusion, settings: step }), 'run-cache-enabled');
    expect(seen(found(settings)).status).toBe('warn');
    expect(seen(found({ ...settings, isWanted: true }))).toMatchObject({
      status: 'fail',
      fix: expect.stringContaining('--manage-state'),
    });
    expect(seen(manageState('true')).seen).toContain('--manage-state');
    expect(seen(manageState('false', '--no-manage-state')).status).toBe('warn');
  });

  test('a setting that dbt refuses fails, one it misunderstands warns; both name it, its value and the valid forms', () => {
    const wrong = {
      source: { kind: 'environment', name: 'RUN_CACHE_FRESHNESS_TOLERANCE' },
      value: 'banana',
      validForms: 'seconds (2700) or a duration such as 45m',
    } as const;
    const refused = checkOf(
      diagnosed({ settings: found({ ...settings, problems: [wrong] }) }),
      'settings-valid',
    );
    expect(refused).toMatchObject({ status: 'fail', seen: expect.stringContaining('"banana"') });
    expect(refused.fix).toContain('`RUN_CACHE_FRESHNESS_TOLERANCE` to seconds (2700)');
    const doubt = { ...wrong, takenAs: 'false' };
    const doubted = diagnosed({ settings: found({ ...settings, doubts: [doubt] }) });
    expect(failures(doubted)).toEqual(['warn settings-valid']);
  });

  test('no credential fails, unless State is off and needs none', () => {
    const { credential: _, ...none } = settings;
    expect(checkOf(diagnosed({ settings: found(none) }), 'credential-present')).toMatchObject({
      status: 'fail',
      fix: STATE_FIXES['no-credentials'],
    });
    const off = diagnosed({ settings: found({ ...none, switchedOffBy: 'RUN_CACHE_DISABLED' }) });
    expect(failures(off)).toEqual(['warn run-cache-enabled', 'unknown credential-present']);
  });

  test.each([
    ['core', 'postgres', 'pass'],
    ['core', 'duckdb', 'fail'],
    ['core', 'spark', 'fail'],
    ['fusion', 'spark', 'pass'],
    ['fusion', 'postgres', 'fail'],
  ] as const)('dbt State of %s on %s: %s', (kind, adapterType, status) => {
    const diagnosis = diagnosed({
      engine: found({ ...engine, kind }),
      profile: found({ ...profile, adapterType }),
      settings: manageState('true'),
    });
    expect(checkOf(diagnosis, 'adapter-supported').status).toBe(status);
  });

  test('commit timestamps: off fails with the line that switches them on; unread is not known', () => {
    const seen = (value?: string) =>
      checkOf(
        diagnosed({
          fallback: found({
            seenIn: 'probe',
            ms: 1,
            ...(value !== undefined && { trackCommitTimestamp: value }),
          }),
        }),
        'commit-timestamps',
      );
    expect(seen('off')).toMatchObject({ status: 'fail', fix: STATE_FIXES['commit-timestamps-off'] });
    expect(seen().status).toBe('unknown');
  });

  test.each(['detached', 'no-git', 'no-repository', 'unreadable'] as const)(
    'branch %s is a warning',
    (kind) => {
      const check = checkOf(diagnosed({ branch: found({ kind }) }), 'git-branch');
      expect(check.status).toBe('warn');
      expect(check.seen).toContain('DBT_CLOUD_GIT_BRANCH');
    },
  );

  test('State that said nothing was not seen to work', () => {
    const silent = diagnosed({ service: found({ ms: 1, announced: false, troubles: [] }) });
    expect(failures(silent)).toEqual(['unknown service']);
  });

  test('folders that cannot be written to are named', () => {
    const shut = found({ folders: ['/a', '/b'], unwritable: ['/b'] });
    expect(checkOf(diagnosed({ logs: shut }), 'logs')).toMatchObject({
      status: 'fail',
      seen: expect.stringMatching(/: \/b\.$/),
    });
  });

  test('a last run without State: inactive is a warning with its trouble, else nothing is claimed', () => {
    const last = (state: StateStatus) =>
      checkOf(
        diagnosed({
          lastRun: found({ command: 'build', startedAt: '2026-11-21T01:25:41.077Z', state }),
          service: { kind: 'left-out', why: 'dbt was not started', fix: 'Start it.' },
        }),
        'run-cache-active',
      );
    const trouble = { problem: 'service-unreachable', said: 'nobody there', fix: 'Call them.' } as const;
    expect(last({ kind: 'inactive', trouble })).toMatchObject({
      status: 'warn',
      seen: expect.stringContaining('nobody there'),
      fix: 'Call them.',
    });
    for (const state of [
      { kind: 'disabled' },
      { kind: 'absent' },
      { kind: 'not-applicable' },
      { kind: 'unknown', why: 'no events' },
    ] as const) {
      expect(last(state).status).toBe('unknown');
    }
  });
});

describe('what dbt State itself showed', () => {
  const ANSWERED: Partial<Record<StateProblem, CheckCode>> = {
    'plugin-missing': 'plugin-installed',
    'client-version-refused': 'plugin-version',
    'legacy-package': 'legacy-package',
    'no-credentials': 'credential-present',
    'adapter-unsupported': 'adapter-supported',
    'commit-timestamps-off': 'commit-timestamps',
    'never-asked': 'run-cache-active',
  };
  const PROBLEMS = Object.keys(STATE_FIXES) as StateProblem[];

  test.each(PROBLEMS)('%s has a line of its own, in the place of the check it answers', (problem) => {
    const trouble = { problem, said: 'These words', fix: 'Do that.' };
    const diagnosis = diagnosed({ service: found({ ms: 1, announced: true, troubles: [trouble] }) });
    const line = checkOf(diagnosis, problem);
    expect(['warn', 'fail']).toContain(line.status);
    expect(line).toMatchObject({ seen: 'dbt said: These words.', fix: 'Do that.' });
    // Nothing is left that contradicts it.
    const answered = ANSWERED[problem] ?? 'service';
    if (answered !== problem) {
      expect(diagnosis.checks.map(({ code }) => code)).not.toContain(answered);
    }
  });

  test('without words, the line still says what was seen', () => {
    for (const problem of PROBLEMS) {
      const diagnosis = diagnosed({ thisRun: { kind: 'inactive', trouble: { problem, fix: 'Do that.' } } });
      expect(checkOf(diagnosis, problem).seen).toMatch(/^\S.{10,}\.$/);
    }
  });

  test('several troubles of one run, with the nodes they concern', () => {
    const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const state: StateStatus = {
      ...{ kind: 'active', proof: 'x', version: '2.62.3' },
      troubles: [
        { problem: 'service-unreachable', said: 'down', fix: 'Up.' },
        { problem: 'service-errors', said: 'bad', fix: 'Good.', nodes },
      ],
    };
    const { lastRun: _, service: __, fallback: ___, ...rest } = healthy;
    const diagnosis = checkDiagnosis(checklist({ ...rest, thisRun: state }, new Date(0)));
    expect(checkOf(diagnosis, 'service-errors')).toMatchObject({
      status: 'warn',
      seen: 'dbt said: bad. Nodes concerned: a, b, c, d, e and 2 more.',
    });
    expect(checkOf(diagnosis, 'service-unreachable').status).toBe('fail');
    expect(checkOf(diagnosis, 'run-cache-active').status).toBe('pass');
  });
});
