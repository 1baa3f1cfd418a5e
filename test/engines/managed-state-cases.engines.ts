import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { readStates } from '../../sdk/state-archive/read-index.ts';
import { fileStore } from '../../sdk/stores/file.ts';
import { CORE_1_11, CORE_1_12, FUSION } from '../support/engine.ts';
import { copyOf, ran, type Shop, shop, stateOf, story } from './managed-state-shop.ts';
import { testIf } from './test-if.ts';

const SLIM = { slim: true, publish: 'never' } as const;
/** What may be built in little time, and was not edited. */
const PRICED = ['build', '--select', 'priced'] as const;

/**
 * dbt v2 starts in a tenth of a second, dbt Core in three: what is our own doing and no dbt's (which state fits, who publishes,
 * what is repeated) is asked of v2 alone. Core 1.11 and Postgres have managed-state.engines.ts.
 */
describe.each([CORE_1_12, FUSION])('$requirements on duckdb', (engine) => {
  const onFusion = testIf(engine.kind === 'fusion');
  let base: Shop;
  let books: Shop;
  beforeAll(async () => {
    base = await shop(engine);
    const built = await base.production.run(['build'], { publish: 'always' });
    expect(stateOf(built).published, story(built)).toMatchObject({ kind: 'published' });
  });
  afterAll(() => base?.remove());
  afterEach(() => books?.remove());
  const begin = async (): Promise<void> => {
    books = await copyOf(base, engine);
  };
  const bad = () =>
    books.warehouse.query("insert into feed.arrivals values (null, 'x', timestamp '2026-01-02 00:00:00')");
  const mended = () => books.warehouse.query("delete from feed.arrivals where note = 'x'");

  test('the selection of the caller narrows, and what is excluded stays so', async () => {
    await begin();
    const pull = await books.branch('pr');
    await pull.checkout.commit({
      'models/staging/stg_books.sql':
        "select id as book_id, title, shelf, 1 as n from {{ ref('raw_books') }}\n",
    });
    const built = await pull.run(['build', '--select', 'path:models/marts', '--exclude', 'shelf_use'], SLIM);
    expect(built.outcome, story(built)).toBe('executed');
    expect(ran(built)).toEqual(['loans', 'unique_loans_loan_id']);
    expect(stateOf(built).slim?.within).toEqual(['path:models/marts']);
    expect(stateOf(built).slim?.args).toEqual([
      ...['build', '--select', 'path:models/marts,state:modified+', '--state', expect.any(String), '--defer'],
      ...['--exclude', 'shelf_use'],
    ]);
  });

  test('what failed is not forgotten for a run that did not get to it', async () => {
    await begin();
    const { production } = books;
    const always = { publish: 'always' } as const;
    await bad();
    const failed = await production.run(['build', '--select', 'path:models/feed'], always);
    expect(failed.failure?.code, story(failed)).toBe('nodes-failed');
    await mended();
    // A production that runs its commands one after the other.
    const priced = await production.run(PRICED, always);
    expect(priced.outcome, story(priced)).toBe('executed');
    expect(stateOf(priced).published).toMatchObject({ kind: 'published', isNewest: true });
    const again = await production.run(['build'], { ...always, slim: true });
    expect(again.outcome, story(again)).toBe('executed');
    expect(ran(again), story(again)).toEqual(['arrival_notes', 'not_null_arrived_id', 'notes_above']);
    expect(stateOf(again).comparison).toMatchObject({ lastRun: { outcome: 'failed' } });
    // They are well now.
    const idle = await production.run(['build'], SLIM);
    expect(ran(idle), story(idle)).toEqual([]);
    expect(stateOf(idle).slim?.selectors).toEqual(['state:modified+']);
  });

  testIf(engine === CORE_1_12)('a state of another line of versions', async () => {
    await begin();
    const other = await books.branch('pr_other', CORE_1_11);
    const foreign = await other.run(PRICED, SLIM);
    expect(ran(foreign), story(foreign)).toEqual(['priced']);
    expect(stateOf(foreign).comparison).toMatchObject({
      ...{ kind: 'missing', because: 'none-fits' },
      passedOver: [{ commit: books.first, because: 'other-version', detail: 'dbt 1.12.6' }],
    });
  });

  onFusion('a state that is too old, or broken', async () => {
    await begin();
    const { production, ledger } = books;
    const stale = await production.run(PRICED, { ...SLIM, maxAge: 1 });
    expect(ran(stale), story(stale)).toEqual(['priced']);
    expect(stateOf(stale).comparison).toMatchObject({
      ...{ kind: 'missing', because: 'none-fits' },
      passedOver: [{ commit: books.first, because: 'stale' }],
    });

    const blobs = join(ledger.slice('file:'.length), 'blobs', 'states');
    const older = new Set(await readdir(blobs));
    const next = await production.checkout.commit({ 'README.md': 'next\n' });
    const published = await production.run(PRICED, { publish: 'always' });
    expect(stateOf(published).published, story(published)).toMatchObject({ commit: next, isNewest: true });
    const spoil = async (names: readonly string[]) => {
      expect(names.length).toBeGreaterThan(0);
      for (const name of names) await writeFile(join(blobs, name), 'broken');
    };
    await spoil((await readdir(blobs)).filter((name) => !older.has(name)));
    const passed = await production.run(PRICED, SLIM);
    expect(stateOf(passed).comparison, story(passed)).toMatchObject({
      ...{ kind: 'found', commit: books.first, basis: 'merge-base' },
    });
    expect(ran(passed)).toEqual([]);
    await spoil([...older]);
    const none = await production.run(PRICED, SLIM);
    expect(ran(none), story(none)).toEqual(['priced']);
    expect(stateOf(none).comparison).toMatchObject({
      ...{ kind: 'missing', because: 'none-fits' },
      passedOver: expect.arrayContaining([
        expect.objectContaining({ commit: books.first, because: 'corrupt' }),
        expect.objectContaining({ commit: next, because: 'corrupt' }),
      ]),
    });
  });

  onFusion('the newest state is that of the newest commit, and two may publish at once', async () => {
    await begin();
    const { production, root, ledger } = books;
    const always = { publish: 'always' } as const;
    const newer = await production.checkout.commit({ 'README.md': 'newer\n' });
    const fast = await production.run(PRICED, always);
    expect(stateOf(fast).published, story(fast)).toMatchObject({ commit: newer, isNewest: true });
    production.checkout.git('checkout', '-q', '--detach', books.first);
    const late = await production.run(PRICED, always);
    expect(stateOf(late).published, story(late)).toMatchObject({ commit: books.first, isNewest: false });

    const both = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const { checkout, run } = await books.branch(name);
        const commit = await checkout.commit({ 'README.md': name });
        const env = { LIBRARY_DUCKDB: join(checkout.dir, 'library.duckdb') };
        const result = await run(PRICED, always, { env });
        expect(stateOf(result).published, story(result)).toMatchObject({ kind: 'published', commit });
        return commit;
      }),
    );
    const place = { project: 'library', repository: '', path: '', environment: 'production' };
    const read = await readStates(fileStore({ dir: ledger.slice('file:'.length) }), place);
    if (read.kind !== 'read') throw new Error(`${root}: ${read.kind}`);
    const commits = read.index.states.map(({ commit }) => commit);
    expect(commits.toSorted()).toEqual([books.first, newer, ...both].toSorted());
    expect(commits.at(-1)).toBe(books.first);
  });

  test('slim says what dbt overlooks, and strict builds it, and nothing where nothing was edited', async () => {
    await begin();
    const pull = await books.branch('pr');
    const idle = await pull.run(['build'], { ...SLIM, slim: 'strict' });
    expect(ran(idle), story(idle)).toEqual([]);
    expect(stateOf(idle).slim).toMatchObject({ mode: 'strict', added: [], selection: { oversights: [] } });

    await pull.checkout.commit({
      'macros/names.sql':
        "{% macro generate_schema_name(custom, node) %}{{ target.schema ~ ('_new' if node.name == 'notes_above' else '') }}{% endmacro %}\n",
      'macros/where.sql':
        '{% macro default__get_where_subquery(relation) %}{{ return(relation) }}{% endmacro %}\n',
    });
    const args = ['build', '--vars', '{factor: 2}'];
    const slim = await pull.run(args, SLIM);
    expect(slim.outcome, story(slim)).toBe('executed');
    expect(ran(slim), story(slim)).not.toContain('by_var');
    const seen = stateOf(slim).slim?.selection?.oversights ?? [];
    expect(new Set(seen.map(({ kind }) => kind)), story(slim)).toEqual(
      new Set(['built-in-macro', 'naming-macro', 'variable', 'relation']),
    );
    expect(seen).toContainEqual({
      ...{ kind: 'variable', name: 'factor', uniqueIds: ['model.library.by_var'] },
    });

    const strict = await pull.run(args, { ...SLIM, slim: 'strict' });
    expect(strict.outcome, story(strict)).toBe('executed');
    expect(ran(strict)).toEqual(expect.arrayContaining(['by_var', 'notes_above', 'unique_loans_loan_id']));
    expect(await books.warehouse.query('select factor from pr.by_var')).toEqual([{ factor: 2 }]);
    expect(await books.tablesOf('pr_new')).toEqual(['notes_above']);
  });

  test('what stands below a source with newer data', async () => {
    await begin();
    // Production compares with nothing: it asks how new its sources are for those who come after.
    const first = await books.production.run(PRICED, { fresherSources: true, publish: 'always' });
    expect(stateOf(first).published, story(first)).toMatchObject({ kind: 'published' });
    expect(stateOf(first)).not.toHaveProperty('comparison');
    await books.warehouse.query("insert into feed.arrivals values (2, '8', timestamp '2026-02-01 00:00:00')");
    const pull = await books.branch('pr');
    const built = await pull.run(['build'], { ...SLIM, fresherSources: true });
    expect(built.outcome, story(built)).toBe('executed');
    expect(ran(built)).toEqual(['arrival_notes', 'arrived', 'not_null_arrived_id', 'notes_above']);
    const { slim } = stateOf(built);
    expect(slim?.selectors).toEqual(['state:modified+', 'source_status:fresher+']);
    expect(slim?.selection?.fresher.map((id) => id.split('.')[2]).sort()).toEqual(
      expect.arrayContaining(ran(built) as string[]),
    );
  });

  onFusion('an identical slim run is repeated, until production publishes something else', async () => {
    await begin();
    const pull = await books.branch('pr');
    await pull.checkout.commit({ 'models/priced.sql': 'select {{ price(5) }} as price\n' });
    const start = () => pull.run(['build'], SLIM, { dedup: { store: books.ledger, data: 'ignore' } });
    const first = await start();
    expect(first.outcome, story(first)).toBe('executed');
    expect(ran(first)).toEqual(['priced']);
    const second = await start();
    expect(second.outcome, `${story(second)} ${JSON.stringify(second.dedup)}`).toBe('replayed');
    expect(stateOf(second).slim?.selection).toEqual(stateOf(first).slim?.selection);
    expect(ran(second)).toEqual(['priced']);

    // Only the store changes: the warehouse of the pull request stays as it is.
    const elsewhere = { LIBRARY_DUCKDB: join(books.production.checkout.dir, 'library.duckdb') };
    const published = await books.production.run(PRICED, { publish: 'always' }, { env: elsewhere });
    expect(published.outcome, story(published)).toBe('executed');
    const third = await start();
    expect(third.outcome, story(third)).toBe('executed');
    expect(third.dedup).toMatchObject({
      because: {
        nearest: {
          differences: expect.arrayContaining([expect.objectContaining({ part: 'managed-state' })]),
        },
      },
    });
  });

  onFusion('auto publishes a whole build on the default branch of a CI system alone', async () => {
    await begin();
    const { production } = books;
    const auto = { publish: 'auto' } as const;
    const published = async (args: readonly string[], env: Readonly<Record<string, string>>) =>
      stateOf(await production.run(args, auto, { env })).published;
    expect(await published(PRICED, {})).toMatchObject({
      ...{ kind: 'not-published', because: 'not-default-branch', why: expect.stringContaining('CI') },
    });
    expect(await published(PRICED, { CI: 'true', BUILDKITE_PULL_REQUEST_BASE_BRANCH: 'main' })).toMatchObject(
      {
        ...{ kind: 'not-published', because: 'not-default-branch' },
      },
    );
    expect(await published(PRICED, { CI: 'true' })).toMatchObject({
      ...{ kind: 'not-published', because: 'partial' },
    });
    expect(await published(['build'], { CI: 'true' })).toMatchObject({
      ...{ kind: 'published', commit: books.first },
    });
  });
});
