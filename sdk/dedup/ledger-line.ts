import { optional } from '../util/optional.ts';
import type { EarlierRun } from './dedup-report.ts';
import { earlierRun } from './earlier-run.ts';
import { type Envelope, parseEnvelope } from './envelope.ts';
import { CLAIMS } from './names.ts';
import { type LedgerRecord, parseProducer, parseRecord } from './record.ts';
import type { ReadAnswer } from './store.ts';

/** What the ledger holds under one key. Ages are milliseconds, by the store's own clock. */
export type LedgerLine = {
  /** Names the key, hex. */
  readonly digest: string;
} & (
  | {
      /** A run is at it, or died over it. */
      readonly state: 'in-flight';
      /** How often the key has changed owners, this one included. */
      readonly attempt: number;
      /** Absent where the owner said nothing that this version can read. */
      readonly run?: EarlierRun;
      /** Since the owner's last sign of life. */
      readonly ageMs: number;
      /** Until another run may take the key over; 0: any may. */
      readonly staleInMs: number;
    }
  | {
      readonly state: 'finished';
      readonly attempt: number;
      readonly result: 'succeeded' | 'failed';
      readonly keyKind: 'given' | 'derived';
      /** The key as it was given; absent for a derived one, and for one that looks like a secret. */
      readonly givenKey?: string;
      readonly run: EarlierRun;
      /** Since the record was written. */
      readonly ageMs: number;
      /** Of what it keeps for identical runs, as stored. */
      readonly bytes: number;
    }
  | {
      /** A run had it and left no result. */
      readonly state: 'free';
      readonly attempt: number;
      readonly ageMs: number;
    }
  /** Something is there that this version cannot read. */
  | { readonly state: 'unreadable'; readonly why: string; readonly ageMs?: number }
);

/** What was read of a claim, in each depth. */
export interface ReadClaim {
  readonly line: LedgerLine;
  readonly envelope?: Envelope;
  readonly record?: LedgerRecord;
}

/** Undefined for a claim that is not there. Throws nothing, whatever the entry holds. */
export function readClaim(name: string, read: ReadAnswer): ReadClaim | undefined {
  const digest = name.slice(CLAIMS.length);
  if (read.kind === 'absent') return undefined;
  if (read.kind === 'unknown') return { line: { digest, state: 'unreadable', why: read.why } };
  const { value, ageMs } = read.entry;
  const parsed = parseEnvelope(value);
  if (parsed.kind === 'unreadable') {
    return { line: { digest, state: 'unreadable', why: parsed.why, ageMs } };
  }
  const { envelope } = parsed;
  const { attempt } = envelope;
  switch (envelope.state) {
    case 'free':
      return { line: { digest, state: 'free', attempt, ageMs }, envelope };
    case 'held': {
      const producer = parseProducer(envelope.body);
      const run = producer === undefined ? undefined : earlierRun(producer);
      const staleInMs = Math.max(0, envelope.leaseMs - ageMs);
      return {
        line: { digest, state: 'in-flight', attempt, ...optional('run', run), ageMs, staleInMs },
        envelope,
      };
    }
    case 'settled': {
      const record = parseRecord(envelope.body);
      if (record === undefined) {
        const why = 'its record has a shape this version does not know';
        return { line: { digest, state: 'unreadable', why, ageMs }, envelope };
      }
      const { result, keyKind, givenKey, bundle, items } = record;
      const line: LedgerLine = {
        digest,
        state: 'finished',
        attempt,
        result,
        keyKind,
        ...optional('givenKey', givenKey),
        run: earlierRun(record),
        ageMs,
        bytes: bundle.bytes + (items?.bytes ?? 0),
      };
      return { line, envelope, record };
    }
  }
}
