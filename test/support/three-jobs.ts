import { cpSync, existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { addFakeAdapter } from './fake-dbt/fake-adapter.ts';
import { type FakeDbt, makeFakeDbt, type Step } from './fake-dbt/fake-dbt.ts';
import { makeFakeProject } from './fake-dbt/fake-project.ts';

/** What the jobs of a workflow have: a checkout each, one dbt, and a folder that outlives them. */
export interface ThreeJobs {
  readonly root: string;
  readonly dbt: FakeDbt;
  /** A new checkout of the project; all lie at the same depth, and none is left from another job. */
  checkout(name: string): string;
  /** Whether dbt was started since it was asked last. */
  startedDbt(): boolean;
  /** What a workflow does with an artifact: the target folder of one checkout in another. */
  bring(from: string, to: string): void;
}

export async function threeJobs(
  steps: readonly Step[],
  files: Readonly<Record<string, string>> = {},
): Promise<ThreeJobs> {
  const root = realpathSync(mkdtempSync(join(tmpdir(), 'jobs-')));
  onTestFinished(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));
  const source = join(root, 'source');
  makeFakeProject(source, { 'models/orders.sql': 'select 1', ...files });
  const dbt = await makeFakeDbt(join(root, 'venv'), steps);
  addFakeAdapter(dbt);
  const trace = join(dbt.venv, 'seen.json');
  return {
    root,
    dbt,
    checkout: (name) => {
      const folder = join(root, name);
      rmSync(folder, { recursive: true, force: true });
      cpSync(source, folder, { recursive: true });
      return folder;
    },
    startedDbt: () => {
      const started = existsSync(trace);
      rmSync(trace, { force: true });
      return started;
    },
    bring: (from, to) => cpSync(join(from, 'target'), join(to, 'target'), { recursive: true }),
  };
}
