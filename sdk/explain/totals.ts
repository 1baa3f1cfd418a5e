import type { NodeAction, NodeDecision } from '../decisions/decision.ts';
import type { RunReport } from '../result.ts';
import { hasFailed, hasWarned } from './explain-node.ts';
import type { TallyLine, TestCounts, Totals } from './explanation.ts';
import { count, counted, listed } from './format.ts';
import { isTest, typesCounted } from './resource-type.ts';
import { ACTIONS } from './wording.ts';

/** Counts what happened. */
export function totals(report: RunReport): Totals {
  const { decisions } = report;
  const byAction = Object.fromEntries(Object.keys(ACTIONS).map((action) => [action, 0])) as Record<
    NodeAction,
    number
  >;
  for (const { action } of decisions) byAction[action] += 1;
  const executed = decisions.filter((node) => lineOf(node) === 'tests-run');
  const reused = decisions.filter((node) => lineOf(node) === 'tests-reused');
  return {
    nodes: decisions.length,
    ...(report.selectedCount !== undefined && { selected: report.selectedCount }),
    byAction,
    tests: { executed: testCounts(executed), reused: testCounts(reused) },
    failures: decisions.filter(hasFailed).length,
    warnings: decisions.filter(hasWarned).length,
    lines: tallyLines(decisions),
  };
}

const LINES = {
  failed: { icon: ACTIONS.failed.icon, label: 'Failed' },
  interrupted: { icon: ACTIONS.interrupted.icon, label: 'Interrupted' },
  skipped: { icon: ACTIONS.skipped.icon, label: 'Skipped' },
  unknown: { icon: ACTIONS.unknown.icon, label: 'Unknown status' },
  built: { icon: ACTIONS.built.icon, label: 'Built' },
  cloned: { icon: ACTIONS.cloned.icon, label: 'Cloned' },
  reused: { icon: ACTIONS.reused.icon, label: 'Reused' },
  'tests-run': { icon: ACTIONS.tested.icon, label: 'Tests run' },
  'tests-reused': { icon: ACTIONS.reused.icon, label: 'Tests reused' },
  checked: { icon: ACTIONS.checked.icon, label: 'Sources checked' },
  compiled: { icon: ACTIONS.compiled.icon, label: 'Compiled' },
  ran: { icon: ACTIONS.ran.icon, label: 'Ran' },
  'no-op': { icon: ACTIONS['no-op'].icon, label: 'Nothing to do' },
} as const;

type LineKey = keyof typeof LINES;

/** Where a node belongs. A test or source that failed is counted under Failed as well; see `tallyLines`. */
function lineOf(node: NodeDecision): LineKey {
  const { action } = node;
  if (action === 'tested' || (action === 'failed' && isTest(node))) return 'tests-run';
  if (action === 'reused' && isTest(node)) return 'tests-reused';
  if (action === 'checked' || (action === 'failed' && node.resourceType === 'source')) return 'checked';
  if (action !== 'interrupted' && hasFailed(node)) return 'failed';
  return action;
}

function tallyLines(decisions: readonly NodeDecision[]): TallyLine[] {
  const byLine = Map.groupBy(decisions, lineOf);
  const failures = decisions.filter(hasFailed);
  return (Object.keys(LINES) as LineKey[]).flatMap((key) => {
    const own = byLine.get(key) ?? [];
    const nodes = key === 'failed' ? failures : own;
    if (nodes.length === 0) return [];
    const failed = key === 'failed' ? 0 : nodes.filter(hasFailed).length;
    // The time of a node stands in one line only, and that of a skipped one says nothing.
    const timed = key !== 'skipped' && nodes.length === own.length;
    const executionMs = timed ? executionSum(nodes) : undefined;
    return [
      {
        key,
        ...LINES[key],
        count: nodes.length,
        ...(failed > 0 && { failed }),
        detail: detail(key, nodes),
        ...(executionMs !== undefined && { executionMs }),
      },
    ];
  });
}

function detail(key: LineKey, nodes: readonly NodeDecision[]): string {
  if (key === 'tests-run' || key === 'tests-reused') return testsInWords(testCounts(nodes));
  if (key === 'checked') return freshnessInWords(nodes);
  const kinds = typesCounted(nodes);
  const warned = nodes.filter(hasWarned).length;
  return warned === 0 ? kinds : `${kinds}; ${count(warned)} with a warning`;
}

function testsInWords({ total, passed, warned, failed }: TestCounts): string {
  const other = total - passed - warned - failed;
  return resultsInWords([
    [failed, 'failed (also counted as failed above)'],
    [warned, 'warned'],
    [passed, 'passed'],
    [other, 'with a result not known to us'],
  ]);
}

function freshnessInWords(nodes: readonly NodeDecision[]): string {
  const failed = nodes.filter(hasFailed);
  const notMeasured = failed.filter((node) => node.status?.toLowerCase() === 'runtime error').length;
  const warned = nodes.filter(hasWarned).length;
  return resultsInWords([
    [notMeasured, 'could not be measured (also counted as failed above)'],
    [failed.length - notMeasured, 'too old (error; also counted as failed above)'],
    [warned, 'old (warning)'],
    [nodes.length - failed.length - warned, 'fresh'],
  ]);
}

function resultsInWords(results: readonly (readonly [many: number, what: string])[]): string {
  return listed(results.filter(([many]) => many > 0).map(([many, what]) => `${count(many)} ${what}`));
}

function testCounts(tests: readonly NodeDecision[]): TestCounts {
  return {
    total: tests.length,
    passed: tests.filter((test) => hasPassed(test)).length,
    warned: tests.filter(hasWarned).length,
    failed: tests.filter(hasFailed).length,
  };
}

const PASSING = new Set(['pass', 'success', 'reused']);

/** A test left out with its model has no result, whatever its status. */
function hasPassed(test: NodeDecision): boolean {
  return !hasFailed(test) && test.because !== 'model-reused' && PASSING.has(test.status?.toLowerCase() ?? '');
}

/** Sum of dbt's execution times; undefined where none was reported. */
export function executionSum(nodes: Iterable<{ readonly executionMs?: number }>): number | undefined {
  let sum: number | undefined;
  for (const { executionMs } of nodes) if (executionMs !== undefined) sum = (sum ?? 0) + executionMs;
  return sum;
}

/** What happened, as one enumeration: `3 built, 8 reused, 5 tests run and 17 tests reused`. */
export function tallyInWords(lines: readonly TallyLine[]): string {
  return listed(
    lines.map((line) => {
      const failed = line.failed === undefined ? '' : ` (of these ${count(line.failed)} failed)`;
      if (line.key === 'tests-run') return `${counted(line.count, 'test')} run${failed}`;
      if (line.key === 'tests-reused') return `${counted(line.count, 'test')} reused${failed}`;
      if (line.key === 'checked') return `${counted(line.count, 'source')} checked${failed}`;
      if (line.key === 'no-op') return `${count(line.count)} with nothing to do`;
      if (line.key === 'unknown') return `${count(line.count)} with an unknown status`;
      return `${count(line.count)} ${line.label.toLowerCase()}`;
    }),
  );
}
