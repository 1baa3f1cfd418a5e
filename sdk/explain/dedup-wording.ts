import type { ExecutedBecause, NearestRun, RecordFate } from '../dedup/dedup-report.ts';
import { finishedRun, runInFlight } from './earlier-run.ts';
import type { Phrase } from './explanation.ts';
import { clause } from './format.ts';
import { differencesInWords, NAMED_DIFFERENCES } from './key-differences.ts';
import { words } from './phrase.ts';

/**
 * Why a run with a ledger was executed, as whole sentences.
 * @param isToCome Whether it is still to be, by another job.
 * @param isReadOnly Whether it may change nothing in the ledger.
 */
export function becauseInWords(
  because: ExecutedBecause,
  isToCome = false,
  isReadOnly = false,
): readonly Phrase[] {
  switch (because.kind) {
    case 'no-key':
      return [
        words(
          'Not all of its inputs are known, so it has no key by which the ledger could find an identical run, and no later run can take its result.',
        ),
      ];
    case 'not-repeatable':
      return [words(`${sentence(because.why)} So it is run every time.`)];
    case 'no-record':
      return because.nearest === undefined
        ? [words('The ledger has no result for this run, and none for a similar one.')]
        : nearestInWords(because.nearest);
    case 'nested':
      return [words('It is a part of a run with the same inputs, which has the key in the ledger.')];
    case 'target-changed':
      return [
        words('The ledger has an identical run, '),
        ...finishedRun(because.run, 'the one'),
        words(
          '. But since then another run has written to the same target, so what it left may not be there.',
        ),
      ];
    case 'distrusted':
      return [
        words('The ledger has an identical run, '),
        ...finishedRun(because.run, 'the one'),
        words(`. But what it left may be gone. ${sentence(because.why)}`),
      ];
    case 'unusable':
      return [
        words('The ledger has an identical run, '),
        ...finishedRun(because.run, 'the one'),
        words(`. But its files could not be brought back. ${sentence(because.why)}`),
      ];
    case 'failed-before':
      return [
        words('An identical run failed, '),
        ...finishedRun(because.run, 'the one'),
        words('. A failure is not taken for a result: it is tried again.'),
      ];
    case 'other-inputs':
      return [
        words('Its key was given to a run with other inputs before, '),
        ...finishedRun(because.run, 'the one'),
        words('. They differ in '),
        ...differencesInWords(because.differences, because.differences.length),
        words(`. ${mismatchInWords(isToCome, isReadOnly)}, because on-mismatch is run.`),
      ];
    case 'in-flight':
      return [
        ...(because.run === undefined
          ? [words(`An identical run ${isToCome ? 'is' : 'was'} at it`)]
          : [
              words(`An identical run ${isToCome ? 'is' : 'was'} at it, `),
              ...runInFlight(because.run, 'the one'),
            ]),
        words(`. This one ${isToCome ? 'runs' : 'ran'} beside it, because on-in-flight is run.`),
      ];
    case 'unavailable':
      return [
        words(
          because.unusable === true
            ? `The ledger cannot be used here: ${sentence(because.why)}`
            : `The ledger did not answer (${clause(because.why)}), so dbt ${isToCome ? 'runs' : 'ran'} without it.`,
        ),
      ];
    case 'read-only':
      return [
        ...(because.instead === undefined
          ? [words('The ledger has no result to take for this run.')]
          : becauseInWords(because.instead, isToCome, true)),
        words(' This run may only read the ledger, so it leaves no result there.'),
      ];
    case 'unknown':
      return [words(`Why it ${isToCome ? 'has to run' : 'ran'} could not be asked of the ledger in time.`)];
  }
}

function mismatchInWords(isToCome: boolean, isReadOnly: boolean): string {
  if (isReadOnly) return isToCome ? 'It runs' : 'It ran';
  return isToCome ? 'It has taken the key over' : 'It ran, and took the key over';
}

function nearestInWords({ run, differences, count }: NearestRun): readonly Phrase[] {
  return [
    words('The ledger has no result for this run. This run differs from '),
    ...finishedRun(run, run.result === 'failed' ? 'the failed run' : 'the run'),
    words(count <= NAMED_DIFFERENCES ? ' only in ' : ' in '),
    ...differencesInWords(differences, count),
    words('.'),
  ];
}

/** What an identical run gains by this one; undefined where the result was not kept. */
export function keptInWords(record: RecordFate, failed: boolean): string | undefined {
  if (record !== 'kept') return undefined;
  return failed
    ? 'This failure is now in the ledger: an identical run can repeat it instead of running dbt.'
    : 'This result is now in the ledger: an identical run can take it instead of running dbt.';
}

/** What became of the record, where a reader should know; `kept` and `none` need no attention. */
export const RECORD_CAUTIONS: Readonly<Record<RecordFate, string | undefined>> = {
  kept: undefined,
  none: undefined,
  lost: 'Its key was no longer its own when it ended: another run had taken it over, or it was freed by hand. So identical runs do not take this result.',
  unknown: 'The store did not say whether this result was kept, so an identical run may run once more.',
  'inputs-changed':
    'Files of the project changed while dbt ran, so it is not known what this result was made of, and it was not kept.',
  'target-changed':
    'Another run wrote to the same target meanwhile, so this result is not known to be that of either, and it was not kept.',
};

/** The same in small print. */
export const RECORDS: Readonly<Record<RecordFate, string>> = {
  kept: 'Kept: an identical run can take this result.',
  none: 'Nothing was kept of this run.',
  lost: 'Not kept: the key was no longer its own.',
  unknown: 'Not known: the store did not say.',
  'inputs-changed': 'Not kept: files of the project changed while dbt ran.',
  'target-changed': 'Not kept: another run wrote to the same target meanwhile.',
};

/** Free text as a sentence of its own. */
export function sentence(text: string): string {
  const said = clause(text);
  return said === ''
    ? ''
    : `${said.charAt(0).toUpperCase()}${said.slice(1)}${/[!?…]$/.test(said) ? '' : '.'}`;
}
