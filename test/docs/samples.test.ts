import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { workspace } from '../e2e/workspace.ts';
import { CACHE, REPOSITORY } from '../support/repository.ts';
import { samples } from './samples.ts';

const run = promisify(execFile);
const FOLDER = join(CACHE, 'docs-samples');

/** Writes the TypeScript samples into a folder of the package, where `dbt-runcache` is the package itself. */
async function writeSamples(): Promise<string[]> {
  const scripts = (await samples()).filter((sample) => sample.language === 'ts');
  await rm(FOLDER, { recursive: true, force: true });
  await mkdir(FOLDER, { recursive: true });
  const config = {
    extends: '../../tsconfig.json',
    compilerOptions: { noEmit: true },
    include: ['*.ts'],
    exclude: [],
  };
  await writeFile(join(FOLDER, 'tsconfig.json'), JSON.stringify(config));
  return Promise.all(
    scripts.map(async ({ place, code }) => {
      const file = join(FOLDER, `${place.replaceAll(/[^\w]+/g, '-')}.ts`);
      await writeFile(file, code);
      return file;
    }),
  );
}

test('the TypeScript samples compile against the built package', async () => {
  const files = await writeSamples();
  expect(files.length).toBeGreaterThan(0);
  const tsc = join(REPOSITORY, 'node_modules', '.bin', 'tsc');
  const result = await run(tsc, ['-p', FOLDER]).catch((error: { stdout: string }) => error);
  expect(result.stdout).toBe('');
});

test('the README’s script does what it says', async () => {
  const [file = ''] = await writeSamples();
  const shop = await workspace({ DBT_ENGINE_MANAGE_STATE: 'false' });
  const env = { ...shop.env, PATH: `${join(shop.dbt, '..')}:${shop.env['PATH']}` };
  const { stdout } = await run(process.execPath, [file], { cwd: shop.dir, env });
  expect(stdout).toContain('model.bike_hire.rides success');
  expect(stdout).toContain('dbt build passed');
  expect(stdout).toContain('rides built state-disabled');
  await shop.remove();
});

test('the npm scripts that the docs name exist', async () => {
  const { scripts } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const texts = await Promise.all(
    ['README.md', 'CONTRIBUTING.md'].map((file) => readFile(join(REPOSITORY, file), 'utf8')),
  );
  const named = [...texts.join('\n').matchAll(/`npm (?:run )?([\w:]+)|npm (?:run )([\w:]+)/g)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
  const missing = named.filter(
    (name) => !['ci', 'install', 'pack'].includes(name) && scripts[name] === undefined,
  );
  expect(named).toContain('demo');
  expect(missing).toEqual([]);
});

test('workflow samples use inputs that the Action has', async () => {
  const action = parse(await readFile(join(REPOSITORY, 'action.yml'), 'utf8')) as { inputs: object };
  const workflows = (await samples()).filter((sample) => sample.language === 'yaml');
  const used = workflows.flatMap(({ code }) => {
    const { jobs = {} } = parse(code) as {
      jobs?: Record<string, { steps: { uses?: string; with?: object }[] }>;
    };
    return Object.values(jobs)
      .flatMap((job) => job.steps)
      .filter((step) => step.uses?.includes('dbt-runcache-action'))
      .flatMap((step) => Object.keys(step.with ?? {}));
  });
  expect(used).toContain('command');
  expect(used.filter((name) => !(name in action.inputs))).toEqual([]);
});
