import type { RunReport } from '../result.ts';
import { RECORDS, sentence } from './dedup-wording.ts';
import type { Fact } from './explanation.ts';
import { duration } from './format.ts';

/** Enough of a digest to find an entry by, short enough to read out. */
const SHOWN_DIGITS = 12;

/** What the digits are made from. */
const KEY_LABELS = {
  derived: 'Key in the ledger (made from all inputs)',
  given: 'Key in the ledger (made from the given key)',
} as const;

/** The ledger, the run's key in it, and the run it is about. */
export function dedupFacts({ dedup, ledger }: RunReport): readonly Fact[] {
  const asked = dedup ?? ledger;
  if (asked === undefined) return [];
  const { store, key, waitedMs } = asked;
  const fact = (name: string, label: string, value: string | undefined, code = false): Fact[] =>
    value === undefined || value === '' ? [] : [{ key: name, label, value, code }];
  const run = 'run' in asked ? asked.run : undefined;
  const because = dedup?.kind === 'executed' ? dedup.because : undefined;
  // A given key may have been used by one with other inputs.
  const ofRun = (what: string): string => `${what} of the ${dedup === undefined ? 'other' : 'identical'} run`;
  const labels = Object.entries(run?.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  return [
    ...fact('ledger', 'Ledger (identical runs share one result)', store),
    ...fact('ledger-key', KEY_LABELS[key?.kind ?? 'derived'], key?.digest.slice(0, SHOWN_DIGITS), true),
    ...fact('ledger-key-text', 'The given key', key?.text, true),
    ...fact(
      'ledger-record',
      'This result in the ledger',
      dedup?.kind === 'executed' ? RECORDS[dedup.record] : undefined,
    ),
    ...fact(
      'ledger-read-only',
      'Why it may only read the ledger',
      because?.kind === 'read-only' ? sentence(because.why) : undefined,
    ),
    ...fact(
      'ledger-waited',
      'Waited for an identical run',
      waitedMs === undefined ? undefined : duration(waitedMs),
    ),
    ...fact(
      'ledger-run',
      ofRun('Process'),
      run === undefined ? undefined : `${run.pid} on the machine ${run.host}`,
    ),
    ...fact('ledger-run-labels', ofRun('Labels'), labels.join(', ')),
  ];
}
