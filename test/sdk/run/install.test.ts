import { cp, mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DedupStore,
  type FolderCache,
  type RunEvent,
  type RunOptions,
  runDbt,
  runKey,
} from '../../../sdk/index.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { type FakeDbt, makeFakeDbt } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../support/fake-dbt/fake-project.ts';
import { uvFolder } from '../../support/install-uv.ts';
import { makeWheels } from '../../support/install-wheels.ts';

const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
/** What is installed hands over to the stand-in. */
const HAND_OVER = 'import os, runpy; runpy.run_path(os.environ["STAND_IN"], run_name="__main__")';
const PINNED = 'dbt-core==1.11.0\ndbt-postgres==1.11.0\n';

let root: string;
let standIn: FakeDbt;
let store: DedupStore;
/** With uv, which is quicker. */
let searched: string;
beforeEach(async () => {
  root = await realpath(await mkdtemp(join(tmpdir(), 'install-run-')));
  store = memoryStore();
  searched = [await uvFolder(), process.env['PATH']].join(delimiter);
  makeFakeProject(join(root, 'project'), { 'models/orders.sql': 'select 1 as id' });
  standIn = await makeFakeDbt(join(root, 'stand-in'), PASSES);
  await makeWheels(join(root, 'wheels'), [
    { name: 'dbt-core', version: '1.11.0', command: 'dbt', does: HAND_OVER },
    { name: 'dbt-postgres', version: '1.11.0' },
  ]);
});
afterEach(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));

interface Given {
  readonly requirements?: string;
  readonly cache?: FolderCache;
  readonly options?: RunOptions;
  /** The user presses Cancel when the installation begins. */
  readonly isStopped?: boolean;
}

async function run({ requirements = PINNED, cache, options, isStopped }: Given = {}) {
  const cancel = new AbortController();
  const path = join(root, 'requirements.txt');
  await writeFile(path, `--no-index\n--find-links ${join(root, 'wheels')}\n${requirements}`);
  const running = runDbt(['build'], {
    cwd: join(root, 'project'),
    env: { PATH: searched, HOME: root, STAND_IN: standIn.executable },
    install: { requirements: path, folder: join(root, 'environments'), cache },
    output: 'silent',
    dedup: { store, data: 'ignore', durableTarget: true, onInFlight: 'fail' },
    cancelSignal: cancel.signal,
    reject: false,
    ...options,
  });
  const events: RunEvent[] = [];
  for await (const event of running) {
    events.push(event);
    if (isStopped && event.kind === 'dbt-message' && event.name === 'InstallingDbt') cancel.abort();
  }
  const said = events.flatMap((event) =>
    event.kind === 'dbt-message' && event.name.startsWith('Installing') ? [event.message] : [],
  );
  return { result: await running, said, events };
}

const environments = (): Promise<string[]> => readdir(join(root, 'environments')).catch(() => []);

/** As the next job finds it: a checkout, and nothing else. */
async function newMachine(): Promise<void> {
  await rm(join(root, 'environments'), { recursive: true, force: true });
  for (const name of ['target', 'dbt_packages'])
    await rm(join(root, 'project', name), { recursive: true, force: true });
}

