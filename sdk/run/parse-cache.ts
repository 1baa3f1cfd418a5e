import type { DedupStore } from '../dedup/store.ts';
import type { ParseCacheReport } from '../parse-cache/parse-cache-report.ts';
import { restoreParse } from '../parse-cache/restore-parse.ts';
import { saveParse } from '../parse-cache/save-parse.ts';
import { optional } from '../util/optional.ts';
import { reasonOf } from '../util/reason.ts';
import type { Watched } from './conclude.ts';
import type { Plan } from './make-plan.ts';
import { type ProjectPlace, parseCacheName } from './parse-cache-key.ts';
import { noUseOfParse } from './parse-cache-use.ts';
import type { RunContext } from './run-context.ts';

/** What was done before dbt started, for what is done afterwards. */
export interface ParseCacheHandle {
  /** As far as it is known before dbt has run. */
  readonly report: ParseCacheReport;
  /** Absent where nothing is to be saved. */
  readonly entry?: { readonly name: string; readonly targetPath: string };
  /** Digest of the file that was restored. */
  readonly restored?: string;
}

/**
 * Gives dbt Core what an earlier run has parsed with the same settings, so that it parses only files that differ. To be
 * called with the target folder taken and before dbt is started. Never a reason not to run: whatever goes wrong is said
 * in the report. See `restoreParse()` for what it means to trust such a file.
 */
export async function restoreParseCache(
  run: Pick<RunContext, 'args' | 'clean'>,
  plan: Plan,
  store: DedupStore,
  place: ProjectPlace,
): Promise<ParseCacheHandle> {
  const noUse = noUseOfParse(run.args, plan);
  if (noUse !== undefined || plan.project === undefined)
    return { report: { kind: 'not-applicable', ...optional('detail', noUse) } };
  try {
    const { targetPath } = plan.project;
    const name = await parseCacheName(run.args, plan, plan.project, place);
    const restored = await restoreParse({ store, name, targetPath });
    const entry = { name, targetPath };
    switch (restored.kind) {
      case 'restored':
        return { report: { kind: 'restored', bytes: restored.bytes }, entry, restored: restored.sha256 };
      case 'there-already':
        return { report: { kind: 'there-already' }, entry };
      case 'absent':
      case 'corrupt':
        return { report: { kind: restored.kind, detail: run.clean(restored.detail) }, entry };
      case 'unavailable':
        // Asking again would only take as long again.
        return { report: { kind: 'unavailable', detail: run.clean(restored.detail) } };
    }
  } catch (error) {
    return { report: { kind: 'unavailable', detail: run.clean(reasonOf(error)) } };
  }
}

/**
 * Notes what dbt made of the file, and keeps the one it has left. To be called when dbt has ended, whatever became of it,
 * before the target folder is left.
 * @returns The report of the whole.
 */
export async function saveParseCache(
  run: Pick<RunContext, 'clean'>,
  store: DedupStore,
  handle: ParseCacheHandle,
  { end, observations }: Pick<Watched, 'end' | 'observations'>,
): Promise<ParseCacheReport> {
  const { parsing } = observations;
  const found = handle.report.kind === 'restored' || handle.report.kind === 'there-already';
  const report: ParseCacheReport = {
    ...handle.report,
    ...(found && parsing !== undefined ? answerOf(parsing, run.clean) : {}),
  };
  // Told not to look for such a file, dbt still writes one, in each run, for nobody.
  if (handle.entry === undefined || parsing?.kind === 'off') return report;
  if (!gotPastParsing(end))
    return {
      ...report,
      saved: 'not-saved',
      notSavedBecause: 'dbt did not run to its end, so that it may have left half a file',
    };
  const refused = parsing?.kind === 'full' ? handle.restored : undefined;
  const saved = await saveParse({ store, ...handle.entry, ...optional('refused', refused) });
  switch (saved.kind) {
    case 'saved':
      return { ...report, saved: 'saved', savedBytes: saved.bytes };
    case 'unchanged':
    case 'dropped':
      return { ...report, saved: saved.kind };
    case 'not-saved':
      return { ...report, saved: 'not-saved', notSavedBecause: run.clean(saved.why) };
  }
}

function answerOf(
  parsing: NonNullable<Watched['observations']['parsing']>,
  clean: (text: string) => string,
): Pick<ParseCacheReport, 'dbtAnswer' | 'why'> {
  switch (parsing.kind) {
    case 'partial':
      return { dbtAnswer: 'used' };
    case 'off':
      return { dbtAnswer: 'full-parse', why: 'partial parsing is switched off' };
    case 'full':
      return { dbtAnswer: 'full-parse', why: clean(parsing.why) };
  }
}

/** 1: nodes failed. With 2 dbt could not do the run: it may have been the parsing, or a full disk. */
function gotPastParsing({ exitCode, signal, stopCause }: Watched['end']): boolean {
  return stopCause === undefined && signal === undefined && (exitCode === 0 || exitCode === 1);
}
