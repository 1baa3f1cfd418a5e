import type { ClaimReport, DedupReport, ExecutedBecause } from '../dedup/dedup-report.ts';
import type { RunNotice, RunReport } from '../result.ts';
import { becauseInWords, keptInWords, RECORD_CAUTIONS, sentence } from './dedup-wording.ts';
import { finishedRun, runInFlight } from './earlier-run.ts';
import type { DedupNotice, Phrase, Totals } from './explanation.ts';
import { capitalised, duration, fileSize } from './format.ts';
import { differenceLines } from './key-differences.ts';
import { partInWords } from './key-parts.ts';
import { asCode, listedPhrases, words } from './phrase.ts';
import { resultInWords } from './result-in-words.ts';

/** A smaller saving is not worth a word. */
const LEAST_SAVING_MS = 1000;
/** Differences that are listed; of the nearest run no more are kept. */
const LISTED = 20;
/** Files that are named in the sentence. */
const NAMED_FILES = 4;

/** What the ledger did, in words; undefined for a run without one. */
export function dedupNotice(report: RunReport, totals: Totals): DedupNotice | undefined {
  const { dedup } = report;
  switch (dedup?.kind) {
    case undefined:
      return undefined;
    case 'replayed':
      return replayed(dedup, report, totals);
    case 'skipped-in-flight':
      return { kind: dedup.kind, lead: [...skippedLead(dedup), ...waited(dedup)] };
    case 'executed':
      return executed(dedup, report);
  }
}

/** Why a run has to be executed that another job is to execute. */
export function claimNotice(
  claim: ClaimReport,
  notices: readonly RunNotice[],
): Extract<DedupNotice, { kind: 'executed' }> {
  const dedup = { ...claim, kind: 'executed', record: 'none' } as const;
  return { ...executed(dedup, { decisions: [], notices }, true), title: 'Why dbt has to run' };
}

type Of<Kind extends DedupReport['kind']> = Extract<DedupReport, { kind: Kind }>;

function replayed(dedup: Of<'replayed'>, report: RunReport, totals: Totals): DedupNotice {
  const { run, restored, omitted, waitedMs } = dedup;
  const what = report.failure === undefined ? 'the result' : 'the failure';
  return {
    kind: 'replayed',
    lead: [
      words(`Taken from the ledger: this is ${what} of `),
      ...finishedRun(run, 'an identical run'),
      words(`. ${timesInWords(run.wallMs, report.wallMs, waitedMs)}`),
    ],
    follows: { title: 'What follows is that run’s result', result: resultInWords(report, totals) },
    files: [restoredInWords(restored), ...omittedInWords(omitted)],
    restored,
  };
}

/** How long each took. Wall time, and so is what was saved: that run did just what this one would have done. */
function timesInWords(thenMs: number | undefined, nowMs: number, waitedMs: number | undefined): string {
  const waiting = waitedMs === undefined ? '' : ` (${duration(waitedMs)} of it waiting for that run to end)`;
  const now = duration(nowMs) + waiting;
  if (thenMs === undefined) return `This one took ${now}.`;
  const savedMs = thenMs - nowMs;
  const saved = savedMs >= LEAST_SAVING_MS ? `: ${duration(savedMs)} saved` : '';
  return `That run took ${duration(thenMs)}, this one ${now}${saved}.`;
}

function restoredInWords(restored: readonly string[]): readonly Phrase[] {
  if (restored.length === 0) return [words('None of its files were brought back to the target folder.')];
  const named = restored.slice(0, NAMED_FILES).map((path) => [asCode(path)]);
  return [
    words('Brought back to the target folder: '),
    ...listedPhrases(named, restored.length - named.length),
    words('.'),
  ];
}

function omittedInWords(omitted: Of<'replayed'>['omitted']): readonly (readonly Phrase[])[] {
  if (omitted.length === 0) return [];
  const named = omitted
    .slice(0, NAMED_FILES)
    .map(({ path, bytes }) => [asCode(path), words(` (${fileSize(bytes)})`)]);
  return [
    [
      words('Too large to be kept, so not brought back: '),
      ...listedPhrases(named, omitted.length - named.length),
      words('.'),
    ],
  ];
}

function skippedLead({ run }: Of<'skipped-in-flight'>): readonly Phrase[] {
  const who = run === undefined ? [words('an identical run')] : runInFlight(run, 'an identical run');
  return [
    words('Nothing ran: '),
    ...who,
    words(' is still at it. There is no result here, and nothing is proven: only that run will tell.'),
  ];
}

function executed(
  dedup: Of<'executed'>,
  {
    failure,
    invocationId,
    decisions,
    notices,
  }: Pick<RunReport, 'failure' | 'invocationId' | 'decisions' | 'notices'>,
  isToCome = false,
): Extract<DedupNotice, { kind: 'executed' }> {
  const { because, record, adopted } = dedup;
  const began = failure === undefined || invocationId !== undefined || decisions.length > 0;
  // The notices of the run tell more of the same.
  const isTold = notices.some(({ kind, name }) => kind === 'problem' && name.startsWith('dedup-'));
  const caution = isTold ? undefined : RECORD_CAUTIONS[record];
  // Where an identical run was just not trusted, the next may not be either.
  const kept = because.kind === 'distrusted' ? undefined : keptInWords(record, failure !== undefined);
  const { lines, total } = differencesOf(reasonOf(because));
  return {
    kind: 'executed',
    tone: !isTold && (because.kind === 'unavailable' || caution !== undefined) ? 'caution' : 'quiet',
    title: began ? 'Why it ran' : 'Ledger',
    lead: [
      ...becauseInWords(because, isToCome),
      ...(adopted === true
        ? [words(' An identical run had begun and fallen silent; this one took over from it.')]
        : []),
      ...waited(dedup),
      ...(kept === undefined ? [] : [words(` ${kept}`)]),
    ],
    unknown: because.kind === 'no-key' ? unknownInputs(because.unknown) : [],
    differences: lines,
    differenceCount: total,
    ...(caution !== undefined && { caution }),
  };
}

/** What made it run, whether or not it may leave something in the ledger. */
function reasonOf(because: ExecutedBecause): ExecutedBecause {
  return because.kind === 'read-only' ? (because.instead ?? because) : because;
}

function differencesOf(because: Of<'executed'>['because']) {
  if (because.kind === 'no-record' && because.nearest !== undefined) {
    const { differences, count: total } = because.nearest;
    return { lines: differenceLines(differences), total };
  }
  if (because.kind === 'other-inputs') {
    return {
      lines: differenceLines(because.differences.slice(0, LISTED)),
      total: because.differences.length,
    };
  }
  return { lines: [], total: 0 };
}

function waited({ waitedMs }: DedupReport): readonly Phrase[] {
  return waitedMs === undefined ? [] : [words(` It waited ${duration(waitedMs)} for an identical run.`)];
}

/** Several are often not known for one reason. */
function unknownInputs(unknown: Extract<ExecutedBecause, { kind: 'no-key' }>['unknown']) {
  return [...Map.groupBy(unknown, ({ why }) => sentence(why))].map(([why, parts]) => ({
    input: atStart(listedPhrases(parts.map(({ part }) => partInWords(part)))),
    why,
  }));
}

/** At the beginning of a line. */
function atStart([first, ...rest]: readonly Phrase[]): readonly Phrase[] {
  if (first === undefined) return [];
  return [first.code === true ? first : { ...first, text: capitalised(first.text) }, ...rest];
}
