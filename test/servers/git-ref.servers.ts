import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DedupStore } from '../../sdk/dedup/store.ts';
import { gitRefStore } from '../../sdk/stores/git-ref.ts';
import { stateContract } from '../contracts/state-contract.ts';
import { storeContract } from '../contracts/store-contract.ts';
import { storeRaces } from '../contracts/store-races.ts';
import { type GitRestService, REPOSITORY_NAME, startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { opened, prefix } from './opened.ts';

let service: GitRestService;
beforeAll(async () => {
  service = await startGitRest();
});
afterAll(async () => {
  // Nothing that was done to it may have broken the repository.
  expect(await service.git(['fsck', '--strict', '--no-dangling'])).toBe('');
  await service.stop();
});

const openAt = opened((apiUrl: string) =>
  gitRefStore({ repository: REPOSITORY_NAME, token: TOKEN, apiUrl, timeoutMs: 60_000 }),
);
const open = (): DedupStore => openAt(service.apiUrl);

stateContract('git-ref', open);
storeContract('git-ref', {
  open,
  prefix,
  age: async (_kind, _name, ms) => {
    service.aheadMs += ms;
  },
});

// Fifty processes share the processors, and may take their time to ask.
storeRaces(
  'git-ref',
  () => ({ kind: 'git-ref', apiUrl: service.apiUrl, repository: REPOSITORY_NAME, timeoutMs: 60_000 }),
  { killedLeaseMs: 20_000 },
);

describe('what it costs', () => {
  const asked = async (action: () => Promise<unknown>): Promise<string[]> => {
    const from = service.requests.length;
    await action();
    return service.requests.slice(from);
  };

  test('few requests: two to read, one to read again, two to replace', async () => {
    const [one, two] = [open(), open()];
    const name = `${prefix()}/a`;
    const write = (store: DedupStore, expected?: string) =>
      store.write({ name, value: 'x', expected, retainMs: 60_000 });
    expect(await asked(() => two.read(name))).toEqual(['GET matching-refs']);
    const made = await asked(() => write(one));
    expect(made).toEqual(['GET matching-refs', 'POST trees', 'POST commits', 'POST refs']);
    expect(await asked(() => two.read(name))).toEqual(['GET matching-refs', 'GET commits']);
    expect(await asked(() => two.read(name))).toEqual(['GET matching-refs']);
    const read = await one.read(name);
    if (read.kind !== 'found') throw new Error(read.kind);
    expect(await asked(() => write(one, read.entry.version))).toEqual(['POST commits', 'PATCH refs']);
    expect(await asked(() => one.putBlob(name, new Uint8Array(9), 1))).toEqual([
      'POST blobs',
      'POST trees',
      'POST commits',
      'POST refs',
    ]);
  });
});
