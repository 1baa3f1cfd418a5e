import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import type { StateIndex } from '../../../sdk/state-archive/kept-state.ts';
import { leaveState } from '../../../sdk/state-archive/leave-state.ts';
import { readStates } from '../../../sdk/state-archive/read-index.ts';
import { indexName } from '../../../sdk/state-archive/state-index.ts';
import { fileStore } from '../../../sdk/stores/file.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { keptAt, leaving, leavingRun, PLACE, RETAIN, runAt, sha, stateAt } from './kept.ts';

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'states-'));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function indexOf(store: DedupStore): Promise<StateIndex> {
  const answer = await readStates(store, PLACE);
  return answer.kind === 'read' ? answer.index : expect.unreachable(JSON.stringify(answer));
}

async function commitsIn(store: DedupStore): Promise<readonly string[]> {
  return (await indexOf(store)).states.map(({ commit }) => commit);
}

const LEFT = { kind: 'left', isNewest: true, lastRunTaken: false };

describe.each([
  ['memory', () => memoryStore()],
  ['file', () => fileStore({ dir: join(root, Math.random().toString(36).slice(2)) })],
] as const)('on the %s store', (_, open) => {
  test('nothing is kept at first', async () => {
    expect(await readStates(open(), PLACE)).toEqual({ kind: 'absent' });
  });

  test('a state and the run that left it', async () => {
    const store = open();
    const url = 'https://example.com/run/1';
    const [state, run] = [stateAt(1, { url, isDirty: true }), runAt(1, { url, outcome: 'failed' })];
    const answer = await leaveState(store, PLACE, { ...leaving(state), ...leavingRun(run) }, RETAIN);
    expect(answer).toEqual({ kind: 'left', isNewest: true, lastRunTaken: true });
    const index = await indexOf(store);
    const file = {
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
      bytes: expect.any(Number),
      contentBytes: expect.any(Number),
    };
    expect(index.states).toEqual([{ ...state, files: { manifest: file } }]);
    expect(index.lastRun).toEqual({ ...run, runResults: file });
    const { sha256, bytes } = index.states[0]?.files.manifest ?? expect.unreachable();
    expect((await store.getBlob(`states/${sha256}`, bytes)).kind).toBe('found');
    const other = { ...PLACE, environment: 'staging' };
    expect(await readStates(store, other)).toEqual({ kind: 'absent' });
  });

  test('a slow run of an older commit takes nobody’s place', async () => {
    const store = open();
    await leaveState(store, PLACE, { ...leaving(stateAt(5)), ...leavingRun(runAt(5)) }, RETAIN);
    const late = {
      ...leaving(stateAt(3, { publishedAt: stateAt(50).publishedAt })),
      ...leavingRun(runAt(3, { startedAt: runAt(50).startedAt })),
    };
    expect(await leaveState(store, PLACE, late, RETAIN)).toEqual({
      kind: 'left',
      isNewest: false,
      lastRunTaken: false,
    });
    expect(await commitsIn(store)).toEqual([sha(5), sha(3)]);
    expect((await indexOf(store)).lastRun?.commit).toBe(sha(5));
  });

  test('the run of a newer commit takes the place of the last one, also when it failed', async () => {
    const store = open();
    await leaveState(store, PLACE, { ...leaving(stateAt(5)), ...leavingRun(runAt(5)) }, RETAIN);
    const answer = await leaveState(store, PLACE, leavingRun(runAt(6, { outcome: 'failed' })), RETAIN);
    expect(answer).toEqual({ kind: 'left', isNewest: false, lastRunTaken: true });
    const { lastRun, states } = await indexOf(store);
    expect([lastRun?.commit, lastRun?.outcome, states.length]).toEqual([sha(6), 'failed', 1]);
  });

  test('of two runs of a commit the one that started later counts', async () => {
    const store = open();
    const early = leavingRun(runAt(5, { startedAt: runAt(7).startedAt }));
    const late = leavingRun(runAt(5, { startedAt: runAt(8).startedAt, outcome: 'failed' }));
    await leaveState(store, PLACE, late, RETAIN);
    expect(await leaveState(store, PLACE, early, RETAIN)).toMatchObject({ lastRunTaken: false });
    expect((await indexOf(store)).lastRun?.outcome).toBe('failed');
  });
});

