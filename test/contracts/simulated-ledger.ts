import { type Envelope, parseEnvelope } from '../../sdk/dedup/envelope.ts';
import { acquire, type Lease } from '../../sdk/dedup/lease.ts';
import type { DedupStore, ReadAnswer, WriteAnswer, WriteRequest } from '../../sdk/dedup/store.ts';
import { memoryStore } from '../../sdk/stores/memory.ts';
import type { Random } from '../support/random.ts';

/** Lets a store do wrong on purpose, so that the checks can be checked. */
export type Sabotage = (request: WriteRequest, current: string | undefined) => WriteRequest;

const NAME = 'claim';
const LEASE_MS = 120_000;
const RETAIN_MS = 30 * 86_400_000;
const LOST = { kind: 'unknown', why: 'no reply' } as const;

/**
 * One random schedule: a few clients claim, renew, pause, die, finish and take over one name. Every store call waits
 * for the scheduler, which picks one, lets time pass, loses requests and replies, and delivers requests late.
 * @returns What went wrong, in words; empty when nothing did.
 */
export async function runSchedule(random: Random, sabotage?: Sabotage): Promise<string[]> {
  const wrong: string[] = [];
  let now = 0;
  const truth = memoryStore({ now: () => now });
  const history: { readonly envelope: Envelope; readonly at: number }[] = [];
  const superseded = new Set<string>();
  let pending: { readonly client: number; readonly run: () => Promise<void> }[] = [];
  const dead = new Set<number>();

  async function applyWrite(request: WriteRequest): Promise<WriteAnswer> {
    const current = await truth.read(request.name);
    const standing = current.kind === 'found' ? current.entry.version : undefined;
    const answer = await truth.write(sabotage === undefined ? request : sabotage(request, standing));
    if (answer.kind === 'written') note(request.value);
    return answer;
  }

  function note(value: string): void {
    const parsed = parseEnvelope(value);
    if (parsed.kind !== 'read') {
      wrong.push('an entry that cannot be read was written');
      return;
    }
    const { envelope } = parsed;
    const before = history.at(-1);
    if (before !== undefined) {
      const last = before.envelope;
      if (envelope.attempt < last.attempt) wrong.push('a late owner wrote over a newer one');
      if (envelope.attempt === last.attempt && envelope.token !== last.token)
        wrong.push('two owners of one attempt wrote');
      if (envelope.attempt === last.attempt && last.state !== 'held')
        wrong.push('something was written after the end of an attempt');
      if (envelope.attempt > last.attempt && last.state === 'settled' && !superseded.has(last.token))
        wrong.push('a finish was lost');
      if (envelope.attempt > last.attempt && last.state === 'held' && now - before.at <= LEASE_MS)
        wrong.push('a lease was taken over while it was held');
    }
    history.push({ envelope, at: now });
  }

  /** A client's way to the store: whatever it asks waits until the scheduler lets it happen. */
  function connect(client: number): DedupStore {
    const call = <T>(apply: () => Promise<T>, lost: T): Promise<T> =>
      new Promise((resolve) => {
        const settle = (answer: T): void => {
          if (!dead.has(client)) resolve(answer);
        };
        pending.push({
          client,
          run: async () => {
            const fate = random.next();
            if (fate < 0.06) settle(lost);
            else if (fate < 0.12) {
              await apply();
              settle(lost);
            } else if (fate < 0.18) {
              settle(lost);
              pending.push({ client: -1, run: async () => void (await apply()) });
            } else settle(await apply());
          },
        });
      });
    return {
      ...truth,
      read: (name) => call<ReadAnswer>(() => truth.read(name), LOST),
      write: (request) => call<WriteAnswer>(() => applyWrite(request), LOST),
    };
  }

  const winners = new Map<number, string>();
  async function live(client: number): Promise<void> {
    const store = connect(client);
    const pause = (): Promise<void> =>
      new Promise((resolve) => pending.push({ client, run: async () => resolve() }));
    for (let round = 0; round < 3; round += 1) {
      let supersede: string | undefined;
      const token = `${client}.${round}`;
      for (let tries = 0; tries < 3; tries += 1) {
        const answer = await acquire(store, NAME, {
          leaseMs: LEASE_MS,
          retainMs: RETAIN_MS,
          body: client,
          token,
          ...(supersede === undefined ? {} : { supersede }),
        });
        if (answer.kind === 'taken' && answer.standing.state === 'settled' && random.next() < 0.5) {
          supersede = answer.standing.version;
          superseded.add(String(answer.standing.body));
        }
        if (answer.kind === 'acquired') {
          const { attempt } = answer.lease;
          if ((winners.get(attempt) ?? token) !== token) wrong.push('two winners of one claim');
          winners.set(attempt, token);
          await work(answer.lease, pause);
          break;
        }
        await pause();
      }
    }
  }

  async function work(lease: Lease, pause: () => Promise<void>): Promise<void> {
    for (let beats = random.int(0, 3); beats > 0; beats -= 1) {
      await pause();
      const renewed = await lease.renew();
      if (renewed === 'lost') {
        if (standing()?.token === lease.token) wrong.push('an owner was told that it lost what it holds');
        return;
      }
    }
    await pause();
    if (random.next() < 0.3) {
      await lease.release();
      return;
    }
    // The body names the token, so that whoever supersedes it can be held to it.
    const settled = await lease.settle(lease.token);
    const mine = history.filter(
      ({ envelope }) => envelope.token === lease.token && envelope.state === 'settled',
    );
    if (settled === 'settled' && mine.length !== 1)
      wrong.push(`a finish that was confirmed was written ${mine.length} times`);
    if (settled === 'lost' && standing()?.token === lease.token)
      wrong.push('a finish that stands was reported lost');
    if (settled !== 'lost' && (await lease.settle(lease.token)) === 'settled' && settled === 'settled')
      wrong.push('a lease was finished twice');
  }

  const standing = (): Envelope | undefined => history.at(-1)?.envelope;

  const clients = random.int(2, 4);
  for (let client = 0; client < clients; client += 1) void live(client);
  await tick();
  while (pending.length > 0) {
    const fate = random.next();
    if (fate < 0.12) now += random.int(1, 2 * LEASE_MS);
    else if (fate < 0.14) {
      const victim = random.int(0, clients - 1);
      dead.add(victim);
      pending = pending.filter(({ client }) => client !== victim);
    } else {
      const [next] = pending.splice(random.int(0, pending.length - 1), 1);
      if (next !== undefined && !dead.has(next.client)) await next.run();
    }
    await tick();
  }
  return wrong;
}

/** Lets everything that was answered go on to its next call. */
function tick(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
