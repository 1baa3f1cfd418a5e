import { copyFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseCommandLine } from '../../sdk/plan/command-line.ts';
import { defaultSelectorOf } from '../../sdk/plan/slim/default-selector.ts';
import { slimArguments } from '../../sdk/plan/slim/slim-arguments.ts';
import { ENGINES } from '../support/engine.ts';
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
    const lists: (readonly string[])[] = [];
    for (const selector of [...SELECTORS, ...ALONE])
      lists.push(await listed(['ls', '--state', state, '--select', selector]));
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

  async function listed(args: readonly string[]): Promise<readonly string[]> {
    const { stdout, stderr, code } = await books.bare(['--quiet', ...args]);
    expect(code, `${args.join(' ')}: ${stdout}${stderr}`).toBe(0);
    return stdout
      .split('\n')
      .filter((line) => /^[\w:]+\./.test(line))
      .sort();
  }

  async function slimListed(args: readonly string[]): Promise<readonly string[]> {
    const made = await slim(args);
    if (made.kind !== 'slim') throw new Error(JSON.stringify(made));
    return listed(made.args);
  }

  const shapes = hasSelectorMethod ? [...SHAPES, ...BY_SELECTOR] : SHAPES;
  test.each(shapes.map((shape) => ({ shape, line: shape.join(' ') })))('ls $line', async ({ shape }) => {
    const args = ['ls', ...shape];
    const asked = await listed(args);
    const expected = asked.filter((node) => changed.has(node));
    expect(expected.length > 0).toBe(!shape.includes(''));
    expect(await slimListed(args)).toEqual(expected);
  });

  test('selector: is a method of dbt Core 1.12 alone', async () => {
    const { code, stdout, stderr } = await books.bare(['--quiet', 'ls', '--select', 'selector:marts']);
    expect(code === 0, stdout + stderr).toBe(hasSelectorMethod);
    const made = await slim(['ls', '--selector', 'marts']);
    expect(made.kind).toBe(hasSelectorMethod ? 'slim' : 'refused');
  });

  test('a default selector counts where nothing is selected and nothing excluded', async () => {
    await books.write('selectors.yml', selectors('default: true'));
    try {
      const marts = await listed(['ls', '--selector', 'marts']);
      expect(await listed(['ls'])).toEqual(marts);
      expect((await listed(['ls', '--exclude', 'late_fees'])).length).toBeGreaterThan(marts.length);
      if (hasSelectorMethod)
        expect(await slimListed(['ls'])).toEqual(marts.filter((node) => changed.has(node)));
      else expect((await slim(['ls'])).kind).toBe('refused');
    } finally {
      await books.write('selectors.yml', selectors(''));
    }
  });

  test('result: and source_status: need their files, which dbt v2 does not say', async () => {
    const bare = join(books.root, 'bare');
    await mkdir(bare);
    await copyFile(join(state, 'manifest.json'), join(bare, 'manifest.json'));
    for (const [selector, missing] of [
      ['result:error+', 'No comparison run_results'],
      ['source_status:fresher+', 'No previous state comparison freshness results in sources.json'],
    ] as const) {
      const args = ['--quiet', 'ls', '--state', bare, '--select', selector];
      const { code, stdout, stderr } = await books.bare(args);
      if (engine.kind === 'fusion') expect({ code, stdout: stdout.trim() }).toEqual({ code: 0, stdout: '' });
      else
        expect({ code, text: stdout + stderr }).toMatchObject({
          code: 2,
          text: expect.stringContaining(missing),
        });
    }
  });

  test('what is not selected is read where it is here, and else in the state', async () => {
    const here = { LIBRARY_SCHEMA: 'pull_request' };
    const readsOf = async (more: readonly string[]): Promise<string | undefined> => {
      const made = await slim(['compile', '--select', 'shelf_use', ...more]);
      if (made.kind !== 'slim') throw new Error(JSON.stringify(made));
      const { code, stdout, stderr } = await books.bareWith(['--quiet', ...made.args], here);
      expect(code, stdout + stderr).toBe(0);
      const sql = await books.read('target/compiled/library/models/marts/shelf_use.sql');
      return /"?(\w+)"?\."?loans"?/.exec(sql)?.[1];
    };
    expect(await readsOf([])).toBe('main');
    const own = ['run', '--select', 'loans', '--defer', '--state', state];
    expect((await books.bareWith(own, here)).code).toBe(0);
    expect(await readsOf([])).toBe('pull_request');
    expect(await readsOf(['--favor-state'])).toBe('main');
    expect(await readsOf(['--favor-state', '--no-defer'])).toBe('pull_request');
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
