import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import type { WorkflowCommand } from '../support/runner/workflow-command.ts';
import { makeStepRig, type StepEnd } from './step.ts';

const ofName = (end: StepEnd, name: string): WorkflowCommand[] =>
  end.commands.filter((command) => command.name === name);
const MODEL = { 'models/orders.sql': 'select 1', 'models/customers.sql': 'select 2' };

describe('a run that succeeds', () => {
  test('outputs, summary, state; dbt gets its arguments and none of our secrets', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0), MODEL);
    const inputs = { args: '--select "orders customers"', target: 'dev', 'github-token': 'ghs_0123456789' };
    const end = await rig.run(inputs, {
      ACTIONS_RUNTIME_TOKEN: 'runtime-token-0123',
      DBT_ENV_SECRET_KEY: 'hush-hush-hush',
    });
    expect(end).toMatchObject({ exitCode: 0, stderr: '' });
    expect(end.outputs).toMatchObject({
      outcome: 'executed',
      'failure-code': '',
      'exit-code': '0',
      'nodes-total': '1',
      built: '1',
      failed: '0',
      'tests-executed': '0',
      'tests-reused': '0',
      'saved-seconds': '',
      'run-results-path': join(rig.workspace, 'target/run_results.json'),
    });
    expect(existsSync(end.outputs['report-path'] ?? '')).toBe(true);
    expect(end.summary).toContain('orders');
    const seen = rig.dbt.seen();
    expect(seen.args).toEqual(['build', '--target', 'dev', '--select', 'orders customers']);
    expect(Object.keys(seen.env).filter((name) => /^(ACTIONS|INPUT)_/.test(name))).toEqual([]);
    expect(seen.env['DBT_ENV_SECRET_KEY']).toBe('hush-hush-hush');
    const masked = ofName(end, 'add-mask').map(({ data }) => data);
    expect(masked).toEqual(
      expect.arrayContaining(['ghs_0123456789', 'hush-hush-hush', 'runtime-token-0123']),
    );
    expect(end.state).toMatchObject({ 'dbt-runcache-finished': 'true' });
  });

  test('the summary as a file beside the report, job summary or not', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0));
    const { outputs } = await rig.run({ 'job-summary': 'false' });
    expect(outputs['summary-path']).toBe(join(rig.workspace, 'target/dbt_runcache_summary.md'));
    expect(readFileSync(outputs['summary-path'] ?? '', 'utf8')).toContain('orders');
    expect(outputs['state']).toBe('absent');
  });

  test('a summary file that cannot be written is a warning, and no path', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0), {
      'target/dbt_runcache_summary.md/folder': '',
    });
    const end = await rig.run();
    expect(end).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed', 'summary-path': '' } });
    expect(ofName(end, 'warning').map(({ data }) => data)).toContainEqual(
      expect.stringContaining('Could not write the summary'),
    );
  });

  test('redact-env: masked in the log, starred out elsewhere', async () => {
    const rig = await makeStepRig([{ print: 'the key is tell-nobody\n' }, ...runOf([], 0)]);
    const end = await rig.run({ 'redact-env': 'KEY' }, { KEY: 'tell-nobody' });
    expect(ofName(end, 'add-mask').map(({ data }) => data)).toContain('tell-nobody');
    expect(end.stdout).toContain('the key is ***\n');
  });

  test('job-summary false writes none', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0));
    expect((await rig.run({ 'job-summary': 'false' })).summary).toBe('');
  });

  test('trivial values are not masked', async () => {
    const rig = await makeStepRig(runOf([], 0));
    const end = await rig.run({}, { DBT_ENV_SECRET_A: 'dev', MY_PASSWORD: 'true' });
    expect(ofName(end, 'add-mask')).toEqual([]);
  });
});

