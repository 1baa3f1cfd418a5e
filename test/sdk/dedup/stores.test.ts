import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { storeContract } from '../../contracts/store-contract.ts';

let count = 0;
const prefix = (): string => {
  count += 1;
  return `t${count}`;
};

const memory = memoryStore();
storeContract('memory', { open: () => memory, prefix });

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
storeContract('file', { open: () => fileStore({ dir }), prefix });
