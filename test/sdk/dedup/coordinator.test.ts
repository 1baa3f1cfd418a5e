import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Claim } from '../../../sdk/dedup/claim.ts';
import { coordinate, type DedupRequest, type FinishedRun } from '../../../sdk/dedup/coordinator.ts';
import { defaultPolicy } from '../../../sdk/dedup/policy.ts';
import type { KeyPart } from '../../../sdk/dedup/record.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';

type Finished = FinishedRun;

const PRODUCER = {
  host: 'builder',
  pid: 1,
  startedAt: '2026-01-01T00:00:00Z',
  labels: {},
  command: 'build',
};
const SHA = 'a'.repeat(64);
const FINISHED: Finished = {
  result: 'succeeded',
  producer: PRODUCER,
  finishedAt: '2026-01-01T00:01:00Z',
  wallMs: 60_000,
  exitCode: 0,
  bundle: { sha256: SHA, bytes: 2 },
  files: [{ path: 'dbt_runcache_report.json', sha256: SHA, bytes: 2 }],
};

interface Setup {
  readonly store?: DedupStore;
  readonly key?: string;
  readonly kind?: 'given' | 'derived';
  readonly parts?: readonly KeyPart[];
  readonly target?: string;
  readonly writes?: boolean;
  readonly distrust?: string;
  readonly lacking?: string;
  readonly policy?: Partial<DedupRequest['policy']>;
  readonly signal?: AbortSignal;
  readonly onWait?: () => void;
  readonly isOver?: NonNullable<DedupRequest['isOver']>;
}

function request(store: DedupStore, setup: Setup = {}): DedupRequest {
  return {
    store: setup.store ?? store,
    key: {
      kind: setup.kind ?? 'derived',
      text: setup.key ?? 'A',
      parts: setup.parts ?? [{ name: 'code', digest: SHA }],
    },
    policy: { ...defaultPolicy(true), ...setup.policy },
    producer: PRODUCER,
    token: randomUUID(),
    targets: setup.target === undefined ? [] : [setup.target],
    writes: setup.writes ?? true,
    distrust: async () => setup.distrust,
    fetch: async () => setup.lacking,
    signal: setup.signal ?? new AbortController().signal,
    onWait: setup.onWait ?? (() => undefined),
    ...(setup.isOver === undefined ? {} : { isOver: setup.isOver }),
  };
}

async function proceed(
  store: DedupStore,
  setup?: Setup,
): Promise<{ claim: Claim; because: { kind: string } }> {
  const answer = await coordinate(request(store, setup));
  if (answer.kind !== 'proceed') throw new Error(`expected to proceed: ${JSON.stringify(answer)}`);
  return answer;
}

const outcome = async (store: DedupStore, setup?: Setup): Promise<string> => {
  const answer = await coordinate(request(store, setup));
  if (answer.kind !== 'proceed') return answer.kind;
  await answer.claim.abandon();
  return `proceed: ${answer.because.kind}`;
};