describe("dbt's output", () => {
  test('is printed as it is, in a group, and obeyed in nothing', async () => {
    const hostile = '::error::forged\n##[error]forged\n::add-mask::x\n::stop-commands::guess\n::guess::\n';
    const rig = await makeStepRig([
      { print: hostile },
      { print_error: '::warning::forged on stderr' },
      ...runOf([{ name: 'orders', status: 'success' }], 0),
    ]);
    const end = await rig.run();
    expect(end.stderr).toBe('');
    expect(end.stdout).toContain(hostile);
    expect(end.stdout).toContain('::warning::forged on stderr');
    expect(JSON.stringify(end.commands)).not.toContain('forged');
    const title = ofName(end, 'group')[0];
    expect(title?.data).toBe('dbt build');
  });

  test('may be bytes that are no text, and end in the middle of a line', async () => {
    const rig = await makeStepRig([
      { print_bytes: Buffer.from([0xff, 0xfe, 0x00]).toString('base64') },
      { exit: 2 },
    ]);
    const end = await rig.run();
    expect(end.exitCode).toBe(1);
    expect(end.outputs['exit-code']).toBe('2');
    expect(end.resumed).toBe(true);
    expect(ofName(end, 'endgroup')).toHaveLength(1);
  });

  test('one line of 100 MB passes', async () => {
    const rig = await makeStepRig([{ print_filler: { mebibytes: 100 } }, ...runOf([], 0)]);
    const end = await rig.run();
    expect(end.exitCode).toBe(0);
    expect(end.stdout.length).toBeGreaterThan(100 << 20);
  }, 60_000);
});

describe('a run that fails', () => {
  const nodes = [
    { name: 'customers', status: 'success' },
    { name: 'orders', status: 'error', message: 'Database Error in model orders\n  relation | missing' },
  ];

  test('names the nodes, annotates the file, keeps the exit code', async () => {
    const rig = await makeStepRig(runOf(nodes, 1), MODEL);
    const end = await rig.run();
    expect(end.exitCode).toBe(1);
    expect(end.outputs).toMatchObject({
      outcome: 'failed',
      'failure-code': 'nodes-failed',
      'exit-code': '1',
      failed: '1',
    });
    const [annotation, step] = ofName(end, 'error');
    expect(annotation?.properties).toMatchObject({
      file: 'models/orders.sql',
      title: expect.stringContaining('orders'),
    });
    expect(annotation?.data).toContain('relation | missing');
    expect(step?.data).toBe('1 node failed: orders');
    expect(end.summary).toContain('https://github.example.com/acme/shop/blob/c0ffee/models/orders.sql');
  });

  test('fail-on never: the step passes, the outputs tell', async () => {
    const rig = await makeStepRig(runOf(nodes, 1), MODEL);
    const end = await rig.run({ 'fail-on': 'never' });
    expect(end.exitCode).toBe(0);
    expect(end.outputs).toMatchObject({ outcome: 'failed', 'exit-code': '1' });
    expect(ofName(end, 'error')).toHaveLength(1);
  });

  test('dbt cannot do the run', async () => {
    const rig = await makeStepRig([{ print: 'Encountered an error:\nRuntime Error\n  boom\n' }, { exit: 2 }]);
    const end = await rig.run();
    expect(end).toMatchObject({
      exitCode: 1,
      outputs: { outcome: 'failed', 'exit-code': '2', 'failure-code': 'dbt-failed' },
    });
    expect(end.summary).toContain('boom');
  });

  test('there is no dbt', async () => {
    const rig = await makeStepRig([]);
    const end = await rig.run({ dbt: 'no-such-dbt' });
    expect(end).toMatchObject({
      exitCode: 1,
      outputs: { outcome: 'failed', 'exit-code': '', 'failure-code': 'dbt-not-found' },
    });
    expect(ofName(end, 'error')[0]?.data).toContain('no-such-dbt');
    expect(end.summary).toContain('name the dbt to run');
  });

  test('dbt is killed from outside', async () => {
    const rig = await makeStepRig([{ die_of: 'SIGKILL' }]);
    const end = await rig.run();
    expect(end).toMatchObject({ exitCode: 1, outputs: { 'exit-code': '', 'failure-code': 'dbt-crashed' } });
  });

  test('invalid inputs start nothing', async () => {
    const rig = await makeStepRig(runOf([], 0));
    const end = await rig.run({ timeout: 'soon', 'fail-on': 'never' });
    expect(end.exitCode).toBe(1);
    expect(ofName(end, 'error')[0]?.data).toContain('Input timeout is "soon"');
    expect(existsSync(join(rig.dbt.venv, 'seen.json'))).toBe(false);
    expect(end.summary).toBe('');
  });
});

