import { existsSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFakeDbt, type Step } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY } from '../support/repository.ts';
import { type ActionRun, runAction } from '../support/runner/run-action.ts';

/** The built Action as a runner starts it: inputs that are left out have their defaults of action.yml. */
async function makeJob(steps: readonly Step[], files: Record<string, string>) {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'job-')));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  const workspace = join(folder, 'work');
  makeFakeProject(workspace, files);
  const dbt = await makeFakeDbt(join(folder, 'venv'), steps);
  const run = (inputs: Record<string, string> = {}, env: Record<string, string> = {}): Promise<ActionRun> =>
    runAction({
      actionDir: REPOSITORY,
      workspace,
      inputs,
      env: { PATH: process.env['PATH'] ?? '', HOME: folder, ...env },
    });
  return { workspace, dbt, run };
}

const WARNS = runOf([{ name: 'ids', type: 'test', status: 'warn', failures: 1, message: 'Got 1 result' }], 0);
const POLICY =
  'dbt: ../venv\nfail-on: warning\nannotations: "off"\njob-summary: false\nlabels: {team: platform}\n';

test('the file is obeyed; a variable wins over it and an input over both', async () => {
  const job = await makeJob(WARNS, { 'dbt-runcache.yml': POLICY });
  const first = await job.run();
  expect(first.conclusion).toBe('failure');
  expect(first.main.summary).toBe('');
  expect(first.main.annotations.map(({ level }) => level)).toEqual(['error']);
  expect(job.dbt.seen().args).toEqual(['build']);

  const env = { DBT_RUNCACHE_FAIL_ON: 'error', DBT_RUNCACHE_JOB_SUMMARY: 'true' };
  const second = await job.run({}, env);
  expect(second.conclusion).toBe('success');
  expect(second.main.summary).toContain('platform');

  const third = await job.run({ 'fail-on': 'warning', labels: 'team=data', annotations: 'all' }, env);
  expect(third.conclusion).toBe('failure');
  expect(third.main.summary).toContain('data');
  expect(third.main.summary).not.toContain('platform');
  expect(third.main.annotations.map(({ level }) => level)).toContain('warning');
});

test('what the file names to redact is masked in the log', async () => {
  const steps: Step[] = [{ print: 'the key is tell-nobody\n' }, ...WARNS];
  const job = await makeJob(steps, { 'dbt-runcache.yml': 'dbt: ../venv\nredact-env: [KEY]\n' });
  const { main } = await job.run({}, { KEY: 'tell-nobody' });
  expect(main.log).toContain('the key is ***');
  expect(main.log.join('\n') + main.summary).not.toContain('tell-nobody');
});

test('a file that is wrong fails the step and starts nothing; config none does not read it', async () => {
  const job = await makeJob(WARNS, { 'dbt-runcache.yml': 'fail-on: never\ndbt: ../venv\nstrict: true\n' });
  const { conclusion, main, outputs } = await job.run();
  expect(conclusion).toBe('failure');
  expect(main.annotations[0]?.message).toMatch(
    /dbt-runcache\.yml:3: there is no key "strict"\n[\s\S]*Known keys: /,
  );
  expect(outputs['outcome']).toBeUndefined();
  expect(existsSync(join(job.dbt.venv, 'seen.json'))).toBe(false);
  expect((await job.run({ config: 'none', dbt: job.dbt.venv })).conclusion).toBe('success');
});

test('the decision log is an output; without a report there is none', async () => {
  const job = await makeJob(WARNS, { 'dbt-runcache.yml': 'dbt: ../venv' });
  const { outputs } = await job.run();
  expect(outputs['decisions-path']).toBe(join(job.workspace, 'target/dbt_runcache_decisions.jsonl'));
  expect(existsSync(outputs['decisions-path'] ?? '')).toBe(true);
  expect((await job.run({ report: 'false' })).outputs).toMatchObject({
    'decisions-path': '',
    'report-path': '',
  });
});
