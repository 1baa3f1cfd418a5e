import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CORE_1_11, ENGINES } from '../support/engine.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { ran, type Shop, shop, stateOf, story } from './managed-state-shop.ts';
import { testIf } from './test-if.ts';

/** Edits, and all that is built for them. */
const EDIT = {
  'models/staging/stg_books.sql':
    "select id as book_id, title || '!' as title, shelf from {{ ref('raw_books') }}\n",
  'models/new_one.sql': "select count(*) as fees from {{ ref('late_fees') }}\n",
  'macros/rate.sql': '{% macro rate() %}4{% endmacro %}\n',
};
const EDITED_AND_BELOW = [
  ...['accepted_values_shelf_use_shelf__north__south', 'book_shelves', 'loans'],
  ...['new_one', 'not_null_stg_books_book_id', 'priced', 'shelf_use', 'stg_books', 'unique_loans_loan_id'],
  'unique_stg_books_book_id',
];
const SLIM = { slim: true, publish: 'never' } as const;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

// What the warehouse makes of a deferred name does not hang on the version of dbt Core: Postgres is left to the newest.
const PLACES = ENGINES.flatMap((engine) =>
  (engine === CORE_1_11 ? (['duckdb'] as const) : (['duckdb', 'postgres'] as const)).map((warehouse) => ({
    ...{ engine, warehouse, name: engine.requirements },
  })),
);