describe('warnings', () => {
  const nodes = [
    { name: 'not_null_id', type: 'test', status: 'warn', failures: 3, message: 'Got 3 results' } as const,
  ];

  test.each([
    ['error', 0],
    ['warning', 1],
    ['never', 0],
  ])('fail-on %s ends with %i', async (failOn, exitCode) => {
    const rig = await makeStepRig(runOf(nodes, 0));
    const end = await rig.run({ 'fail-on': failOn });
    expect(end.exitCode).toBe(exitCode);
    expect(end.outputs).toMatchObject({ outcome: 'executed', warnings: '1', 'tests-executed': '1' });
    const errors = ofName(end, 'error').map(({ data }) => data);
    expect(errors).toEqual(exitCode === 0 ? [] : [expect.stringContaining('not_null_id')]);
    expect(ofName(end, 'warning').length).toBeGreaterThan(0);
  });
});

describe('annotations', () => {
  test('say in the message what the title says, for the log shows no titles', async () => {
    const failed = {
      name: 'not_null_id',
      type: 'test',
      status: 'fail',
      failures: 1,
      message: 'Got 1 result',
    } as const;
    const rig = await makeStepRig(runOf([failed], 1));
    const [annotation] = ofName(await rig.run(), 'error');
    const title = 'not_null_id: data test failed, 1 row found';
    expect(annotation?.properties['title']).toBe(title);
    expect(annotation?.data).toMatch(new RegExp(`^${title}\\. Got 1 result`));
  });

  const many = [...Array(30).keys()].flatMap((n) => [
    { name: `bad_${n}`, status: 'error', message: `broken ${n}` },
    { name: `poor_${n}`, type: 'test', status: 'warn', failures: 1, message: `poor ${n}` } as const,
  ]);

  test("stay within GitHub's limits with the step's own, and say how many are left out", async () => {
    const rig = await makeStepRig(runOf(many, 1));
    const end = await rig.run();
    expect(ofName(end, 'error')).toHaveLength(10);
    expect(ofName(end, 'error').at(-1)?.data).toContain('30 nodes failed');
    expect(ofName(end, 'warning').length).toBeLessThanOrEqual(10);
    expect(end.stdout).toMatch(/Not annotated.*21 errors.*2\d warnings/);
    expect(end.stdout.indexOf('::error')).toBeLessThan(end.stdout.indexOf('::warning'));
  });

  test('failures only', async () => {
    const rig = await makeStepRig(runOf(many, 1));
    const end = await rig.run({ annotations: 'failures' });
    expect(ofName(end, 'error')).toHaveLength(10);
    expect(ofName(end, 'warning')).toEqual([]);
  });

  test('off leaves the failing message', async () => {
    const rig = await makeStepRig(runOf(many, 1));
    const end = await rig.run({ annotations: 'off' });
    expect(ofName(end, 'error')).toHaveLength(1);
  });

  test('hostile names and messages stay one command each', async () => {
    const name = 'a,line=9::error::b%0A`<script>|';
    const message = `x\n::error file=etc/passwd::forged\r\n##[error]forged ${'long '.repeat(2000)}`;
    const rig = await makeStepRig(
      runOf([{ name, status: 'error', message, path: 'models/orders.sql' }], 1),
      MODEL,
    );
    const end = await rig.run();
    expect(ofName(end, 'error')).toHaveLength(2);
    const [annotation] = ofName(end, 'error');
    expect(annotation?.properties['file']).toBe('models/orders.sql');
    expect(annotation?.properties['title']).toContain(name);
    expect(annotation?.data).toContain('. x\n::error file=etc/passwd::forged');
    expect(annotation?.data.length).toBeLessThanOrEqual(4096);
    expect(annotation?.data.endsWith('…')).toBe(true);
  });

  test('paths are those of the repository, and files that are not there are not named', async () => {
    const rig = await makeStepRig(runOf(many.slice(0, 1), 1), {
      'dbt/dbt_project.yml': 'name: shop\nprofile: shop\nversion: "1.0"\n',
      'dbt/models/bad_0.sql': 'select 1',
    });
    expect(
      ofName(await rig.run({ 'project-dir': 'dbt', 'profiles-dir': '.' }), 'error')[0]?.properties['file'],
    ).toBe('dbt/models/bad_0.sql');
    const gone = await makeStepRig(runOf(many.slice(0, 1), 1));
    expect(ofName(await gone.run(), 'error')[0]?.properties['file']).toBeUndefined();
  });
});

