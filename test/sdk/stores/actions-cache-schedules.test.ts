import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { acquire } from '../../../sdk/dedup/lease.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { parseContent } from '../../../sdk/stores/object-content.ts';
import { type CacheFault, type CacheService, startCacheService } from '../../support/cache-service.ts';
import { openActionsCache } from '../../support/open-actions-cache.ts';
import { seededRandom } from '../../support/random.ts';

const DAY = 86_400_000;
const WRITERS = 4;
const SCHEDULES = 12;
let service: CacheService;
beforeAll(async () => {
  service = await startCacheService();
});
afterAll(() => service.stop());
afterEach(() => service.undisturbed());

interface Note {
  readonly after: string | null;
  readonly id: string;
}

/** The versions that stand under a name, in order, as the service keeps them. */
function chainOf(name: string): { readonly version: string; readonly note: Note }[] {
  return service.entries
    .all()
    .filter(({ key, isFinalized }) => isFinalized && key.startsWith(`dbt-runcache/entries/${name}@`))
    .sort((a, b) => a.key.localeCompare(b.key))
    .map(({ key, blob }) => {
      const bytes = blob?.bytes ?? Buffer.alloc(0);
      const content = parseContent(bytes);
      const digest = createHash('sha256').update(bytes).digest('hex').slice(0, 32);
      const note = JSON.parse(content?.kind === 'value' ? content.value : '') as Note;
      return { version: `${Number(key.slice(-10))}.${digest}`, note };
    });
}

test('whatever is lost, each version replaces the one before it, and answers tell the truth', async () => {
  const random = seededRandom('the Actions cache with lost requests and replies');
  const faults: readonly CacheFault[] = [
    { kind: 'reply-lost' },
    { kind: 'request-lost' },
    { kind: 'error', status: 503, isDone: true },
    { kind: 'error', status: 502, isDone: false },
  ];
  let disturbed = 0;
  service.fault = () => {
    if (random.next() > 0.12) return undefined;
    disturbed += 1;
    return random.pick(faults);
  };
  await Promise.all(
    Array.from({ length: SCHEDULES }, async (_, schedule) => {
      const name = `claims/s${schedule}`;
      const told = new Map<string, string>();
      const writer = async (by: number): Promise<void> => {
        const store = openActionsCache(service, { patienceMs: 3000 });
        for (let round = 0; round < 3; round += 1) {
          const read = await store.read(name);
          if (read.kind === 'unknown') continue;
          const expected = read.kind === 'found' ? read.entry.version : undefined;
          const id = `${by}.${round}`;
          const value = JSON.stringify({ after: expected ?? null, id });
          const answer = await store.write({ name, value, expected, retainMs: DAY });
          told.set(id, answer.kind === 'written' ? answer.version : answer.kind);
        }
      };
      await Promise.all(Array.from({ length: WRITERS }, (__, by) => writer(by)));
      const chain = chainOf(name);
      expect(chain.map(({ note }) => note.after)).toEqual([
        ...(chain.length === 0 ? [] : [null]),
        ...chain.slice(0, -1).map(({ version }) => version),
      ]);
      for (const [id, answer] of told) {
        const kept = chain.find(({ note }) => note.id === id)?.version;
        if (answer === 'conflict') expect(kept).toBeUndefined();
        else if (answer !== 'unknown') expect(kept).toBe(answer);
      }
    }),
  );
  expect(disturbed).toBeGreaterThan(20);
});

test('lookups that lag and go back: one claim wins, the others find it taken, and no reader goes back', async () => {
  const random = seededRandom('the Actions cache with lookups that lag');
  for (let round = 0; round < 5; round += 1) {
    const name = `claims/lag${round}`;
    const finishedAt = new Map<number, number>();
    service.isShown = ({ id }) => {
      const since = finishedAt.get(id) ?? performance.now();
      finishedAt.set(id, since);
      const age = performance.now() - since;
      return age > 700 || (age > 200 && random.next() < 0.5);
    };
    const stores = Array.from({ length: 6 }, () => openActionsCache(service, { patienceMs: 3000 }));
    const terms = { leaseMs: DAY, retainMs: DAY };
    const claims = await Promise.all(
      stores.map((store, at) => acquire(store, name, { ...terms, body: at, token: `of ${at}` })),
    );
    expect(claims.map(({ kind }) => kind).sort()).toEqual(['acquired', ...Array(5).fill('taken')]);
    const won = claims.find(({ kind }) => kind === 'acquired');
    const reading = follow(stores[0] as DedupStore, name);
    if (won?.kind !== 'acquired') throw new Error('nobody won');
    for (let beat = 0; beat < 3; beat += 1) expect(await won.lease.renew()).toBe('held');
    expect(await won.lease.settle('done')).toBe('settled');
    const numbers = await reading;
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(numbers.at(-1)).toBe(5);
  }
});

test('a version that only a lookup of its whole key shows is found by whoever saw the one before it', async () => {
  const name = 'claims/exact';
  const [writer, reader] = [openActionsCache(service), openActionsCache(service)];
  const note = (value: string, expected?: string) =>
    writer.write({ name, value, expected, retainMs: DAY }).then((answer) => {
      if (answer.kind !== 'written') throw new Error(JSON.stringify(answer));
      return answer.version;
    });
  const first = await note('1');
  expect(await reader.read(name)).toMatchObject({ entry: { value: '1' } });
  service.isShown = ({ key }, by) => by === 'key' || key.endsWith('1');
  await note('3', await note('2', first));
  expect(await reader.read(name)).toMatchObject({ entry: { value: '3' } });
});

/** The numbers of the versions that a reader sees, until the last one. */
async function follow(store: DedupStore, name: string): Promise<number[]> {
  const numbers: number[] = [];
  while (numbers.at(-1) !== 5) {
    const read = await store.read(name);
    expect(read.kind).toBe('found');
    if (read.kind === 'found') numbers.push(Number.parseInt(read.entry.version, 10));
  }
  return numbers;
}
