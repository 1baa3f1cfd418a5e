import { saveBundle, saveItems } from '../../dedup/bundle.ts';
import type { FinishAnswer, FinishedRun, Places } from '../../dedup/coordinator.ts';
import type { DedupReport, RecordFate } from '../../dedup/dedup-report.ts';
import { compareParts, type KeyDifference } from '../../dedup/key.ts';
import { claimName } from '../../dedup/names.ts';
import { noteRecentRun } from '../../dedup/recent-runs.ts';
import type { KeyPart } from '../../dedup/record.ts';
import type { DedupStore } from '../../dedup/store.ts';
import { describeTargetFiles } from '../../dedup/target-file.ts';
import type { RunArtifacts, RunNotice, RunReport } from '../../result.ts';
import { optional } from '../../util/optional.ts';
import { atMost } from '../../util/waiting.ts';
import { makePlan, type Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { recentScope } from './because.ts';
import type { Begun } from './begin.ts';
import { compiledFiles, productFiles } from './compiled-files.ts';
import { identify } from './identify.ts';
import { externalNodes, placesOfNodes } from './places.ts';
import { storesFailures } from './stores-failures.ts';

/** GitHub gives a cancelled job 10 s in all, and dbt had most of them. */
const STOPPED_MS = 3000;
const FINISHED_MS = 120_000;
const NAMED = 3;

export type Execution = Extract<Begun, { kind: 'execute' }>;

type ExecutedReport = Extract<DedupReport, { kind: 'executed' }>;

/** What became of the record, and what to tell of it. */
export interface Settled {
  readonly fate: RecordFate;
  readonly notice?: RunNotice;
}

/** A run that has come to its end. */
export interface Done {
  readonly report: RunReport;
  readonly artifacts: RunArtifacts;
  /** Why no record is left, where that is clear before anything is asked. */
  readonly refused?: Settled | undefined;
}

/**
 * Ends the claim of a run, whatever became of the run: leaves its record, or frees the key. Best effort, within a limit;
 * changes nothing about the run itself.
 */
export async function settle(
  run: RunContext,
  plan: Plan,
  execution: Execution,
  done: Done,
): Promise<{ readonly dedup: ExecutedReport; readonly notices: readonly RunNotice[] }> {
  const { ledger, claim } = execution;
  const limitMs = run.stops.cause === undefined ? FINISHED_MS : STOPPED_MS;
  const late: Settled = {
    fate: 'unknown',
    notice: notice('dedup-unavailable', `The ledger did not answer within ${limitMs / 1000} s`),
  };
  const settled = await atMost(limitMs, leave(run, plan, execution, done), late).catch(
    (thrown: unknown): Settled => ({
      fate: 'unknown',
      notice: notice('dedup-unavailable', thrown instanceof Error ? thrown.message : String(thrown)),
    }),
  );
  const because = await atMost(STOPPED_MS, execution.because, { kind: 'unknown' as const });
  // One that cannot be had here is told of as the reason why it ran, and that is all there is to tell.
  const isSilent = because.kind === 'unavailable' && because.unusable === undefined;
  const unavailable = isSilent ? [unavailableNotice(ledger.store, because.why, 'ran')] : [];
  return {
    dedup: {
      store: ledger.store.kind,
      scope: ledger.store.guarantees.scope,
      ...optional('key', ledger.key),
      ...optional('waitedMs', ledger.waitedMs),
      kind: 'executed',
      because,
      record: settled.fate,
      ...(claim.adopted ? { adopted: true as const } : {}),
    },
    notices: [...unavailable, ...(settled.notice === undefined ? [] : [settled.notice])],
  };
}

async function leave(
  run: RunContext,
  plan: Plan,
  execution: Execution,
  { report, artifacts, refused }: Done,
): Promise<Settled> {
  const { ledger, claim } = execution;
  const { store, policy } = ledger;
  const result = resultOf(report);
  const isKept = result === 'succeeded' || (result === 'failed' && policy.dedupOn === 'any');
  const places = placesOf(plan, execution, { report, artifacts });
  if (!claim.owns || !isKept || refused !== undefined) {
    const answer = await claim.abandon(places);
    return answer === 'lost' ? { fate: 'lost' } : (refused ?? { fate: 'none' });
  }
  const { key, targetFiles } = ledger.identity;
  const [changed, files] = await Promise.all([
    changedInputs(run, execution),
    // At once: what another writes there later is not what this run left.
    targetFiles.kind === 'files' ? describeTargetFiles(targetFiles.paths) : undefined,
  ]);
  if (changed.length > 0) {
    await claim.abandon(places);
    return { fate: 'inputs-changed', notice: inputsChanged(changed) };
  }
  const unseen = key.kind === 'derived' ? notSeen(execution, { report, artifacts }) : undefined;
  if (unseen !== undefined) {
    await claim.abandon(places);
    return { fate: 'none', notice: notice('dedup-result-not-seen', unseen) };
  }
  const { artifactPaths } = report;
  const { project } = plan;
  const saved = await saveBundle(store, {
    report: JSON.stringify(run.named.deep(report)),
    files: [
      ...Object.entries({
        'run_results.json': artifactPaths.runResults,
        'manifest.json': artifactPaths.manifest,
        'sources.json': artifactPaths.sources,
        'catalog.json': artifactPaths.catalog,
      }).flatMap(([path, from]) => (from === undefined ? [] : [{ path, from }])),
      ...(project === undefined ? [] : await productFiles(project.targetPath, run.startedAt)),
      // To compile is what `compile` is run for.
      ...(project !== undefined && (ledger.settings.restoreCompiled || plan.command === 'compile')
        ? await compiledFiles(project.targetPath)
        : []),
    ],
    retainMs: policy.retentionMs,
  });
  if (saved.kind !== 'saved') {
    await claim.abandon(places);
    return {
      fate: 'unknown',
      notice: notice('dedup-unavailable', `The result could not be kept for identical runs: ${saved.why}`),
    };
  }
  const parts = key.kind === 'given' || key.kind === 'derived' ? key.parts : [];
  const items = await saveItems(store, parts, policy.retentionMs);
  const finishedAt = new Date().toISOString();
  const record: FinishedRun = {
    result,
    producer: ledger.producer,
    finishedAt,
    wallMs: report.wallMs,
    exitCode: report.exitCode ?? 0,
    ...optional('givenKey', ledger.key?.text),
    ...(items.kind === 'saved' ? { items: items.items } : {}),
    bundle: saved.bundle,
    files: saved.files,
    ...(saved.omitted.length > 0 ? { omitted: saved.omitted } : {}),
    ...optional('targetFiles', files),
  };
  const answer = await claim.finish(record, places);
  if (answer === 'done' && key.kind === 'derived') {
    const claimed = { claim: claimName(key.text), parts: key.parts, finishedAt };
    await noteRecentRun(store, recentScope(plan), claimed, policy.retentionMs);
  }
  return fateOf(answer);
}

function fateOf(answer: FinishAnswer): Settled {
  switch (answer) {
    case 'done':
      return { fate: 'kept' };
    case 'not-kept':
      return { fate: 'target-changed' };
    case 'lost':
      return {
        fate: 'lost',
        notice: notice(
          'dedup-unavailable',
          'This run lost its key: another run took it over, as no sign of life had reached the ledger for too long, or someone released it',
        ),
      };
    case 'unknown':
      return {
        fate: 'unknown',
        notice: notice(
          'dedup-unavailable',
          'The ledger did not confirm the result; an identical run may run again',
        ),
      };
  }
}

/** The places that dbt's own manifest shows. */
function placesOf(
  plan: Plan,
  { ledger, isPartOfAnother }: Execution,
  { report, artifacts }: { readonly report: RunReport; readonly artifacts: RunArtifacts },
): Places {
  const { target, writes } = ledger.identity;
  const { manifest } = artifacts;
  if (isPartOfAnother || target === undefined || manifest === undefined) return { wrote: [], read: [] };
  const stores = storesFailures(plan);
  return placesOfNodes(target, { manifest, decisions: report.decisions, writes, stores });
}

/** Why it cannot be told later whether what the run left is there still; undefined when it can. */
function notSeen(
  { ledger }: Execution,
  { report, artifacts }: { readonly report: RunReport; readonly artifacts: RunArtifacts },
): string | undefined {
  const { manifest } = artifacts;
  if (ledger.identity.target === undefined) return undefined;
  if (manifest === undefined)
    return 'The result is not kept for identical runs: without its manifest (write-json) it cannot be told where dbt wrote';
  const [external] = externalNodes(manifest, report.decisions);
  return external === undefined
    ? undefined
    : `The result is not kept for identical runs: ${external} leaves files outside of the database, and nothing tells later whether they are there`;
}

/** Undefined for a run whose end says nothing about its inputs: stopped, or not done. */
function resultOf(report: RunReport): 'succeeded' | 'failed' | undefined {
  if (report.outcome === 'executed') return 'succeeded';
  return report.failure?.code === 'nodes-failed' ? 'failed' : undefined;
}

/** What has changed since the key was made: dbt may have read either, so the result stands for neither. */
async function changedInputs(run: RunContext, { ledger }: Execution): Promise<readonly KeyDifference[]> {
  const { key } = ledger.identity;
  if ((key.kind !== 'given' && key.kind !== 'derived') || key.parts.length === 0) return [];
  // Looked up anew as well: profiles.yml, .env and dbt's own version may have changed.
  const again = await identify(
    run,
    await makePlan({ ...run, notices: [] }),
    // The data was asked for before; that it moved on is what the next run finds out.
    { ...ledger.settings, data: 'ignore' },
    ledger.store.folder,
  ).catch(() => undefined);
  if (again === undefined || again.key.kind === 'not-repeatable')
    return [{ part: 'project', how: 'unknown' }];
  const { parts } = again.key;
  const without = (all: readonly KeyPart[]) => all.filter(({ name }) => name !== 'data');
  const wasKnown = new Set(key.parts.filter(({ digest }) => digest !== null).map(({ name }) => name));
  const differences = compareParts(without(parts), without(key.parts)).filter(
    // What was not known before says nothing; what no longer is may be anything.
    ({ how, part }) => how !== 'unknown' || wasKnown.has(part),
  );
  const isElsewhere = again.target !== ledger.identity.target;
  return isElsewhere ? [{ part: 'warehouse', how: 'changed' }, ...differences] : differences;
}

function inputsChanged(changed: readonly KeyDifference[]): RunNotice {
  const names = changed.slice(0, NAMED).map(({ part, item }) => item ?? part);
  const more = changed.length > NAMED ? ` and ${changed.length - NAMED} more` : '';
  return notice(
    'dedup-inputs-changed',
    `The result is not kept for identical runs, since inputs changed while dbt ran: ${names.join(', ')}${more}`,
  );
}

/** That dbt runs, or ran, without the ledger, and why. */
export function unavailableNotice(
  { kind, unusable }: Pick<DedupStore, 'kind' | 'unusable'>,
  why: string,
  runs: 'runs' | 'ran',
): RunNotice {
  const what = unusable === true ? 'cannot be used here' : 'did not answer';
  return notice('dedup-unavailable', `The ${kind} ledger ${what}, so dbt ${runs} without it: ${why}`);
}

export function notice(name: string, message: string): RunNotice {
  return { kind: 'problem', name, message, count: 1 };
}