describe('what cannot be written', () => {
  test.each([
    ['missing', ''],
    ['a folder that is not there', '/nowhere/summary.md'],
    ['full', '/dev/full'],
  ])('a summary file that is %s is a warning', async (_, path) => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0));
    const end = await rig.run({}, { GITHUB_STEP_SUMMARY: path });
    expect(end.exitCode).toBe(0);
    expect(ofName(end, 'warning').map(({ data }) => data)).toContainEqual(
      expect.stringMatching(/job summary/),
    );
    expect(end.outputs['outcome']).toBe('executed');
  });

  test('outputs that cannot be written are a warning; the step still fails with its run', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'error', message: 'boom' }], 1));
    const end = await rig.run({}, { GITHUB_OUTPUT: '/nowhere/output' });
    expect(end.exitCode).toBe(1);
    expect(ofName(end, 'warning').map(({ data }) => data)).toContainEqual(expect.stringMatching(/outputs/));
    expect(end.summary).toContain('boom');
  });

  test('no state file: the run is as it is', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'success' }], 0));
    const end = await rig.run({}, { GITHUB_STATE: '' });
    expect(end).toMatchObject({ exitCode: 0, outputs: { outcome: 'executed' } });
    expect(ofName(end, 'save-state')).toEqual([]);
  });
});

