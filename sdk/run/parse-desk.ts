import type { ParseCacheReport } from '../parse-cache/parse-cache-report.ts';
import { askProgram } from '../runtimes/process.ts';
import { reasonOf } from '../util/reason.ts';
import { atMost } from '../util/waiting.ts';
import type { Watched } from './conclude.ts';
import type { Plan } from './make-plan.ts';
import { repositoryNameOf } from './managed-state/repository-name.ts';
import type { OpenedStores } from './opened-stores.ts';
import { type ParseCacheHandle, restoreParseCache, saveParseCache } from './parse-cache.ts';
import type { RunContext } from './run-context.ts';

/** Some megabytes, over a slow line. */
const SAVING_MS = 60_000;

/** The parse cache of one run. Neither call throws, and without one neither does anything. */
export interface ParseDesk {
  /** Puts what was parsed before where dbt looks for it; the first call does. */
  restore(plan: Plan): Promise<void>;
  /** Keeps what dbt has parsed. Undefined where nobody asked for it, or nothing was restored before. */
  save(watched: Watched): Promise<ParseCacheReport | undefined>;
}

export function parseDesk(run: RunContext, stores: OpenedStores): ParseDesk {
  const { parseCache: where, state, cwd, env } = run.options;
  let restoring: Promise<ParseCacheHandle> | undefined;
  const open = (address: NonNullable<typeof where>) =>
    stores.open(address, state?.githubToken ?? run.options.dedup?.githubToken);
  const start = async (address: NonNullable<typeof where>, plan: Plan): Promise<ParseCacheHandle> => {
    const place = await repositoryNameOf({ projectDir: plan.project?.dir ?? cwd, env, run: askProgram });
    return restoreParseCache(run, plan, await open(address), place);
  };
  return {
    async restore(plan) {
      if (where === undefined || plan.project === undefined || !plan.needsTarget) return;
      restoring ??= start(where, plan).catch((thrown: unknown) => ({
        report: { kind: 'unavailable', detail: run.clean(reasonOf(thrown)) },
      }));
      await restoring;
    },
    async save(watched) {
      if (where === undefined || restoring === undefined) return undefined;
      const handle = await restoring;
      const late: ParseCacheReport = {
        ...handle.report,
        ...{ saved: 'not-saved', notSavedBecause: `the store did not answer within ${SAVING_MS / 1000} s` },
      };
      const saving = open(where).then((store) => saveParseCache(run, store, handle, watched));
      return atMost(SAVING_MS, saving, late).catch(
        (thrown: unknown): ParseCacheReport => ({
          ...handle.report,
          ...{ saved: 'not-saved', notSavedBecause: run.clean(reasonOf(thrown)) },
        }),
      );
    },
  };
}
