import { rmSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createObservations } from '../../../sdk/decisions/observations.ts';
import type { DedupStore } from '../../../sdk/dedup/store.ts';
import { resolveOptions } from '../../../sdk/options.ts';
import { makePlan, type Plan } from '../../../sdk/run/make-plan.ts';
import { restoreParseCache, saveParseCache } from '../../../sdk/run/parse-cache.ts';
import { beginRun } from '../../../sdk/run/run-context.ts';
import type { DbtEvent } from '../../../sdk/runtimes/dbt-event.ts';
import type { RuntimeEnd } from '../../../sdk/runtimes/runtime.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { type FakeDbt, makeFakeDbt } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject } from '../../support/fake-dbt/fake-project.ts';
import { event } from '../decisions/recorded.ts';

const PLACE = { repository: 'github.com/acme/shop', path: 'dbt' };
const FILE = 'partial_parse.msgpack';

let venvs: string;
let dbt: FakeDbt;
let root: string;
let store: DedupStore;
beforeAll(async () => {
  venvs = await mkdtemp(join(tmpdir(), 'parse-cache-venv-'));
  dbt = await makeFakeDbt(join(venvs, 'venv'), []);
  return () => rm(venvs, { recursive: true, force: true });
});
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'parse-cache-run-'));
  store = memoryStore();
  project(join(root, 'a'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

const PROFILE = { schema: 's', host: 'db.example.com', password: 'p', threads: '4' };
function profiles(change: Partial<typeof PROFILE> = {}): string {
  const { schema, host, password, threads } = { ...PROFILE, ...change };
  const output = `{type: postgres, host: ${host}, user: u, password: ${password}, port: 5432, dbname: d, schema: ${schema}, threads: ${threads}}`;
  return `shop:\n  target: dev\n  outputs:\n    dev: ${output}\n    ci: ${output}\n`;
}

/** A fresh checkout of the project. */
function project(dir: string, files: Readonly<Record<string, string>> = {}): string {
  rmSync(dir, { recursive: true, force: true });
  makeFakeProject(dir, { 'profiles.yml': profiles(), 'models/orders.sql': 'select 1', ...files });
  return dir;
}

interface Given {
  readonly args?: readonly string[];
  readonly dir?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly place?: typeof PLACE;
  readonly change?: (plan: Plan) => Plan;
}

async function prepare({ args = ['build'], dir = join(root, 'a'), env = {} }: Given) {
  const resolved = resolveOptions(args, {
    cwd: dir,
    dbt: dbt.venv,
    env: { PATH: process.env['PATH'], HOME: root, ...env },
  });
  const run = beginRun(resolved.args, resolved.options, () => undefined);
  run.stops.dispose();
  return { run, plan: await makePlan(run) };
}

async function restore(given: Given = {}) {
  const { run, plan } = await prepare(given);
  const planned = given.change?.(plan) ?? plan;
  return restoreParseCache(run, planned, store, given.place ?? PLACE);
}

const nameOf = async (given: Given = {}): Promise<string | undefined> => (await restore(given)).entry?.name;

/** A whole run whose dbt leaves `text`, or nothing. */
async function whole(
  given: Given & {
    readonly leaves?: string;
    readonly events?: readonly DbtEvent[];
    readonly end?: Partial<RuntimeEnd>;
  } = {},
) {
  const { run, plan } = await prepare(given);
  const handle = await restoreParseCache(run, plan, store, PLACE);
  const target = join(given.dir ?? join(root, 'a'), 'target');
  if (given.leaves !== undefined) {
    makeFakeProject(given.dir ?? join(root, 'a'), {
      [`target/${FILE}`]: given.leaves,
      'profiles.yml': profiles(),
    });
  }
  const observations = createObservations();
  for (const one of given.events ?? []) observations.add(one);
  const end: RuntimeEnd = { exitCode: 0, outputTail: '', ...given.end };
  const report = await saveParseCache(run, store, handle, { end, observations: observations.current() });
  return { report, target };
}

const enabled = event('PartialParsingEnabled', { deleted: 0, added: 0, changed: 1 }, { level: 'debug' });
const unable = event('UnableToPartialParse', { reason: 'profile has changed' }, { level: 'info' });
const unreadable = event('ParsedFileLoadFailed', { path: 'x', exc: 'bad bytes' }, { level: 'debug' });
const notEnabled = event('PartialParsingNotEnabled', {}, { level: 'debug' });

describe('settings after which dbt parses everything have another entry', () => {
  test.each<[string, Given]>([
    ['--vars', { args: ['build', '--vars', '{day: 1}'] }],
    ['--target, though it is the same', { args: ['build', '--target', 'dev'] }],
    ['another target', { args: ['build', '--target', 'ci'] }],
    ['another target by a variable', { env: { DBT_TARGET: 'ci' } }],
    ['--profile, though it is the same', { args: ['build', '--profile', 'shop'] }],
    ['another repository', { place: { ...PLACE, repository: 'github.com/acme/other' } }],
    ['another folder in the repository', { place: { ...PLACE, path: 'other' } }],
    [
      'another dbt',
      {
        change: (plan) => ({
          ...plan,
          inputs: { ...plan.inputs, versions: { ...plan.inputs.versions, dbt: '1.11.17' } },
        }),
      },
    ],
    [
      'another Python',
      {
        change: (plan) => ({
          ...plan,
          inputs: { ...plan.inputs, versions: { ...plan.inputs.versions, python: '3.99.0' } },
        }),
      },
    ],
    [
      'another adapter',
      { change: (plan) => ({ ...plan, engine: { ...plan.engine, adapterVersion: '9.9.9' } }) },
    ],
  ])('%s', async (_, given) => {
    expect(await nameOf(given)).not.toBe(await nameOf());
  });

  test.each<[string, Record<string, string>]>([
    [
      'dbt_project.yml',
      { 'dbt_project.yml': 'name: shop\nprofile: shop\nversion: "1.1"\nmodel-paths: [models]\n' },
    ],
    ['packages.yml', { 'packages.yml': 'packages: []\n' }],
    ['dependencies.yml', { 'dependencies.yml': 'projects: []\n' }],
    ['package-lock.yml', { 'package-lock.yml': 'sha1_hash: a\n' }],
    ['vars.yml', { 'vars.yml': 'vars: {}\n' }],
    ['the host', { 'profiles.yml': profiles({ host: 'other.example.com' }) }],
    ['the schema', { 'profiles.yml': profiles({ schema: 'pr_7' }) }],
  ])('%s', async (_, files) => {
    const plain = await nameOf();
    expect(await nameOf({ dir: project(join(root, 'a'), files) })).not.toBe(plain);
  });

  test('another folder: the file says where seeds are', async () => {
    const plain = await nameOf();
    expect(await nameOf({ dir: project(join(root, 'elsewhere')) })).not.toBe(plain);
  });

  test('a variable that the profile reads', async () => {
    const dir = project(join(root, 'a'), {
      'profiles.yml': profiles({ schema: `"{{ env_var('SCHEMA') }}"` }),
    });
    const names = ['x', 'y', 'x'].map((SCHEMA) => nameOf({ dir, env: { SCHEMA } }));
    const [x, y, again] = await Promise.all(names);
    expect(x).not.toBe(y);
    expect(x).toBe(again);
  });
});

test.each<[string, Record<string, string>, Given]>([
  ['a fresh checkout', {}, {}],
  ['an edited model', { 'models/orders.sql': 'select 2' }, {}],
  ['a password', { 'profiles.yml': profiles({ password: 'q' }) }, {}],
  ['threads', { 'profiles.yml': profiles({ threads: '8' }) }, {}],
  ['a selection', {}, { args: ['build', '--select', 'orders'] }],
  ['another command', {}, { args: ['ls'] }],
])('dbt parses by what is kept with %s: it is the same entry', async (_, files, given) => {
  const name = await nameOf();
  expect(name).toMatch(/^parses\/[0-9a-f]{64}$/);
  expect(await nameOf({ ...given, dir: project(join(root, 'a'), files) })).toBe(name);
});

describe('a run that has no use for it', () => {
  test.each<[string, Given, string]>([
    ['deps', { args: ['deps'] }, 'does not parse'],
    ['clean', { args: ['clean'] }, 'does not parse'],
    ['debug', { args: ['debug'] }, 'does not parse'],
    ['init', { args: ['init'] }, 'does not parse'],
    ['docs serve', { args: ['docs', 'serve'] }, 'does not parse'],
    ['a command nobody knows', { args: ['frobnicate'] }, 'does not parse'],
    ['--help', { args: ['build', '--help'] }, 'does not parse'],
    ['retry', { args: ['retry'] }, 'dbt retry'],
    ['a query of its own', { args: ['show', '--inline-direct', 'select 1'] }, 'does not parse'],
    ['the flag', { args: ['build', '--no-partial-parse'] }, '--no-partial-parse'],
    ['the flag before the command', { args: ['--no-partial-parse', 'build'] }, '--no-partial-parse'],
    ['the variable', { env: { DBT_PARTIAL_PARSE: 'false' } }, 'DBT_PARTIAL_PARSE'],
    [
      'the newer variable',
      { env: { DBT_ENGINE_PARTIAL_PARSE: '0', DBT_PARTIAL_PARSE: '1' } },
      'DBT_ENGINE_PARTIAL_PARSE',
    ],
    ['a file of one’s own', { args: ['build', '--partial-parse-file-path', 'x'] }, 'a file of your own'],
    ['the same by a variable', { env: { DBT_PARTIAL_PARSE_FILE_PATH: 'x' } }, 'a file of your own'],
    ['the parser of dbt v2', { args: ['build', '--use-v2-parser'] }, "dbt v2's parser"],
    ['the same by a variable', { env: { DBT_ENGINE_USE_V2_PARSER: '1' } }, "dbt v2's parser"],
    ['dbt v2', { change: (plan) => ({ ...plan, engine: { ...plan.engine, kind: 'fusion' } }) }, 'dbt v2'],
  ])('%s', async (_, given, why) => {
    const handle = await restore(given);
    expect(handle.report).toEqual({ kind: 'not-applicable', detail: expect.stringContaining(why) });
    expect(handle.entry).toBeUndefined();
  });

  test('the project’s flag, which the command line and a variable outrank', async () => {
    const dir = project(join(root, 'a'), {
      'dbt_project.yml': 'name: shop\nprofile: shop\nversion: "1.0"\nflags: {partial_parse: false}\n',
    });
    expect((await restore({ dir })).report).toMatchObject({
      kind: 'not-applicable',
      detail: expect.stringContaining('dbt_project.yml'),
    });
    expect((await restore({ dir, args: ['build', '--partial-parse'] })).report.kind).toBe('absent');
    expect((await restore({ dir, env: { DBT_PARTIAL_PARSE: 'true' } })).report.kind).toBe('absent');
    expect(
      (await restore({ dir, env: { DBT_PARTIAL_PARSE: 'true' }, args: ['--no-partial-parse', 'build'] }))
        .report.kind,
    ).toBe('not-applicable');
  });

  test('of two flags the last counts', async () => {
    const kindOf = async (...flags: readonly string[]) =>
      (await restore({ args: ['build', ...flags] })).report.kind;
    expect(await kindOf('--no-partial-parse', '--partial-parse')).toBe('absent');
    expect(await kindOf('--partial-parse', '--no-partial-parse')).toBe('not-applicable');
  });

  test('saves nothing', async () => {
    const { report } = await whole({ args: ['build', '--no-partial-parse'], leaves: 'parsed' });
    expect(report).toEqual({ kind: 'not-applicable', detail: expect.any(String) });
    for await (const name of store.list('')) expect.unreachable(name);
  });
});

describe('a run from beginning to end', () => {
  test('nothing is kept, then it is; another checkout has it, and dbt takes it', async () => {
    expect((await whole({ leaves: 'one', events: [unable] })).report).toEqual({
      kind: 'absent',
      detail: expect.any(String),
      saved: 'saved',
      savedBytes: 3,
    });
    const b = await whole({ dir: project(join(root, 'a')), events: [enabled] });
    expect(b.report).toEqual({ kind: 'restored', bytes: 3, dbtAnswer: 'used', saved: 'unchanged' });
    expect(await readFile(join(b.target, FILE), 'utf8')).toBe('one');
    const c = await whole({ dir: project(join(root, 'a')), events: [enabled], leaves: 'two' });
    expect(c.report).toMatchObject({ dbtAnswer: 'used', saved: 'saved' });
    const again = await whole({ dir: join(root, 'a'), events: [enabled], leaves: 'three' });
    expect(again.report).toEqual({ kind: 'there-already', dbtAnswer: 'used', saved: 'saved', savedBytes: 5 });
  });

  test.each([
    ['cannot use', unable, 'profile has changed'],
    ['cannot read', unreadable, 'bad bytes'],
  ])('what dbt %s is told, and replaced, or dropped where dbt left no other', async (_, said, why) => {
    await whole({ leaves: 'one' });
    const refused = await whole({ dir: project(join(root, 'a')), events: [said], leaves: 'two' });
    expect(refused.report).toMatchObject({ kind: 'restored', dbtAnswer: 'full-parse', why, saved: 'saved' });
    const kept = await whole({ dir: project(join(root, 'a')), events: [enabled, said] });
    expect(kept.report).toMatchObject({ kind: 'restored', dbtAnswer: 'full-parse', why, saved: 'dropped' });
    expect((await restore({ dir: project(join(root, 'a')) })).report.kind).toBe('absent');
  });

  test.each<[string, Partial<RuntimeEnd>]>([
    ['stopped', { stopCause: 'cancelled' }],
    ['killed', { signal: 'SIGKILL' }],
    ['not able to do the run', { exitCode: 2 }],
  ])('the file of a dbt that was %s may be half a one', async (_, end) => {
    const { report } = await whole({ leaves: 'half', end });
    expect(report).toMatchObject({ kind: 'absent', saved: 'not-saved', notSavedBecause: expect.any(String) });
    expect((await restore({ dir: project(join(root, 'a')) })).report.kind).toBe('absent');
  });

  test('nodes that failed do not matter', async () => {
    expect((await whole({ leaves: 'one', end: { exitCode: 1 } })).report.saved).toBe('saved');
  });

  test('a file that dbt was told not to read is not kept', async () => {
    const { report } = await whole({ leaves: 'one', events: [notEnabled] });
    expect(report).toEqual({ kind: 'absent', detail: expect.any(String) });
  });

  test('without dbt’s events nothing is said of what it did, and the file is kept all the same', async () => {
    await whole({ leaves: 'one' });
    const { report } = await whole({ dir: project(join(root, 'a')) });
    expect(report).toEqual({ kind: 'restored', bytes: 3, saved: 'unchanged' });
  });

  test('a store that is down is asked once, and its words hide secrets', async () => {
    let asked = 0;
    store = {
      ...store,
      read: async () => {
        asked += 1;
        return { kind: 'unknown', why: 'refused for token s3cr3t-token-value' };
      },
    };
    const env = { STORE_TOKEN: 's3cr3t-token-value' };
    const { report } = await whole({ leaves: 'one', env });
    expect(report).toEqual({ kind: 'unavailable', detail: expect.stringContaining('refused for token') });
    expect(JSON.stringify(report)).not.toContain('s3cr3t');
    expect(asked).toBe(1);
  });

  test('a damaged entry is replaced', async () => {
    const name = (await nameOf()) ?? '';
    await store.write({ name, value: 'nonsense', expected: undefined, retainMs: 1000 });
    const { report } = await whole({ leaves: 'one' });
    expect(report).toMatchObject({ kind: 'corrupt', saved: 'saved' });
    expect((await restore({ dir: project(join(root, 'a')) })).report.kind).toBe('restored');
  });
});

test('of what dbt says of parsing, that it began anew counts, and the first reason', () => {
  const seen = (...events: readonly DbtEvent[]) => {
    const observations = createObservations();
    for (const one of events) observations.add(one);
    return observations.current().parsing;
  };
  expect(seen()).toBeUndefined();
  expect(seen(enabled)).toEqual({ kind: 'partial' });
  expect(seen(enabled, unable, unreadable)).toEqual({ kind: 'full', why: 'profile has changed' });
  expect(seen(unable, enabled)).toEqual({ kind: 'full', why: 'profile has changed' });
  expect(seen(notEnabled)).toEqual({ kind: 'off' });
});
