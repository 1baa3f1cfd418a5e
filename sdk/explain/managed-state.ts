import type {
  FoundState,
  ManagedStateReport,
  SelectionReasons,
  SlimReport,
} from '../managed-state/state-report.ts';
import type { RunReport } from '../result.ts';
import { shellQuoted } from '../util/shell-quoted.ts';
import type { Phrase } from './explanation.ts';
import { counted, listedUpTo } from './format.ts';
import {
  foundCautions,
  foundInWords,
  missingInWords,
  passedOverInWords,
  waysOut,
} from './managed-state-comparison.ts';
import type { ManagedStateNotice } from './managed-state-explanation.ts';
import { inOrder, namesOf } from './managed-state-names.ts';
import { publishedInWords } from './managed-state-published.ts';
import { asCode, listedPhrases, words } from './phrase.ts';
import { modified, oversightsInSmallPrint, selectedFor, selectionNotice } from './selection.ts';

/** What a run was compared with and what that came to, in words; undefined for a run without managed state. */
export function managedStateNotice(report: RunReport): ManagedStateNotice | undefined {
  const { managedState } = report;
  if (managedState === undefined) return undefined;
  const { environment, comparison, published } = managedState;
  const url = comparison?.kind === 'found' ? comparison.url : undefined;
  const fate = published === undefined ? undefined : publishedInWords(published, environment, url);
  return {
    environment,
    ...compared(report, managedState),
    ...(fate?.tone === 'said' && { published: fate.says }),
    ...(nothingChanged(report) && { nothingChanged: true as const }),
  };
}

type Compared = Omit<ManagedStateNotice, 'environment' | 'published' | 'nothingChanged'>;

function compared(report: RunReport, { environment, comparison, slim }: ManagedStateReport): Compared {
  switch (comparison?.kind) {
    case undefined:
      return { comparison: 'none', lead: [], todo: [], cautions: [], passedOver: [] };
    case 'missing':
      return {
        comparison: 'missing',
        lead: [
          ...missingInWords(comparison, environment),
          ...(began(report) ? [words(' So nothing was left out: dbt got the command as it was given.')] : []),
        ],
        todo: waysOut(comparison),
        cautions: [],
        passedOver: passedOverInWords(comparison.passedOver, report.engine, undefined),
      };
    case 'found':
      return {
        comparison: 'found',
        lead: [...foundInWords(comparison, environment), ...(began(report) ? askedOfDbt(slim) : [])],
        todo: [],
        cautions: foundCautions(comparison),
        passedOver: passedOverInWords(comparison.passedOver, report.engine, comparison.url),
        ...(slim !== undefined && slimParts(report, slim, comparison, environment)),
      };
  }
}

/** Whether dbt was started for this report: of anything else nobody knows what it would have done. */
function began({ failure, invocationId, decisions, dedup }: RunReport): boolean {
  if (dedup !== undefined && dedup.kind !== 'executed') return false;
  return failure === undefined || invocationId !== undefined || decisions.length > 0;
}

function askedOfDbt(slim: SlimReport | undefined): readonly Phrase[] {
  if (slim === undefined)
    return [words(' dbt got it as its --state, and nothing was added to the selection.')];
  if (slim.addedAll !== undefined)
    return [words(' dbt was asked for all that the command selects, since strict selected everything.')];
  const asks = (start: string) =>
    slim.selectors.some((selector) => selector.startsWith(start) && isAsked(selector, slim.args));
  // `clone` and a few more read a state, and are not narrowed.
  if (!asks('state:'))
    return [words(' dbt got it as its --state. This command was not narrowed to what changed.')];
  const what = listedPhrases(
    [
      'what differs from it',
      ...(slim.mode === 'strict' ? ['what its comparison overlooks'] : []),
      ...(asks('result:') ? ['what failed in the last run'] : []),
      ...(asks('source_status:') ? ['what reads newer data'] : []),
      'what stands below that',
    ].map((each) => [words(each)]),
  );
  if (slim.within.length === 0) return [words(' dbt was asked for '), ...what, words('.')];
  return [
    words(' dbt was asked for '),
    ...what,
    words(', within this run’s own selection: '),
    asCode(slim.within.map(shellQuoted).join(' ')),
    words('. What is listed here is not narrowed down by that.'),
  ];
}

function isAsked(selector: string, args: readonly string[]): boolean {
  return args.some((arg) => arg.includes(selector));
}

function slimParts(report: RunReport, slim: SlimReport, found: FoundState, environment: string) {
  const { selection } = slim;
  const names = namesOf(report);
  return {
    command: ['dbt', ...slim.args].map(shellQuoted).join(' '),
    ...(selection === undefined
      ? {
          selectionUnknown:
            'Why each node was selected is not known: there was no manifest of this run that could be compared with the state.',
        }
      : { selection: selectionNotice(slim, selection, found, environment, names, report.decisions) }),
  };
}

/** Whether nothing ran because nothing differs from the state, as far as anyone can tell. */
export function nothingChanged({ managedState, failure, selectedCount, decisions }: RunReport): boolean {
  const slim = managedState?.slim;
  const reasons = slim?.selection;
  if (slim === undefined || reasons === undefined || managedState?.comparison?.kind !== 'found') return false;
  if (failure !== undefined || selectedCount !== 0 || decisions.length > 0 || slim.addedAll !== undefined)
    return false;
  const selected = [modified(reasons), reasons.retried, reasons.fresher, slim.added];
  return selected.every((list) => list.length === 0) && reasons.oversights.length === 0;
}

/** Why each node of the run was selected, by unique id; empty where that is not known. */
export function reasonsOfSelection(report: RunReport): ReadonlyMap<string, string> {
  const slim = report.managedState?.slim;
  return slim?.selection === undefined ? new Map() : selectedFor(slim, slim.selection, namesOf(report));
}

/** What of it is small print. */
export function managedStateSmallPrint(report: RunReport): readonly string[] {
  const { managedState } = report;
  if (managedState === undefined) return [];
  const { environment, comparison, slim, published } = managedState;
  const fate = published === undefined ? undefined : publishedInWords(published, environment, undefined);
  const selection = slim?.selection;
  return [
    ...(selection === undefined ? [] : oversightsInSmallPrint(selection, namesOf(report))),
    ...(selection === undefined ? [] : notModified(report, selection)),
    ...(slim !== undefined && comparison?.kind === 'found' && comparison.lastRun === undefined
      ? [`Which nodes failed in the last run of ${environment} is not known, so none was selected for that.`]
      : []),
    ...(fate?.tone === 'small-print' ? [fate.says.map(({ text }) => text).join('')] : []),
  ];
}

/** New sources and exposures, mostly. */
function notModified(report: RunReport, selection: SelectionReasons): readonly string[] {
  const selected = new Set(modified(selection));
  const others = selection.changes.filter((change) => !selected.has(change));
  if (others.length === 0) return [];
  const names = namesOf(report);
  const which = listedUpTo(
    inOrder(others.map(({ uniqueId }) => names.node(uniqueId))).map(({ name }) => name),
    5,
  );
  return [
    `dbt’s state:modified does not list ${counted(others.length, 'node')} that ${others.length === 1 ? 'is' : 'are'} new or different, and selects nothing for that alone: ${which}.`,
  ];
}
