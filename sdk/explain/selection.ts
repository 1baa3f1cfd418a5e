import type { NodeDecision } from '../decisions/decision.ts';
import type { Oversight } from '../managed-state/oversight.ts';
import type { FoundState, SelectionReasons, SlimReport } from '../managed-state/state-report.ts';
import type { Phrase } from './explanation.ts';
import { counted, listedUpTo } from './format.ts';
import { changeInWords } from './managed-state-change.ts';
import { lastRunInWords } from './managed-state-comparison.ts';
import type {
  BelowGroup,
  ChangedNode,
  OtherNodes,
  OversightNotice,
  SelectionNotice,
} from './managed-state-explanation.ts';
import { inOrder, type Names } from './managed-state-names.ts';
import { tellOversights } from './managed-state-oversights.ts';
import { plainWords, words } from './phrase.ts';

/** What was selected, and why. */
export function selectionNotice(
  slim: SlimReport,
  reasons: SelectionReasons,
  found: FoundState,
  environment: string,
  names: Names,
  decisions: readonly NodeDecision[],
): SelectionNotice {
  const locations = new Map(decisions.map(({ uniqueId, location }) => [uniqueId, location]));
  const changes = modified(reasons).map((change): ChangedNode => {
    const location = locations.get(change.uniqueId);
    return {
      ...names.node(change.uniqueId),
      what: changeInWords(change, names),
      ...(location !== undefined && { location }),
    };
  });
  const below = belowGroups(reasons, names);
  const belowCount = below.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const all = slim.addedAll === undefined ? undefined : tellOversights([slim.addedAll], names)[0];
  return {
    title: title(changes.length, belowCount),
    changes: inOrder(changes),
    below,
    belowCount,
    others: otherNodes(slim, reasons, found, environment, names),
    ...(all !== undefined && {
      addedAll: [words('Strict selected everything, since nobody can tell what this changes. '), ...all.says],
    }),
    oversights: oversightNotices(slim, reasons, names).filter(
      ({ says }) => all === undefined || plainWords(says) !== plainWords(all.says),
    ),
  };
}

/** What `state:modified` lists. dbt has differences that only narrower selectors see, and nothing was selected for those. */
export function modified({ changes }: SelectionReasons): SelectionReasons['changes'] {
  return changes.filter(({ selectedBy }) => selectedBy.includes('modified'));
}

function title(changed: number, below: number): string {
  if (changed === 0) return 'dbt found no changed node';
  return `${counted(changed, 'node')} changed${below === 0 ? '' : `, ${counted(below, 'node')} below ${changed === 1 ? 'it' : 'them'}`}`;
}

/** By what they stand below. A changed node that stands below another is told among the changed ones. */
function belowGroups(reasons: SelectionReasons, names: Names): readonly BelowGroup[] {
  const changed = new Set(modified(reasons).map(({ uniqueId }) => uniqueId));
  const others = Object.entries(reasons.downstream).filter(([uniqueId]) => !changed.has(uniqueId));
  const groups = Map.groupBy(others, ([, roots]) => JSON.stringify(roots.toSorted()));
  return [...groups.values()]
    .map((members) => ({
      below: inOrder((members[0]?.[1] ?? []).map(names.node)).map(({ name }) => name),
      nodes: inOrder(members.map(([uniqueId]) => names.node(uniqueId))),
    }))
    .toSorted((a, b) => b.nodes.length - a.nodes.length);
}

function otherNodes(
  slim: SlimReport,
  reasons: SelectionReasons,
  found: FoundState,
  environment: string,
  names: Names,
): readonly OtherNodes[] {
  const of = (
    kind: OtherNodes['kind'],
    uniqueIds: readonly string[],
    lead: readonly Phrase[],
  ): OtherNodes[] =>
    uniqueIds.length === 0 ? [] : [{ kind, lead, nodes: inOrder(uniqueIds.map(names.node)) }];
  const { retried, fresher } = reasons;
  const { added } = slim;
  return [
    ...of('retried', retried, [words('To be built again after '), ...lastRunInWords(found, environment)]),
    ...of('fresher', fresher, [
      words(
        fresher.length === 1
          ? 'One node stands below a source that has newer data'
          : `${counted(fresher.length, 'node')} stand below sources that have newer data`,
      ),
    ]),
    ...of('added', added, [
      words(`Strict added ${counted(added.length, 'node')} that dbt’s comparison overlooks`),
    ]),
  ];
}

