import type { DecisionReason, NodeAction, NodeDecision, StateProblem } from '../decisions/decision.ts';
import { errorInBrief } from './error-in-brief.ts';
import { clause, counted } from './format.ts';
import { isTest, typeInWords } from './resource-type.ts';

/** What a sentence about one node may look at beside the node. */
export interface Surroundings {
  /** The name of a node of this run; any other id comes back as it is. */
  readonly nameOf: (uniqueId: string) => string;
  readonly adapterType: string | undefined;
}

type Sentence = (node: NodeDecision, around: Surroundings) => string;

/** What each action is called, and the sign beside it. */
export const ACTIONS: Readonly<Record<NodeAction, { readonly icon: string; readonly label: string }>> = {
  built: { icon: '🔨', label: 'built' },
  tested: { icon: '🧪', label: 'tested' },
  checked: { icon: '🕑', label: 'checked' },
  compiled: { icon: '📝', label: 'compiled' },
  ran: { icon: '⚙️', label: 'ran' },
  reused: { icon: '♻️', label: 'reused' },
  cloned: { icon: '🧬', label: 'cloned' },
  'no-op': { icon: '➖', label: 'nothing to do' },
  failed: { icon: '❌', label: 'failed' },
  skipped: { icon: '⏭️', label: 'skipped' },
  interrupted: { icon: '⏹️', label: 'interrupted' },
  unknown: { icon: '❓', label: 'unknown' },
};

/** `New changes detected within lag tolerance of 45 minutes` */
const LAG_TOLERANCE = /lag.tolerance of ([\w .]+?)\.?$/i;

/** Why each thing happened, as a sentence a reader who does not know dbt State understands. */
export const REASONS: Readonly<Record<DecisionReason, Sentence>> = {
  'state-absent': () => 'Without dbt State, dbt runs every selected node.',
  'state-disabled': () => 'dbt State was switched off, so dbt ran every selected node.',
  'state-inactive': () => 'dbt State was not active, so dbt ran every selected node.',
  'state-decided': (node) => withDetail(`dbt State decided that ${subject(node)} has to run`, node),
  'state-not-asked': (node, { adapterType }) =>
    node.materialized === 'view' && adapterType === 'postgres'
      ? 'dbt State does not decide about views on Postgres; dbt always builds them.'
      : withDetail(`dbt State was not asked about ${subject(node)}, so dbt ran it`, node),
  'state-failed': (node) => withDetail(`dbt State failed for ${subject(node)}, so dbt ran it`, node),
  'state-unknown': (node) => withDetail('dbt ran it; what dbt State decided could not be observed', node),
  'clone-failed': (node) =>
    withDetail('dbt State tried to copy it from another place, that failed, so dbt built it', node),
  'not-subject-to-state': (node) => NOT_SUBJECT[node.action] ?? 'dbt State does not decide about this.',
  'no-changes': (node) =>
    node.basis === 'inferred'
      ? withDetail('dbt State kept what was there', {
          ...node,
          detail: node.detail ?? node.message ?? 'why is not told',
        })
      : withDetail(
          'dbt State found no new changes, so it kept what was there',
          node,
          /^no.(op|new changes)/i,
        ),
  'within-lag-tolerance': (node) => {
    const tolerance = LAG_TOLERANCE.exec(node.detail ?? '') ?? LAG_TOLERANCE.exec(node.message ?? '');
    const limit = tolerance === null ? 'the lag tolerance' : `the lag tolerance of ${tolerance[1]}`;
    const start = `There are new changes upstream, still within ${limit}, so dbt State kept what was there`;
    return withDetail(start, node, /^no-op|lag.tolerance of/i);
  },
  'update-criteria-not-met': (node) =>
    withDetail(
      'Some of what comes before it has new changes and some has not, and it is to be built only when all has, so dbt State kept what was there',
      node,
    ),
  'stored-test-result': (node) =>
    `The test did not run: dbt State gave back its stored result: ${testResult(node)}.`,
  'model-reused': () => 'The test did not run, because what it tests was reused.',
  'clone-of-other-environment': (node) =>
    withDetail(
      'Copied from another environment instead of being built',
      node,
      /^clone(d from other environment)?$/i,
    ),
  'clone-within-lag-tolerance': (node) =>
    withDetail(
      'Copied from another environment, whose data is within the lag tolerance, instead of being built',
      node,
      /^clone/i,
    ),
  'clone-command': () => 'Copied by dbt clone.',
  'nothing-to-do': (node) =>
    node.materialized === 'ephemeral'
      ? 'An ephemeral model is not built: its SQL becomes part of the models that use it.'
      : `dbt has nothing to do for this ${typeInWords(node.resourceType)}.`,
  error: (node) => {
    const brief = errorInBrief(errorMessage(node));
    const start =
      isTest(node) && node.status?.toLowerCase() !== 'fail' ? 'The test could not run' : 'Ended in an error';
    return brief === '' ? `${start}.` : `${start}: ${brief}.`;
  },
  'upstream-failed': (node, { nameOf }) =>
    node.detail === undefined
      ? 'Not tried, because something that comes before it failed.'
      : `Not tried, because ${clause(nameOf(node.detail))}, which comes before it, did not succeed.`,
  'fail-fast': () => 'Not tried: something else failed, and dbt was told to stop at the first failure.',
  'skipped-by-dbt': (node) => withDetail('Skipped by dbt', node),
  'stopped-while-running': () => 'It was running when dbt ended.',
  'stopped-before-start': () => 'dbt ended before this node began.',
  'unknown-status': (node) =>
    node.status === undefined
      ? 'dbt reported no status for it.'
      : `dbt reported the status “${clause(node.status)}”, which this version of dbt-runcache does not know.`,
};