describe('the life of a key', () => {
  test('first executed, then replayed, with the record of the first', async () => {
    const store = memoryStore();
    const { claim, because } = await proceed(store);
    expect(because).toEqual({ kind: 'no-record' });
    expect(await claim.finish(FINISHED)).toBe('done');
    const again = await coordinate(request(store));
    expect(again).toMatchObject({ kind: 'replay', record: { ...FINISHED, token: claim.token } });
  });

  test('a failure frees the key at once; dedup-on any replays it', async () => {
    const store = memoryStore();
    const failed: Finished = { ...FINISHED, result: 'failed', exitCode: 1 };
    await (await proceed(store)).claim.finish(failed);
    expect(await outcome(store)).toBe('proceed: no-record');
    const policy = { dedupOn: 'any' } as const;
    await (await proceed(store, { policy })).claim.finish(failed);
    expect(await outcome(store, { policy })).toBe('replay');
    expect(await outcome(store)).toBe('proceed: failed-before');
  });

  test('dedup-on any replays a failure on its warehouse target too, until someone else writes there', async () => {
    const store = memoryStore();
    const failed: Finished = { ...FINISHED, result: 'failed', exitCode: 1 };
    const setup = { target: 't', policy: { dedupOn: 'any' } } as const;
    await (await proceed(store, setup)).claim.finish(failed);
    expect(await outcome(store, setup)).toBe('replay');
    await (await proceed(store, { key: 'B', target: 't' })).claim.finish(failed);
    expect(await outcome(store, setup)).toBe('proceed: target-changed');
  });

  test('an abandoned claim leaves nothing', async () => {
    const store = memoryStore();
    const { claim } = await proceed(store);
    expect(await claim.abandon()).toBe('done');
    expect(await outcome(store)).toBe('proceed: no-record');
  });

  test('finishing happens once: a later abandon changes nothing', async () => {
    const store = memoryStore();
    const { claim } = await proceed(store);
    await claim.finish(FINISHED);
    await claim.abandon();
    expect(await outcome(store)).toBe('replay');
  });

  test('a record is forgotten after its retention', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await (await proceed(store)).claim.finish(FINISHED);
    now += 29 * 86_400_000;
    expect(await outcome(store)).toBe('replay');
    now += 2 * 86_400_000;
    expect(await outcome(store)).toBe('proceed: no-record');
  });

  test('an owner that fell silent is replaced by one, and what it finishes late counts for nothing', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    const dead = await proceed(store);
    now += 121_000;
    const answers = await Promise.all(
      [1, 2, 3].map(() => coordinate(request(store, { policy: { onInFlight: 'skip' } }))),
    );
    expect(answers.filter(({ kind }) => kind === 'proceed')).toHaveLength(1);
    const adopter = answers.find((answer) => answer.kind === 'proceed');
    expect(adopter).toMatchObject({ claim: { adopted: true, attempt: 2 } });
    expect(await dead.claim.finish(FINISHED)).toBe('lost');
    if (adopter?.kind === 'proceed')
      expect(await adopter.claim.finish({ ...FINISHED, wallMs: 7 })).toBe('done');
    expect(await coordinate(request(store))).toMatchObject({ kind: 'replay', record: { wallMs: 7 } });
  });
});

describe('a run in flight', () => {
  test('wait takes its result, and says once that it waits', async () => {
    const store = memoryStore();
    const { claim } = await proceed(store);
    let waits = 0;
    const second = coordinate(
      request(store, {
        onWait: () => {
          waits += 1;
          void claim.finish(FINISHED);
        },
      }),
    );
    expect(await second).toMatchObject({ kind: 'replay', waited: true });
    expect(waits).toBe(1);
  });

  test('wait executes when that run failed', async () => {
    const store = memoryStore();
    const { claim } = await proceed(store);
    const second = coordinate(
      request(store, { onWait: () => void claim.finish({ ...FINISHED, result: 'failed' }) }),
    );
    expect(await second).toMatchObject({ kind: 'proceed', claim: { owns: true, attempt: 2 } });
  });

  test('wait has a bound', async () => {
    const store = memoryStore();
    await proceed(store);
    await expect(coordinate(request(store, { policy: { waitMs: 30 } }))).rejects.toMatchObject({
      code: 'dedup-in-flight',
      message: expect.stringContaining('builder'),
    });
  });

  test('waiting ends when the caller stops', async () => {
    const store = memoryStore();
    await proceed(store);
    const stop = new AbortController();
    const waiting = coordinate(request(store, { signal: stop.signal, onWait: () => stop.abort() }));
    await expect(waiting).rejects.toThrow(/abort/i);
  });

  test('skip, fail and run', async () => {
    const store = memoryStore();
    const { claim } = await proceed(store);
    expect(await coordinate(request(store, { policy: { onInFlight: 'skip' } }))).toMatchObject({
      kind: 'skip',
      owner: { host: 'builder' },
    });
    await expect(coordinate(request(store, { policy: { onInFlight: 'fail' } }))).rejects.toMatchObject({
      code: 'dedup-in-flight',
    });
    const aside = await proceed(store, { policy: { onInFlight: 'run' } });
    expect(aside).toMatchObject({ claim: { owns: false }, because: { kind: 'in-flight' } });
    await aside.claim.finish({ ...FINISHED, wallMs: 1 });
    await claim.finish(FINISHED);
    expect(await coordinate(request(store))).toMatchObject({ record: { wallMs: FINISHED.wallMs } });
  });
});

