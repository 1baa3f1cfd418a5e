import type { StateProblem, StateStatus, StateTrouble } from '../decisions/decision.ts';
import { fail, sentence, warn } from './check.ts';
import type { CheckCode, DiagnosisCheck } from './diagnosis.ts';
import type { DiagnosisFacts } from './facts.ts';

/** The check that each problem answers. */
const ANSWERS: Readonly<Record<StateProblem, CheckCode>> = {
  'plugin-missing': 'plugin-installed',
  'client-version-refused': 'plugin-version',
  'legacy-package': 'legacy-package',
  'no-credentials': 'credential-present',
  'adapter-unsupported': 'adapter-supported',
  'commit-timestamps-off': 'commit-timestamps',
  'bad-credentials': 'service',
  'login-failed': 'service',
  'organization-refused': 'service',
  'service-unreachable': 'service',
  'service-errors': 'service',
  'version-check-failed': 'service',
  declined: 'service',
  'never-asked': 'run-cache-active',
};

/** Problems that leave State working for what they do not concern. */
const MILD: ReadonlySet<StateProblem> = new Set(['service-errors', 'version-check-failed']);

/**
 * The checklist with what dbt State itself showed: each problem stands in the place of the check it answers, since
 * dbt's word outranks what was concluded from files.
 * @param order All codes in the order of the checklist.
 */
export function withTroubles(
  checks: readonly DiagnosisCheck[],
  troubles: readonly StateTrouble[],
  order: readonly CheckCode[],
): readonly DiagnosisCheck[] {
  const rank = ({ code }: DiagnosisCheck): number => order.indexOf(ANSWERS[code as StateProblem] ?? code);
  const answered = new Set(troubles.map(({ problem }) => ANSWERS[problem]));
  return [...checks.filter(({ code }) => !answered.has(code)), ...troubles.map(ofTrouble)].toSorted(
    (a, b) => rank(a) - rank(b),
  );
}

function ofTrouble(trouble: StateTrouble): DiagnosisCheck {
  const { problem, fix } = trouble;
  const answers = ANSWERS[problem];
  const check = (MILD.has(problem) ? warn : fail)(problem, sentence(seenOf(trouble)), fix);
  return answers === problem ? check : { ...check, answers };
}

/** What was seen of it: who said what, as far as anybody said anything. */
export function seenOf({ problem, said, nodes = [] }: StateTrouble): string {
  const words = said === undefined || said.trim() === '' ? SILENT[problem] : `dbt said: ${said.trim()}`;
  return nodes.length === 0 ? words : `${sentence(words)} Nodes concerned: ${shownOf(nodes)}`;
}

function shownOf(nodes: readonly string[]): string {
  return nodes.length > 5 ? `${nodes.slice(0, 5).join(', ')} and ${nodes.length - 5} more` : nodes.join(', ');
}

/** For problems that show in the run itself. */
const SILENT: Readonly<Record<StateProblem, string>> = {
  'plugin-missing': 'The State plugin is not installed beside dbt',
  'client-version-refused': 'The service does not support this version of dbt State',
  'legacy-package': 'A predecessor of the State plugin is installed beside it',
  'no-credentials': 'dbt State found no credentials',
  'adapter-unsupported': 'dbt State does not work on this type of target',
  'commit-timestamps-off': 'Postgres does not track when rows were committed',
  'bad-credentials': 'The login service refused the credentials',
  'login-failed': 'dbt State could not log in',
  'organization-refused': 'These credentials may not use the organization',
  'service-unreachable': 'The State service did not answer',
  'service-errors': 'The State service answered with errors',
  'version-check-failed': 'The State service could not check the version of the client',
  declined: 'dbt State declined to work',
  'never-asked': 'dbt State was on, and was asked about no node',
};

/** What dbt State showed of itself where this checklist was filled in: in a probe, or in the run it is part of. */
export function troublesOf({ service, thisRun }: DiagnosisFacts): readonly StateTrouble[] {
  return [...(service?.kind === 'found' ? service.value.troubles : []), ...troublesIn(thisRun)];
}

/** Whether the problem is of what comes after the adapter: credentials, login, service. */
export function isBehindAdapter({ problem }: StateTrouble): boolean {
  const answered = ANSWERS[problem];
  return answered === 'credential-present' || answered === 'service';
}

/** Only a run, which asks State about nodes, shows whether these are over; a probe asks about none. */
export const SEEN_IN_RUNS_ALONE: ReadonlySet<StateProblem> = new Set(['service-errors', 'never-asked']);

/**
 * The check whose passing shows that a problem of an earlier run is over; undefined where none does. The version that
 * was refused lies on the disk either way: there, the service has to accept it.
 */
export function checkThatMends(problem: StateProblem): CheckCode | undefined {
  if (SEEN_IN_RUNS_ALONE.has(problem)) return undefined;
  return problem === 'client-version-refused' ? 'service' : ANSWERS[problem];
}

/** All that went wrong between dbt and State in a run. */
export function troublesIn(state: StateStatus | undefined): readonly StateTrouble[] {
  if (state?.kind === 'inactive') return [state.trouble];
  if (state?.kind === 'active' || state?.kind === 'not-applicable') return state.troubles ?? [];
  return [];
}
