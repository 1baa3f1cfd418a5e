import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { askProgram } from '../runtimes/process.ts';
import { GIT_GUARD } from '../util/git-guard.ts';
import type { BranchFacts } from './facts.ts';

const TIMEOUT_MS = 10_000;

/**
 * The branch as the State plugin finds it: by asking git in the folder dbt runs in. It then sets DBT_CLOUD_GIT_BRANCH
 * to the answer, or unsets it, whatever it held before.
 */
export async function findBranch(cwd: string, env: Readonly<Record<string, string>>): Promise<BranchFacts> {
  const ask = (...args: string[]) =>
    askProgram('git', [...GIT_GUARD.options, ...args], {
      cwd,
      env: { ...env, ...GIT_GUARD.env },
      timeoutMs: TIMEOUT_MS,
    });
  // A program that cannot be started has no exit code.
  const { stdout, exitCode } = await ask('rev-parse', '--abbrev-ref', 'HEAD').catch(() => NOTHING);
  const branch = stdout.trim();
  if (exitCode === 0 && branch !== '')
    return branch === 'HEAD' ? { kind: 'detached' } : { kind: 'named', branch };
  if (exitCode === undefined) return { kind: 'no-git' };
  return { kind: (await isInRepository(cwd)) ? 'unreadable' : 'no-repository' };
}

const NOTHING = { stdout: '', exitCode: undefined };

async function isInRepository(cwd: string): Promise<boolean> {
  for (let dir = cwd; ; dir = dirname(dir)) {
    const isHere = await stat(join(dir, '.git')).then(
      () => true,
      () => false,
    );
    if (isHere) return true;
    if (dirname(dir) === dir) return false;
  }
}
