import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RunResult, runDbt } from '../../sdk/index.ts';
import { makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { isGroupRunning } from '../support/processes.ts';
import { type Workspace, workspace } from './workspace.ts';

let shop: Workspace;
beforeAll(async () => {
  shop = await workspace({ DBT_ENGINE_MANAGE_STATE: 'false' });
  // Far longer than any test waits.
  await shop.write(
    'models/marts/endless.sql',
    'select count(*) as n from range(3000000) a, range(3000000) b where (a.range * b.range) % 7 = 3\n',
  );
  await shop.write('models/marts/after_endless.sql', "select * from {{ ref('endless') }}\n");
  await shop.write('models/marts/quick.sql', 'select 1 as id\n');
});
afterAll(() => shop.remove());

const SELECTION = ['run', '--select', 'quick', 'endless+', '--threads', '1'];

function expectInterrupted(result: RunResult): void {
  const told = Object.fromEntries(
    result.decisions.map((node) => [node.name, `${node.action} ${node.because}`]),
  );
  expect(told).toEqual({
    quick: 'built state-disabled',
    endless: 'interrupted stopped-while-running',
    after_endless: 'interrupted stopped-before-start',
  });
  expect(result.decisions.some((node) => node.failed)).toBe(false);
  expect(result.state.kind).toBe('disabled');
}

test('a cancelled dbt reports what finished, and names what did not', async () => {
  const controller = new AbortController();
  const run = runDbt(SELECTION, {
    cwd: shop.dir,
    env: shop.env,
    dbt: shop.dbt,
    output: 'silent',
    reject: false,
    cancelSignal: controller.signal,
  });
  let pid = 0;
  const signals: string[] = [];
  const finished = new Set<string>();
  for await (const event of run) {
    if (event.kind === 'dbt-started') pid = event.pid;
    if (event.kind === 'node-finished') finished.add(event.name);
    if (event.kind === 'stopping') signals.push(`${event.cause} ${event.signal}`);
    if (event.kind === 'node-started' && event.name === 'endless') controller.abort();
  }
  const result = await run;
  // With one thread, dbt takes the models by name: the quick one may come after the endless one.
  expect(signals[0]).toBe('cancelled SIGINT');
  expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'cancelled' } });
  const endless = result.decisions.find((node) => node.name === 'endless');
  expect(endless).toMatchObject({ action: 'interrupted', because: 'stopped-while-running', failed: false });
  expect(result.decisions).toHaveLength(3);
  for (const { name, action } of result.decisions.filter((node) => node !== endless)) {
    expect(action, name).toBe(finished.has(name) ? 'built' : 'interrupted');
  }
  expect(isGroupRunning(pid)).toBe(false);
});

test('SIGINT to our own process, as GitHub or Ctrl-C sends it, stops dbt once and leaves no orphan', async () => {
  // The quick one first, so that something has finished.
  await runDbt(['run', '--select', 'quick'], {
    cwd: shop.dir,
    env: shop.env,
    dbt: shop.dbt,
    output: 'silent',
  });
  const script = `
    const { runDbt } = await import(${JSON.stringify(new URL('../../sdk/index.ts', import.meta.url).href)});
    const run = runDbt(['run', '--select', 'quick', 'endless+', '--threads', '2'],
      { dbt: ${JSON.stringify(shop.dbt)}, output: 'silent', reject: false });
    const done = new Set();
    for await (const event of run) {
      if (event.kind === 'dbt-started') console.log('pid ' + event.pid);
      if (event.kind === 'node-finished') done.add(event.name);
      if (event.kind === 'node-started') done.add('started ' + event.name);
      if (done.has('quick') && done.has('started endless')) { done.clear(); console.log('ready'); }
      if (event.kind === 'stopping') console.log(event.cause + ' ' + event.signal);
    }
    const { artifacts, ...result } = await run;
    console.log(JSON.stringify(result));`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: shop.dir,
    env: shop.env,
    stdio: ['ignore', 'pipe', 'inherit'],
    // A terminal's Ctrl-C goes to the whole group of the foreground process.
    detached: true,
  });
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    if (line === 'ready') process.kill(-(child.pid ?? 0), 'SIGINT');
  }
  const pid = Number(/^pid (\d+)/.exec(lines[0] ?? '')?.[1]);
  expect(lines.filter((line) => line.startsWith('signal '))).toEqual(['signal SIGINT']);
  const result = JSON.parse(lines.at(-1) ?? '{}') as RunResult;
  expect(result.failure?.code).toBe('cancelled');
  expectInterrupted(result);
  expect(isGroupRunning(pid)).toBe(false);
});

