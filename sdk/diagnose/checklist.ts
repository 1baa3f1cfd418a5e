import type { StateTrouble } from '../decisions/decision.ts';
import { optional } from '../util/optional.ts';
import { activityChecks } from './activity-checks.ts';
import { CHECK_CODES, type CheckCode, type Diagnosis, type DiagnosisCheck } from './diagnosis.ts';
import type { DiagnosisFacts } from './facts.ts';
import { setUpChecks } from './set-up-checks.ts';
import { settingsChecks } from './settings-checks.ts';
import { troublesIn, withTroubles } from './trouble-checks.ts';

/** The checklist that facts come to. Looks nothing up. */
export function checklist(facts: DiagnosisFacts, checkedAt: Date): Diagnosis {
  const all = withTroubles(
    [...setUpChecks(facts), ...settingsChecks(facts), ...activityChecks(facts)],
    troublesOf(facts),
    CHECK_CODES,
  );
  // State built into dbt has neither a package nor, as far as is known, a use for the branch.
  const isFusion = facts.engine?.kind === 'found' && facts.engine.value.kind === 'fusion';
  const checks = isFusion ? all.filter(({ code }) => !OF_PLUGIN.has(code)) : all;
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

function troublesOf({ service, thisRun }: DiagnosisFacts): readonly StateTrouble[] {
  return [...(service?.kind === 'found' ? service.value.troubles : []), ...troublesIn(thisRun)];
}

function worst(checks: readonly DiagnosisCheck[]): Diagnosis['status'] {
  const statuses = new Set(checks.map(({ status }) => status));
  if (statuses.has('fail')) return 'fail';
  return statuses.has('warn') ? 'warn' : 'pass';
}
