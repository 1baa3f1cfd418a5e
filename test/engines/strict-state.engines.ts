import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readManifest, readSources } from '../../sdk/artifacts/read.ts';
import type { SourcesArtifact } from '../../sdk/artifacts/types.ts';
import { fresherSources } from '../../sdk/managed-state/fresher-sources.ts';
import { changedValues } from '../../sdk/managed-state/known-values.ts';
import { overlooked } from '../../sdk/managed-state/overlooked.ts';
import { strictSelection } from '../../sdk/managed-state/strict-selection.ts';
import { resolveOptions } from '../../sdk/options.ts';
import { makePlan } from '../../sdk/run/make-plan.ts';
import { freshNow, parseNow } from '../../sdk/run/managed-state/parse-now.ts';
import { readKnownValues } from '../../sdk/run/managed-state/read-values.ts';
import { beginRun } from '../../sdk/run/run-context.ts';
import { PROJECT } from '../sdk/managed-state/ask-dbt.ts';
import { CORE_1_11, CORE_1_12, ENGINES, environmentOf } from '../support/engine.ts';
import { inOneProcess } from './in-one-process.ts';
import { bareEnv, runBare } from './library.ts';
import { testIf } from './test-if.ts';

/** What dbt does not select, and what `strict` selects for it beside its tests. */
interface Case {
  readonly name: string;
  readonly files?: Readonly<Record<string, string>>;
  readonly edit?: readonly [file: string, from: string, to: string];
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly added: readonly string[];
}

const OF_ALL: readonly Case[] = [
  {
    name: 'macros of dbt’s overridden: for tests, for views, for names',
    files: {
      'macros/where.sql':
        '{% macro default__get_where_subquery(relation) %}{{ return(relation) }}{% endmacro %}\n',
      'macros/views.sql':
        '{% materialization view, default %}{{ return(made_view()) }}{% endmaterialization %}\n{% macro made_view() %}{{ return({}) }}{% endmacro %}\n',
      'macros/names.sql':
        '{% macro generate_schema_name(custom, node) %}{{ "elsewhere" if node.name == "plain" else target.schema }}{% endmacro %}\n',
    },
    added: [
      ...['test.bakery.no_free_orders', 'model.bakery.plain'],
      ...['model.bakery.stg_orders', 'model.bakery.orders'],
    ],
  },
  {
    name: 'a variable of the project, --vars, and one of the environment',
    edit: ['dbt_project.yml', 'rate: 1', 'rate: 3'],
    args: ['--vars', '{color: red}'],
    env: { BAKERY_CITY: 'Gouda' },
    added: ['model.bakery.by_var', 'model.bakery.by_env'],
  },
  { name: '--vars alone', args: ['--vars', '{rate: 2}'], added: ['model.bakery.by_var'] },
];
const OF_V2: readonly Case[] = [
  {
    name: 'a test, which v2 does not compare',
    edit: ['tests/no_free_orders.sql', 'select', 'select  '],
    added: ['test.bakery.no_free_orders'],
  },
  {
    name: 'a contract, which v2 does not compare',
    edit: [
      'models/schema.yml',
      '      - name: id\n        data_type: integer\n        constraints',
      '      - name: id\n        data_type: bigint\n        constraints',
    ],
    added: ['model.bakery.priced'],
  },
];

