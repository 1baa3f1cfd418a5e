import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type RunResult, readLastReport, runDbt } from '../../sdk/index.ts';
import { ENGINES } from '../support/engine.ts';
import { decisionOf, type Library, library } from './library.ts';

const run = promisify(execFile);
const FOLDERS = 60;
const FILES_A_FOLDER = 50;
const PROJECT = 'data/teams/lending/warehouse/dbt/library';
const PROFILES = 'infra/dbt/profiles';

/** A repository of thousands of files that are nothing to dbt, another dbt project among them. */
async function makeRepository(): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'large-repository-')));
  for (let folder = 0; folder < FOLDERS; folder += 1) {
    const dir = join(root, 'services', `service-${folder}`, 'src');
    await mkdir(dir, { recursive: true });
    await Promise.all(
      Array.from({ length: FILES_A_FOLDER }, (_, file) =>
        writeFile(join(dir, `module-${file}.ts`), `export const value = ${folder * file};\n`),
      ),
    );
  }
  await mkdir(join(root, 'data/teams/returns'), { recursive: true });
  await writeFile(join(root, 'data/teams/returns/dbt_project.yml'), 'name: returns\nprofile: nobody\n');
  await run('git', ['init', '--quiet', root]);
  return root;
}

let root: string;
beforeAll(async () => {
  root = await makeRepository();
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each(ENGINES)('$requirements', (engine) => {
  let shop: Library;
  let project: string;

  beforeAll(async () => {
    shop = await library(engine, { DBT_ENGINE_MANAGE_STATE: 'false' });
    project = join(root, PROJECT);
    await mkdir(join(project, '..'), { recursive: true });
    await rename(shop.dir, project);
    await mkdir(join(root, PROFILES), { recursive: true });
    await rename(join(project, 'profiles.yml'), join(root, PROFILES, 'profiles.yml'));
  });
  afterAll(async () => {
    await rm(join(root, 'data/teams/lending'), { recursive: true, force: true });
    await shop?.remove();
  });

  // dbt Core keeps a relative --project-dir in its saved parse, and then looks for seeds from another folder there.
  beforeEach(() => rm(join(project, 'target'), { recursive: true, force: true }));

  const build = (cwd: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    runDbt(['build', ...args], {
      cwd: join(root, cwd),
      env: { ...shop.env, ...env },
      dbt: shop.dbt,
      output: 'silent',
      reject: false,
    });

  async function expectWhole(result: RunResult): Promise<void> {
    expect(result.failure).toBeUndefined();
    expect(result).toMatchObject({
      outcome: 'executed',
      exitCode: 0,
      engine: { kind: engine.kind, adapterType: 'duckdb' },
      project: { name: 'library', dir: project, targetPath: join(project, 'target') },
    });
    expect(result.decisions).toHaveLength(engine.kind === 'core' ? 17 : 16);
    expect(decisionOf(result, 'loans')).toMatchObject({
      action: 'built',
      location: { path: 'models/marts/loans.sql' },
    });
    expect(result.reportPath).toBe(join(project, 'target', 'dbt_runcache_report.json'));
    expect((await readLastReport({ cwd: project, env: {} })).report.invocationId).toBe(result.invocationId);
    // Nothing is left elsewhere in the repository.
    expect((await readdir(root)).sort()).toEqual(['.git', 'data', 'infra', 'services']);
  }

  test('from the root, with folders relative to it', async () => {
    await expectWhole(await build('.', ['--project-dir', PROJECT, '--profiles-dir', PROFILES]));
  });

  test('from another folder, with folders relative to that one', async () => {
    const cwd = 'services/service-7/src';
    const from = (path: string) => relative(join(root, cwd), join(root, path));
    await expectWhole(await build(cwd, ['--project-dir', from(PROJECT), '--profiles-dir', from(PROFILES)]));
  });

  test('from inside the project, with nothing but the profile’s folder in the environment', async () => {
    await expectWhole(await build(PROJECT, [], { DBT_PROFILES_DIR: join(root, PROFILES) }));
  });

  test('from a folder inside the project, which dbt finds by going up', async () => {
    const cwd = `${PROJECT}/models/marts`;
    const profiles = relative(join(root, cwd), join(root, PROFILES));
    await expectWhole(await build(cwd, ['--profiles-dir', profiles]));
  });
});