describe('what is in the warehouse', () => {
  const target = 'postgres://wh/analytics.public';
  const run = async (store: DedupStore, key: string): Promise<string> => {
    const answer = await coordinate(request(store, { key, target }));
    if (answer.kind === 'replay') return 'replayed';
    if (answer.kind === 'proceed') await answer.claim.finish(FINISHED);
    return answer.kind === 'proceed' ? answer.because.kind : answer.kind;
  };

  test('A, then B, then A again executes', async () => {
    const store = memoryStore();
    expect(await run(store, 'A')).toBe('no-record');
    expect(await run(store, 'A')).toBe('replayed');
    expect(await run(store, 'B')).toBe('no-record');
    expect(await run(store, 'A')).toBe('target-changed');
    expect(await run(store, 'A')).toBe('replayed');
    expect(await run(store, 'B')).toBe('target-changed');
  });

  test('another target changes nothing', async () => {
    const store = memoryStore();
    await run(store, 'A');
    await (await proceed(store, { key: 'B', target: 'elsewhere' })).claim.finish(FINISHED);
    expect(await run(store, 'A')).toBe('replayed');
  });

  test('a run that only began, or was stopped, spoils what was there', async () => {
    const store = memoryStore();
    await run(store, 'A');
    const { claim } = await proceed(store, { key: 'B', target });
    expect(await outcome(store, { key: 'A', target })).toBe('proceed: target-changed');
    await run(store, 'A');
    await claim.abandon();
    expect(await run(store, 'A')).toBe('target-changed');
  });

  test('after runs that overlapped nothing is replayed, until one runs alone', async () => {
    const store = memoryStore();
    const a = await proceed(store, { key: 'A', target });
    const b = await proceed(store, { key: 'B', target });
    await b.claim.finish(FINISHED);
    await a.claim.finish(FINISHED);
    expect(await run(store, 'A')).toBe('target-changed');
    expect(await run(store, 'A')).toBe('replayed');
  });

  test('a run beside the ledger spoils it too', async () => {
    const store = memoryStore();
    await run(store, 'A');
    const a = await proceed(store, { key: 'B', target });
    const aside = await proceed(store, { key: 'B', target, policy: { onInFlight: 'run' } });
    await a.claim.finish(FINISHED);
    await aside.claim.finish(FINISHED);
    expect(await run(store, 'B')).toBe('target-changed');
  });

  test('who adopts a dead run’s claim builds the same, so its record stands', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await proceed(store, { key: 'A', target });
    now += 121_000;
    expect(await run(store, 'A')).toBe('no-record');
    expect(await run(store, 'A')).toBe('replayed');
  });

  test('a target that is not trusted executes, whatever is recorded', async () => {
    const store = memoryStore();
    await run(store, 'A');
    expect(await outcome(store, { key: 'A', target, distrust: 'it lives on this machine' })).toBe(
      'proceed: distrusted',
    );
  });
});

