import type { StateProblem, StateStatus, StateTrouble } from '../decisions/decision.ts';
import { fail, sentence, warn } from './check.ts';
import type { CheckCode, DiagnosisCheck } from './diagnosis.ts';

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
  return (MILD.has(problem) ? warn : fail)(problem, sentence(seenOf(trouble)), fix);
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

/** All that went wrong between dbt and State in a run. */
export function troublesIn(state: StateStatus | undefined): readonly StateTrouble[] {
  if (state?.kind === 'inactive') return [state.trouble];
  if (state?.kind === 'active' || state?.kind === 'not-applicable') return state.troubles ?? [];
  return [];
}
