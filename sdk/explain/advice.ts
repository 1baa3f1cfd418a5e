import type { RunReport } from '../result.ts';
import { hasFailed } from './explain-node.ts';
import type { Advice } from './explanation.ts';
import { counted } from './format.ts';
import { nothingChanged } from './managed-state.ts';

/** Commands `dbt retry` knows how to repeat. */
const RETRYABLE = new Set([
  'build',
  'clone',
  'compile',
  'docs generate',
  'run',
  'run-operation',
  'seed',
  'snapshot',
  'test',
]);

/** What to do next. What to do about dbt State stands with its trouble, not here. */
export function advice(report: RunReport): readonly Advice[] {
  // What that run advised about dbt State and `dbt retry` was about that run.
  if (report.dedup?.kind === 'replayed') return [...aboutReplayedFailure(report), ...aboutNothing(report)];
  if (report.dedup?.kind === 'skipped-in-flight') return [SKIPPED];
  return [
    ...aboutFailures(report),
    ...aboutStoredFailures(report),
    ...aboutTolerance(report),
    ...aboutNothing(report),
  ];
}

const SKIPPED: Advice = {
  sentence: 'Look at that run for the result. To have a run wait for it instead, set `on-in-flight: wait`.',
};

function aboutReplayedFailure({ failure }: RunReport): Advice[] {
  if (failure === undefined) return [];
  return [
    {
      sentence:
        'Fix it and push: any change of an input makes a run of its own. To have failed runs tried again instead of ' +
        'repeated, set `dedup-on: success`.',
    },
  ];
}

function aboutFailures(report: RunReport): Advice[] {
  const { failure, command, decisions } = report;
  if (failure === undefined) return [];
  const interrupted = decisions.filter(({ action }) => action === 'interrupted').length;
  if (interrupted > 0) {
    // Where dbt gave up by itself, running it again comes to the same end.
    if (failure.code === 'dbt-failed') return [];
    // dbt retry repeats what run_results.json lists as failed or skipped, and a stopped dbt leaves nodes out of it.
    return [
      {
        sentence: `Run the command again: dbt retry may leave out the ${counted(interrupted, 'node')} that got no result.`,
      },
    ];
  }
  if (failure.code !== 'nodes-failed' || !RETRYABLE.has(command) || !decisions.some(hasFailed)) return [];
  return [
    {
      sentence:
        'Fix it and push. Where this run’s target folder still exists, `dbt retry` runs only what failed or was skipped.',
    },
  ];
}

function aboutStoredFailures({ decisions }: RunReport): Advice[] {
  const stored = decisions.filter((node) => node.because === 'stored-test-result' && hasFailed(node)).length;
  if (stored === 0) return [];
  return [
    {
      sentence:
        `${counted(stored, 'failing result is', 'failing results are')} stored from an earlier run. ` +
        'To make dbt State run everything once more, set this for one run.',
      command: 'RUN_CACHE_CACHE_MODE=WRITE_ONLY',
    },
  ];
}

function aboutTolerance({ decisions }: RunReport): Advice[] {
  const behind = decisions.filter(
    ({ because }) => because === 'within-lag-tolerance' || because === 'clone-within-lag-tolerance',
  ).length;
  if (behind === 0) return [];
  return [
    {
      sentence:
        `${counted(behind, 'node does', 'nodes do')} not hold the newest data yet, which the lag tolerance allows. ` +
        'Where that is not wanted, set a shorter lag_tolerance under state: in the node’s config.',
    },
  ];
}

function aboutNothing(report: RunReport): Advice[] {
  if (report.failure !== undefined || report.selectedCount !== 0) return [];
  if (nothingChanged(report)) return [];
  if (report.managedState?.slim !== undefined)
    return [
      {
        sentence:
          'If nodes were expected, run it once with `slim: false`, which runs all that the command selects.',
      },
    ];
  if (report.command === 'source freshness')
    return [{ sentence: 'If sources were expected, list them.', command: 'dbt ls --resource-type source' }];
  return [{ sentence: 'If nodes were expected, list what the selection matches.', command: 'dbt ls' }];
}