// One after the other: each goes on where the one before has left production.
describe.each(PLACES)('$name on $warehouse', ({ engine, warehouse }) => {
  let books: Shop;
  beforeAll(async () => {
    books = await shop(engine, warehouse === 'postgres' ? postgres : undefined);
  });
  afterAll(() => books?.remove());

  test('without a state everything is built, or nothing, as was asked; what was built is one', async () => {
    const { production } = books;
    const refused = await production.run(['build'], { slim: true, onMissing: 'fail' });
    expect(refused.failure?.code, story(refused)).toBe('state-missing');
    const needed = await production.run(['build', '--select', 'state:modified'], { managed: true });
    expect(needed.failure?.code, story(needed)).toBe('state-missing');
    // dbt would have made the schema.
    expect(await books.tablesOf('prod')).toEqual([]);

    const all = await production.run(['build'], { slim: true, publish: 'always' });
    expect(all.outcome, story(all)).toBe('executed');
    expect(stateOf(all)).toMatchObject({
      comparison: { kind: 'missing', because: 'none-kept' },
      published: { kind: 'published', commit: books.first, isNewest: true },
    });
    expect(stateOf(all).slim).toBeUndefined();
    expect(all.notices.map(({ name }) => name)).toContain('state-missing');
    expect(await books.tablesOf('prod')).toEqual([
      ...['arrival_notes', 'arrived', 'book_shelves', 'by_var', 'late_fees', 'loans', 'notes_above'],
      ...['priced', 'raw_books', 'raw_loans', 'shelf_use', 'stg_books', 'stg_loans'],
    ]);
  });

  test('a pull request builds what it edits and what stands below, and reads the rest from production', async () => {
    const pull = await books.branch('pr_edit');
    const idle = await pull.run(['build'], SLIM);
    expect(idle.outcome, story(idle)).toBe('executed');
    expect(idle.exitCode).toBe(0);
    expect(ran(idle)).toEqual([]);
    expect(stateOf(idle).slim?.selection, story(idle)).toMatchObject({ changes: [], oversights: [] });

    // A body, a new model, one that is gone, and a macro behind a macro.
    pull.checkout.git('rm', '-q', 'models/by_var.sql');
    await pull.checkout.commit(EDIT);
    const built = await pull.run(['build'], SLIM);
    expect(built.outcome, story(built)).toBe('executed');
    expect(ran(built)).toEqual(EDITED_AND_BELOW);
    expect(await books.tablesOf('pr_edit')).toEqual([
      ...['book_shelves', 'loans', 'new_one', 'priced', 'shelf_use', 'stg_books'],
    ]);
    expect(await books.warehouse.query('select price from pr_edit.priced')).toEqual([{ price: 8 }]);
    expect(
      await books.warehouse.query('select min(title) as title, count(*) as books from pr_edit.stg_books'),
    ).toMatchObject([{ title: 'Lanterns!' }]);
    expect(
      (await books.warehouse.query('select shelf, loans from pr_edit.shelf_use order by shelf')).map(
        (row) => [row['shelf'], Number(row['loans'])],
      ),
    ).toEqual([
      ['north', 3],
      ['south', 1],
    ]);
    const { comparison, slim, published } = stateOf(built);
    expect(published).toBeUndefined();
    expect(comparison).toMatchObject({
      ...{ kind: 'found', commit: books.first, basis: 'merge-base', commitsAway: 1, passedOver: [] },
      ...{ engine: engine.kind, dbtVersion: engine.dbtVersion, adapterType: warehouse },
    });
    expect(comparison).not.toHaveProperty('isDirty');
    expect(slim).toMatchObject({ mode: 'slim', selectors: ['state:modified+'], within: [], added: [] });
    expect(slim?.args).toEqual([
      ...['build', '--select', 'state:modified+', '--state', expect.stringMatching(/^\/.+/), '--defer'],
      ...books.warehouse.args,
    ]);
    const changes = slim?.selection?.changes.toSorted((one, other) =>
      one.uniqueId < other.uniqueId ? -1 : 1,
    );
    expect(changes).toMatchObject([
      { uniqueId: 'model.library.new_one', kinds: ['new'] },
      {
        uniqueId: 'model.library.priced',
        kinds: ['macros'],
        macros: [{ macro: 'macro.library.rate', via: ['macro.library.price'] }],
      },
      {
        uniqueId: 'model.library.stg_books',
        kinds: ['body'],
        selectedBy: expect.arrayContaining(['modified']),
      },
    ]);
    expect(slim?.selection?.downstream).toMatchObject({
      'model.library.loans': ['model.library.stg_books'],
      'model.library.shelf_use': ['model.library.stg_books'],
      'snapshot.library.book_shelves': ['model.library.stg_books'],
    });
    expect(slim?.selection).toMatchObject({
      ...{ retried: [], fresher: [] },
      oversights: [{ kind: 'removed', uniqueId: 'model.library.by_var' }],
    });
    expect(built.notices.map(({ name }) => name)).not.toContain('state-not-deferred');
  });

  test('what failed in production is built again', async () => {
    const { production, warehouse: db } = books;
    await db.query("insert into feed.arrivals values (null, 'x', timestamp '2026-01-02 00:00:00')");
    const bad = await production.run(['build'], { publish: 'always' });
    expect(bad.failure?.code, story(bad)).toBe('nodes-failed');
    expect(stateOf(bad).published).toMatchObject({ kind: 'not-published', because: 'failed' });

    await db.query("delete from feed.arrivals where note = 'x'");
    const again = await production.run(['build'], { slim: true, publish: 'always' });
    expect(again.outcome, story(again)).toBe('executed');
    expect(ran(again)).toEqual(['arrival_notes', 'not_null_arrived_id', 'notes_above']);
    const { comparison, slim, published } = stateOf(again);
    expect(comparison).toMatchObject({ commit: books.first, lastRun: { outcome: 'failed' } });
    expect(slim?.selectors).toEqual(['state:modified+', 'result:error+', 'result:fail+']);
    expect(slim?.selection?.changes).toEqual([]);
    expect(slim?.selection?.retried.map((id) => id.split('.')[2]).sort()).toEqual(ran(again));
    expect(published).toMatchObject({ kind: 'published', isNewest: true });
  });

  testIf(engine.kind === 'fusion' && warehouse === 'postgres')(
    'dbt v2 on Postgres is not told to favour the state, and says what it does not do then',
    async () => {
      const pull = await books.branch('pr_undeferred');
      await pull.checkout.commit({
        'models/new_one.sql': "select count(*) as fees from {{ ref('late_fees') }}\n",
      });
      const run = await pull.runPlain(['build'], SLIM);
      expect(run.notices, story(run)).toContainEqual(
        expect.objectContaining({
          ...{
            kind: 'problem',
            name: 'state-not-deferred',
            message: expect.stringContaining('--favor-state'),
          },
        }),
      );
      // Were it otherwise, the notice would be wrong.
      expect(run.failure?.code, story(run)).toBe('nodes-failed');
    },
  );
});
