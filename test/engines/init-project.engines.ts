import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { explain, type RunResult, renderSummary, runDbt } from '../../sdk/index.ts';
import { CORE_1_11, CORE_1_12, ENGINES, type Engine, environmentOf, FUSION } from '../support/engine.ts';
import { bareEnv, decisionOf, runBare } from './library.ts';

const PROFILES = `starter:
  target: dev
  outputs:
    dev: { type: duckdb, path: starter.duckdb, schema: main, threads: 2 }
`;

/** In place of the package that v2's starter takes from dbt's package hub, which tests do not reach. */
const DBT_UTILS = `{% macro generate_surrogate_key(fields) -%}
md5({% for field in fields %}cast({{ field }} as varchar){{ " || '-' || " if not loop.last }}{% endfor %})
{%- endmacro %}

{% test expression_is_true(model, expression) %}
select 1 as wrong from {{ model }} where not ({{ expression }})
{% endtest %}
`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'starter-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function settingsOf(engine: Engine) {
  const { dbt, env } = await environmentOf(engine);
  return { dbt, env: { ...bareEnv(root), ...env, DBT_ENGINE_MANAGE_STATE: 'false' } };
}

/** What `dbt init` of that engine makes, with a profile beside it. */
async function init(engine: Engine): Promise<string> {
  const { dbt, env } = await settingsOf(engine);
  const named = engine.kind === 'core' ? ['starter'] : ['--project-name', 'starter'];
  const made = await runBare(dbt, ['init', ...named, '--skip-profile-setup'], { cwd: root, env });
  expect(made.code, made.stdout + made.stderr).toBe(0);
  const project = join(root, 'starter');
  await writeFile(join(project, 'profiles.yml'), PROFILES);
  return project;
}

async function build(engine: Engine, cwd: string): Promise<RunResult> {
  return runDbt(['build'], { ...(await settingsOf(engine)), cwd, output: 'silent', reject: false });
}

describe.each(ENGINES)('$requirements', (engine) => {
  test('the classic starter: its null test fails, and the report says which, where and what it held back', async () => {
    // v2's own starter is another one: this is what people have who move to it.
    const project = await init(engine.kind === 'core' ? engine : CORE_1_11);
    const result = await build(engine, project);
    expect(result).toMatchObject({
      outcome: 'failed',
      exitCode: 1,
      failure: { code: 'nodes-failed', message: expect.stringContaining('not_null_my_first_dbt_model_id') },
      engine: { kind: engine.kind, dbtVersion: engine.dbtVersion },
      project: { name: 'starter', targetName: 'dev' },
    });
    const told = result.decisions.map((node) => [node.name, `${node.action} ${node.status}`]);
    expect(Object.fromEntries(told)).toEqual({
      my_first_dbt_model: 'built success',
      unique_my_first_dbt_model_id: 'tested pass',
      not_null_my_first_dbt_model_id: 'tested fail',
      my_second_dbt_model: 'skipped skipped',
      unique_my_second_dbt_model_id: 'skipped skipped',
      not_null_my_second_dbt_model_id: 'skipped skipped',
    });
    const failing = decisionOf(result, 'not_null_my_first_dbt_model_id');
    expect(failing).toMatchObject({
      failures: 1,
      failed: true,
      attachedNode: 'model.starter.my_first_dbt_model',
      location: { path: 'models/example/schema.yml', line: 12 },
    });
    expect(decisionOf(result, 'my_second_dbt_model')).toMatchObject({
      because: 'upstream-failed',
      detail: failing.uniqueId,
    });
    const schema = await readFile(join(project, 'models/example/schema.yml'), 'utf8');
    expect(schema.split('\n')[11]).toContain('not_null');
    const summary = renderSummary(explain(result));
    expect(summary).toContain('not_null_my_first_dbt_model_id');
    expect(summary).toContain('models/example/schema.yml');
  });
});

test('dbt v2’s own starter builds, with a package installed on the way', async () => {
  const project = await init(FUSION);
  await mkdir(join(root, 'dbt_utils/macros'), { recursive: true });
  await writeFile(join(root, 'dbt_utils/dbt_project.yml'), 'name: dbt_utils\nversion: 1.0.0\n');
  await writeFile(join(root, 'dbt_utils/macros/utils.sql'), DBT_UTILS);
  await writeFile(join(project, 'packages.yml'), 'packages: [{ local: ../dbt_utils }]\n');
  const result = await build(FUSION, project);
  expect(result.failure).toBeUndefined();
  expect(result).toMatchObject({ outcome: 'executed', exitCode: 0, engine: { kind: 'fusion' } });
  const count = (type: string) => result.decisions.filter((node) => node.resourceType === type).length;
  expect({ seeds: count('seed'), tests: count('test'), unitTests: count('unit_test') }).toEqual({
    seeds: 6,
    tests: 27,
    unitTests: 3,
  });
  expect(result.decisions.every((node) => node.action === 'built' || node.action === 'tested')).toBe(true);
  expect(decisionOf(result, 'customers')).toMatchObject({ action: 'built', status: 'success' });
});

test('a fresh project without a profile is told apart from a broken one', async () => {
  const project = await init(CORE_1_12);
  await rm(join(project, 'profiles.yml'));
  const result = await build(CORE_1_12, project);
  expect(result).toMatchObject({
    outcome: 'failed',
    failure: { code: 'profile-not-found', message: expect.stringContaining('starter') },
  });
});
