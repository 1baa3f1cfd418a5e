import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  abandonClaim,
  type ClaimHandle,
  parseClaimHandle,
  resumeClaim,
} from '../../../sdk/dedup/claim-handle.ts';
import { coordinate, type DedupAnswer, type FinishedRun } from '../../../sdk/dedup/coordinator.ts';
import { claimName, placeDigest } from '../../../sdk/dedup/names.ts';
import { defaultPolicy } from '../../../sdk/dedup/policy.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { lastWriter } from '../../../sdk/dedup/target-writers.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

const PRODUCER = { host: 'a', pid: 1, startedAt: '2026-01-01T00:00:00Z', labels: {}, command: 'build' };
const SHA = 'a'.repeat(64);
const FINISHED: FinishedRun = {
  ...{ result: 'succeeded', producer: PRODUCER, finishedAt: '2026-01-01T00:01:00Z', wallMs: 1, exitCode: 0 },
  bundle: { sha256: SHA, bytes: 2 },
  files: [{ path: 'dbt_runcache_report.json', sha256: SHA, bytes: 2 }],
};
const KEY = { kind: 'derived', parts: [{ name: 'code', digest: SHA }] } as const;

function ask(
  store: DedupStore,
  { key = 'A', token = randomUUID(), writes = true } = {},
): Promise<DedupAnswer> {
  return coordinate({
    ...{ store, producer: PRODUCER, token, targets: ['t'], writes },
    key: { ...KEY, text: key },
    policy: { ...defaultPolicy(true), onInFlight: 'skip' },
    distrust: async () => undefined,
    fetch: async () => undefined,
    signal: new AbortController().signal,
    onWait: () => undefined,
  });
}

function handleOf(token: string, given: Partial<ClaimHandle> = {}): ClaimHandle {
  return {
    ...{ schemaVersion: 1, token, claimedAt: new Date().toISOString(), retentionMs: 1000, reads: {} },
    digest: claimName('A').slice('claims/'.length),
    writes: [placeDigest('t')],
    ...given,
  };
}

describe('a claim whose owner was killed', () => {
  test('is ended by its handle: the key is free, and what was written counts as nobody’s', async () => {
    const store = memoryStore();
    const token = randomUUID();
    expect(await ask(store, { token })).toMatchObject({ kind: 'proceed' });
    expect(await ask(store)).toMatchObject({ kind: 'skip' });
    expect(await abandonClaim(store, handleOf(token))).toBe('freed');
    expect(await lastWriter(store, placeDigest('t'))).toMatchObject({ writer: { token, phase: 'unclear' } });
    expect(await ask(store)).toMatchObject({ kind: 'proceed', because: { kind: 'no-record' } });
    expect(await abandonClaim(store, handleOf(token))).toBe('not-held');
  });

  test('was killed before it claimed: there is nothing to end, and nothing is changed', async () => {
    const store = memoryStore();
    expect(await abandonClaim(store, handleOf(randomUUID()))).toBe('not-held');
    expect(await store.read(claimName('A'))).toEqual({ kind: 'absent' });
  });

  test('has a record already, or another owner: that stays', async () => {
    const store = memoryStore();
    const token = randomUUID();
    const owner = await ask(store, { token });
    if (owner.kind !== 'proceed') throw new Error('no claim');
    await owner.claim.finish(FINISHED);
    expect(await abandonClaim(store, handleOf(token))).toBe('not-held');
    expect(await ask(store)).toMatchObject({ kind: 'replay' });
    expect(await lastWriter(store, placeDigest('t'))).toMatchObject({ writer: { phase: 'written' } });
  });

  test('of a run outside of the ledger: only what it wrote is noted', async () => {
    const store = memoryStore();
    const { digest: _, ...handle } = handleOf('x');
    expect(await abandonClaim(store, handle)).toBe('freed');
    expect(await lastWriter(store, placeDigest('t'))).toMatchObject({ writer: { phase: 'unclear' } });
  });

  test('the store does not answer: that is not taken for freed', async () => {
    const silent: DedupStore = { ...memoryStore(), read: async () => ({ kind: 'unknown', why: 'down' }) };
    expect(await abandonClaim(silent, handleOf('x'))).toBe('unknown');
  });
});

describe('a claim that is taken up elsewhere', () => {
  test('leaves its record, which stands for what it writes', async () => {
    const store = memoryStore();
    const token = randomUUID();
    const owner = await ask(store, { token });
    if (owner.kind !== 'proceed') throw new Error('no claim');
    owner.claim.handOver();
    const resumed = await resumeClaim(store, handleOf(token), { policy: defaultPolicy(true), key: KEY });
    if (resumed.kind !== 'resumed') throw new Error(resumed.kind);
    expect(await resumed.claim.finish(FINISHED)).toBe('done');
    expect(await ask(store)).toMatchObject({ kind: 'replay', record: { token } });
  });

  test('that only reads leaves none when somebody wrote since it was claimed', async () => {
    const store = memoryStore();
    const token = randomUUID();
    const reader = await ask(store, { token, writes: false });
    if (reader.kind !== 'proceed') throw new Error('no claim');
    reader.claim.handOver();
    const handle = handleOf(token, { writes: [], reads: { [placeDigest('t')]: 'none' } });
    const writer = await ask(store, { key: 'B' });
    if (writer.kind !== 'proceed') throw new Error('no claim');
    await writer.claim.finish(FINISHED);
    const resumed = await resumeClaim(store, handle, { policy: defaultPolicy(true), key: KEY });
    if (resumed.kind !== 'resumed') throw new Error(resumed.kind);
    expect(await resumed.claim.finish(FINISHED)).toBe('not-kept');
  });
});

describe('a handle as text', () => {
  test('is read back as it was', () => {
    const handle = handleOf('x', { reads: { [SHA]: null } });
    expect(parseClaimHandle(JSON.stringify(handle))).toEqual(handle);
  });

  test.each([
    'x',
    '{}',
    '[]',
    JSON.stringify(handleOf('x', { digest: '../../etc' })),
    JSON.stringify(handleOf('x', { writes: ['no digest'] })),
    JSON.stringify(handleOf('', {})),
    JSON.stringify({ ...handleOf('x'), schemaVersion: 2 }),
  ])('%s is none', (text) => expect(parseClaimHandle(text)).toBeUndefined());
});
