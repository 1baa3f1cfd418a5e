import { join } from 'node:path';
import { readCatalog, readManifest, readRunResults, readSources } from '../../artifacts/read.ts';
import type { DedupReport } from '../../dedup/dedup-report.ts';
import { earlierRun } from '../../dedup/earlier-run.ts';
import { restoreFiles } from '../../dedup/restore.ts';
import type { RunArtifacts, RunReport, RunResult } from '../../result.ts';
import { optional } from '../../util/optional.ts';
import { deliver } from '../deliver.ts';
import type { Plan } from '../make-plan.ts';
import { reportBase } from '../report-base.ts';
import type { RunContext } from '../run-context.ts';
import type { Begun, Ledger } from './begin.ts';

const ARTIFACTS = {
  'run_results.json': { key: 'runResults', name: 'run_results', read: readRunResults },
  'manifest.json': { key: 'manifest', name: 'manifest', read: readManifest },
  'sources.json': { key: 'sources', name: 'sources', read: readSources },
  'catalog.json': { key: 'catalog', name: 'catalog', read: readCatalog },
} as const;

/**
 * Brings back what an identical run left, and reports its result as this run's.
 * @throws DbtRunCacheError `replay-unwritable`.
 */
export async function concludeReplay(
  run: RunContext,
  plan: Plan,
  replay: Extract<Begun, { kind: 'replay' }>,
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
  const report: RunReport = {
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
  };
  return deliver(run, plan.isReported ? plan.project?.targetPath : undefined, report, artifacts);
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
  return { store: store.kind, ...optional('key', key), ...optional('waitedMs', waitedMs) };
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
  const artifacts: { -readonly [K in keyof RunArtifacts]: RunArtifacts[K] } = {};
  const paths: { -readonly [K in keyof RunArtifacts]: string } = {};
  for (const [path, { key, read }] of Object.entries(ARTIFACTS)) {
    const place = places.get(path);
    if (!restored.includes(path) || place === undefined) continue;
    paths[key] = place;
    Object.assign(artifacts, { [key]: await read(place).catch(() => undefined) });
  }
  return { artifacts, paths, restored };
}