describe('what takes whose place', () => {
  test.each([
    ['the same version', { dbtVersion: '1.12.6' }, 1],
    ['a patch of it', { dbtVersion: '1.12.7' }, 1],
    ['the next minor version', { dbtVersion: '1.13.0' }, 2],
    ['another adapter', { adapterType: 'duckdb' }, 2],
    ['the other engine', { engine: 'fusion', dbtVersion: '2.0.0-preview.196' }, 2],
  ] as const)('a state of the same commit by %s', async (_, line, count) => {
    const store = memoryStore();
    await leaveState(store, PLACE, leaving(stateAt(1)), RETAIN);
    expect(await leaveState(store, PLACE, leaving(stateAt(1, { command: 'run', ...line })), RETAIN)).toEqual(
      LEFT,
    );
    const { states } = await indexOf(store);
    expect(states).toHaveLength(count);
    expect(states.map(({ command }) => command)).toContain('run');
  });

  test('two pre-releases of dbt v2 stand beside each other', async () => {
    const store = memoryStore();
    for (const dbtVersion of ['2.0.0-preview.196', '2.0.0-preview.197', '2.0.0-preview.197']) {
      await leaveState(store, PLACE, leaving(stateAt(1, { engine: 'fusion', dbtVersion })), RETAIN);
    }
    expect((await indexOf(store)).states.map(({ dbtVersion }) => dbtVersion)).toEqual([
      '2.0.0-preview.196',
      '2.0.0-preview.197',
    ]);
  });

  test('a state that is older than all that are kept is not said to be left', async () => {
    const store = memoryStore();
    const states = Array.from({ length: 60 }, (_, at) => keptAt(1000 - at));
    const value = JSON.stringify({ schemaVersion: 1, states });
    await store.write({ name: indexName(PLACE), value, expected: undefined, ...RETAIN });
    expect(await leaveState(store, PLACE, leaving(stateAt(1)), RETAIN)).toEqual({
      kind: 'unknown',
      why: 'all of the 60 states that are kept are of newer commits',
    });
    expect(await leaveState(store, PLACE, leaving(stateAt(2000)), RETAIN)).toEqual(LEFT);
    expect(await commitsIn(store)).toEqual([sha(2000), ...states.slice(0, 59).map(({ commit }) => commit)]);
  });
});

test('the contents are there before they are listed', async () => {
  const [store, calls] = [memoryStore(), [] as string[]];
  const watched: DedupStore = {
    ...store,
    putBlob: async (...args) => {
      const answer = await store.putBlob(...args);
      calls.push('put');
      return answer;
    },
    write: async (request) => {
      calls.push('write');
      return store.write(request);
    },
  };
  const values = { variables: {}, environment: {} };
  const { state } = leaving(stateAt(1));
  const whole = { state: { ...state, contents: { ...state.contents, sources: Buffer.from('{}'), values } } };
  expect(await leaveState(watched, PLACE, { ...whole, ...leavingRun(runAt(1)) }, RETAIN)).toMatchObject({
    lastRunTaken: true,
  });
  expect(calls).toEqual(['put', 'put', 'put', 'put', 'write']);
});

