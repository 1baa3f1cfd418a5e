import { join } from 'node:path';
import type { DedupReport } from '../../dedup/dedup-report.ts';
import { earlierRun } from '../../dedup/earlier-run.ts';
import { restoreFiles } from '../../dedup/restore.ts';
import type { RunArtifacts, RunReport, RunResult } from '../../result.ts';
import { optional } from '../../util/optional.ts';
import { deliver } from '../deliver.ts';
import type { Plan } from '../make-plan.ts';
import { withManagedState } from '../managed-state/report-state.ts';
import type { StateDesk } from '../managed-state/state-desk.ts';
import { reportBase } from '../report-base.ts';
import type { RunContext } from '../run-context.ts';
import type { Begun, Ledger } from './begin.ts';
import { lazyArtifacts } from './lazy-artifacts.ts';

const ARTIFACTS = {
  'run_results.json': { key: 'runResults', name: 'run_results' },
  'manifest.json': { key: 'manifest', name: 'manifest' },
  'sources.json': { key: 'sources', name: 'sources' },
  'catalog.json': { key: 'catalog', name: 'catalog' },
} as const;

/**
 * Brings back what an identical run left, and reports its result as this run's.
 * @throws DbtRunCacheError `replay-unwritable`.
 */
export async function concludeReplay(
  run: RunContext,
  plan: Plan,
  replay: Extract<Begun, { kind: 'replay' }>,
  desk: StateDesk | undefined,
): Promise<RunResult> {
  const { ledger, record, report: earlier, contents } = replay;
  const { artifacts, paths, restored } = await bringBack(plan, contents);
  const { exitCode, failure, engine, invocationId, threads, state, diagnosis, savings, selectedCount } =
    earlier;
  const base = reportBase(run, plan, run.elapsedMs());
  const dedup: DedupReport = {
    ...ledgerWords(ledger),
    kind: 'replayed',
    run: earlierRun(record),
    restored,
    omitted: record.omitted ?? [],
  };
  const replayed: RunReport = {
    ...base,
    outcome: record.result === 'succeeded' ? 'replayed' : 'failed',
    ...optional('failure', failure),
    ...optional('exitCode', exitCode),
    ...optional('invocationId', invocationId),
    ...optional('engine', engine === undefined ? base.engine : { ...engine, ...base.engine }),
    ...optional('threads', threads),
    state,
    ...optional('diagnosis', diagnosis),
    ...optional('savings', savings),
    ...optional('selectedCount', selectedCount),
    dedup,
    decisions: earlier.decisions,
    notices: [...run.notices, ...earlier.notices],
    artifactPaths: paths,
    ...optional('managedState', withoutPublished(earlier.managedState)),
  };
  // With a key of the caller's own it may have compared itself with another state, and read other values.
  const report =
    ledger.key?.kind === 'derived'
      ? await withManagedState(run, plan, desk, { report: replayed, artifacts })
      : replayed;
  return deliver(run, plan.isReported ? plan.project?.targetPath : undefined, report, artifacts);
}

/** What the earlier run left is not what this one leaves. */
function withoutPublished(earlier: RunReport['managedState']): RunReport['managedState'] {
  if (earlier === undefined) return undefined;
  const { published: _, ...rest } = earlier;
  return rest;
}

/** An identical run is at it; this one ends without a result. */
export async function concludeSkip(
  run: RunContext,
  plan: Plan,
  { ledger, owner }: Extract<Begun, { kind: 'skip' }>,
): Promise<RunResult> {
  const report: RunReport = {
    ...reportBase(run, plan, run.elapsedMs()),
    outcome: 'skipped-in-flight',
    state: { kind: 'unknown', why: 'dbt was not started' },
    dedup: {
      ...ledgerWords(ledger),
      kind: 'skipped-in-flight',
      ...optional('run', owner === undefined ? undefined : earlierRun(owner)),
    },
    decisions: [],
    notices: run.notices,
    artifactPaths: {},
  };
  return deliver(run, undefined, report, {});
}

function ledgerWords({ store, key, waitedMs }: Ledger) {
  return {
    store: store.kind,
    scope: store.guarantees.scope,
    ...optional('key', key),
    ...optional('waitedMs', waitedMs),
  };
}

async function bringBack(
  { project, expectedArtifacts }: Plan,
  contents: ReadonlyMap<string, Uint8Array>,
): Promise<{ artifacts: RunArtifacts; paths: RunReport['artifactPaths']; restored: readonly string[] }> {
  if (project === undefined) return { artifacts: {}, paths: {}, restored: [] };
  const { targetPath } = project;
  const places = new Map(
    Object.entries(ARTIFACTS).map(([path, { name }]) => [
      path,
      expectedArtifacts.get(name) ?? join(targetPath, path),
    ]),
  );
  const restored = await restoreFiles(targetPath, contents, places);
  const files = Object.entries(ARTIFACTS).flatMap(([name, { key }]) => {
    const [path, bytes] = [places.get(name), contents.get(name)];
    return path === undefined || bytes === undefined ? [] : [{ key, path, bytes }];
  });
  return {
    artifacts: lazyArtifacts(files),
    paths: Object.fromEntries(files.map(({ key, path }) => [key, path])),
    restored,
  };
}
