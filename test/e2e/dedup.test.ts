import { cp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  type DedupOptions,
  type ExecutedBecause,
  explain,
  type RunEvent,
  type RunOptions,
  type RunResult,
  renderSummary,
  runDbt,
} from '../../sdk/index.ts';
import { lockTarget } from '../../sdk/runtimes/target-lock.ts';
import { memoryStore } from '../../sdk/stores/memory.ts';
import { type Workspace, workspace } from './workspace.ts';

let shop: Workspace;
let ledger: string;
beforeEach(async () => {
  shop = await workspace({ DBT_ENGINE_MANAGE_STATE: 'false' });
  ledger = join(shop.dir, '..', 'ledger');
});
afterEach(() => shop.remove());

type More = Omit<RunOptions, 'dedup'> & { readonly dedup?: Partial<DedupOptions> };

const SEED = ['seed', '--select', 'raw_stations'];

function start(args: readonly string[] = SEED, { dedup, ...more }: More = {}) {
  return runDbt(args, {
    cwd: shop.dir,
    env: shop.env,
    dbt: shop.dbt,
    output: 'silent',
    ...more,
    dedup: { store: `file:${ledger}`, data: 'ignore', ...dedup },
    reject: false,
  });
}

function because({ dedup }: RunResult): ExecutedBecause {
  if (dedup?.kind !== 'executed') throw new Error(`not executed: ${JSON.stringify(dedup)}`);
  return dedup.because;
}

/** The outcome and what the ledger says of it, in a line. */
function told({ outcome, failure, dedup }: RunResult): string {
  const why = dedup?.kind === 'executed' ? `${dedup.because.kind}, record ${dedup.record}` : dedup?.kind;
  return [outcome, failure?.code, why].filter((word) => word !== undefined).join(': ');
}

const run = async (args?: readonly string[], more?: More): Promise<string> => told(await start(args, more));