// What 1.11 compares is what 1.12 does, as the recordings of both say: it has the edit with the most in it.
describe.each(ENGINES)('$requirements', (engine) => {
  const notOn111 = testIf(engine !== CORE_1_11);
  const cases =
    engine === CORE_1_11
      ? OF_ALL.slice(0, 1)
      : engine === CORE_1_12
        ? OF_ALL.slice(0, 2)
        : [...OF_ALL, ...OF_V2];
  let root: string;
  let base: string;
  let dbt: string;
  let env: Record<string, string>;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'strict-state-'));
    const found = await environmentOf(engine);
    dbt = found.dbt;
    env = { ...bareEnv(root), ...found.env, DBT_ENGINE_MANAGE_STATE: 'false' };
    base = join(root, 'base');
    await cp(PROJECT, base, { recursive: true });
    await mkdir(join(base, 'dbt_packages'));
    await cp(join(base, 'packages/helpers'), join(base, 'dbt_packages/helpers'), { recursive: true });
    expect(await runBare(dbt, ['parse'], { cwd: base, env })).toMatchObject({ code: 0 });
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  async function planned(
    dir: string,
    args: readonly string[] = [],
    more: Readonly<Record<string, string>> = {},
  ) {
    const given = { cwd: dir, env: { ...env, ...more }, dbt, output: 'silent' } as const;
    const resolved = resolveOptions(['build', ...args], given);
    const run = beginRun(resolved.args, resolved.options, () => undefined);
    run.stops.dispose();
    return { run, plan: await makePlan(run) };
  }

  async function copied(name: string): Promise<string> {
    const dir = join(root, name.replace(/\W+/g, '-'));
    await cp(base, dir, { recursive: true });
    return dir;
  }

  test.each(cases)('$name', async (edit) => {
    const dir = await copied(edit.name);
    for (const [file, text] of Object.entries(edit.files ?? {})) {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(join(dir, file), text);
    }
    if (edit.edit !== undefined) {
      const [file, from, to] = edit.edit;
      const text = await readFile(join(dir, file), 'utf8');
      expect(text).toContain(from);
      await writeFile(join(dir, file), text.replace(from, to));
    }
    const state = join(base, 'target');
    const args = edit.args ?? [];
    const old = await planned(base);
    const { run, plan } = await planned(dir, args, edit.env);
    const known = changedValues(await readKnownValues(old.run, old.plan), await readKnownValues(run, plan));
    const [before, now] = [await readManifest(join(state, 'manifest.json')), await parseNow(run, plan)];
    const oversights = overlooked(before, now, engine.kind, known);
    const strict = strictSelection({ before, now, engine: engine.kind, oversights });
    if (strict.kind === 'everything') expect.unreachable(JSON.stringify(strict.because));
    expect(strict.uniqueIds).toEqual(expect.arrayContaining([...edit.added]));
    // Not simply everything.
    expect(strict.uniqueIds).not.toContain('seed.bakery.raw_orders');

    const ls = (tokens: readonly string[]) => {
      const output = ['--output', 'json', '--output-keys', 'unique_id', '--target-path', join(root, 'ls')];
      const select = ['--state', state, '--select', 'state:modified+', ...tokens];
      return { args: ['ls', ...select, ...output, ...args] };
    };
    const at = { cwd: dir, env: { ...env, ...edit.env } };
    const listed = await inOneProcess(engine, at, [ls([]), ls(strict.tokens)]);
    for (const { isSuccess, error } of listed) expect(isSuccess, error).toBe(true);
    const [slim, whole] = listed.map(({ listed: lines }) =>
      lines.map((line) => (JSON.parse(line) as { unique_id: string }).unique_id),
    );
    for (const uniqueId of strict.uniqueIds) {
      expect(slim).not.toContain(uniqueId);
      expect(whole).toContain(uniqueId);
    }
  });

  notOn111('each kind of node by its token', async () => {
    const { run, plan } = await planned(base);
    const now = await parseNow(run, plan);
    const before = { ...now, nodes: {}, sources: {}, exposures: {}, unit_tests: {} };
    const ids = [...Object.values(now.nodes), ...Object.values(now.sources), ...Object.values(now.exposures)]
      .concat(Object.values(now.unit_tests))
      .filter(({ resource_type: type }) => type !== 'operation' && type !== 'analysis')
      .map((node) => node.unique_id);
    const oversights = ids.map((uniqueId) => ({ kind: 'not-compared', uniqueId, fields: [] }) as const);
    const strict = strictSelection({ before: { ...before, ...now }, now, engine: engine.kind, oversights });
    if (strict.kind === 'everything') expect.unreachable();
    expect([...strict.uniqueIds].sort()).toEqual(expect.arrayContaining(ids));
    const listed = await runBare(
      dbt,
      ['ls', '--select', ...strict.tokens, '--output', 'json', '--output-keys', 'unique_id'],
      { cwd: base, env },
    );
    for (const uniqueId of ids) expect(listed.stdout).toContain(`"${uniqueId}"`);
  });

  notOn111('what was parsed is not parsed again, and dbt’s own error is passed on', async () => {
    const dir = await copied('parsed');
    const parsed = join(dir, 'target/partial_parse.msgpack');
    await rm(join(dir, 'target'), { recursive: true });
    const { run, plan } = await planned(dir);
    await parseNow(run, plan);
    if (engine.kind === 'core') {
      const ls = await runBare(dbt, ['--debug', 'ls', '--select', 'plain'], { cwd: dir, env });
      expect(ls.stdout).toContain('no changes found, skipping parsing');
    } else await expect(access(parsed)).rejects.toThrow();

    await writeFile(join(dir, 'models/broken.sql'), "select * from {{ ref('nowhere') }}");
    await expect(parseNow(run, plan)).rejects.toMatchObject({
      code: 'dbt-failed',
      message: expect.stringContaining('nowhere'),
    });
  });

  notOn111('sources with newer data, as dbt finds them', async () => {
    const dir = join(root, 'shop');
    const write = async (file: string, text: string) => {
      await mkdir(dirname(join(dir, file)), { recursive: true });
      await writeFile(join(dir, file), text);
    };
    const table = (name: string) =>
      `{name: ${name}, config: {loaded_at_field: loaded_at, freshness: {error_after: {count: 1, period: day}}}}`;
    const rows = (year: number) => `id,loaded_at\n1,${year}-01-01 00:00:00\n`;
    await write(
      'dbt_project.yml',
      'name: shop\nprofile: shop\nseeds: {shop: {+column_types: {loaded_at: timestamp}}}\n',
    );
    await write(
      'profiles.yml',
      'shop: {target: dev, outputs: {dev: {type: duckdb, path: shop.duckdb, schema: main, threads: 1}}}\n',
    );
    await write(
      'models/s.yml',
      `sources: [{name: raw, schema: main, tables: [${table('sold')}, ${table('old')}]}]\n`,
    );
    await write('models/sales.sql', "select * from {{ source('raw', 'sold') }}\n");
    await write('seeds/sold.csv', rows(2020));
    await write('seeds/old.csv', rows(2020));
    const bare = (args: readonly string[]) => runBare(dbt, args, { cwd: dir, env });
    expect((await bare(['seed'])).code).toBe(0);
    const { run, plan } = await planned(dir);
    // All of them are stale, which is no failure.
    const before = await freshNow(run, plan);
    expect(before.results).toHaveLength(2);
    await cp(join(dir, 'target'), join(dir, 'state'), { recursive: true });
    await write('seeds/sold.csv', rows(2021));
    await bare(['seed']);
    const now = await freshNow(run, plan);
    expect(fresherSources(before, now)).toEqual(['source.shop.raw.sold']);
    // By a second state nothing was known before of one of the sources.
    // Made of what dbt wrote: v2 takes nothing of a file with the words as we read them, `error` for its own `Error`.
    const written = JSON.parse(await readFile(join(dir, 'state/sources.json'), 'utf8')) as SourcesArtifact;
    const without = {
      ...written,
      results: written.results.filter((each) => each.unique_id.endsWith('sold')),
    };
    await cp(join(dir, 'state'), join(dir, 'less'), { recursive: true });
    await write('less/sources.json', JSON.stringify(without));
    const select = ['ls', '--select', 'source_status:fresher+', '--state'];
    const [known, less] = await inOneProcess(engine, { cwd: dir, env }, [
      { args: [...select, 'state'] },
      { args: [...select, 'less'] },
    ]);
    expect(known?.listed.toSorted(), known?.error).toEqual(['shop.sales', 'source:shop.raw.sold']);
    const found = fresherSources(await readSources(join(dir, 'less/sources.json')), now);
    expect(found).toContain('source.shop.raw.sold');
    expect(less?.listed, less?.error).toContain('source:shop.raw.sold');
    expect(found.includes('source.shop.raw.old')).toBe(less?.listed.includes('source:shop.raw.old'));
  });
});
