import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { DbtRunCacheError } from '../../sdk/errors.ts';
import type { RunOptions } from '../../sdk/options.ts';
import { runDbt } from '../../sdk/run-dbt.ts';
import type { StateOptions } from '../../sdk/state-options.ts';
import { CHECKOUT_ENV, newCheckout } from './checkout.ts';
import { addFakeAdapter } from './fake-dbt/fake-adapter.ts';
import { makeFakeDbt, type Step } from './fake-dbt/fake-dbt.ts';
import { type FakeNode, makeFakeProject, runOf } from './fake-dbt/fake-project.ts';

export const ORDERS = { name: 'orders', status: 'success' };
export const FAILS = { name: 'visits', status: 'error' };

/** A production of which every run may leave a state. */
export async function production() {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'production-')));
  onTestFinished(() => rm(root, { recursive: true, force: true, maxRetries: 5 }));
  const checkout = await newCheckout(join(root, 'project'));
  makeFakeProject(checkout.dir, { '.gitignore': 'target/\nlogs/\n' });
  const first = await checkout.commit({ 'models/orders.sql': 'select 1' });
  const dbt = await makeFakeDbt(join(root, 'venv'), []);
  addFakeAdapter(dbt);
  const build = async (
    nodes: readonly FakeNode[],
    state: StateOptions = {},
    end?: 'hangs' | 'cannot begin' | readonly Step[],
    more: Pick<RunOptions, 'dedup'> = {},
  ) => {
    const hasFailed = nodes.some(({ status }) => status === 'error');
    const run = runOf(nodes, hasFailed ? 1 : 0);
    const steps = typeof end === 'object' ? [...run.slice(0, 1), ...end, ...run.slice(1)] : run;
    const cut: readonly Step[] = [
      ...steps.filter((step) => !('exit' in step || 'write' in step)),
      { hang: true },
    ];
    await writeFile(
      join(dbt.venv, 'steps.json'),
      JSON.stringify(end === 'hangs' ? cut : end === 'cannot begin' ? [{ exit: 2 }] : steps),
    );
    const { managedState, failure, notices, outcome, dedup } = await runDbt(['build'], {
      ...more,
      ...(end === 'hangs' ? { timeout: 4000, forceKillAfterDelay: 0 } : {}),
      cwd: checkout.dir,
      dbt: dbt.venv,
      env: { ...CHECKOUT_ENV, HOME: root },
      output: 'silent',
      state: { store: `file:${join(root, 'states')}`, slim: true, publish: 'always', ...state },
    }).catch((error: unknown) => {
      if (error instanceof DbtRunCacheError && error.result !== undefined) return error.result;
      throw error;
    });
    return { ...managedState, failure, notices, outcome, dedup };
  };
  return { checkout, first, build, root };
}
