import { join } from 'node:path';
import type { DedupStore } from '../../dedup/store.ts';
import { githubRest } from '../../github/rest.ts';
import { workflowRunOf } from '../../github/workflow-run.ts';
import { askProgram } from '../../runtimes/process.ts';
import type { CommitHistory } from '../../state-archive/commit-history.ts';
import type { EngineLine, KnownValues, StatePlace } from '../../state-archive/kept-state.ts';
import type { ManagedStateSettings } from '../../state-settings.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { commitHistoryOf } from './commit-history.ts';
import type { FreshSources } from './fresh-sources.ts';
import type { Begun } from './mark-begun.ts';
import { isProduction, type Production } from './production.ts';
import { readKnownValues } from './read-values.ts';
import { repositoryNameOf } from './repository-name.ts';

/** Where the states of a run are, and which commit it is about. */
export interface StateDesk {
  readonly settings: ManagedStateSettings;
  readonly store: DedupStore;
  readonly place: StatePlace;
  readonly history: CommitHistory | { readonly kind: 'none'; readonly why: string };
  /** Whether the run is of production's branch. Asked once. */
  production(): Promise<Production>;
  /** What the variables are that templates read. Read once: dbt gets what they were before it started. */
  values(): Promise<KnownValues>;
  /** Absent unless dbt is about to change the tables of the environment. */
  readonly begun?: Begun;
  /** Absent where nobody asked how new the data of the sources is. */
  readonly fresh?: FreshSources;
}

export async function stateDesk(
  run: RunContext,
  plan: Plan & { readonly project: NonNullable<Plan['project']> },
  { settings, store }: { readonly settings: ManagedStateSettings; readonly store: DedupStore },
): Promise<StateDesk> {
  const { env } = run.options;
  const { dir, name, targetPath, logPath } = plan.project;
  const own = workflowRunOf(env);
  const { githubToken } = settings;
  const rest =
    own === undefined || githubToken === undefined
      ? undefined
      : { rest: githubRest({ apiUrl: own.api, token: githubToken }), repository: own.repository };
  const common = { projectDir: dir, env, run: askProgram };
  const [repository, history] = await Promise.all([
    repositoryNameOf(common),
    commitHistoryOf({
      ...common,
      ...optional('rest', rest),
      ownPaths: [
        ...[targetPath, logPath],
        ...['.gitignore', 'dbt_packages', 'package-lock.yml', 'profiles.yml', '.user.yml', '.env'].map(
          (one) => join(dir, one),
        ),
        ...(store.folder === undefined ? [] : [store.folder]),
      ],
    }),
  ]);
  return {
    settings,
    store,
    place: { project: name, ...repository, environment: settings.environment },
    history,
    production: once(() => isProduction(common)),
    values: once(() => readKnownValues(run, plan)),
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let begun: Promise<T> | undefined;
  return () => {
    begun ??= work();
    return begun;
  };
}

/** Undefined where the version of dbt is not known: nothing can be compared across lines. */
export function lineOf({ engine }: Plan): EngineLine | undefined {
  const { kind, dbtVersion, adapterType } = engine;
  return dbtVersion === undefined
    ? undefined
    : { engine: kind, dbtVersion, ...optional('adapterType', adapterType) };
}