/** Everything that was selected by comparison, before the run's own selection narrows it. */
function selectedIds(slim: SlimReport, reasons: SelectionReasons): ReadonlySet<string> {
  return new Set([
    ...modified(reasons).map(({ uniqueId }) => uniqueId),
    ...Object.keys(reasons.downstream),
    ...reasons.retried,
    ...reasons.fresher,
    ...slim.added,
  ]);
}

function oversightNotices(slim: SlimReport, reasons: SelectionReasons, names: Names): OversightNotice[] {
  const selected = selectedIds(slim, reasons);
  const real = reasons.oversights.filter((one) => !isSmallPrint(one));
  const told = tellOversights(real, names).map(({ kind, says, concerns, mends, todo }): OversightNotice => {
    const isSettled =
      mends !== 'nothing' &&
      (slim.addedAll !== undefined ||
        (mends === 'strict' &&
          // What strict cannot name the nodes of makes it select everything; so it has named them.
          (concerns?.every((uniqueId) => selected.has(uniqueId)) ?? slim.mode === 'strict')));
    return {
      kind,
      tone: isSettled ? 'settled' : 'caution',
      says,
      nodes: inOrder((concerns ?? []).map(names.node)),
      ...(!isSettled && { todo: todo ?? TODO[slim.mode] }),
    };
  });
  return told.toSorted((a, b) => Number(a.tone === 'settled') - Number(b.tone === 'settled'));
}

const TODO: Readonly<Record<SlimReport['mode'], string>> = {
  slim: 'If that matters here, set `slim: strict`, which adds what dbt overlooks, or build everything once with `slim: false`.',
  strict: 'If that matters here, build everything once with `slim: false`.',
};

/** What leaves nothing in the warehouse, so that nothing is missing where it is gone. */
const BUILDS_NOTHING: ReadonlySet<string> = new Set([
  ...['test', 'unit_test', 'exposure', 'metric', 'semantic_model', 'saved_query', 'analysis', 'source'],
]);

/** What no node can be missing for: that dbt lists too many, and that a test is gone. */
function isSmallPrint(one: Oversight): boolean {
  if (one.kind === 'removed') return BUILDS_NOTHING.has(one.uniqueId.split('.', 1)[0] ?? '');
  return one.kind === 'false-alarm';
}

/** Oversights that need no attention. */
export function oversightsInSmallPrint(reasons: SelectionReasons, names: Names): readonly string[] {
  return tellOversights(reasons.oversights.filter(isSmallPrint), names).map(({ says }) => plainWords(says));
}

/** Why each node was selected, in a few words: `changed: its SQL`, `below stg_orders`. The nearest reason for each. */
export function selectedFor(
  slim: SlimReport,
  reasons: SelectionReasons,
  names: Names,
): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  const put = (uniqueId: string, why: string): void => {
    if (!found.has(uniqueId)) found.set(uniqueId, why);
  };
  for (const change of modified(reasons)) {
    const what = plainWords(changeInWords(change, names));
    put(change.uniqueId, what === 'new' ? what : `changed: ${what}`);
  }
  // Many nodes stand below the same ones.
  const wordsOf = new Map<string, string>();
  for (const [uniqueId, roots] of Object.entries(reasons.downstream)) {
    const key = JSON.stringify(roots);
    const why =
      wordsOf.get(key) ??
      `below ${listedUpTo(
        roots.slice(0, 2).map((id) => names.node(id).name),
        2,
        roots.length,
      )}`;
    wordsOf.set(key, why);
    put(uniqueId, why);
  }
  for (const uniqueId of reasons.fresher) put(uniqueId, 'below a source with newer data');
  for (const uniqueId of reasons.retried) put(uniqueId, 'to be built again after the last run');
  for (const uniqueId of slim.added) put(uniqueId, 'added by strict');
  return found;
}
