import { execFile } from 'node:child_process';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Manifest } from '../../../sdk/artifacts/types.ts';
import { type Engine, environmentOf } from '../../support/engine.ts';
import { applyEdit, type Edit } from './edit.ts';
import { type Answers, QUESTIONS } from './questions.ts';

const FIXTURES = fileURLToPath(new URL('../../fixtures/state-modified', import.meta.url));
export const PROJECT = join(FIXTURES, 'project');
/** dbt v2 starts in a tenth of a second and works on one core. */
const V2_AT_ONCE = 3;

export interface Asked {
  readonly before: Manifest;
  /** By the name of the edit. */
  readonly edits: ReadonlyMap<string, { readonly now: Manifest; readonly answers: Answers }>;
}

interface Copy {
  readonly edit: Edit;
  readonly dir: string;
}

/** Makes a copy of the project for every edit below `root`, and asks the engine's own dbt what its selectors list. */
export async function askDbt(engine: Engine, edits: readonly Edit[], root: string): Promise<Asked> {
  const { env: engineEnv, binDir } = await environmentOf(engine);
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: root,
    DBT_SEND_ANONYMOUS_USAGE_STATS: 'false',
    ...engineEnv,
  };
  const base = join(root, 'base');
  await cp(PROJECT, base, { recursive: true });
  await mkdir(join(base, 'dbt_packages'));
  await cp(join(base, 'packages/helpers'), join(base, 'dbt_packages/helpers'), { recursive: true });
  await run(join(binDir, 'dbt'), ['parse'], { cwd: base, env });

  const copies: Copy[] = [];
  for (const [index, edit] of edits.entries()) {
    const dir = join(root, `edit-${index}`);
    // With dbt's own cache of the parsed project: only what the edit touches is parsed again.
    await cp(base, dir, { recursive: true });
    await applyEdit(dir, edit);
    await cp(join(dir, 'packages/helpers'), join(dir, 'dbt_packages/helpers'), { recursive: true });
    copies.push({ edit, dir });
  }
  const state = join(base, 'target');
  const answers =
    engine.kind === 'core'
      ? await askCore(copies, state, root, binDir, env)
      : await askV2(copies, state, binDir, env);

  const asked = new Map<string, { now: Manifest; answers: Answers }>();
  for (const [index, { edit, dir }] of copies.entries()) {
    const now = await readManifest(join(dir, 'target'));
    asked.set(edit.name, { now, answers: answers[index] as Answers });
  }
  return { before: await readManifest(state), edits: asked };
}

async function askCore(
  copies: readonly Copy[],
  before: string,
  root: string,
  binDir: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly Answers[]> {
  const [job, out] = [join(root, 'job.json'), join(root, 'answers.jsonl')];
  const projects = copies.map(({ edit, dir }) => ({ dir, args: edit.args ?? [], env: edit.env ?? {} }));
  await writeFile(job, JSON.stringify({ before, projects, selectors: QUESTIONS }));
  await run(join(binDir, 'python'), [join(FIXTURES, 'answer_core.py'), job, out], { cwd: root, env });
  const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line) as Answers);
}

async function askV2(
  copies: readonly Copy[],
  before: string,
  binDir: string,
  env: Readonly<Record<string, string>>,
): Promise<readonly Answers[]> {
  const answers: Answers[] = [];
  const waiting = [...copies.entries()];
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, { edit, dir }] = next;
      const options = { cwd: dir, env: { ...env, ...edit.env } };
      const dbt = (args: readonly string[]) =>
        run(join(binDir, 'dbt'), [...args, ...(edit.args ?? [])], options);
      await dbt(['parse']);
      const lists: Record<string, readonly string[]> = {};
      for (const [name, [selector, indirect]] of Object.entries(QUESTIONS)) {
        const output = ['--output', 'json', '--output-keys', 'unique_id', '--target-path', 'elsewhere'];
        const select = ['--select', selector, '--indirect-selection', indirect, '--state', before];
        lists[name] = uniqueIdsIn(await dbt(['ls', ...select, ...output]));
      }
      answers[index] = lists;
    }
  };
  await Promise.all(Array.from({ length: V2_AT_ONCE }, worker));
  return answers;
}

function uniqueIdsIn(stdout: string): readonly string[] {
  const objects = stdout.split('\n').filter((line) => line.startsWith('{'));
  return objects.map((line) => (JSON.parse(line) as { unique_id: string }).unique_id).sort();
}

async function readManifest(folder: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(folder, 'manifest.json'), 'utf8')) as Manifest;
}

async function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(program, args, { ...options, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${args.join(' ')} in ${options.cwd}: ${error.message}\n${stdout}\n${stderr}`));
    });
  });
}