describe('a command that only reads its target', () => {
  const target = 'warehouse';
  const test1 = { key: 'test', target, writes: false } as const;
  const build = { key: 'build', target } as const;
  const finished = async (store: DedupStore, setup: Setup): Promise<string> =>
    (await proceed(store, setup)).claim.finish(FINISHED);

  test('does not count as a writer, and is replayed while nobody else has written', async () => {
    const store = memoryStore();
    await finished(store, build);
    expect(await finished(store, test1)).toBe('done');
    expect(await outcome(store, build)).toBe('replay');
    expect(await outcome(store, test1)).toBe('replay');
    await finished(store, { key: 'other build', target });
    expect(await outcome(store, test1)).toBe('proceed: target-changed');
  });

  test('is replayed where nobody has written ever, until somebody does', async () => {
    const store = memoryStore();
    expect(await finished(store, test1)).toBe('done');
    expect(await outcome(store, test1)).toBe('replay');
    await finished(store, build);
    expect(await outcome(store, test1)).toBe('proceed: target-changed');
  });

  test('leaves no record when somebody wrote while it ran', async () => {
    const store = memoryStore();
    await finished(store, build);
    const { claim } = await proceed(store, test1);
    await finished(store, { key: 'other build', target });
    expect(await claim.finish(FINISHED)).toBe('not-kept');
    expect(await outcome(store, test1)).toBe('proceed: no-record');
  });

  test('leaves no record when somebody was writing already', async () => {
    const store = memoryStore();
    const writing = await proceed(store, build);
    expect(await finished(store, test1)).toBe('not-kept');
    const second = await proceed(store, test1);
    await writing.claim.finish(FINISHED);
    expect(await second.claim.finish(FINISHED)).toBe('not-kept');
  });

  test('hears of a writer whose own records are forgotten soon', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    await finished(store, test1);
    await finished(store, { ...build, policy: { retentionMs: 1000, leaseMs: 1000 } });
    now += 86_400_000;
    expect(await outcome(store, test1)).toBe('proceed: target-changed');
  });

  test('is not replayed for another target, though nobody has written to either', async () => {
    const store = memoryStore();
    await finished(store, test1);
    expect(await outcome(store, { ...test1, target: 'elsewhere' })).toBe('proceed: target-changed');
  });

  test('finds no record usable while somebody writes', async () => {
    const store = memoryStore();
    await finished(store, test1);
    await proceed(store, build);
    expect(await outcome(store, test1)).toBe('proceed: target-changed');
  });
});

describe('places that only the finished run has shown', () => {
  const a = { key: 'A', target: 'wh/a' } as const;
  const b = { key: 'B', target: 'wh/b' } as const;
  const marts = { wrote: ['wh/marts'], read: ['wh/raw'] } as const;

  test('are its own until another run writes there, whatever its target', async () => {
    const store = memoryStore();
    await (await proceed(store, a)).claim.finish(FINISHED, marts);
    expect(await outcome(store, a)).toBe('replay');
    await (await proceed(store, b)).claim.finish(FINISHED, { wrote: ['wh/marts'], read: [] });
    expect(await outcome(store, a)).toBe('proceed: target-changed');
  });

  test('count when the run failed or was stopped as well', async () => {
    const store = memoryStore();
    await (await proceed(store, a)).claim.finish(FINISHED, marts);
    await (await proceed(store, b)).claim.abandon({ wrote: ['wh/marts'], read: [] });
    expect(await outcome(store, a)).toBe('proceed: target-changed');
  });

  test('that it read and another writes later are not as it saw them', async () => {
    const store = memoryStore();
    await (await proceed(store, a)).claim.finish(FINISHED, marts);
    await (await proceed(store, b)).claim.finish(FINISHED, { wrote: ['wh/raw'], read: [] });
    expect(await outcome(store, a)).toBe('proceed: target-changed');
  });

  test('that another wrote meanwhile leave no record, or one that never stands', async () => {
    let now = 0;
    const store = memoryStore({ now: () => now });
    const running = await proceed(store, a);
    await (await proceed(store, b)).claim.finish(FINISHED, { wrote: ['wh/raw'], read: [] });
    expect(await running.claim.finish(FINISHED, marts)).toBe('not-kept');
    const second = await proceed(store, a);
    await (await proceed(store, { ...b, key: 'C' })).claim.finish(FINISHED, {
      wrote: ['wh/marts'],
      read: [],
    });
    // What was noted long ago is as it was; the clock of the store tells.
    expect(await second.claim.finish(FINISHED, { wrote: ['wh/marts'], read: [] })).toBe('done');
    expect(await outcome(store, a)).toBe('proceed: target-changed');
    now += 60_000;
    const third = await proceed(store, a);
    expect(await third.claim.finish(FINISHED, marts)).toBe('done');
    expect(await outcome(store, a)).toBe('replay');
  });
});