/** Why dbt State was not active, or what was wrong with it, in a few words. */
export const STATE_PROBLEMS: Readonly<Record<StateProblem, string>> = {
  'plugin-missing': 'its plugin is not installed',
  'no-credentials': 'no credentials',
  'login-failed': 'its login was refused',
  'organization-refused': 'it could not use the organization, or tell which one',
  'version-check-failed': 'its service could not check the version of the plugin',
  'bad-credentials': 'its credentials were refused',
  'adapter-unsupported': 'it does not support this kind of warehouse',
  'service-unreachable': 'its service could not be reached',
  'service-errors': 'it answered with errors',
  'client-version-refused': 'its service refused this version of the plugin',
  'legacy-package': 'an older package of it is installed as well',
  'commit-timestamps-off': 'Postgres does not record commit timestamps',
  declined: 'it declined to work',
  'never-asked': 'it was not asked about any node',
};

const NOT_SUBJECT: Partial<Record<NodeAction, string>> = {
  compiled: 'Compiled only; nothing was built in the warehouse.',
  checked: 'Measured now; freshness is never reused.',
  ran: 'Operations and hooks run every time.',
};

/** What dbt said of an error: the node's message, else what was found elsewhere. */
export function errorMessage(node: NodeDecision): string | undefined {
  if (node.because !== 'error' || node.detail === undefined) return node.message;
  // A failed batch says no more than its count; what went wrong is the detail.
  return node.message === undefined || /^(PARTIAL SUCCESS|ERROR)\b[^\n]*$/.test(node.message)
    ? [node.message, node.detail].filter((part) => part !== undefined).join('\n')
    : node.message;
}

/** How a test ended: `passed`, `failed with 3 rows`, `warned with 1 row`. */
export function testResult(node: NodeDecision): string {
  const rows =
    node.failures !== undefined && node.failures > 0 ? ` with ${counted(node.failures, 'row')}` : '';
  const status = node.status?.toLowerCase();
  if (node.failed || status === 'fail' || status === 'error') return `failed${rows}`;
  if (status === 'warn') return `warned${rows}`;
  if (status === 'pass' || status === 'success' || status === 'reused') return 'passed';
  return status === undefined ? 'not reported' : clause(status);
}

function subject(node: NodeDecision): string {
  return `this ${isTest(node) ? 'test' : typeInWords(node.resourceType)}`;
}

/** A sentence with the reason's own detail behind it, unless that only repeats it. */
function withDetail(start: string, node: NodeDecision, repeats?: RegExp): string {
  const detail = clause(node.detail ?? '');
  if (detail === '' || repeats?.test(detail)) return `${start}.`;
  return `${start}: ${detail}.`;
}
