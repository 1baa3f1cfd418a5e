import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { DedupOptions, RunEvent, RunResult } from '../../sdk/index.ts';
import { ENGINES } from '../support/engine.ts';
import { type Postgres, startPostgres } from '../support/postgres.ts';
import { type Library, library, postgresEnv } from './library.ts';

const SOURCES = `
version: 2
sources:
  - name: desk
    schema: main
    tables:
      - name: raw_loans
        config:
          loaded_at_field: cast(lent_on as timestamp)
          freshness: {warn_after: {count: 1, period: day}}
`;

let postgres: Postgres;
beforeAll(async () => {
  postgres = await startPostgres();
});
afterAll(() => postgres?.stop());

describe.each(ENGINES)('$requirements', (engine) => {
  let shop: Library;
  beforeEach(async () => {
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false' });
  });
  afterEach(() => shop.remove());

  const start = (args: readonly string[], dedup: Partial<DedupOptions> = {}, env = shop.env) =>
    shop.run(args, { env, dedup: { store: `file:${join(shop.root, 'ledger')}`, data: 'ignore', ...dedup } });
  const told = ({ outcome, dedup }: RunResult): string =>
    dedup?.kind === 'executed' ? `${outcome}: ${dedup.because.kind}, record ${dedup.record}` : outcome;

  test('a build is replayed, its artifacts brought back, and an edit is named', async () => {
    const first = await start(['build']);
    expect(told(first), JSON.stringify(first.notices)).toBe('executed: no-record, record kept');
    await rm(join(shop.dir, 'target'), { recursive: true });
    const second = await start(['build']);
    expect(told(second)).toBe('replayed');
    expect(second.decisions).toEqual(first.decisions);
    expect(second.artifacts.manifest).toEqual(first.artifacts.manifest);
    expect(second.artifacts.runResults).toEqual(first.artifacts.runResults);

    await shop.append('models/marts/loans.sql', '\n-- edited\n');
    const third = await start(['build']);
    expect(told(third)).toBe('executed: no-record, record kept');
    expect(third.dedup).toMatchObject({
      because: { nearest: { count: 1, differences: [{ part: 'code', item: 'models/marts/loans.sql' }] } },
    });
  });

  test('a warehouse on this machine is not trusted, unless the user says so', async () => {
    const database = `dedup_${engine.requirements.replace(/\W/g, '_')}`;
    await postgres.createDatabase(database);
    const env = { ...shop.env, ...postgresEnv(postgres, database) };
    const args = ['seed', '--target', 'postgres'];
    expect(told(await start(args, {}, env))).toBe('executed: no-record, record kept');
    expect(told(await start(args, {}, env))).toBe('executed: distrusted, record kept');
    expect(told(await start(args, { durableTarget: true }, env))).toBe('replayed');
  });

  test('targets that share a schema by a model’s own choice are one place', async () => {
    const database = `shared_${engine.requirements.replace(/\W/g, '_')}`;
    await postgres.createDatabase(database);
    const env = { ...shop.env, ...postgresEnv(postgres, database) };
    const output = (schema: string): string =>
      `{type: postgres, host: "{{ env_var('LIBRARY_PG_HOST') }}", port: "{{ env_var('LIBRARY_PG_PORT') | as_number }}", user: "{{ env_var('LIBRARY_PG_USER') }}", password: "{{ env_var('DBT_ENV_SECRET_LIBRARY_PG_PASSWORD') }}", dbname: "{{ env_var('LIBRARY_PG_DATABASE') }}", schema: ${schema}, threads: 1}`;
    await shop.write(
      'profiles.yml',
      `library:\n  target: a\n  outputs:\n    a: ${output('lib_a')}\n    b: ${output('lib_b')}\n`,
    );
    await shop.write(
      'macros/generate_schema_name.sql',
      '{% macro generate_schema_name(name, node) %}{{ name or target.schema }}{% endmacro %}',
    );
    await shop.write(
      'models/who.sql',
      "{{ config(materialized='table', schema='marts') }} select '{{ target.name }}' as built_by",
    );
    const durable = { durableTarget: true };
    const who = ['run', '--select', 'who', '--target'];
    expect(told(await start([...who, 'a'], durable, env))).toBe('executed: no-record, record kept');
    expect(told(await start([...who, 'a'], durable, env))).toBe('replayed');
    expect(told(await start([...who, 'b'], durable, env))).toBe('executed: no-record, record kept');
    expect(told(await start([...who, 'a'], durable, env))).toBe('executed: target-changed, record kept');
  });

  test('data by the freshness of the sources: a later load is another run', async () => {
    await shop.write('models/sources.yml', SOURCES);
    await shop.bare(['seed']);
    const args = ['run', '--select', 'stg_books'];
    const first = await start(args, { data: 'sources' });
    expect(told(first), JSON.stringify(first.dedup)).toBe('executed: no-record, record kept');
    expect(told(await start(args, { data: 'sources' }))).toBe('replayed');
    await shop.append('seeds/raw_loans.csv', '9999,1,ada,2030-01-01,3\n');
    await shop.bare(['seed']);
    const second = await start(args, { data: 'sources' });
    expect(second.dedup).toMatchObject({
      because: {
        kind: 'no-record',
        nearest: {
          differences: [
            { part: 'code', item: 'seeds/raw_loans.csv' },
            { part: 'data', item: 'source.library.desk.raw_loans' },
          ],
        },
      },
    });
  });

  test('a source without freshness leaves the data unknown', async () => {
    await shop.write('models/sources.yml', SOURCES.replace(/ +config:[\s\S]*/, ''));
    await shop.bare(['seed']);
    const result = await start(['run', '--select', 'stg_books'], { data: 'sources' });
    expect(result.dedup).toMatchObject({
      because: { kind: 'no-key', unknown: [{ part: 'data', why: expect.stringContaining('raw_loans') }] },
    });
  });

  test('a stopped run frees its key', async () => {
    const cancel = new AbortController();
    const onEvent = (event: RunEvent): void => {
      if (event.kind === 'dbt-started') cancel.abort();
    };
    const running = shop.run(['build'], {
      dedup: { store: `file:${join(shop.root, 'ledger')}`, data: 'ignore' },
      cancelSignal: cancel.signal,
    });
    for await (const event of running) onEvent(event);
    expect(told(await running)).toBe('failed: no-record, record none');
    expect(told(await start(['build']))).toBe('executed: no-record, record kept');
  });
});