describe('an identical run', () => {
  test('takes the result of the first, and starts no dbt', async () => {
    const first = await start(['build'], { labels: { job: 'one' } });
    expect(told(first)).toBe('executed: no-record, record kept');
    const target = join(shop.dir, 'target');
    const files = ['run_results.json', 'manifest.json'];
    const before = await Promise.all(files.map((name) => readFile(join(target, name))));
    await rm(target, { recursive: true });

    const events: RunEvent[] = [];
    const running = start(['build'], { labels: { job: 'two' } });
    for await (const event of running) events.push(event);
    const second = await running;
    expect(told(second)).toBe('replayed: replayed');
    expect(events.filter(({ kind }) => kind === 'dbt-started')).toEqual([]);
    expect(events.at(-1)).toMatchObject({ kind: 'job-finished', outcome: 'replayed' });
    expect(second).toMatchObject({
      exitCode: 0,
      invocationId: first.invocationId,
      labels: { job: 'two' },
      artifactPaths: first.artifactPaths,
      dedup: {
        store: 'file',
        key: first.dedup?.key,
        run: { command: 'build', labels: { job: 'one' }, result: 'succeeded', wallMs: first.wallMs },
        restored: expect.arrayContaining(files),
      },
    });
    expect(second.decisions).toEqual(first.decisions);
    expect(second.artifacts).toEqual(first.artifacts);
    const after = await Promise.all(files.map((name) => readFile(join(target, name))));
    expect(after).toEqual(before);
    const [line] = renderSummary(explain(second)).split('\n');
    expect(line).toMatch(/replayed/i);
  });

  test('takes the result into the target folder it was given, compiled SQL too where asked', async () => {
    const dedup = { restoreCompiled: true };
    await start(['build'], { dedup });
    const second = await start(['build', '--target-path', 'elsewhere'], { dedup });
    expect(told(second)).toBe('replayed: replayed');
    expect(second.artifactPaths.manifest).toBe(join(shop.dir, 'elsewhere', 'manifest.json'));
    const sql = 'compiled/bike_hire/models/marts/rides.sql';
    expect(await shop.read(join('elsewhere', sql))).toBe(await shop.read(join('target', sql)));
  });

  test('brings back what the command is run for: a site, compiled SQL', async () => {
    const target = join(shop.dir, 'target');
    const products = ['index.html', 'catalog.json', 'semantic_manifest.json'];
    await start(['docs', 'generate']);
    const before = await Promise.all(products.map((name) => readFile(join(target, name))));
    await rm(target, { recursive: true });
    expect(await run(['docs', 'generate'])).toBe('replayed: replayed');
    expect(await Promise.all(products.map((name) => readFile(join(target, name))))).toEqual(before);
    const sql = 'compiled/bike_hire/models/marts/rides.sql';
    await start(['compile']);
    await rm(target, { recursive: true });
    expect(await run(['compile'])).toBe('replayed: replayed');
    expect(await shop.read(join('target', sql))).toContain('select');
    expect(await readFile(join(target, 'semantic_manifest.json'), 'utf8')).not.toBe('');
  });

  test('is told apart from one with other files, arguments or variables, and the nearest is named', async () => {
    await start(['build', '--vars', '{"start": "2026-01-01"}']);
    await shop.append('models/marts/rides.sql', '\n-- edited\n');
    const second = await start(['build', '--vars', '{"start": "2026-02-01"}']);
    expect(told(second)).toBe('executed: no-record, record kept');
    expect(because(second)).toMatchObject({
      kind: 'no-record',
      nearest: {
        count: 2,
        differences: [
          { part: 'code', item: 'models/marts/rides.sql', how: 'changed' },
          { part: 'vars', item: 'start', how: 'changed' },
        ],
      },
    });
    expect(renderSummary(explain(second))).toContain('models/marts/rides.sql');
  });

  test('that waits takes the result as soon as it is there, on one target folder', async () => {
    const events: RunEvent[] = [];
    const [one, two] = [start(['build']), start(['build'])];
    const watch = async (running: typeof one): Promise<RunResult> => {
      for await (const event of running) events.push(event);
      return running;
    };
    const results = await Promise.all([watch(one), watch(two)]);
    expect(results.map(({ outcome }) => outcome).sort()).toEqual(['executed', 'replayed']);
    expect(events.filter(({ kind }) => kind === 'dbt-started')).toHaveLength(1);
    const waited = results.find(({ outcome }) => outcome === 'replayed')?.dedup?.waitedMs ?? 0;
    expect(waited).toBeGreaterThan(0);
    expect(events).toContainEqual(expect.objectContaining({ name: 'WaitingForIdenticalRun' }));
  });

  test.each([
    ['skip', 'skipped-in-flight: skipped-in-flight'],
    ['fail', 'failed: dedup-in-flight'],
  ] as const)('in flight, with on-in-flight %s', async (onInFlight, expected) => {
    const store = memoryStore();
    const dedup = { store, durableTarget: true };
    const first = start(['build'], { dedup });
    let other: Promise<string> | undefined;
    for await (const event of first) {
      if (event.kind === 'dbt-started') other = run(['build'], { dedup: { ...dedup, onInFlight } });
    }
    expect(await other).toBe(expected);
    expect(told(await first)).toBe('executed: no-record, record kept');
  });
});

