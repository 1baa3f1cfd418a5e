import { optional } from '../util/optional.ts';
import { activityChecks, wasActive } from './activity-checks.ts';
import { CHECK_CODES, type CheckCode, type Diagnosis, type DiagnosisCheck } from './diagnosis.ts';
import type { DiagnosisFacts } from './facts.ts';
import { setUpChecks } from './set-up-checks.ts';
import { isAdapterRefused, settingsChecks } from './settings-checks.ts';
import { checkThatMends, isBehindAdapter, troublesOf, withTroubles } from './trouble-checks.ts';

/** The checklist that facts come to. Looks nothing up. */
export function checklist(facts: DiagnosisFacts, checkedAt: Date): Diagnosis {
  const troubles = troublesOf(facts);
  const all = withTroubles(
    [...setUpChecks(facts), ...settingsChecks(facts), ...activityChecks(facts)],
    // No login helps where State does not work at all.
    isAdapterRefused(facts) ? troubles.filter((one) => !isBehindAdapter(one)) : troubles,
    CHECK_CODES,
  );
  // State built into dbt has neither a package nor, as far as is known, a use for the branch.
  const isFusion = facts.engine?.kind === 'found' && facts.engine.value.kind === 'fusion';
  const checks = withMended(isFusion ? all.filter(({ code }) => !OF_PLUGIN.has(code)) : all, facts);
  return {
    schemaVersion: 1,
    checkedAt: checkedAt.toISOString(),
    status: worst(checks),
    checks,
    ...optional('engine', facts.engine?.kind === 'found' ? facts.engine.value : undefined),
    ...optional('project', facts.project?.kind === 'found' ? facts.project.value : undefined),
  };
}

const OF_PLUGIN: ReadonlySet<CheckCode> = new Set(['plugin-version', 'legacy-package', 'git-branch']);

/** What the last run lacked may be there by now; its advice would send people to what is done. */
function withMended(
  checks: readonly DiagnosisCheck[],
  { lastRun }: DiagnosisFacts,
): readonly DiagnosisCheck[] {
  if (lastRun?.kind !== 'found' || lastRun.value.state.kind !== 'inactive') return checks;
  const by = checkThatMends(lastRun.value.state.trouble.problem);
  const isMended = checks.some(({ code, status }) => code === by && status === 'pass');
  if (by === undefined || !isMended) return checks;
  const mended = wasActive(lastRun.value, by);
  return checks.map((check) => (check.code === mended.code ? mended : check));
}

function worst(checks: readonly DiagnosisCheck[]): Diagnosis['status'] {
  const statuses = new Set(checks.map(({ status }) => status));
  if (statuses.has('fail')) return 'fail';
  return statuses.has('warn') ? 'warn' : 'pass';
}
