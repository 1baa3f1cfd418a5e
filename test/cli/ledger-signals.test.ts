import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Step } from '../support/fake-dbt/fake-dbt.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { isRunning } from '../support/processes.ts';
import { type CliRig, makeCliRig } from './command-line.ts';

const LEDGER = ['--dedup-store', 'file:.ledger'];
const RUN = [
  'run',
  ...LEDGER,
  '--idempotency-key',
  'nightly',
  '--durable-target',
  '--lease',
  '2s',
  '--',
  'build',
];
const GOOD = runOf([{ name: 'orders', status: 'success' }], 0);
const UNTIL_STOPPED: readonly Step[] = [
  { on_signal: { signal: 'SIGINT', do: [{ exit: 1 }] } },
  { mark: 'running' },
  { wait_for: 'go' },
];

/** The state of every claim, as `ledger list` tells it. */
async function states(rig: CliRig): Promise<string[]> {
  const { stdout } = await rig.run(['ledger', 'list', ...LEDGER, '--format', 'json']);
  return (JSON.parse(stdout) as { runs: { state: string }[] }).runs.map(({ state }) => state);
}

describe('a run of the command line with a ledger', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s while dbt runs: the key is free at once', async (signal, exitCode) => {
    const rig = await makeCliRig([...UNTIL_STOPPED, ...GOOD]);
    const running = rig.start(RUN);
    await rig.dbt.reached('running');
    expect(await states(rig)).toEqual(['in-flight']);
    running.child.kill(signal);
    expect(await running.ended).toMatchObject({ exitCode });
    expect(await states(rig)).toEqual(['free']);
    rig.dbt.release('go');
    const again = await rig.run(RUN);
    expect(again.exitCode).toBe(0);
    expect(again.stdout).toContain('success orders');
    const third = await rig.run(RUN);
    expect(third).toMatchObject({ exitCode: 0, stdout: '' });
    expect(third.stderr).toContain('replayed');
  });

  test('a signal while it waits ends the waiting, and leaves the one in flight alone', async () => {
    const rig = await makeCliRig([...UNTIL_STOPPED, ...GOOD]);
    const first = rig.start(RUN);
    await rig.dbt.reached('running');
    const second = rig.start(RUN);
    let said = '';
    second.child.stderr?.on('data', (text: string) => (said += text));
    while (!said.includes('Waiting for an identical run')) {
      if (second.child.stderr === null) throw new Error('no stderr');
      await once(second.child.stderr, 'data');
    }
    second.child.kill('SIGINT');
    expect(await second.ended).toMatchObject({ exitCode: 130, stdout: '' });
    expect(await states(rig)).toEqual(['in-flight']);
    rig.dbt.release('go');
    expect(await first.ended).toMatchObject({ exitCode: 0 });
    expect(await states(rig)).toEqual(['finished']);
  });

  test('a killed owner is adopted when its lease has run out', async () => {
    const rig = await makeCliRig([...UNTIL_STOPPED, ...GOOD]);
    const first = rig.start(RUN);
    const dbt = await rig.dbt.reached('running');
    first.child.kill('SIGKILL');
    await first.ended;
    process.kill(dbt, 'SIGKILL');
    rig.dbt.release('go');
    const second = await rig.run(RUN);
    expect(second.stderr).toContain('Waiting for an identical run');
    expect(second).toMatchObject({ exitCode: 0 });
    expect(second.stdout).toContain('success orders');
    expect(await states(rig)).toEqual(['finished']);
  });

  // Windows starts no scripts by their first line.
  test.skipIf(process.platform === 'win32')(
    'a signal while git is asked for the key ends the run, and this process, at once',
    async () => {
      const rig = await makeCliRig(GOOD);
      const bin = join(rig.folder, '..', 'bin');
      const mark = join(rig.dbt.venv, 'git-asked');
      mkdirSync(bin);
      writeFileSync(join(bin, 'git'), `#!/bin/sh\necho $$ > ${mark}\nexec sleep 60\n`);
      chmodSync(join(bin, 'git'), 0o755);
      // Git is asked only where there is a repository.
      mkdirSync(join(rig.folder, '.git'));
      const PATH = [bin, join(rig.dbt.venv, 'bin'), process.env['PATH']].join(delimiter);
      for (const args of [RUN, ['key', ...RUN.slice(1)]]) {
        const running = rig.start(args, { PATH });
        const git = await rig.dbt.reached('git-asked');
        const since = performance.now();
        running.child.kill('SIGINT');
        expect(await running.ended).toMatchObject({ exitCode: 130 });
        // Git itself is given 20 s.
        expect(performance.now() - since).toBeLessThan(6000);
        expect(isRunning(git)).toBe(false);
        rmSync(mark);
      }
    },
  );
});
