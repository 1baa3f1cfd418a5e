import type { ClaimReport, RecordFate } from '../dedup/dedup-report.ts';
import type { RunNotice } from '../result.ts';
import { claimNotice } from './dedup-notice.ts';
import { RECORDS } from './dedup-wording.ts';
import type { DedupNotice } from './explanation.ts';

/** One of the two ends of a run in three parts, in words. */
export interface PartExplanation {
  /** Whether what the part was to find out is good, bad, or still to come. */
  readonly verdict: 'to-run' | 'passed' | 'failed';
  readonly title: string;
  /** Plain sentences. */
  readonly sentences: readonly string[];
  /** Why dbt has to run; absent when that is over. */
  readonly why?: Extract<DedupNotice, { kind: 'executed' }>;
  /** What went otherwise than it should. */
  readonly cautions: readonly string[];
}

/** What `claimRun()` answered for a run that has to be executed. */
export function explainClaim({
  kind,
  command,
  dedup,
  notices,
}: {
  readonly kind: 'claimed' | 'unclaimed';
  readonly command: string;
  readonly dedup: ClaimReport;
  readonly notices: readonly RunNotice[];
}): PartExplanation {
  return {
    verdict: 'to-run',
    title: `dbt ${command} has to run`,
    sentences: [
      kind === 'claimed'
        ? 'It is claimed: identical runs wait for its result. Another job runs dbt.'
        : 'It is outside of the ledger: no other run waits for it, and its result is not kept. Another job runs dbt.',
    ],
    why: claimNotice(dedup, notices),
    cautions: notices.map(({ message }) => message),
  };
}

/** What `finishRun()` answered. */
export function explainFinish({
  outcome,
  why,
  command,
  keyDigest,
  record,
  notices,
}: {
  readonly outcome: 'built' | 'failed' | 'unproven';
  readonly why?: string;
  readonly command: string;
  readonly keyDigest?: string;
  readonly record: RecordFate;
  readonly notices: readonly RunNotice[];
}): PartExplanation {
  const isFreed = record === 'none' && keyDigest !== undefined;
  const fate = isFreed
    ? 'Its key is free again: the next identical run runs dbt.'
    : keyDigest === undefined
      ? 'It was outside of the ledger, so no identical run takes its result.'
      : RECORDS[record];
  const TITLES = {
    built: `dbt ${command} was run, and passed`,
    failed: `dbt ${command} has no result that is good`,
    unproven: `dbt ${command} is not known to have passed`,
  } as const;
  return {
    verdict: outcome === 'built' ? 'passed' : 'failed',
    title: TITLES[outcome],
    sentences: [...(why === undefined ? [] : [/[.!?]$/.test(why) ? why : `${why}.`]), fate],
    cautions: notices.map(({ message }) => message),
  };
}
