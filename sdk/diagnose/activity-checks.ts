import type { StateStatus } from '../decisions/decision.ts';
import { STATE_FIXES } from '../decisions/state-fixes.ts';
import { blocked, fail, ofStep, pass, sentence, unknown, warn } from './check.ts';
import type { CheckCode, DiagnosisCheck } from './diagnosis.ts';
import type { BranchFacts, DiagnosisFacts, FallbackFacts, LastRun, LogFacts, ServiceFacts } from './facts.ts';
import { isAdapterRefused } from './settings-checks.ts';
import { SEEN_IN_RUNS_ALONE, seenOf, troublesIn } from './trouble-checks.ts';

/** What only shows when dbt runs, and what earlier runs left behind. */
export function activityChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  return [
    ...ofStep('fallback', facts.fallback, fallback),
    ...(isPostgres(facts) && facts.thisRun === undefined
      ? ofStep('commit-timestamps', ofFallback(facts), commitTimestamps)
      : []),
    ...ofStep('git-branch', facts.branch, branch),
    ...serviceChecks(facts),
    ...ofStep('logs', facts.logs, logs),
    ...ofStep('run-cache-active', facts.lastRun, lastRun),
    ...(facts.thisRun === undefined ? [] : thisRun(facts.thisRun)),
  ];
}

function isPostgres({ profile }: DiagnosisFacts): boolean {
  return profile?.kind === 'found' && profile.value.adapterType === 'postgres';
}

/** What the fallback failed of is told there. */
function ofFallback({ fallback: step }: DiagnosisFacts): DiagnosisFacts['fallback'] {
  return step?.kind === 'failed' ? { kind: 'blocked', by: 'fallback' } : step;
}

function fallback({ ms, seenIn }: FallbackFacts): DiagnosisCheck {
  if (seenIn === 'run') return pass('fallback', 'This run went on without dbt State, and succeeded.');
  return pass(
    'fallback',
    `Without dbt State, dbt reads the project and the warehouse answers (${seconds(ms)}).`,
  );
}

function commitTimestamps({ trackCommitTimestamp: value }: FallbackFacts): DiagnosisCheck {
  const code = 'commit-timestamps';
  if (value === undefined) {
    const seen = 'What Postgres says of track_commit_timestamp could not be read.';
    return unknown(code, seen, 'Ask it: `show track_commit_timestamp`.');
  }
  return value === 'on'
    ? pass(code, 'Postgres runs with track_commit_timestamp = on.')
    : fail(
        code,
        `Postgres runs with track_commit_timestamp = ${value}, so dbt State cannot tell when a table changed and reuses nothing.`,
        STATE_FIXES['commit-timestamps-off'],
      );
}

function branch(found: BranchFacts): DiagnosisCheck {
  const code = 'git-branch';
  switch (found.kind) {
    case 'named':
      return pass(
        code,
        `The git branch is ${found.branch}; the State plugin will set DBT_CLOUD_GIT_BRANCH to it.`,
      );
    case 'detached':
      return warn(
        code,
        'A commit is checked out and no branch, as CI does for pull requests: the State plugin will set DBT_CLOUD_GIT_BRANCH to HEAD, whatever it held before.',
        'Name the branch before dbt runs, e.g. `git switch -C "$GITHUB_HEAD_REF"`.',
      );
    case 'no-git':
      return warn(
        code,
        'git is not installed, so the State plugin will know no branch, and unset DBT_CLOUD_GIT_BRANCH.',
        'Install git where dbt runs.',
      );
    case 'no-repository':
      return warn(
        code,
        'dbt will not run in a git repository, so the State plugin will know no branch, and unset DBT_CLOUD_GIT_BRANCH.',
        'Run dbt in a clone of its repository.',
      );
    case 'unreadable':
      return warn(
        code,
        'git does not tell the branch of this repository, so the State plugin will know none, and unset DBT_CLOUD_GIT_BRANCH.',
        'See what `git rev-parse --abbrev-ref HEAD` says; in a container often `git config --global --add safe.directory "$PWD"` helps.',
      );
  }
}

function serviceChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  const checks = ofStep('service', facts.service, service);
  const isTried = facts.service?.kind === 'found' || facts.service?.kind === 'failed';
  return isTried && isAdapterRefused(facts) && checks[0]?.status !== 'pass'
    ? [blocked('service', 'adapter-supported')]
    : checks;
}

function service({ ms, announced, troubles }: ServiceFacts): readonly DiagnosisCheck[] {
  // Each has a line of its own.
  if (troubles.length > 0) return [];
  return [
    announced
      ? pass('service', `dbt State logged in, and its service accepted this client (${seconds(ms)}).`)
      : unknown(
          'service',
          'dbt ran with dbt State as it is set, and said nothing of it.',
          'Run dbt with `--debug` and look for “State” in its log.',
        ),
  ];
}

function logs({ folders, unwritable, decisionLog }: LogFacts): DiagnosisCheck {
  if (unwritable.length > 0) {
    return fail(
      'logs',
      `Cannot be written to: ${unwritable.join(', ')}.`,
      'Make the folder writable, or choose others with `--log-path` and `--target-path`.',
    );
  }
  const log =
    decisionLog === undefined
      ? 'There is no decision log of dbt State from the last run.'
      : `The last decision log of dbt State is ${decisionLog}.`;
  return pass('logs', folders.length === 0 ? log : `${folders.join(' and ')} can be written to. ${log}`);
}

const RUN_ONCE = 'Run dbt once through dbt-runcache, e.g. `dbt-runcache run -- build`.';

function lastRun(run: LastRun): readonly DiagnosisCheck[] {
  return [wasActive(run), ...remembered(run)];
}

function remembered({ command, startedAt, state }: LastRun): readonly DiagnosisCheck[] {
  return troublesIn(state)
    .filter(({ problem }) => SEEN_IN_RUNS_ALONE.has(problem))
    .map((trouble) =>
      warn(
        trouble.problem,
        `In the last run (dbt ${command}, ${startedAt}): ${sentence(seenOf(trouble))}`,
        trouble.fix,
      ),
    );
}

/** @param mendedBy The check that passes by now, where that shows that what kept State from being active is over. */
export function wasActive({ command, startedAt, state }: LastRun, mendedBy?: CheckCode): DiagnosisCheck {
  const code = 'run-cache-active';
  const run = `The last run (dbt ${command}, ${startedAt})`;
  const mended =
    mendedBy === undefined ? '' : ` The cause seems mended since then: \`${mendedBy}\` passes now.`;
  switch (state.kind) {
    case 'active':
      return pass(code, `${run} had dbt State active: ${sentence(state.proof)}`);
    case 'inactive':
      return warn(
        code,
        `${run} did not have dbt State active: ${sentence(seenOf(state.trouble))}${mended}`,
        mendedBy === undefined ? state.trouble.fix : RUN_ONCE,
      );
    case 'disabled':
    case 'absent':
      return unknown(code, `${run} was one without dbt State.`, RUN_ONCE);
    case 'not-applicable':
      return unknown(code, `${run} had nothing to ask dbt State.`, RUN_ONCE);
    case 'unknown':
      return unknown(code, `Of the last run it is not known: ${sentence(state.why)}`, RUN_ONCE);
  }
}

/** What else went wrong has lines of its own. */
function thisRun(state: StateStatus): readonly DiagnosisCheck[] {
  const code = 'run-cache-active';
  switch (state.kind) {
    case 'active':
      return [pass(code, `dbt State was active: ${sentence(state.proof)}`)];
    case 'unknown':
      return [unknown(code, `It is not known: ${sentence(state.why)}`, 'See what dbt said, and run again.')];
    case 'not-applicable':
      return state.why === undefined
        ? []
        : [unknown(code, sentence(state.why), 'Run again with nodes to build.')];
    case 'inactive':
    case 'disabled':
    case 'absent':
      return [];
  }
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