describe('what is in the warehouse', () => {
  test('A, then B, then A again executes; what only reads does not count', async () => {
    const [a, b] = [SEED, ['seed', '--select', 'raw_bikes']];
    expect(await run(a)).toBe('executed: no-record, record kept');
    expect(await run(['compile'])).toBe('executed: no-record, record kept');
    expect(await run(['compile'])).toBe('replayed: replayed');
    expect(await run(a)).toBe('replayed: replayed');
    expect(await run(b)).toBe('executed: no-record, record kept');
    expect(await run(a)).toMatch(/^executed: (?:target-changed|distrusted), record kept$/);
    expect(await run(['compile'])).toMatch(/^executed: (?:target-changed|distrusted), record kept$/);
  });

  test('with a durable target A, B, A executes by the ledger alone', async () => {
    const dedup = { durableTarget: true };
    const [a, b] = [SEED, ['seed', '--select', 'raw_bikes']];
    await start(a, { dedup });
    await start(b, { dedup });
    expect(await run(a, { dedup })).toBe('executed: target-changed, record kept');
  });

  test('a run without a key of its own counts as a writer', async () => {
    const dedup = { durableTarget: true };
    await start(SEED, { dedup });
    expect(await run(SEED, { dedup })).toBe('replayed: replayed');
    expect(await run(['retry'], { dedup })).toBe('executed: not-repeatable, record none');
    expect(await run(SEED, { dedup })).toBe('executed: target-changed, record kept');
  });

  test('a database file that is gone, or that someone else has changed, is built again', async () => {
    const database = shop.env['BIKE_HIRE_DUCKDB_PATH'] ?? '';
    await start();
    expect(await run()).toBe('replayed: replayed');
    await rm(database);
    expect(await run()).toBe('executed: distrusted, record kept');
    expect(await run()).toBe('replayed: replayed');
    // Of another project: the ledger does not see it.
    await runDbt(['seed', '--select', 'raw_rides'], {
      cwd: shop.dir,
      env: shop.env,
      dbt: shop.dbt,
      output: 'silent',
    });
    expect(await run()).toBe('executed: distrusted, record kept');
  });

  test('one database file under two targets is one place', async () => {
    const database = shop.env['BIKE_HIRE_DUCKDB_PATH'] ?? '';
    const more = `attach: [{path: ${join(shop.dir, '..', 'other.duckdb')}}]`;
    await shop.write(
      'profiles.yml',
      `bike_hire:\n  target: one\n  outputs:\n    one: {type: duckdb, path: ${database}}\n    two: {type: duckdb, path: ${database}, ${more}}\n`,
    );
    const dedup = { durableTarget: true };
    await start([...SEED, '--target', 'one'], { dedup });
    expect(await run([...SEED, '--target', 'one'], { dedup })).toBe('replayed: replayed');
    await start([...SEED, '--target', 'two'], { dedup });
    expect(await run([...SEED, '--target', 'one'], { dedup })).toBe('executed: target-changed, record kept');
  });

  test('files that a model leaves outside of the database are not taken for there', async () => {
    const out = join(shop.dir, '..', 'out.parquet');
    await shop.write(
      'models/marts/exported.sql',
      `{{ config(materialized='external', location='${out}') }} select 1 as id`,
    );
    const result = await start(['run', '--select', 'exported']);
    expect(told(result)).toBe('executed: no-record, record none');
    expect(result.notices).toContainEqual(
      expect.objectContaining({
        name: 'dedup-result-not-seen',
        message: expect.stringContaining('model.bike_hire.exported'),
      }),
    );
  });

  test('a copy of the database file with the same content is what that run left', async () => {
    const database = shop.env['BIKE_HIRE_DUCKDB_PATH'] ?? '';
    await start();
    await cp(database, `${database}.copy`);
    await rm(database);
    await cp(`${database}.copy`, database);
    expect(await run()).toBe('replayed: replayed');
  });
});

describe('a run that is no success', () => {
  beforeEach(() => shop.write('models/marts/broken.sql', 'select * from no_such_table'));
  const args = ['run', '--select', 'broken'];

  test('frees its key at once', async () => {
    expect(await run(args)).toBe('failed: nodes-failed: no-record, record none');
    expect(await run(args)).toBe('failed: nodes-failed: no-record, record none');
  });

  test('is replayed as failed with dedup-on any', async () => {
    const dedup = { dedupOn: 'any', durableTarget: true } as const;
    const first = await start(args, { dedup });
    expect(told(first)).toBe('failed: nodes-failed: no-record, record kept');
    const second = await start(args, { dedup });
    expect(told(second)).toBe('failed: nodes-failed: replayed');
    expect(second).toMatchObject({ exitCode: 1, failure: first.failure, decisions: first.decisions });
  });
});

describe('a run that cannot begin', () => {
  test('frees its key: the target folder was taken by another', async () => {
    const store = memoryStore();
    const lock = await lockTarget(join(shop.dir, 'target'), { onBusy: 'fail' });
    expect(await run(SEED, { dedup: { store } })).toBe('failed: target-path-busy: no-record, record none');
    await lock.release();
    expect(await run(SEED, { dedup: { store } })).toBe('executed: no-record, record kept');
  });
});

describe('inputs that change while dbt runs', () => {
  test('leave no record', async () => {
    const running = start(['build']);
    let edited: Promise<void> | undefined;
    for await (const event of running) {
      if (event.kind === 'dbt-started') edited = shop.append('models/marts/rides.sql', '\n-- edited\n');
    }
    await edited;
    const result = await running;
    expect(told(result)).toBe('executed: no-record, record inputs-changed');
    expect(result.notices).toContainEqual(
      expect.objectContaining({
        name: 'dedup-inputs-changed',
        message: expect.stringContaining('models/marts/rides.sql'),
      }),
    );
    expect(await run(['build'])).toBe('executed: no-record, record kept');
  });
});

