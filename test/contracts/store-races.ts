import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { StoreAddress } from './open-store.ts';
import type { RaceNews, RaceOrder } from './racer.ts';

const RACERS = 50;
const ROUNDS = 20;
const RACER = fileURLToPath(new URL('./racer.ts', import.meta.url));

interface Racer {
  readonly process: ChildProcess;
  readonly send: (order: RaceOrder) => void;
}

export interface StoreRaceOptions {
  /** Lease of the owner that is killed, and of who adopts from it. Milliseconds; default 1500. */
  readonly killedLeaseMs?: number;
}

/** Real processes race for one key on a real store. */
export function storeRaces(
  name: string,
  address: () => StoreAddress,
  { killedLeaseMs = 1500 }: StoreRaceOptions = {},
): void {
  describe(`${RACERS} processes on the ${name} store`, () => {
    const racers: Racer[] = [];
    const news: (RaceNews & { readonly by: number })[] = [];
    let wake: () => void = () => undefined;

    beforeAll(async () => {
      for (let at = 0; at < RACERS; at += 1) racers.push(start(at));
      await until(() => about('').length === RACERS);
    }, 120_000);
    afterAll(() => {
      for (const racer of racers) racer.process.kill('SIGKILL');
    });

    function start(at: number): Racer {
      const child = fork(RACER, [JSON.stringify(address())], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      child.on('message', (message) => {
        news.push({ ...(message as RaceNews), by: at });
        wake();
      });
      return { process: child, send: (order) => void child.send(order) };
    }

    const about = (key: string, ...did: readonly RaceNews['did'][]) =>
      news.filter((one) => one.key === key && (did.length === 0 || did.includes(one.did)));

    async function until(isDone: () => boolean): Promise<void> {
      while (!isDone()) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }

    test(`one executes and the others replay it, ${ROUNDS} rounds`, async () => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const key = `round ${round}`;
        for (const racer of racers) racer.send({ key, hang: false, leaseMs: 60_000 });
        await until(() => about(key, 'executed', 'replayed', 'failed').length === RACERS);
        expect(about(key, 'failed').map(({ error }) => error)).toEqual([]);
        const executed = about(key, 'executed');
        expect(executed).toHaveLength(1);
        expect(about(key, 'executing')).toHaveLength(1);
        expect(new Set(about(key, 'replayed').map(({ token }) => token))).toEqual(
          new Set([executed[0]?.token]),
        );
      }
    }, 240_000);

    test('the owner killed: exactly one adopts, and the others replay that one', async () => {
      const key = 'killed';
      const [owner, ...others] = racers;
      owner?.send({ key, hang: true, leaseMs: killedLeaseMs });
      await until(() => about(key, 'executing').length === 1);
      owner?.process.kill('SIGKILL');
      for (const racer of others) racer.send({ key, hang: false, leaseMs: killedLeaseMs });
      await until(() => about(key, 'executed', 'replayed', 'failed').length === RACERS - 1);
      expect(about(key, 'failed').map(({ error }) => error)).toEqual([]);
      expect(about(key, 'executing').map(({ attempt }) => attempt)).toEqual([1, 2]);
      expect(about(key, 'executed')).toHaveLength(1);
      expect(about(key, 'replayed')).toHaveLength(RACERS - 2);
    }, 120_000);
  });
}
