import { mkdtemp, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { abandonClaim, type ClaimHandle, type DedupStore, runDbt } from '../../../../sdk/index.ts';
import { memoryStore } from '../../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../../support/fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt, type Step } from '../../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../../support/fake-dbt/fake-project.ts';

const SHARED = runOf(
  [
    { name: 'orders', status: 'success' },
    { name: 'rates', status: 'success', schema: 'shared' },
  ],
  0,
);
const isManifest = (step: Step): boolean => 'write' in step && step.write.path === 'target/manifest.json';
/** As dbt does: the manifest, then what is selected, then the work. */
const HELD: Step[] = [
  ...SHARED.filter(isManifest),
  ...SHARED.slice(0, 2),
  { mark: 'selected' },
  { wait_for: 'go' },
  ...SHARED.slice(2),
];

let root: string;
let store: DedupStore;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'note-places-')));
  store = memoryStore();
  const output = 'type: postgres, host: db.example.com, user: u, password: p, port: 5432, dbname: d';
  const profiles = `shop:\n  target: dev\n  outputs:\n    dev: {${output}, schema: dev}\n    ci: {${output}, schema: ci}\n`;
  // A checkout each: two at once do not share a target folder.
  for (const target of ['dev', 'ci'])
    makeFakeProject(join(root, target), { 'models/orders.sql': 'select 1', 'profiles.yml': profiles });
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function dbtOf(name: string, steps: readonly Step[]): Promise<FakeDbt> {
  const dbt = await makeFakeDbt(join(root, name), steps);
  addFakeAdapter(dbt);
  return dbt;
}

function start(dbt: FakeDbt, target: string) {
  return runDbt(['build', '--target', target], {
    cwd: join(root, target),
    env: { PATH: process.env['PATH'], HOME: root },
    dbt: dbt.venv,
    output: 'silent',
    dedup: { store, data: 'ignore', durableTarget: true },
    reject: false,
  });
}

test('while a run is at it, nobody replays what lies in a schema that its nodes choose themselves', async () => {
  const quick = await dbtOf('venv', SHARED);
  await start(quick, 'dev');
  expect((await start(quick, 'dev')).outcome).toBe('replayed');

  const slow = await dbtOf('venv-slow', HELD);
  const running = start(slow, 'ci');
  const handles: ClaimHandle[] = [];
  let tell = (): void => undefined;
  const noted = new Promise<void>((resolve) => (tell = resolve));
  const following = (async () => {
    for await (const event of running) {
      if (event.kind !== 'claiming') continue;
      handles.push(event.claim);
      if (event.claim.writes.length > 1) tell();
    }
  })();
  await noted;
  expect((await start(quick, 'dev')).dedup).toMatchObject({ because: { kind: 'target-changed' } });
  // Who ends its claim in its place knows of both schemas.
  expect(handles.map(({ writes }) => writes.length)).toEqual([1, 2]);
  slow.release('go');
  await following;
  expect((await running).outcome).toBe('executed');
});

test('a run that was killed there leaves it to nobody, and the next one stands again', async () => {
  const quick = await dbtOf('venv', SHARED);
  await start(quick, 'dev');
  const slow = await dbtOf('venv-slow', HELD);
  const running = start(slow, 'ci');
  let last: ClaimHandle | undefined;
  for await (const event of running) {
    if (event.kind !== 'claiming') continue;
    last = event.claim;
    if (last.writes.length > 1) break;
  }
  if (last === undefined) throw new Error('no claim');
  // As the post step of an action that was killed.
  expect(await abandonClaim(store, last)).toBe('freed');
  expect((await start(quick, 'dev')).dedup).toMatchObject({ because: { kind: 'target-changed' } });
  slow.release('go');
  await running;
  expect((await start(quick, 'dev')).outcome).toBe('executed');
  expect((await start(quick, 'dev')).outcome).toBe('replayed');
});
