import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseEnvelope } from '../../../sdk/dedup/envelope.ts';
import { parseRecord } from '../../../sdk/dedup/record.ts';
import { recordJsonSchema } from '../../../sdk/dedup/record-json-schema.ts';
import { type DedupOptions, type DedupStore, runDbt } from '../../../sdk/index.ts';
import { memoryStore } from '../../../sdk/stores/memory.ts';
import { addFakeAdapter } from '../../support/fake-dbt/fake-adapter.ts';
import { makeFakeDbt } from '../../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../../support/fake-dbt/fake-project.ts';
import { checkRecord, isRecord, RECORD_SCHEMA, requiredFields } from '../../support/record-schema.ts';

const FIXTURES = new URL('../../fixtures/ledger/', import.meta.url);
const fixture = (name: string): unknown => JSON.parse(readFileSync(new URL(name, FIXTURES), 'utf8'));
const frozen = fixture('record-1.json') as Readonly<Record<string, unknown>>;

test('the schema that is checked in is the one of the code: node scripts/ledger-record-schema.ts writes it', () => {
  expect(RECORD_SCHEMA).toEqual(recordJsonSchema());
  for (const [name, property] of Object.entries(RECORD_SCHEMA['properties'] as object))
    expect((property as { description?: string }).description, name).toMatch(/\.$/);
});

describe('the schema only ever grows', () => {
  test('what version 1 requires is required, and no more: older records lack what came later', () => {
    const frozenFields = fixture('required-1.json') as object;
    const required = Object.entries(requiredFields(RECORD_SCHEMA) as object);
    // What came later is optional as a whole, whatever it needs within.
    expect(Object.fromEntries(required.filter(([path]) => path in frozenFields))).toEqual(frozenFields);
  });

  test('a record of version 1 is read as it was written', () => {
    expect(isRecord(frozen)).toBe(true);
    expect(parseRecord(frozen)).toEqual(frozen);
  });

  test('fields of a later release are ignored', () => {
    const files = (frozen['files'] as readonly object[]).map((file) => ({ ...file, mode: 420 }));
    const later = { ...frozen, files, colour: 'blue', nested: { a: [1] } };
    expect(isRecord(later)).toBe(true);
    expect(parseRecord(later)).toEqual(frozen);
  });

  test.each([
    ...(fixture('required-1.json') as { readonly '': readonly string[] })[''].map((name) => [name]),
  ])('without %s it is no record', (name) => {
    const { [name]: _, ...rest } = frozen;
    expect(isRecord(rest)).toBe(false);
    expect(parseRecord(rest)).toBeUndefined();
  });
});

describe('a record that is written', () => {
  let root: string;
  let store: DedupStore;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'ledger-record-'));
    store = memoryStore();
    makeFakeProject(root);
  });
  afterEach(() => rm(root, { recursive: true, force: true }));

  async function run(args: readonly string[], dedup: Partial<DedupOptions>, status = 'success') {
    const dbt = await makeFakeDbt(join(root, 'venv'), [
      { write: { path: 'target/compiled/shop/orders.sql', text: 'select 1' } },
      ...runOf([{ name: 'orders', status }], status === 'success' ? 0 : 1),
    ]);
    addFakeAdapter(dbt);
    return runDbt(args, {
      cwd: root,
      env: {
        PATH: process.env['PATH'],
        GITHUB_SERVER_URL: 'https://ci.example',
        GITHUB_REPOSITORY: 'a/b',
        GITHUB_RUN_ID: '1',
      },
      dbt: dbt.venv,
      output: 'silent',
      labels: { team: 'data' },
      dedup: { store, ...dedup },
      reject: false,
    });
  }

  async function records(): Promise<readonly unknown[]> {
    const found: unknown[] = [];
    for await (const name of store.list('claims/')) {
      const read = await store.read(name);
      const entry = read.kind === 'found' ? parseEnvelope(read.entry.value) : undefined;
      if (entry?.kind === 'read' && entry.envelope.state === 'settled') found.push(entry.envelope.body);
    }
    return found;
  }

  test.each<[string, readonly string[], Partial<DedupOptions>, string]>([
    ['under a derived key', ['build'], { data: 'ignore' }, 'success'],
    ['by a command that only reads', ['test'], { data: 'ignore' }, 'success'],
    ['with compiled SQL', ['compile'], { data: { version: '7' }, restoreCompiled: true }, 'success'],
    ['under a given key', ['run-operation', 'vacuum'], { idempotencyKey: 'delivery-1' }, 'success'],
    ['of a failed run', ['build'], { data: 'ignore', dedupOn: 'any' }, 'error'],
  ])('%s is what the schema describes', async (_, args, dedup, status) => {
    const result = await run(args, dedup, status);
    expect(result.dedup, JSON.stringify(result.dedup)).toMatchObject({
      kind: 'executed',
      because: { kind: 'no-record' },
      record: 'kept',
    });
    const [record, ...others] = await records();
    expect(others).toEqual([]);
    checkRecord(record);
    expect(parseRecord(record)).toEqual(record);
  });

  test('with database files is what the schema describes', async () => {
    await writeFile(
      join(root, 'profiles.yml'),
      `shop:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: ${join(root, 'shop.duckdb')}}\n`,
    );
    await writeFile(join(root, 'shop.duckdb'), 'tables');
    await run(['build'], { idempotencyKey: 'delivery-1' });
    const [record] = await records();
    checkRecord(record);
    expect(record).toHaveProperty('targetFiles.0.path', join(root, 'shop.duckdb'));
  });
});
