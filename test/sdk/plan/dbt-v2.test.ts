import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseCommandLine } from '../../../sdk/plan/command-line.ts';
import { artifactsOf, needsOf } from '../../../sdk/plan/dbt-commands.ts';
import { findProject } from '../../../sdk/plan/project.ts';
import { dialectOf, readSetting } from '../../../sdk/plan/variables.ts';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'dbt-v2-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

test('DBT_X comes before DBT_ENGINE_X, which is the other way round in dbt Core', () => {
  const env = { DBT_TARGET: 'plain', DBT_ENGINE_TARGET: 'engine' };
  const target = (version: string) => readSetting(env, 'TARGET', dialectOf(version))?.value;
  expect([target('2.0.0-preview.196'), target('2.0.0rc196'), target('1.12.6')]).toEqual([
    'plain',
    'plain',
    'engine',
  ]);
});

test('a relative log path is the project’s, and the project’s flag for artifacts is not read', async () => {
  await writeFile(join(root, 'dbt_project.yml'), 'name: shop\nflags: {write_json: false}\n');
  const commandLine = parseCommandLine(['build', '--project-dir', root, '--log-path', 'deep/logs'], 'fusion');
  const project = (dbtVersion: string) => findProject({ cwd: tmpdir(), env: {}, commandLine, dbtVersion });
  expect(await project('2.0.0-preview.196')).toMatchObject({
    logPath: join(root, 'deep/logs'),
    writesJson: true,
  });
  expect(await project('1.12.6')).toMatchObject({ logPath: join(tmpdir(), 'deep/logs'), writesJson: false });
});

test('the catalog is an option of any command, and docs generate writes nothing', () => {
  const of = (...args: string[]) => [...artifactsOf(parseCommandLine(args, 'fusion'), true, 'fusion')];
  expect(of('docs', 'generate')).toEqual([]);
  expect(of('compile', '--write-catalog')).toEqual(['run_results', 'manifest', 'catalog']);
  expect(of('build')).toEqual(['run_results', 'manifest']);
  expect(of('lint')).toEqual([]);
});

test('what its own commands need is left to dbt', () => {
  for (const command of ['login', 'lint', 'man'])
    expect(needsOf(parseCommandLine([command], 'fusion'))).toEqual({
      project: 'optional',
      profile: 'optional',
    });
});