describe('a record whose files cannot be had', () => {
  test('is executed over', async () => {
    const store = memoryStore();
    await (await proceed(store)).claim.finish(FINISHED);
    expect(await outcome(store, { lacking: 'a digest is wrong' })).toBe('proceed: unusable');
  });

  test('is not fetched where it would not be used', async () => {
    const store = memoryStore();
    await (await proceed(store)).claim.finish(FINISHED);
    let fetched = 0;
    const asked = request(store, { distrust: 'gone' });
    const answer = await coordinate({
      ...asked,
      fetch: async () => {
        fetched += 1;
        return undefined;
      },
    });
    expect(answer.kind).toBe('proceed');
    expect(fetched).toBe(0);
  });
});

describe('a given key', () => {
  const given = { kind: 'given', key: 'nightly-1' } as const;
  const other: readonly KeyPart[] = [{ name: 'code', digest: 'b'.repeat(64) }];

  test('replays whatever happened to the target', async () => {
    const store = memoryStore();
    await (await proceed(store, { ...given, target: 't' })).claim.finish(FINISHED);
    await (await proceed(store, { key: 'B', target: 't' })).claim.finish(FINISHED);
    expect(await outcome(store, { ...given, target: 't' })).toBe('replay');
  });

  test('with other inputs is a mismatch; on-mismatch run takes it over', async () => {
    const store = memoryStore();
    await (await proceed(store, given)).claim.finish(FINISHED);
    expect(await coordinate(request(store, { ...given, parts: other }))).toMatchObject({
      kind: 'mismatch',
      record: { parts: [{ name: 'code', digest: SHA }] },
    });
    const policy = { onMismatch: 'run' } as const;
    expect(await outcome(store, { ...given, parts: other, policy })).toBe('proceed: other-inputs');
  });

  test('a part that is not known on one side says nothing', async () => {
    const store = memoryStore();
    const unknown: readonly KeyPart[] = [{ name: 'code', digest: null }];
    await (await proceed(store, { ...given, parts: unknown })).claim.finish(FINISHED);
    expect(await outcome(store, { ...given, parts: unknown })).toBe('replay');
    expect(await outcome(store, { ...given, parts: other })).toBe('replay');
    expect(await outcome(store, { ...given, parts: [] })).toBe('replay');
  });

  test('is not taken from a target that may be empty', async () => {
    const store = memoryStore();
    await (await proceed(store, given)).claim.finish(FINISHED);
    expect(await outcome(store, { ...given, distrust: 'the file is gone' })).toBe('proceed: distrusted');
  });
});

test('a run that may only read keeps the reason why it runs', async () => {
  const store = memoryStore();
  const reader: DedupStore = {
    ...store,
    write: async () => ({ kind: 'unknown', why: 'no scope', refused: true, readOnly: true }),
  };
  const before = await proceed(reader, { target: 't' });
  expect(before.because).toEqual({ kind: 'read-only', why: 'no scope' });
  await (await proceed(store, { target: 't' })).claim.finish(FINISHED);
  await (await proceed(store, { key: 'B', target: 't' })).claim.finish(FINISHED);
  const { claim, because } = await proceed(reader, { target: 't' });
  expect(because).toMatchObject({
    ...{ kind: 'read-only', why: 'no scope' },
    instead: { kind: 'target-changed', record: { producer: PRODUCER } },
  });
  expect(claim.owns).toBe(false);
});

