import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { trimManifest, trimRunResults } from '../../sdk/state-archive/trim.ts';
import { PROJECT } from '../sdk/managed-state/ask-dbt.ts';
import { applyEdit, type Edit } from '../sdk/managed-state/edit.ts';
import { editedTogether } from '../sdk/managed-state/edit-groups.ts';
import { EDITS } from '../sdk/managed-state/edits.ts';
import { type Answers, QUESTIONS } from '../sdk/managed-state/questions.ts';
import { CORE_1_11, CORE_1_12, environmentOf } from '../support/engine.ts';

const ANSWER = fileURLToPath(new URL('../fixtures/state-modified/answer_core.py', import.meta.url));
const SELECTORS = { ...QUESTIONS, retried: ['result:success+', 'eager'] };
/** The one with most edits in it: each compiles twice, in a process of its own. */
const COMPILED_EDITS = 1;
/** Edits that go with no other: one of each kind (gone, in the place of another, by an argument, …). */
const BY_THEMSELVES: ReadonlySet<string> = new Set([
  'nothing',
  'contracted model deleted',
  'macro of a package overridden',
  'latest version',
  'variable in a config',
  'another database',
]);

const run = promisify(execFile);

// dbt is told twice of the same production: by the files it wrote, and by what is kept of them. Both versions read a manifest of the
// same schema by the same code: 1.11 is asked of the edits that go together, which are most, and of none.
test.each([CORE_1_11, CORE_1_12])(
  'a trimmed state selects and defers like the whole one, $requirements',
  { timeout: 400_000 },
  async (engine) => {
    const root = await mkdtemp(join(tmpdir(), 'trimmed-state-'));
    try {
      const { env: engineEnv, binDir } = await environmentOf(engine);
      const env = {
        ...{ PATH: process.env['PATH'] ?? '', HOME: root, DBT_SEND_ANONYMOUS_USAGE_STATS: 'false' },
        ...engineEnv,
      };
      const dbt = (cwd: string, edit: Edit, args: readonly string[]) =>
        run(join(binDir, 'dbt'), ['--quiet', ...args, ...(edit.args ?? [])], {
          cwd,
          env: { ...env, ...edit.env },
        });

      const base = join(root, 'base');
      await cp(PROJECT, base, { recursive: true });
      await mkdir(join(base, 'dbt_packages'));
      await cp(join(base, 'packages/helpers'), join(base, 'dbt_packages/helpers'), { recursive: true });
      const production: Edit = { name: 'production', changes: [], args: ['--target', 'prod'] };
      await dbt(base, production, ['compile']);
      const [whole, trimmed] = await keep(join(base, 'target'), root);

      const edits = (await editedTogether(PROJECT, EDITS)).filter(
        ({ name, changes }) =>
          changes.length > 2 || (BY_THEMSELVES.has(name) && (engine === CORE_1_12 || name === 'nothing')),
      );
      const projects: { readonly dir: string; readonly edit: Edit }[] = [];
      for (const [index, edit] of edits.entries()) {
        const dir = join(root, `edit-${index}`);
        await cp(base, dir, { recursive: true });
        await applyEdit(dir, edit);
        await cp(join(dir, 'packages/helpers'), join(dir, 'dbt_packages/helpers'), { recursive: true });
        projects.push({ dir, edit });
      }

      // Parsed once, and asked by either state.
      const [job, out] = [join(root, 'job.json'), join(root, 'answers.jsonl')];
      const asked = projects.map(({ dir, edit }) => ({ dir, args: edit.args ?? [], env: edit.env ?? {} }));
      await writeFile(
        job,
        JSON.stringify({ before: [whole, trimmed], projects: asked, selectors: SELECTORS }),
      );
      await run(join(binDir, 'python'), [ANSWER, job, out], { cwd: root, env, maxBuffer: 64 << 20 });
      const lines = (await readFile(out, 'utf8')).trimEnd().split('\n');
      const answers = lines.map((line) => JSON.parse(line) as Answers);
      const fromWhole = answers.filter((_, index) => index % 2 === 0);
      const fromTrimmed = answers.filter((_, index) => index % 2 === 1);
      for (const [index, { edit }] of projects.entries()) {
        expect(fromTrimmed[index], edit.name).toEqual(fromWhole[index]);
      }
      // The comparison is of something: dbt found what was edited, and what had run.
      expect([fromWhole.length, fromTrimmed.length]).toEqual([edits.length, edits.length]);
      expect(edits).toHaveLength(engine === CORE_1_12 ? 9 : 4);
      const changed = fromWhole.filter(({ modified }) => Array.isArray(modified) && modified.length > 0);
      expect(changed.length).toBeGreaterThanOrEqual(3);
      expect(fromWhole[0]?.['retried']).toEqual(expect.arrayContaining(['model.bakery.plain']));

      for (const { dir, edit } of projects.slice(0, COMPILED_EDITS)) {
        const compile = async (state: string): Promise<Readonly<Record<string, string>>> => {
          const target = join(dir, 'compiled-now');
          await rm(target, { recursive: true, force: true });
          const select = ['--select', 'state:modified', '--defer', '--state', state];
          await dbt(dir, edit, ['compile', ...select, '--target-path', target]);
          return filesIn(join(target, 'compiled'));
        };
        const compiled = await compile(whole);
        expect(await compile(trimmed), edit.name).toEqual(compiled);
        if (edit.changes.length > 2) expect(Object.values(compiled).join('\n')).toMatch(/"live"\./);
      }
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  },
);

/** The whole state and the trimmed one, each in a folder. */
async function keep(target: string, root: string): Promise<readonly [whole: string, trimmed: string]> {
  const [whole, trimmed] = [join(root, 'whole'), join(root, 'trimmed')];
  for (const [name, trim] of [
    ['manifest.json', trimManifest],
    ['run_results.json', trimRunResults],
  ] as const) {
    const file = await readFile(join(target, name));
    const kept = trim(file, 'core');
    expect(kept.byteLength).toBeLessThan(file.byteLength);
    await mkdir(whole, { recursive: true });
    await mkdir(trimmed, { recursive: true });
    await writeFile(join(whole, name), file);
    await writeFile(join(trimmed, name), kept);
  }
  return [whole, trimmed];
}

async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  const texts = await Promise.all(files.map(async (path) => [path, await readFile(path, 'utf8')] as const));
  return Object.fromEntries(texts.sort());
}
