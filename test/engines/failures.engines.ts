import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { explain, renderSummary } from '../../sdk/index.ts';
import { ENGINES } from '../support/engine.ts';
import { decisionOf, type Library, library } from './library.ts';

const WRONG_SHELF = `version: 2
models:
  - name: shelves
    columns:
      - name: shelf
        data_tests:
          - not_null
          - accepted_values:
              name: only_north
              arguments:
                values: [north]
`;

describe.each(ENGINES)('$requirements', (engine) => {
  let shop: Library;
  beforeAll(async () => {
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false' });
    await shop.write(
      'models/marts/broken.sql',
      "-- depends_on: {{ ref('stg_books') }}\nselect 1 as id\nfrom no_such_table\n",
    );
    await shop.write('models/marts/after_broken.sql', "select * from {{ ref('broken') }}\n");
    await shop.write('models/marts/shelves.sql', "select distinct shelf from {{ ref('stg_books') }}\n");
    await shop.write('models/marts/shelves.yml', WRONG_SHELF);
    await shop.write('tests/three_rows.sql', 'select 1 as x union all select 2 union all select 3\n');
    await shop.write('models/marts/after_shelves.sql', "select * from {{ ref('shelves') }}\n");
  });
  afterAll(() => shop?.remove());

  test('failing nodes: exit code 1, which ones, where, and what was held back', async () => {
    const result = await shop.run(['build', '--select', '+stg_books', 'broken+', 'shelves', 'three_rows']);
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      failure: { code: 'nodes-failed' },
      engine: { kind: engine.kind },
    });
    expect(decisionOf(result, 'broken')).toMatchObject({
      action: 'failed',
      because: 'error',
      status: 'error',
      failed: true,
      message: expect.stringContaining('no_such_table'),
      location: { path: 'models/marts/broken.sql' },
    });
    expect(decisionOf(result, 'after_broken')).toMatchObject({
      action: 'skipped',
      because: 'upstream-failed',
      detail: 'model.library.broken',
      failed: false,
    });
    expect(decisionOf(result, 'only_north')).toMatchObject({
      action: 'tested',
      status: 'fail',
      failures: 1,
      failed: true,
      location: { path: 'models/marts/shelves.yml', line: 8 },
    });
    expect(decisionOf(result, 'three_rows')).toMatchObject({
      action: 'tested',
      status: 'fail',
      failures: 3,
      failed: true,
      location: { path: 'tests/three_rows.sql' },
    });
    expect(decisionOf(result, 'shelves')).toMatchObject({ action: 'built', failed: false });
    expect(
      result.decisions
        .filter((node) => node.failed)
        .map((node) => node.name)
        .sort(),
    ).toEqual(['broken', 'only_north', 'three_rows']);
    const summary = renderSummary(explain(result));
    for (const name of ['broken', 'only_north', 'three_rows']) expect(summary).toContain(name);
    expect(summary).toContain('no_such_table');
  });

  test('a model behind a failing test is skipped, and the test is named as the cause', async () => {
    const result = await shop.run(['build', '--select', '+shelves+']);
    expect(result).toMatchObject({ exitCode: 1, failure: { code: 'nodes-failed' } });
    expect(decisionOf(result, 'after_shelves')).toMatchObject({
      action: 'skipped',
      because: 'upstream-failed',
    });
    expect(decisionOf(result, 'after_shelves').detail).toMatch(/^test\.library\.only_north/);
  });

  test('fail-fast: the first failure ends the run, and what it ended is not a failure', async () => {
    const result = await shop.run(['build', '--fail-fast', '--threads', '1']);
    expect(result).toMatchObject({ exitCode: 1, failure: { code: 'nodes-failed' } });
    const failed = result.decisions.filter((node) => node.failed);
    const skipped = result.decisions.filter((node) => node.action === 'skipped');
    expect(failed.length).toBeGreaterThan(0);
    if (engine.kind === 'core') {
      // dbt v2 goes on with what is ready: it may meet further failures and have nothing left to skip.
      expect(failed).toHaveLength(1);
      expect(skipped.length).toBeGreaterThan(0);
    }
    // What dbt did not come to is named too.
    expect(result.decisions).toHaveLength(result.selectedCount ?? Number.NaN);
    for (const node of skipped) {
      // dbt v2 gives what it starts no more the reason of any other skipped node.
      const reasons = engine.kind === 'core' ? ['fail-fast'] : ['upstream-failed', 'fail-fast'];
      expect(reasons, node.name).toContain(node.because);
    }
  });

  test('a broken reference is dbt’s own error, and no earlier run’s results are shown', async () => {
    await shop.write('models/marts/unparsable.sql', "select * from {{ ref('nothing_there') }}\n");
    const result = await shop.run(['build']);
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: engine.exitCodeOfNoRun,
      failure:
        engine.kind === 'core'
          ? { code: 'dbt-failed', message: expect.stringContaining('nothing_there') }
          : { code: 'nodes-failed', message: expect.stringContaining('unparsable') },
    });
    // dbt v2 writes a result for the model with the bad reference, and for no other.
    const bad = {
      name: 'unparsable',
      action: 'failed',
      because: 'error',
      message: expect.stringContaining("Ref 'nothing_there' not found"),
    };
    expect(result.decisions).toMatchObject(engine.kind === 'core' ? [] : [bad]);
  });

  test('a flag dbt does not know is told in dbt’s words', async () => {
    const result = await shop.run(['build', '--no-such-flag']);
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: engine.exitCodeOfNoRun,
      failure: {
        code: 'dbt-failed',
        message: expect.stringContaining('--no-such-flag'),
        outputTail: expect.stringContaining('--no-such-flag'),
      },
      decisions: [],
    });
  });

  test('a broken project file, too', async () => {
    const project = await shop.read('dbt_project.yml');
    await shop.append('dbt_project.yml', '\nno-such-key: true\nmodels: 7\n');
    const result = await shop.run(['build']);
    expect(result.outcome).toBe('failed');
    expect(['dbt-failed', 'project-invalid']).toContain(result.failure?.code);
    expect(result.decisions).toEqual([]);
    await shop.write('dbt_project.yml', project);
  });
});
