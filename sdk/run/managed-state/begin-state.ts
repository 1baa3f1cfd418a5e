import { dirname } from 'node:path';
import { DbtRunCacheError } from '../../errors.ts';
import { changedValues } from '../../managed-state/known-values.ts';
import type { MissingState } from '../../managed-state/state-report.ts';
import { usesComparison } from '../../plan/slim/uses-comparison.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import type { Comparison } from './comparison.ts';
import { argumentsFor } from './dbt-arguments.ts';
import { fetchState } from './fetch-state.ts';
import type { FreshSources } from './fresh-sources.ts';
import { inWords, noticeOfMissing } from './in-words.ts';
import { slimSelection } from './slim-selection.ts';
import type { StateDesk } from './state-desk.ts';

/**
 * Finds the state that fits, brings it here, and works out what dbt is given for it. Where there is none the run is as it was
 * given, or fails, as was asked.
 * @param folders Gets every folder that is made here: the caller takes them away after the run.
 * @returns Undefined for a command that compares nothing.
 * @throws DbtRunCacheError `state-missing`; `invalid-options` for arguments that a comparison does not go with.
 */
export async function beginState(
  run: RunContext,
  plan: Plan,
  desk: StateDesk,
  { fresh, folders }: { readonly fresh: FreshSources | undefined; readonly folders: string[] },
): Promise<Comparison | undefined> {
  const probe = await argumentsFor(run, plan, desk, { folder: '/', selection: undefined });
  if (probe === undefined) return undefined;
  const found = await fetchState(plan, desk, { signal: run.stops.signal, folders });
  run.stops.signal.throwIfAborted();
  if (found.kind === 'missing') return withoutState(run, plan, desk, found);
  const { brought, report, isOfOtherCode } = found.fetched;
  const here = {
    manifestPath: brought.manifestPath,
    ...optional('runResultsPath', brought.runResultsPath),
    ...optional('sourcesPath', brought.sourcesPath),
    known: changedValues(brought.values, await desk.values()),
    isOfOtherCode,
  };
  const { slim: mode } = desk.settings;
  const slim =
    mode === undefined || probe.isNarrowed === undefined
      ? undefined
      : await slimSelection(run, plan, { ...desk.settings, slim: mode }, here, fresh?.sources);
  const given = await argumentsFor(run, plan, desk, {
    folder: dirname(brought.manifestPath),
    selection: slim,
  });
  if (given === undefined) return undefined;
  const comparison: Comparison = {
    report,
    dbtArgs: given.args,
    within: given.within,
    part: {
      kind: 'known',
      items: {
        state: brought.digest,
        mode: mode ?? 'managed',
        selection: JSON.stringify([slim?.selectors ?? [], slim?.tokens ?? [], slim?.addedAll ?? null]),
        fresher: JSON.stringify(slim?.fresher ?? []),
      },
    },
    here,
    ...optional('slim', slim),
  };
  if (slim !== undefined) noticeNoDeferral(run, plan);
  for (const message of inWords(comparison)) say(run, message);
  return comparison;
}

/** Seen with 2.0.0rc196: what is not in the own schema is looked for there all the same. */
function noticeNoDeferral(run: RunContext, { engine }: Plan): void {
  if (
    engine.kind !== 'fusion' ||
    engine.adapterType !== 'postgres' ||
    run.args.some((arg) => /^--favor-state$/.test(arg))
  )
    return;
  run.notices.push({
    kind: 'problem',
    name: 'state-not-deferred',
    message: 'dbt v2 reads nothing from production on Postgres unless --favor-state is given',
    hint: 'Add --favor-state to the arguments.',
    count: 1,
  });
}

function say(run: RunContext, message: string): void {
  run.send({ kind: 'dbt-message', level: 'info', name: 'ManagedState', message: run.clean(message) });
}

function withoutState(
  run: RunContext,
  plan: Plan,
  { settings }: StateDesk,
  report: MissingState,
): Comparison {
  const notice = noticeOfMissing(report, settings.environment);
  const needsOne = usesComparison(run.args, plan.engine.kind, plan.inputs.dotEnv.env);
  const comparison: Comparison = {
    report,
    dbtArgs: run.args,
    within: [],
    part: { kind: 'known', items: { state: 'none' } },
  };
  if (settings.onMissing === 'fail' || needsOne) {
    // The report of the failure tells of it.
    run.noteComparison(comparison);
    const why = needsOne ? ', and the arguments compare with one' : '';
    throw new DbtRunCacheError(`${notice.message}${why}`, { code: 'state-missing', hint: notice.hint });
  }
  run.notices.push(notice);
  say(run, `${notice.message}. dbt gets its arguments as they were given`);
  return comparison;
}