describe('a store that does not answer', () => {
  const silent: DedupStore = {
    ...memoryStore(),
    read: async () => ({ kind: 'unknown', why: 'connection refused' }),
    write: async () => ({ kind: 'unknown', why: 'connection refused' }),
  };

  test('run: outside of the ledger, saying why', async () => {
    const { claim, because } = await proceed(silent, { target: 't' });
    expect(because).toEqual({ kind: 'unavailable', why: 'connection refused' });
    expect(claim.owns).toBe(false);
    expect(await claim.finish(FINISHED)).toBe('unknown');
  });

  test('one that cannot be had here was not asked', async () => {
    const unusable: DedupStore = { ...silent, unusable: true };
    const policy = { onUnavailable: 'fail' } as const;
    await expect(coordinate(request(unusable, { policy }))).rejects.toMatchObject({
      code: 'dedup-unavailable',
      message: 'The memory ledger cannot be used here: connection refused',
    });
  });

  test('fail: an error with the reason', async () => {
    await expect(coordinate(request(silent, { policy: { onUnavailable: 'fail' } }))).rejects.toMatchObject({
      code: 'dedup-unavailable',
      message: expect.stringContaining('connection refused'),
    });
  });

  test('is not asked to hold what it could not be told about the target', async () => {
    const store = memoryStore();
    const half: DedupStore = {
      ...store,
      write: async (asked) =>
        asked.name.startsWith('targets/') ? { kind: 'unknown', why: 'timeout' } : store.write(asked),
    };
    const { claim, because } = await proceed(half, { target: 't' });
    expect(because.kind).toBe('unavailable');
    expect(claim.owns).toBe(false);
    expect(await outcome(store)).toBe('proceed: no-record');
  });

  test('a record nobody can read is executed over, never replayed', async () => {
    const store = memoryStore();
    await (await proceed(store)).claim.finish({
      ...FINISHED,
      files: [{ path: '../x', sha256: SHA, bytes: 1 }],
    });
    expect(await outcome(store)).toBe('proceed: no-record');
  });
});

describe('an owner whose job is over', () => {
  const policy = { onInFlight: 'skip' } as const;

  test('is replaced at once, although its lease has not run out, and asked about by what it says of itself', async () => {
    const store = memoryStore();
    const dead = await proceed(store);
    const asked: unknown[] = [];
    const isOver = async (owner: unknown): Promise<boolean> => asked.push(owner) > 0;
    const { claim } = await proceed(store, { policy, isOver });
    expect(claim).toMatchObject({ adopted: true, attempt: 2 });
    expect(asked).toEqual([PRODUCER]);
    expect(await dead.claim.finish(FINISHED)).toBe('lost');
    expect(await claim.finish(FINISHED)).toBe('done');
  });

  test('is waited for, or skipped, while that is not certain', async () => {
    const store = memoryStore();
    await proceed(store);
    expect(await outcome(store, { policy, isOver: async () => false })).toBe('skip');
    expect(await outcome(store, { policy })).toBe('skip');
  });

  test('one that has finished meanwhile is replayed: only the claim that was asked about is taken over', async () => {
    const store = memoryStore();
    const owner = await proceed(store);
    const isOver = async (): Promise<boolean> => {
      await owner.claim.finish(FINISHED);
      return true;
    };
    expect(await outcome(store, { policy, isOver })).toBe('replay');
  });

  test('of ten who all find it over, one takes its place', async () => {
    const store = memoryStore();
    await proceed(store);
    let asked = 0;
    const isOver = async (): Promise<boolean> => {
      asked += 1;
      return asked <= 10;
    };
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => coordinate(request(store, { policy, isOver }))),
    );
    expect(answers.filter(({ kind }) => kind === 'proceed')).toHaveLength(1);
  });
});