test('a timeout counts from the beginning and is told as such', async () => {
  const result = await runDbt(SELECTION, {
    cwd: shop.dir,
    env: shop.env,
    dbt: shop.dbt,
    output: 'silent',
    reject: false,
    timeout: 300,
  });
  // So early, Python is still loading: dbt has nothing to report, and that is no crash of ours.
  expect(result).toMatchObject({ outcome: 'failed', failure: { code: 'timed-out' }, decisions: [] });
});

async function steered(steps: readonly Step[]) {
  const root = await mkdtemp(join(tmpdir(), 'steered-'));
  makeFakeProject(root);
  const dbt = await makeFakeDbt(join(root, 'venv'), steps);
  return { root, dbt, remove: () => rm(root, { recursive: true, force: true }) };
}

test('a dbt that ignores SIGINT and SIGTERM is killed with all it started', async () => {
  const { root, dbt, remove } = await steered([
    { on_signal: { signal: 'SIGINT', do: 'ignore' } },
    { on_signal: { signal: 'SIGTERM', do: 'ignore' } },
    ...runOf([{ name: 'orders', status: 'success' }], 0).slice(0, -1),
    { start_child: 'child' },
    { mark: 'hanging' },
    { hang: true },
  ]);
  const controller = new AbortController();
  const run = runDbt(['build'], {
    cwd: root,
    env: { PATH: process.env['PATH'] },
    dbt: dbt.venv,
    output: 'silent',
    reject: false,
    cancelSignal: controller.signal,
    forceKillAfterDelay: 400,
  });
  const signals: string[] = [];
  const listening = (async () => {
    for await (const event of run) if (event.kind === 'stopping') signals.push(event.signal);
  })();
  await dbt.reached('hanging');
  const child = await dbt.reached('child');
  controller.abort();
  const result = await run;
  await listening;
  expect(signals).toEqual(['SIGINT', 'SIGTERM', 'SIGKILL']);
  expect(result).toMatchObject({ failure: { code: 'cancelled' }, signal: 'SIGKILL' });
  expect(result.decisions).toMatchObject([{ name: 'orders', action: 'built' }]);
  await expect.poll(() => isGroupRunning(child)).toBe(false);
  await remove();
});

test('a terminal that goes away (SIGHUP) takes dbt with it', async () => {
  const { root, dbt, remove } = await steered([
    { start_child: 'child' },
    { mark: 'hanging' },
    { hang: true },
  ]);
  const script = `
    const { runDbt } = await import(${JSON.stringify(new URL('../../sdk/index.ts', import.meta.url).href)});
    const { failure } = await runDbt(['build'], { dbt: ${JSON.stringify(dbt.venv)}, output: 'silent', reject: false });
    console.log(failure.code);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const pid = await dbt.reached('hanging');
  child.kill('SIGHUP');
  const lines: string[] = [];
  for await (const line of createInterface({ input: child.stdout })) lines.push(line);
  expect(lines).toEqual(['cancelled']);
  expect(isGroupRunning(pid)).toBe(false);
  await remove();
});

test('a dbt that is killed from outside is a crash, with what had finished', async () => {
  const { root, dbt, remove } = await steered([
    ...runOf([{ name: 'orders', status: 'success' }], 0).slice(0, -1),
    { die_of: 'SIGKILL' },
  ]);
  const result = await runDbt(['build'], {
    cwd: root,
    env: { PATH: process.env['PATH'] },
    dbt: dbt.executable,
    output: 'silent',
    reject: false,
  });
  expect(result).toMatchObject({
    outcome: 'failed',
    failure: { code: 'dbt-crashed', hint: expect.stringContaining('memory') },
    signal: 'SIGKILL',
    decisions: [{ name: 'orders', action: 'built' }],
  });
  await remove();
});

test('a run that waits for the target folder gives up when cancelled', async () => {
  const options = { cwd: shop.dir, env: shop.env, dbt: shop.dbt, output: 'silent', reject: false } as const;
  const stopFirst = new AbortController();
  const first = runDbt(SELECTION, { ...options, cancelSignal: stopFirst.signal });
  for await (const event of first) if (event.kind === 'dbt-started') break;
  const stopSecond = new AbortController();
  const second = runDbt(['list'], { ...options, onTargetBusy: 'wait', cancelSignal: stopSecond.signal });
  for await (const event of second) {
    if (event.kind === 'dbt-message' && event.name === 'WaitingForTarget') stopSecond.abort();
  }
  expect(await second).toMatchObject({ failure: { code: 'cancelled' }, decisions: [] });
  stopFirst.abort();
  expect((await first).failure?.code).toBe('cancelled');
});
