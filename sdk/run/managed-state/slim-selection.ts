import { readManifest, readSources } from '../../artifacts/read.ts';
import type { SourcesArtifact } from '../../artifacts/types.ts';
import { fresherSources } from '../../managed-state/fresher-sources.ts';
import { overlooked } from '../../managed-state/overlooked.ts';
import type { KnownChanges, Oversight } from '../../managed-state/oversight.ts';
import { strictSelection } from '../../managed-state/strict-selection.ts';
import type { ManagedStateSettings } from '../../state-settings.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
import { failedBefore } from './failed-before.ts';
import { parseNow } from './parse-now.ts';

/** What a slim build selects, before the user's own selection narrows it. */
export interface SlimSelection {
  readonly mode: 'slim' | 'strict';
  /** e.g. `state:modified+`. */
  readonly selectors: readonly string[];
  /** More selection tokens, for what dbt overlooks. */
  readonly tokens: readonly string[];
  /** The nodes these stand for. */
  readonly added: readonly string[];
  /** Nobody can tell what this changes, so everything is built. */
  readonly addedAll?: Oversight;
  /** Sources with newer data. */
  readonly fresher: readonly string[];
}

/** The files of a state that lie here: absolute paths in a private folder, gone after the run. */
export interface StateHere {
  readonly manifestPath: string;
  readonly runResultsPath?: string;
  readonly sourcesPath?: string;
  readonly known: KnownChanges;
  /** As of `failedBefore()`. */
  readonly isOfOtherCode: boolean;
}

/** Works out what to select. `strict` has dbt parse first. */
export async function slimSelection(
  run: RunContext,
  plan: Plan,
  settings: ManagedStateSettings & { readonly slim: 'slim' | 'strict' },
  here: StateHere,
  fresh: SourcesArtifact | undefined,
): Promise<SlimSelection> {
  const fresher = await fresherOf(here, fresh);
  if (fresh !== undefined && fresher === undefined) noticeNoFreshness(run);
  const strict = settings.slim === 'strict' ? await strictOf(run, plan, here) : undefined;
  const failures = await failedBefore(here);
  return {
    mode: settings.slim,
    selectors: [
      'state:modified+',
      ...failures.selectors,
      ...(fresher === undefined ? [] : ['source_status:fresher+']),
    ],
    tokens: [...failures.tokens, ...(strict?.kind === 'nodes' ? strict.tokens : [])],
    added: strict?.kind === 'nodes' ? strict.uniqueIds : [],
    ...optional('addedAll', strict?.kind === 'everything' ? strict.because : undefined),
    fresher: fresher ?? [],
  };
}

async function strictOf(run: RunContext, plan: Plan, { manifestPath, known }: StateHere) {
  const [before, now] = await Promise.all([readManifest(manifestPath), parseNow(run, plan)]);
  const engine = plan.engine.kind;
  const oversights = overlooked(before, now, engine, known);
  return strictSelection({ before, now, engine, oversights });
}

function noticeNoFreshness(run: RunContext): void {
  run.notices.push({
    kind: 'problem',
    name: 'sources-not-compared',
    message:
      'Which sources have newer data cannot be told, so nothing was selected for that: the state has no freshness of sources',
    hint: 'Give fresher-sources: true to a run that builds all of production.',
    count: 1,
  });
}

/** Undefined where nobody asked, and where the state has nothing to compare with. */
async function fresherOf(
  { sourcesPath }: StateHere,
  fresh: SourcesArtifact | undefined,
): Promise<readonly string[] | undefined> {
  if (fresh === undefined || sourcesPath === undefined) return undefined;
  return fresherSources(await readSources(sourcesPath), fresh);
}
