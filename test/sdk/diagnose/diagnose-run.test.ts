import { describe, expect, test } from 'vitest';
import type { StateStatus } from '../../../sdk/decisions/decision.ts';
import { diagnoseRun } from '../../../sdk/diagnose/diagnose-run.ts';
import type { RunReport } from '../../../sdk/result.ts';
import type { Plan } from '../../../sdk/run/make-plan.ts';
import { checkDiagnosis, checkOf } from '../../support/diagnosis-schema.ts';
import { replayedReport, report } from '../../support/report-builder.ts';

const trouble = { problem: 'service-unreachable', said: 'nobody at tok_314159', fix: 'Call.' } as const;
const clean = (text: string) => text.replaceAll('tok_314159', '***');

/** As much of a plan as the checklist looks at. */
function plan(pluginInstalled: string | null): Plan {
  const { engine, project } = report();
  return {
    ...{ engine, reportedProject: project, cwd: process.cwd(), env: { PATH: process.env['PATH'] ?? '' } },
    state: { pluginInstalled, stateSwitchedOffBy: undefined, stateWanted: false },
    stateSettings: { settings: [], problems: [], doubts: [], isWanted: false },
  } as unknown as Plan;
}

const diagnosed = (given: Partial<RunReport>, isRequired = false, plugin: string | null = '2.62.3') =>
  diagnoseRun({ report: report(given), plan: plan(plugin), isRequired, clean });

describe('only runs that dbt State has to do with have a checklist', () => {
  test.each<[StateStatus, boolean]>([
    [{ kind: 'active', proof: 'x', troubles: [] }, true],
    [{ kind: 'inactive', trouble }, true],
    [{ kind: 'not-applicable', troubles: [trouble] }, true],
    [{ kind: 'not-applicable', why: 'No node ran.' }, true],
    [{ kind: 'unknown', why: 'no events' }, true],
    [{ kind: 'not-applicable' }, false],
    [{ kind: 'disabled' }, false],
    [{ kind: 'absent' }, false],
  ])('%j: %s', async (state, isThere) => {
    expect((await diagnosed({ state })) !== undefined).toBe(isThere);
  });

  test('nothing was seen of State where nothing ran, required or not', async () => {
    const { dedup } = replayedReport();
    const given = { state: { kind: 'active', proof: 'x', troubles: [] }, outcome: 'replayed' } as const;
    expect(dedup).toBeDefined();
    expect(await diagnosed({ ...given, ...(dedup && { dedup }) }, true)).toBeUndefined();
    expect(await diagnosed(given, true)).toBeDefined();
  });

  test('required, every run has one; without a plugin, one of which nothing is known has none', async () => {
    expect(await diagnosed({ state: { kind: 'disabled' } }, true)).toBeDefined();
    expect(await diagnosed({ state: { kind: 'unknown', why: 'no events' } }, false, null)).toBeUndefined();
  });
});

test('a run that went on without State shows that the fallback works, and its trouble without secrets', async () => {
  const diagnosis = checkDiagnosis(await diagnosed({ state: { kind: 'inactive', trouble } }));
  expect(checkOf(diagnosis, 'fallback').seen).toContain('went on without dbt State');
  expect(checkOf(diagnosis, 'service-unreachable').seen).toBe('dbt said: nobody at ***.');
  expect(diagnosis.checkedAt).toBe(report().finishedAt);
  const failure = { code: 'dbt-failed', message: 'It failed' } as const;
  const failed = await diagnosed({ failure, state: { kind: 'inactive', trouble } });
  expect(failed?.checks.map(({ code }) => code)).not.toContain('fallback');
});

test.each([
  ['state-setting-invalid', 'settings-valid', false],
  ['dbt-not-found', 'dbt-found', true],
  ['project-invalid', 'project-found', true],
  ['target-not-found', 'profile-found', true],
] as const)('a run that %s stopped before dbt began: %s failed', async (code, check, isRequired) => {
  const failure = { code, message: 'RUN_CACHE_X is wrong', hint: 'Mend it.' };
  const seen = { report: report({ failure, state: { kind: 'unknown', why: 'x' } }), isRequired, clean };
  const diagnosis = checkDiagnosis(await diagnoseRun({ ...seen, plan: undefined }));
  expect(checkOf(diagnosis, check)).toEqual({
    code: check,
    status: 'fail',
    seen: 'RUN_CACHE_X is wrong.',
    fix: 'Mend it.',
  });
});

test('a bad setting fails one check; those behind it are not known', async () => {
  const failure = {
    code: 'state-setting-invalid',
    message: 'RUN_CACHE_X is wrong',
    hint: 'Mend it.',
  } as const;
  const seen = {
    report: report({ failure, state: { kind: 'unknown', why: 'x' } }),
    isRequired: false,
    clean,
  };
  const diagnosis = checkDiagnosis(await diagnoseRun({ ...seen, plan: undefined }));
  expect(diagnosis.checks.map(({ code, status }) => `${status} ${code}`)).toEqual([
    'unknown run-cache-enabled',
    'fail settings-valid',
    'unknown credential-present',
  ]);
  for (const code of ['run-cache-enabled', 'credential-present'] as const) {
    expect(checkOf(diagnosis, code)).toMatchObject({
      seen: 'Not checked, since `settings-valid` did not pass.',
      fix: 'Solve `settings-valid` first.',
    });
  }
});
