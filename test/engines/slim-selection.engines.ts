import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../sdk/plan/command-line.ts';
import { defaultSelectorOf } from '../../sdk/plan/slim/default-selector.ts';
import { slimArguments } from '../../sdk/plan/slim/slim-arguments.ts';
import { ENGINES } from '../support/engine.ts';
import { type Invocation, inOneProcess } from './in-one-process.ts';
import { type Library, library } from './library.ts';

const SELECTORS = ['state:modified+', 'result:error+', 'result:warn+'];
/** What strict would add. */
const ALONE = ['stg_loans'];

/** Selections as they are given, each an argument. */
const SHAPES: readonly (readonly string[])[] = [
  [],
  ['--select', 'stg_books', 'late_fees'],
  ['--select', 'path:models/marts', 'tag:nightly'],
  ['-s', 'stg_books', 'late_fees shelf_use', '--exclude', 'stg_books'],
  ['--exclude', 'path:models/marts', 'raw_loans'],
  ['--select=path:models/marts,stg_loans+'],
  ['--select', '+shelf_use', '1+late_fees', '--select', '@raw_books'],
  ['--select', ''],
  ['--select', 'loans+', '--resource-type', 'model', 'test'],
  ['--select', 'stg_books', '--indirect-selection', 'empty'],
];
const BY_SELECTOR: readonly (readonly string[])[] = [
  ['--selector', 'marts'],
  ['--selector', 'marts', '--exclude', 'late_fees'],
];

