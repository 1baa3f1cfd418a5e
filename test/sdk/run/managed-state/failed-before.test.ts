import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { failedBefore } from '../../../../sdk/run/managed-state/failed-before.ts';

const METADATA = { dbt_version: '1.12.6', generated_at: '2026-01-01T00:00:00Z', invocation_id: 'a' };

let root = '';
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'failed-before-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The state of a project with the models `a`, `b` and `c d`, of which these ended so. */
async function selectedFor(
  statuses: Readonly<Record<string, string>>,
  { parents = [], ...more }: { readonly parents?: readonly string[]; readonly isOfOtherCode?: boolean } = {},
) {
  const manifestPath = join(root, 'manifest.json');
  const runResultsPath = join(root, 'run_results.json');
  const schema = (of: string) => `https://schemas.getdbt.com/dbt/${of}.json`;
  const nodes = ['a', 'b', 'c d'].map((name) => ({
    ...{ unique_id: `model.shop.${name}`, name, resource_type: 'model', package_name: 'shop' },
    ...{ original_file_path: `models/marts/${name}.sql`, fqn: ['shop', 'marts', name] },
    depends_on: { nodes: name === 'b' ? parents.map((each) => `model.shop.${each}`) : [], macros: [] },
  }));
  await writeFile(
    manifestPath,
    JSON.stringify({
      metadata: { ...METADATA, dbt_schema_version: schema('manifest/v12') },
      nodes: Object.fromEntries(nodes.map((node) => [node.unique_id, node])),
      ...{
        sources: {},
        macros: {},
        exposures: {},
        metrics: {},
        groups: {},
        selectors: {},
        disabled: {},
        docs: {},
      },
    }),
  );
  const results = Object.entries(statuses).map(([name, status]) => ({
    ...{ unique_id: `model.shop.${name}`, status, timing: [], thread_id: 'Thread-1', execution_time: 0 },
    ...{ adapter_response: {}, message: null, failures: null },
  }));
  await writeFile(
    runResultsPath,
    JSON.stringify({
      metadata: { ...METADATA, dbt_schema_version: schema('run-results/v6') },
      ...{ results, elapsed_time: 0, args: { which: 'build' } },
    }),
  );
  return failedBefore({ manifestPath, runResultsPath, ...more });
}

test('nothing failed, or nothing is known of a run', async () => {
  const nothing = { selectors: [], tokens: [] };
  expect(await failedBefore({ manifestPath: join(root, 'none') })).toEqual(nothing);
  expect(await selectedFor({})).toEqual(nothing);
  expect(await selectedFor({ a: 'success', b: 'skipped', 'c d': 'warn' })).toEqual(nothing);
});

// dbt warns of a selector that finds nothing.
test('a selector is for what there is, and no other', async () => {
  expect((await selectedFor({ a: 'error', b: 'error' })).selectors).toEqual(['result:error+']);
  expect((await selectedFor({ a: 'success', b: 'fail' })).selectors).toEqual(['result:fail+']);
  expect(await selectedFor({ a: 'fail', b: 'error' })).toEqual({
    ...{ selectors: ['result:error+', 'result:fail+'], tokens: [] },
  });
});

test('a model of which some batches failed is selected by its name, with what stands below', async () => {
  expect(await selectedFor({ a: 'partial success', b: 'success', 'c d': 'partial success' })).toEqual({
    ...{ selectors: [], tokens: ['fqn:shop.marts.a+', 'fqn:shop.marts.c?d+'] },
  });
  expect(await selectedFor({ a: 'partial success', b: 'error' })).toEqual({
    ...{ selectors: ['result:error+'], tokens: ['fqn:shop.marts.a+'] },
  });
});

test('one that the state does not know is new, and selected for that', async () => {
  expect(await selectedFor({ elsewhere: 'partial success' })).toEqual({ selectors: [], tokens: [] });
});

// To dbt nothing stands below a test.
test('what was skipped is selected by its name, unless it stands below what failed by itself', async () => {
  const skipped = { 'c d': 'fail', b: 'skipped' };
  expect(await selectedFor(skipped)).toEqual({ selectors: ['result:fail+'], tokens: ['fqn:shop.marts.b+'] });
  const below = await selectedFor({ a: 'error', b: 'skipped' }, { parents: ['a'] });
  expect(below).toEqual({ selectors: ['result:error+'], tokens: [] });
  const failFast = await selectedFor({ a: 'error', b: 'skipped' }, { parents: ['c d'] });
  expect(failFast).toEqual({ selectors: ['result:error+'], tokens: ['fqn:shop.marts.b+'] });
});

test('what was built of other code is selected as well', async () => {
  const { selectors } = await selectedFor({ a: 'error', b: 'success' }, { isOfOtherCode: true });
  expect(selectors).toEqual(['result:error+', 'result:success+']);
});
