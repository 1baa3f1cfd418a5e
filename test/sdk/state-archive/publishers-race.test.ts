import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readStates } from '../../../sdk/state-archive/read-index.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { PLACE, sha } from './kept.ts';

const PUBLISHERS = 3;
const ROUNDS = 20;
const PUBLISHER = fileURLToPath(new URL('./publisher.ts', import.meta.url));

let dir = '';
const publishers: ChildProcess[] = [];
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'states-race-'));
  for (let at = 0; at < PUBLISHERS; at += 1) publishers.push(fork(PUBLISHER, [dir, String(at)]));
  await Promise.all(publishers.map((each) => once(each, 'message')));
}, 60_000);
afterAll(async () => {
  for (const each of publishers) each.kill('SIGKILL');
  await rm(dir, { recursive: true, force: true });
});

test(`processes that publish at once are all listed in order, ${ROUNDS} rounds`, {
  timeout: 120_000,
}, async () => {
  const store = fileStore({ dir });
  for (let round = 0; round < ROUNDS; round += 1) {
    const answers = publishers.map((each) => once(each, 'message'));
    for (const each of publishers) each.send(round);
    for (const [answer] of await Promise.all(answers)) expect(answer).toMatchObject({ kind: 'left' });
    const read = await readStates(store, { ...PLACE, environment: `round ${round}` });
    const index = read.kind === 'read' ? read.index : expect.unreachable();
    expect(index.states.map(({ commit }) => commit)).toEqual([2, 1, 0].map(sha));
    expect(index.lastRun?.commit).toBe(sha(2));
  }
});