describe.each(ENGINES)('$requirements', (engine) => {
  const hasSelectorMethod = engine.requirements === 'core-1.12';
  let books: Library;
  let state: string;
  /** What the selectors list together. */
  let changed: ReadonlySet<string>;

  beforeAll(async () => {
    books = await library(engine, { LIBRARY_SCHEMA: 'main' });
    const profiles = await books.read('profiles.yml');
    const path = `path: "{{ env_var('LIBRARY_DUCKDB') }}"`;
    expect(profiles).toContain(`${path}\n      schema: main`);
    await books.write(
      'profiles.yml',
      profiles.replace(
        `${path}\n      schema: main`,
        `${path}\n      schema: "{{ env_var('LIBRARY_SCHEMA') }}"`,
      ),
    );
    await books.append('models/staging/stg_loans.sql', "\n{{ config(tags=['nightly']) }}\n");
    await books.write('selectors.yml', selectors(''));
    // A test of the project warns, which makes result:warn+ select something.
    const build = await books.bare(['build']);
    expect(build.code, build.stdout).toBe(0);
    state = join(books.root, 'state');
    await mkdir(state);
    for (const file of ['manifest.json', 'run_results.json'])
      await copyFile(join(books.dir, 'target', file), join(state, file));
    await books.append('models/staging/stg_books.sql', '\n-- edited\n');
    await books.append('models/marts/late_fees.sql', '\n-- edited\n');
    const lists = await listed(
      [...SELECTORS, ...ALONE].map((selector) => ['ls', '--state', state, '--select', selector]),
    );
    expect(lists.map(({ length }) => length > 0)).toEqual([true, false, true, true]);
    changed = new Set(lists.flat());
  });
  afterAll(() => books.remove());

  async function slim(args: readonly string[]) {
    return slimArguments({
      ...{ args, commandLine: parseCommandLine(args, engine.kind), engine: engine.kind },
      ...{ dbtVersion: engine.dbtVersion, stateDir: state, selectors: SELECTORS, alone: ALONE },
      defaultSelector: await defaultSelectorOf(books.dir),
    });
  }

  const ask = (invocations: readonly Invocation[], env: Readonly<Record<string, string>> = {}) =>
    inOneProcess(engine, { cwd: books.dir, env: { ...books.env, ...env } }, invocations);

  /** What each `dbt ls` lists, sorted. */
  async function listed(lists: readonly (readonly string[])[]): Promise<readonly (readonly string[])[]> {
    const done = await ask(lists.map((args) => ({ args })));
    return done.map(({ isSuccess, listed: nodes, error }, index) => {
      expect(isSuccess, `${lists[index]?.join(' ')}: ${error}`).toBe(true);
      return nodes.toSorted();
    });
  }

  async function slimArgs(args: readonly string[]): Promise<readonly string[]> {
    const made = await slim(args);
    if (made.kind !== 'slim') throw new Error(JSON.stringify(made));
    return made.args;
  }

  test('a slim list is what was asked for, as far as it has changed', async () => {
    const shapes = hasSelectorMethod ? [...SHAPES, ...BY_SELECTOR] : SHAPES;
    const whole = shapes.map((shape) => ['ls', ...shape]);
    const lists = await listed([...whole, ...(await Promise.all(whole.map(slimArgs)))]);
    for (const [index, shape] of shapes.entries()) {
      const expected = lists[index]?.filter((node) => changed.has(node)) ?? [];
      expect(expected.length > 0, shape.join(' ')).toBe(!shape.includes(''));
      expect(lists[shapes.length + index], shape.join(' ')).toEqual(expected);
    }
  });

  test('selector: is a method of dbt Core 1.12 alone; result: and source_status: need their files, which dbt v2 does not say', async () => {
    const bare = join(books.root, 'bare');
    await mkdir(bare);
    await copyFile(join(state, 'manifest.json'), join(bare, 'manifest.json'));
    const [method, result, source] = await ask([
      { args: ['ls', '--select', 'selector:marts'] },
      { args: ['ls', '--state', bare, '--select', 'result:error+'] },
      { args: ['ls', '--state', bare, '--select', 'source_status:fresher+'] },
    ]);
    expect(method?.isSuccess, method?.error).toBe(hasSelectorMethod);
    const made = await slim(['ls', '--selector', 'marts']);
    expect(made.kind).toBe(hasSelectorMethod ? 'slim' : 'refused');

    if (engine.kind === 'fusion') {
      for (const each of [result, source]) expect(each).toMatchObject({ isSuccess: true, listed: [] });
    } else {
      const failed = (words: string) => ({ isSuccess: false, error: expect.stringContaining(words) });
      expect(result).toMatchObject(failed('No comparison run_results'));
      expect(source).toMatchObject(failed('No previous state comparison freshness results in sources.json'));
    }
  });

  test('a default selector counts where nothing is selected and nothing excluded', async () => {
    await books.write('selectors.yml', selectors('default: true'));
    try {
      if (!hasSelectorMethod) expect((await slim(['ls'])).kind).toBe('refused');
      const [marts, byDefault, excluded, slimmed] = await listed([
        ['ls', '--selector', 'marts'],
        ['ls'],
        ['ls', '--exclude', 'late_fees'],
        ...(hasSelectorMethod ? [await slimArgs(['ls'])] : []),
      ]);
      expect(byDefault).toEqual(marts);
      expect(excluded?.length).toBeGreaterThan(marts?.length ?? 0);
      if (hasSelectorMethod) expect(slimmed).toEqual(marts?.filter((node) => changed.has(node)));
    } finally {
      await books.write('selectors.yml', selectors(''));
    }
  });

  test('what is not selected is read where it is here, and else in the state', async () => {
    const compiled = async (...more: string[]): Promise<Invocation> => ({
      args: await slimArgs(['compile', '--select', 'shelf_use', ...more]),
      file: 'target/compiled/library/models/marts/shelf_use.sql',
    });
    const done = await ask(
      [
        await compiled(),
        { args: ['run', '--select', 'loans', '--defer', '--state', state] },
        await compiled(),
        await compiled('--favor-state'),
        await compiled('--favor-state', '--no-defer'),
      ],
      { LIBRARY_SCHEMA: 'pull_request' },
    );
    expect(done.map(({ error }) => error)).toEqual(['', '', '', '', '']);
    expect(done.map(({ text }) => /"?(\w+)"?\."?loans"?/.exec(text)?.[1])).toEqual([
      ...['main', undefined, 'pull_request', 'main', 'pull_request'],
    ]);
  });
});

function selectors(more: string): string {
  const method = (path: string) => `definition: {method: path, value: models/${path}}`;
  return `selectors:
  - name: marts
    ${method('marts')}
${more === '' ? '' : `    ${more}\n`}  - name: staging
    ${method('staging')}
`;
}