describe('a run that installs its dbt', () => {
  test('does so only where dbt has to run: a replay installs nothing', async () => {
    const first = await run();
    expect(first.result).toMatchObject({
      outcome: 'executed',
      engine: { dbtVersion: '1.11.0' },
      dedup: { record: 'kept' },
    });
    expect(first.said.join('\n')).toContain('dbt-core==1.11.0');
    expect(first.result.engine?.commandPrefix[0]).toContain(join(root, 'environments'));
    expect(await environments()).not.toEqual([]);

    await newMachine();
    const second = await run();
    expect(second.result).toMatchObject({ outcome: 'replayed', engine: { dbtVersion: '1.11.0' } });
    expect(second.said).toEqual([]);
    expect(await environments()).toEqual([]);
  });

  test('with other versions is another run', async () => {
    await makeWheels(join(root, 'wheels'), [
      { name: 'dbt-core', version: '1.11.1', command: 'dbt', does: HAND_OVER },
    ]);
    await run();
    const other = await run({ requirements: 'dbt-core==1.11.1\ndbt-postgres==1.11.0\n' });
    expect(other.result).toMatchObject({
      outcome: 'executed',
      dedup: {
        because: {
          nearest: { differences: [{ part: 'engine', item: 'requirement dbt-core', how: 'changed' }] },
        },
      },
    });
  });

  test.each([
    ['without an exact version', 'dbt-core>=1.11\ndbt-postgres==1.11.0\n', 'dbt-core'],
    ['that do not name the adapter', 'dbt-core==1.11.0\n', 'adapter for postgres'],
  ])('has no key with requirements %s, runs all the same, and says why', async (_, requirements, why) => {
    for (const _again of [1, 2]) {
      const { result } = await run({ requirements });
      expect(result).toMatchObject({ outcome: 'executed', dedup: { because: { kind: 'no-key' } } });
      expect(JSON.stringify(result.dedup)).toContain(why);
    }
  });

  test('that cannot be installed fails with the installer’s words, and frees its key', async () => {
    const requirements = `${PINNED}no-such-package==1.0\n`;
    for (const _ of [1, 2]) {
      const { result } = await run({ requirements });
      expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'install-failed' } });
      expect(result).toMatchObject({ failure: { message: expect.stringContaining('no-such-package') } });
    }
  });

  test('that are overridden fails before dbt starts, and frees its key', async () => {
    await makeWheels(join(root, 'wheels'), [
      { name: 'dbt-core', version: '1.11.1', command: 'dbt', does: HAND_OVER },
    ]);
    await writeFile(join(root, 'over.txt'), 'dbt-core==1.11.1\n');
    const env = {
      PATH: searched,
      HOME: root,
      STAND_IN: standIn.executable,
      UV_OVERRIDE: join(root, 'over.txt'),
    };
    for (const _ of [1, 2]) {
      const { result } = await run({ options: { env } });
      expect(result).toMatchObject({
        outcome: 'failed',
        failure: {
          code: 'install-failed',
          message: expect.stringContaining('dbt-core (wanted 1.11.0, found 1.11.1)'),
        },
      });
    }
  });

  test('and bring a State plugin that no key knows of fails before dbt starts', async () => {
    await makeWheels(join(root, 'wheels'), [
      { name: 'dbt-state', version: '2.62.3' },
      { name: 'bundle', version: '1.0', needs: 'dbt-state' },
    ]);
    const { result } = await run({ requirements: `${PINNED}bundle==1.0\n` });
    expect(result).toMatchObject({
      outcome: 'failed',
      failure: {
        code: 'install-failed',
        message: expect.stringContaining('dbt-state (wanted none, found 2.62.3)'),
      },
    });
  });

  test('shows no secret of an address in what dbt says', async () => {
    standIn = await makeFakeDbt(
      join(root, 'stand-in-that-tells'),
      runOf([{ name: 'orders', status: 'error', message: 'the token is sw0rdfish' }], 1),
    );
    const { events } = await run({
      requirements: `--extra-index-url https://me:sw0rdfish@index.example.com/simple\n${PINNED}`,
    });
    const shown = JSON.stringify(events);
    expect(shown).toContain('the token is ***');
    expect(shown).not.toContain('sw0rdfish');
  });

  test('and is stopped while it installs frees its key as well', async () => {
    const { result } = await run({ isStopped: true });
    expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'cancelled' } });
    expect((await run()).result.outcome).toBe('executed');
  });

  test('without a ledger installs as well', async () => {
    const { result } = await run({ options: { dedup: undefined } });
    expect(result).toMatchObject({ outcome: 'executed', engine: { dbtVersion: '1.11.0' } });
  });

  test('takes no dbt beside it', async () => {
    const both = { install: { requirements: PINNED }, dbt: 'dbt' };
    await expect(runDbt(['build'], both)).rejects.toThrow(/exclude each other/);
  });

  test('has the key that runKey() tells, without installing anything', async () => {
    const { result } = await run();
    await newMachine();
    const key = await runKey(['build'], {
      cwd: join(root, 'project'),
      env: { PATH: searched, HOME: root, STAND_IN: standIn.executable },
      install: { requirements: join(root, 'requirements.txt'), folder: join(root, 'environments') },
      dedup: { data: 'ignore', durableTarget: true },
    });
    expect(key.digest).toBe(result.dedup?.key?.digest);
    expect(await environments()).toEqual([]);
  });
});

describe('packages of the project', () => {
  const PACKAGES = {
    'packages.yml': 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n',
    'package-lock.yml':
      'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n    name: utils\nsha1_hash: abc\n',
  };

  async function makePackages(): Promise<void> {
    makeFakeProject(join(root, 'project'), PACKAGES);
    standIn = await makeFakeDbt(join(root, 'stand-in-with-packages'), [
      // As dbt deps would. A package that has all of its folder read, git's own files included.
      { write: { path: 'dbt_packages/utils/dbt_project.yml', text: 'name: utils\nmodel-paths: ["."]\n' } },
      ...PASSES,
    ]);
    const clones = `import os, runpy, sys
if "deps" in sys.argv:
    for name, text in (("config", "url = https://x:token@h"), ("refs/heads/a.sql", "0123")):
        path = "dbt_packages/utils/.git/" + name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        open(path, "w").write(text)
runpy.run_path(${JSON.stringify(standIn.executable)}, run_name="__main__")
`;
    const executable = join(root, 'clones.py');
    await writeFile(executable, clones);
    standIn = { ...standIn, executable };
  }

  /** Folders kept in another folder. */
  function folderCache(): FolderCache {
    const kept = join(root, 'kept');
    return {
      restore: async (folder, key) => {
        if (!(await readdir(kept).catch((): string[] => [])).includes(key)) return false;
        await cp(join(kept, key), folder, { recursive: true, verbatimSymlinks: true });
        return true;
      },
      save: async (folder, key) => {
        await mkdir(kept, { recursive: true });
        await cp(folder, join(kept, key), { recursive: true, verbatimSymlinks: true });
      },
    };
  }

  test('are installed before the ledger is asked; from the cache that takes no dbt', async () => {
    await makePackages();
    const cache = folderCache();
    const first = await run({ cache });
    expect(first.said.join('\n')).toContain('dbt deps');
    expect(first.result).toMatchObject({ outcome: 'executed', dedup: { record: 'kept' } });
    const kept = await readdir(join(root, 'kept'), { recursive: true });
    expect(kept.filter((name) => /\.git(?:\/|$)/.test(name))).toEqual([]);
    await newMachine();
    const second = await run({ cache });
    expect(second.result.outcome).toBe('replayed');
    expect(second.said).toEqual(['The dbt packages came from the cache']);
    expect(await environments()).toEqual([]);
  });

  test('without a cache dbt is installed to get them, and the run is replayed all the same', async () => {
    await makePackages();
    await run();
    await newMachine();
    const second = await run();
    expect(second.result.outcome).toBe('replayed');
    expect(await environments()).not.toEqual([]);
  });
});
