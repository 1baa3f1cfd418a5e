import { randomUUID } from 'node:crypto';
import { acquire } from '../../sdk/dedup/lease.ts';
import { claimName } from '../../sdk/dedup/names.ts';
import { type LedgerRecord, type Producer, REPORT_PATH } from '../../sdk/dedup/record.ts';
import type { DedupStore } from '../../sdk/dedup/store.ts';

const DAY = 86_400_000;
const LEASE_MS = 120_000;

export const PRODUCER: Producer = {
  host: 'ci-1',
  pid: 7,
  startedAt: '2026-03-01T00:00:00.000Z',
  url: 'https://ci.example/7',
  labels: { job: 'nightly' },
  command: 'build',
};

export function ledgerRecord(change: Partial<LedgerRecord> = {}): LedgerRecord {
  const blob = { sha256: 'a'.repeat(64), bytes: 100 };
  return {
    result: 'succeeded',
    token: randomUUID(),
    keyKind: 'derived',
    producer: PRODUCER,
    finishedAt: '2026-03-01T00:01:00.000Z',
    wallMs: 60_000,
    exitCode: 0,
    parts: [],
    writers: {},
    bundle: blob,
    files: [{ path: REPORT_PATH, ...blob }],
    ...change,
  };
}

/** Claims a key as a run does. */
export async function claimKey(store: DedupStore, key: string, body: unknown = PRODUCER) {
  const answer = await acquire(store, claimName(key), { leaseMs: LEASE_MS, retainMs: 30 * DAY, body });
  if (answer.kind !== 'acquired') throw new Error(JSON.stringify(answer));
  return answer.lease;
}

/** Leaves the record of a run under a key; its claim's name comes back. */
export async function leaveRecord(store: DedupStore, key: string, body: unknown): Promise<string> {
  const lease = await claimKey(store, key);
  const settled = await lease.settle(body);
  if (settled !== 'settled') throw new Error(settled);
  return claimName(key);
}