describe('a profile that changes while dbt starts', () => {
  test('leaves no record: dbt may have written elsewhere', async () => {
    const path = join(shop.dir, '..', 'profiles.yml');
    const profile = (await shop.read('profiles.yml')).replace('schema: main', 'schema: one');
    await writeFile(path, profile);
    await rm(join(shop.dir, 'profiles.yml'));
    const args = [...SEED, '--profiles-dir', join(shop.dir, '..')];
    const base = memoryStore();
    // The claim is taken after the key was made, and before dbt reads the profile.
    const store: typeof base = {
      ...base,
      write: async (request) => {
        if (request.name.startsWith('claims/')) await writeFile(path, profile.replace('one', 'two'));
        return base.write(request);
      },
    };
    const dedup = { store, durableTarget: true };
    expect(await run(args, { dedup })).toBe('executed: no-record, record inputs-changed');
  });
});

describe('a given key', () => {
  const keyed = (idempotencyKey: string, more: Partial<DedupOptions> = {}) => ({
    dedup: { data: undefined, idempotencyKey, ...more },
  });

  test('is one run, whatever the data; with other inputs an error that names them', async () => {
    expect(await run(SEED, keyed('delivery-1'))).toBe('executed: no-record, record kept');
    expect(await run(SEED, keyed('delivery-1'))).toBe('replayed: replayed');
    expect(await run(SEED, keyed('delivery-2'))).toBe('executed: no-record, record kept');
    await shop.append('seeds/raw_stations.csv', '');
    await shop.append('models/marts/rides.sql', '\n-- edited\n');
    const other = await start(SEED, keyed('delivery-2'));
    expect(told(other)).toBe('failed: dedup-mismatch');
    expect(other.failure?.message).toContain('models/marts/rides.sql');
    expect(await run(SEED, keyed('delivery-2', { onMismatch: 'run' }))).toBe(
      'executed: other-inputs, record kept',
    );
  });

  test('that looks like a secret is warned of, and shown nowhere', async () => {
    const key = `ghp_${'a1B2'.repeat(9)}`;
    const result = await start(SEED, keyed(key));
    expect(result.notices).toContainEqual(expect.objectContaining({ name: 'idempotency-key-looks-secret' }));
    expect(JSON.stringify(result)).not.toContain(key);
  });

  test('is refused with retry, when options are parsed', async () => {
    await expect(start(['retry'], keyed('again'))).rejects.toMatchObject({ code: 'invalid-options' });
  });
});

describe('a run without a key', () => {
  test('says what it would need', async () => {
    const result = await start(SEED, { dedup: { data: undefined } });
    expect(because(result)).toMatchObject({
      kind: 'no-key',
      unknown: [{ part: 'data', why: expect.stringContaining('data-version') }],
    });
  });

  test('inside of an identical run does not wait for that', async () => {
    const store = memoryStore();
    const dedup = { store, durableTarget: true };
    const first = await start(SEED, { dedup });
    const outer = { ...shop.env, DBT_RUNCACHE_OUTER_KEY: `x,${first.dedup?.key?.digest ?? ''}` };
    expect(await run(SEED, { dedup, env: outer })).toBe('executed: nested, record none');
  });
});

describe('a ledger that does not answer', () => {
  const silent = (): DedupOptions['store'] => ({
    ...memoryStore(),
    read: async () => {
      throw new Error('connection refused');
    },
  });

  test('run: dbt runs, with a warning', async () => {
    const result = await start(SEED, { dedup: { store: silent() } });
    expect(told(result)).toBe('executed: unavailable, record none');
    expect(result.notices).toContainEqual(
      expect.objectContaining({
        name: 'dedup-unavailable',
        message: expect.stringContaining('connection refused'),
      }),
    );
  });

  test('fail: dbt is not started', async () => {
    expect(await run(SEED, { dedup: { store: silent(), onUnavailable: 'fail' } })).toBe(
      'failed: dedup-unavailable',
    );
  });
});

describe('a cancelled run', () => {
  test('frees its key', async () => {
    const store = memoryStore();
    const dedup = { store, durableTarget: true };
    const cancel = new AbortController();
    const first = start(['build'], { dedup, cancelSignal: cancel.signal });
    for await (const event of first) if (event.kind === 'dbt-started') cancel.abort();
    expect(told(await first)).toBe('failed: cancelled: no-record, record none');
    expect(await run(SEED, { dedup })).toBe('executed: no-record, record kept');
    expect(await run(['build'], { dedup })).toBe('executed: no-record, record kept');
  });
});
