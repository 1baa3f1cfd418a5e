import { readManifest, readRunResults, readSources } from '../../artifacts/read.ts';
import type { SourcesArtifact } from '../../artifacts/types.ts';
import { fresherSources } from '../../managed-state/fresher-sources.ts';
import { overlooked } from '../../managed-state/overlooked.ts';
import type { KnownChanges, Oversight } from '../../managed-state/oversight.ts';
import { selectionToken } from '../../managed-state/selection-token.ts';
import { strictSelection } from '../../managed-state/strict-selection.ts';
import type { ManagedStateSettings } from '../../state-settings.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';
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

/** The files of a state that lie here. */
export interface StateHere {
  readonly manifestPath: string;
  readonly runResultsPath?: string;
  readonly sourcesPath?: string;
  readonly known: KnownChanges;
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
  const strict = settings.slim === 'strict' ? await strictOf(run, plan, here) : undefined;
  const failures = await failuresOf(here);
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

/** Undefined where nobody asked, and where the state has nothing to compare with. */
async function fresherOf(
  { sourcesPath }: StateHere,
  fresh: SourcesArtifact | undefined,
): Promise<readonly string[] | undefined> {
  if (fresh === undefined || sourcesPath === undefined) return undefined;
  return fresherSources(await readSources(sourcesPath), fresh);
}

/** dbt warns of a result that no node had, and has no word for a microbatch model of which some batches failed. */
async function failuresOf({ runResultsPath, manifestPath }: StateHere): Promise<Failures> {
  if (runResultsPath === undefined) return { selectors: [], tokens: [] };
  const { results } = await readRunResults(runResultsPath);
  const selectors = ['error', 'fail']
    .filter((each) => results.some(({ status }) => status === each))
    .map((each) => `result:${each}+`);
  const inPart = results.filter(({ status }) => status === 'partial success').map((each) => each.unique_id);
  if (inPart.length === 0) return { selectors, tokens: [] };
  const { nodes } = await readManifest(manifestPath);
  const tokens = inPart.flatMap((id) => (nodes[id] === undefined ? [] : [selectionToken(nodes[id])]));
  return { selectors, tokens };
}

interface Failures {
  readonly selectors: readonly string[];
  readonly tokens: readonly string[];
}
