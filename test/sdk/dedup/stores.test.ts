import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { stateContract } from '../../contracts/state-contract.ts';
import { storeContract } from '../../contracts/store-contract.ts';
import { ageFile } from '../../support/age-file.ts';

let count = 0;
const prefix = (): string => {
  count += 1;
  return `t${count}`;
};

let later = 0;
const memory = memoryStore({ now: () => performance.now() + later });
const ageMemory = async (_kind: string, _name: string, ms: number): Promise<void> => {
  later += ms;
};
stateContract('memory', () => memory);
storeContract('memory', { open: () => memory, prefix, age: ageMemory, sweepRounds: 100 });

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ledger-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));
storeContract('file', {
  open: () => fileStore({ dir }),
  prefix,
  age: (kind, name, ms) => ageFile(dir, kind, name, ms),
  sweepRounds: 300,
});