describe('stopping', () => {
  test('timeout', async () => {
    const rig = await makeStepRig([
      { on_signal: { signal: 'SIGINT', do: [{ print: 'interrupted\n' }, { exit: 1 }] } },
      ...runOf([{ name: 'orders', status: 'success' }], 0).slice(0, -4),
      { hang: true },
    ]);
    const end = await rig.run({ timeout: '3s' });
    expect(end).toMatchObject({ exitCode: 1, outputs: { 'failure-code': 'timed-out', 'exit-code': '1' } });
    expect(end.stdout).toContain('interrupted\n');
  });

  test('a cancelled job: dbt is stopped, outputs and summary are there within 10 s', async () => {
    const rig = await makeStepRig([
      { on_signal: { signal: 'SIGINT', do: 'ignore' } },
      { on_signal: { signal: 'SIGTERM', do: 'ignore' } },
      { start_child: 'child' },
      { mark: 'running' },
      { hang: true },
    ]);
    const step = rig.start();
    const pid = await rig.dbt.reached('running');
    const child = await rig.dbt.reached('child');
    const cancelledAt = performance.now();
    step.child.kill('SIGINT');
    const term = setTimeout(() => step.child.kill('SIGTERM'), 7500);
    const end = await step.ended;
    clearTimeout(term);
    expect(performance.now() - cancelledAt).toBeLessThan(9500);
    expect(end).toMatchObject({
      exitCode: 1,
      signal: null,
      outputs: { outcome: 'failed', 'failure-code': 'cancelled' },
    });
    expect(end.summary).not.toBe('');
    for (const id of [pid, child]) expect(isAlive(id)).toBe(false);
  }, 20_000);

  test('a signal that comes while the summary is being written does not cut it short', async () => {
    const rig = await makeStepRig(runOf([{ name: 'orders', status: 'error', message: 'boom' }], 1));
    const pipe = `${rig.summaryPath}.pipe`;
    execFileSync('mkfifo', [pipe]);
    // Writing to a pipe waits for somebody to read it.
    const step = rig.start({}, { GITHUB_STEP_SUMMARY: pipe });
    await printed(step.child, '::error::');
    step.child.kill('SIGINT');
    step.child.kill('SIGTERM');
    expect(execFileSync('cat', [pipe], { encoding: 'utf8', timeout: 5000 })).toContain('boom');
    expect(await step.ended).toMatchObject({
      exitCode: 1,
      signal: null,
      outputs: { 'failure-code': 'nodes-failed' },
    });
  });

  test('a signal that comes before the run has begun stops it', async () => {
    const rig = await makeStepRig([{ hang: true }]);
    const preload = `process.once('newListener', function early(event) {
      if (event === 'SIGINT') setImmediate(() => process.kill(process.pid, 'SIGINT'));
      else process.once('newListener', early);
    })`;
    const end = await rig.run(
      {},
      { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(preload)}` },
    );
    expect(end).toMatchObject({
      exitCode: 1,
      signal: null,
      outputs: { outcome: 'failed', 'failure-code': 'cancelled' },
    });
    expect(existsSync(join(rig.dbt.venv, 'seen.json'))).toBe(false);
  });
});

describe('the post step', () => {
  test('after a run that came to its end it says nothing', async () => {
    const rig = await makeStepRig(runOf([], 0));
    const { state } = await rig.run();
    expect(await rig.post(state)).toMatchObject({ exitCode: 0, stdout: '', stderr: '', summary: '' });
    expect(await rig.post({})).toMatchObject({ exitCode: 0, stdout: '', summary: '' });
  });

  test('after a killed main step it stops dbt and says that the run was cut off', async () => {
    const rig = await makeStepRig([
      { on_signal: { signal: 'SIGTERM', do: 'ignore' } },
      { start_child: 'child' },
      { mark: 'running' },
      { hang: true },
    ]);
    const step = rig.start();
    const ids = [await rig.dbt.reached('running'), await rig.dbt.reached('child')];
    step.child.kill('SIGKILL');
    const { state } = await step.ended;
    const end = await rig.post(state);
    expect(end.exitCode).toBe(0);
    expect(ofName(end, 'warning').map(({ data }) => data)).toEqual([
      expect.stringContaining('dbt build was cut off'),
      expect.stringContaining('still running'),
    ]);
    expect(end.summary).toContain('dbt build was cut off');
    expect(end.summary).toContain('What dbt had finished by then is in the warehouse');
    for (const id of ids) await expect.poll(() => isAlive(id)).toBe(false);
  }, 15_000);

  test('after a step that was killed before it started dbt it says that nothing was changed', async () => {
    const rig = await makeStepRig([]);
    const end = await rig.post({ 'dbt-runcache-title': 'dbt build', 'dbt-runcache-job-summary': 'true' });
    expect(ofName(end, 'warning').map(({ data }) => data)).toEqual([
      'dbt build was cut off before dbt was started: the step was killed.',
    ]);
    expect(end.summary).toContain('## ⛔ dbt build was cut off');
    expect(end.summary).toContain('this run changed nothing in the warehouse');
    expect(end.summary).not.toContain('What dbt had finished');
  });

  test('a process that only has the same id is left alone', async () => {
    const rig = await makeStepRig([]);
    const stranger = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], {
      detached: true,
      stdio: 'ignore',
    });
    const pid = stranger.pid ?? 0;
    try {
      const end = await rig.post({
        'dbt-runcache-title': 'dbt build',
        'dbt-runcache-job-summary': 'false',
        'dbt-runcache-pid': String(pid),
        'dbt-runcache-mark': 'another time',
      });
      expect(end).toMatchObject({ exitCode: 0, summary: '' });
      expect(end.stdout).not.toContain('still running');
      expect(isAlive(pid)).toBe(true);
    } finally {
      stranger.kill('SIGKILL');
    }
  });
});

function printed(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => {
    let seen = '';
    child.stdout?.on('data', (chunk) => {
      seen += String(chunk);
      if (seen.includes(text)) resolve();
    });
  });
}

/** A killed process may wait for its parent to notice. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return false;
  }
}
