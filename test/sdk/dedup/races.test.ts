import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { storeRaces } from '../../contracts/store-races.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-races-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

storeRaces('file', () => ({ kind: 'file', dir }));