test('twenty publishers who have all read the same list are all listed', async () => {
  const store = memoryStore();
  let [reads, conflicts] = [0, 0];
  let open = (): void => undefined;
  const allHaveRead = new Promise<void>((resolve) => {
    open = resolve;
  });
  const watched: DedupStore = {
    ...store,
    read: async (name) => {
      const answer = await store.read(name);
      reads += 1;
      if (reads === 20) open();
      await allHaveRead;
      return answer;
    },
    write: async (request) => {
      const answer = await store.write(request);
      if (answer.kind === 'conflict') conflicts += 1;
      return answer;
    },
  };
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, at) => leaveState(watched, PLACE, leaving(stateAt(at)), RETAIN)),
  );
  expect(answers.filter(({ kind }) => kind === 'left')).toHaveLength(20);
  expect(conflicts).toBeGreaterThanOrEqual(19);
  expect(await commitsIn(store)).toEqual(Array.from({ length: 20 }, (_, at) => sha(19 - at)));
});

describe('a store that', () => {
  const unknown = { kind: 'unknown', why: 'no answer' } as const;

  test('does not take contents: nothing is listed', async () => {
    const store = memoryStore();
    const answer = await leaveState(
      { ...store, putBlob: async () => unknown },
      PLACE,
      leaving(stateAt(1)),
      RETAIN,
    );
    expect(answer).toEqual(unknown);
    expect(await readStates(store, PLACE)).toEqual({ kind: 'absent' });
  });

  test.each(['putBlob', 'write'] as const)('may only be read, says %s', async (call) => {
    const refused = {
      kind: 'unknown',
      why: 'this token may not write',
      refused: true,
      readOnly: true,
    } as const;
    let asked = 0;
    const store: DedupStore = {
      ...memoryStore(),
      [call]: async () => {
        asked += 1;
        return refused;
      },
    };
    expect(await leaveState(store, PLACE, leaving(stateAt(1)), RETAIN)).toEqual({
      kind: 'unknown',
      why: refused.why,
      readOnly: true,
    });
    expect(asked).toBe(1);
  });

  test.each(['read', 'write'] as const)('never answers a %s', async (call) => {
    const store = memoryStore();
    let asked = 0;
    const silent: DedupStore = {
      ...store,
      [call]: async () => {
        asked += 1;
        return unknown;
      },
    };
    expect(await leaveState(silent, PLACE, leaving(stateAt(1)), RETAIN)).toEqual(unknown);
    expect(asked).toBe(3);
    expect(await readStates(store, PLACE)).toEqual({ kind: 'absent' });
  });

  test('does not answer once is asked again', async () => {
    const store = memoryStore();
    let isFirst = true;
    const slow: DedupStore = {
      ...store,
      read: async (name) => {
        if (!isFirst) return store.read(name);
        isFirst = false;
        return unknown;
      },
    };
    expect(await leaveState(slow, PLACE, leaving(stateAt(1)), RETAIN)).toEqual(LEFT);
  });

  test('writes and loses its reply has it listed once', async () => {
    const store = memoryStore();
    let writes = 0;
    const lossy: DedupStore = {
      ...store,
      write: async (request) => {
        writes += 1;
        await store.write(request);
        return unknown;
      },
    };
    const both = { ...leaving(stateAt(1)), ...leavingRun(runAt(1)) };
    expect(await leaveState(lossy, PLACE, both, RETAIN)).toEqual({ ...LEFT, lastRunTaken: true });
    expect(writes).toBe(1);
    expect(await commitsIn(store)).toEqual([sha(1)]);
  });

  test('holds a list that cannot be read keeps it as it is', async () => {
    const store = memoryStore();
    const value = JSON.stringify({ schemaVersion: 2, states: {} });
    await store.write({ name: indexName(PLACE), value, expected: undefined, ...RETAIN });
    const answer = await leaveState(store, PLACE, leaving(stateAt(1)), RETAIN);
    expect(answer).toEqual({ kind: 'unknown', why: expect.stringContaining('does not know') });
    expect(await readStates(store, PLACE)).toEqual(answer);
    expect(await store.read(indexName(PLACE))).toMatchObject({ entry: { value } });
  });

  test('cannot be had says why to whoever reads', async () => {
    const store: DedupStore = { ...memoryStore(), read: async () => unknown };
    expect(await readStates(store, PLACE)).toEqual(unknown);
  });
});
