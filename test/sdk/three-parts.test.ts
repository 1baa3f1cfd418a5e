import { existsSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type ClaimAnswer,
  claimRun,
  explainClaim,
  type FinishOptions,
  finishRun,
  type RunOptions,
  renderPart,
  runDbt,
  runKey,
} from '../../sdk/index.ts';
import { runOf } from '../support/fake-dbt/fake-project.ts';
import { REPOSITORY_NAME, startGitRest, TOKEN } from '../support/git-rest-service.ts';
import { type ThreeJobs, threeJobs } from '../support/three-jobs.ts';

const PASSES = runOf([{ name: 'orders', status: 'success' }], 0);
const FAILS = runOf([{ name: 'orders', status: 'error' }], 1);
const HOUR = 3_600_000;

type Dedup = NonNullable<RunOptions['dedup']>;
type ToRun = Extract<ClaimAnswer, { kind: 'claimed' | 'unclaimed' }>;

/** A workflow of three jobs with a ledger beside it. */
async function makeWorkflow({
  steps = PASSES,
  files = {},
  dedup: given = {},
  env: moreEnv = {},
}: {
  steps?: Parameters<typeof threeJobs>[0];
  files?: Record<string, string>;
  dedup?: Partial<Dedup>;
  env?: Record<string, string>;
} = {}) {
  const jobs = await threeJobs(steps, files);
  const dedup: Dedup = {
    ...{ store: `file:${join(jobs.root, 'ledger')}`, data: 'ignore', durableTarget: true, lease: HOUR },
    ...given,
  };
  const optionsIn = (folder: string, more: Partial<Dedup> = {}) => ({
    cwd: folder,
    env: { PATH: process.env['PATH'], ...moreEnv },
    dbt: jobs.dbt.venv,
    output: 'silent' as const,
    dedup: { ...dedup, ...more },
  });
  return {
    jobs,
    optionsIn,
    claim: (more: Partial<Dedup> = {}): Promise<ClaimAnswer> =>
      claimRun(['build'], { ...optionsIn(jobs.checkout('claim'), more), reject: false }),
    /** @param more Variables of that job alone. */
    build: async (more: Record<string, string> = {}) => {
      const { dedup: _, ...options } = optionsIn(jobs.checkout('build'));
      return runDbt(['build'], { ...options, env: { ...options.env, ...more }, reject: false });
    },
    /** @param prepare What else is done in the checkout of the last job. */
    finish: (
      claim: FinishOptions['claim'],
      {
        result = 'success',
        args = ['build'],
        prepare = () => undefined,
        brings = true,
        more = {},
        env = {},
      }: {
        result?: FinishOptions['result'];
        args?: string[];
        prepare?: (folder: string) => void;
        brings?: boolean;
        more?: Partial<Dedup>;
        env?: Record<string, string>;
      } = {},
    ) => {
      const folder = jobs.checkout('finish');
      if (brings) jobs.bring(join(jobs.root, 'build'), folder);
      prepare(folder);
      const options = optionsIn(folder, more);
      return finishRun(args, { ...options, env: { ...options.env, ...env }, claim, result });
    },
    /** All of it at once, as without jobs. */
    plain: () => runDbt(['build'], { ...optionsIn(jobs.checkout('plain')), reject: false }),
  };
}
type Workflow = Awaited<ReturnType<typeof makeWorkflow>>;

async function claimed(workflow: Workflow): Promise<ToRun> {
  const answer = await workflow.claim();
  if (answer.kind !== 'claimed') throw new Error(`not claimed: ${JSON.stringify(answer)}`);
  return answer;
}

/** In flight, for who would not wait. */
async function isHeld({ jobs, optionsIn }: Workflow): Promise<boolean> {
  const answer = await claimRun(['build'], optionsIn(jobs.checkout('other'), { onInFlight: 'skip' }));
  return answer.kind === 'skipped-in-flight';
}

const SUITE = { timeout: 240_000 };

describe('a run in three parts', SUITE, () => {
  test('leaves a record that plain runs and claims take, and starts dbt in the second alone', async () => {
    const workflow = await makeWorkflow();
    const { jobs } = workflow;
    const answer = await claimed(workflow);
    expect(answer).toMatchObject({
      command: 'build',
      dedup: { store: 'file', because: { kind: 'no-record' }, key: { kind: 'derived' } },
    });
    expect(jobs.startedDbt()).toBe(false);
    expect(await isHeld(workflow)).toBe(true);

    const built = await workflow.build();
    expect(jobs.startedDbt()).toBe(true);
    expect(built.outcome).toBe('executed');

    expect(await workflow.finish(JSON.stringify(answer.claim))).toEqual({
      outcome: 'built',
      command: 'build',
      store: 'file',
      keyDigest: answer.dedup.key?.digest,
      record: 'kept',
      notices: [],
    });
    expect(jobs.startedDbt()).toBe(false);

    const replayed = await workflow.plain();
    expect(replayed).toMatchObject({
      outcome: 'replayed',
      dedup: { run: { startedAt: built.startedAt, wallMs: built.wallMs } },
      invocationId: built.invocationId,
    });
    // As it lay in the last job, and not where it was built.
    expect(JSON.stringify(replayed.artifactPaths)).not.toContain(join(jobs.root, 'build'));
    const again = await workflow.claim();
    expect(again).toMatchObject({ kind: 'replayed', result: { outcome: 'replayed' } });
    expect(jobs.startedDbt()).toBe(false);
  });

  test('takes the record of a plain run', async () => {
    const workflow = await makeWorkflow();
    expect(await workflow.plain()).toMatchObject({ outcome: 'executed', dedup: { record: 'kept' } });
    workflow.jobs.startedDbt();
    expect(await workflow.claim()).toMatchObject({ kind: 'replayed' });
    expect(workflow.jobs.startedDbt()).toBe(false);
  });

  test('keeps all that a plain run would keep, and nothing that an artifact only claims to be', async () => {
    const extra = ['index.html', 'compiled/shop/models/orders.sql', 'secrets.txt'];
    const steps = [...extra.map((path) => ({ write: { path: `target/${path}`, text: 'x' } })), ...PASSES];
    const workflow = await makeWorkflow({ steps, dedup: { restoreCompiled: true } });
    const { claim } = await claimed(workflow);
    await workflow.build();
    // Downloaded before the last job asks for the time.
    const prepare = (folder: string): void => {
      const target = join(folder, 'target');
      const { finishedAt } = JSON.parse(readFileSync(join(target, 'dbt_runcache_report.json'), 'utf8'));
      utimesSync(join(target, 'index.html'), new Date(finishedAt), new Date(finishedAt));
    };
    expect(await workflow.finish(claim, { prepare })).toMatchObject({ record: 'kept' });
    const { dedup } = await workflow.plain();
    if (dedup?.kind !== 'replayed') throw new Error(dedup?.kind);
    expect([...dedup.restored].sort()).toEqual([
      'compiled/shop/models/orders.sql',
      'index.html',
      'manifest.json',
      'run_results.json',
    ]);
  });

  test('in a git-ref ledger, where each part has a client of its own', async () => {
    const service = await startGitRest();
    onTestFinished(() => service.stop());
    const workflow = await makeWorkflow({
      dedup: { store: `git-ref:${REPOSITORY_NAME}`, githubToken: TOKEN, lease: undefined },
      env: { GITHUB_API_URL: service.apiUrl },
    });
    const { claim } = await claimed(workflow);
    expect(await isHeld(workflow)).toBe(true);
    await workflow.build();
    expect(await workflow.finish(JSON.stringify(claim))).toMatchObject({ outcome: 'built', record: 'kept' });
    expect(await workflow.plain()).toMatchObject({ outcome: 'replayed' });
    // Somebody else without the right to write can claim nothing, and is told so.
    service.access = 'read';
    expect(await workflow.claim()).toMatchObject({ kind: 'replayed' });
  });

  test('names no runner, so that only the end of the whole attempt ends its claim', async () => {
    const env = {
      ...{ GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: '17' },
      ...{ GITHUB_RUN_ATTEMPT: '2', RUNNER_NAME: 'GitHub Actions 4' },
    };
    const workflow = await makeWorkflow({ env });
    await claimed(workflow);
    const answer = await claimRun(['build'], {
      ...workflow.optionsIn(workflow.jobs.checkout('other'), { onInFlight: 'skip' }),
    });
    if (answer.kind !== 'skipped-in-flight') throw new Error(answer.kind);
    expect(answer.result.dedup).toMatchObject({ run: { workflowRunId: '17' } });
    const ledger = await import('../../sdk/stores/file.ts').then(({ fileStore }) =>
      fileStore({ dir: join(workflow.jobs.root, 'ledger') }),
    );
    const claims: unknown[] = [];
    for await (const name of ledger.list('claims/')) {
      const read = await ledger.read(name);
      if (read.kind === 'found') claims.push(JSON.parse(read.entry.value).body.workflowRun);
    }
    expect(claims).toEqual([
      { api: 'https://api.github.com', repository: 'acme/shop', id: '17', attempt: 2 },
    ]);
  });
});

describe('what is no success', SUITE, () => {
  test.each(['failure', 'cancelled', 'skipped'] as const)(
    'a job that ended with %s frees the key, whatever lies in the target folder',
    async (result) => {
      const workflow = await makeWorkflow();
      const { claim } = await claimed(workflow);
      await workflow.build();
      const finished = await workflow.finish(claim, { result });
      expect(finished).toMatchObject({ outcome: 'failed', record: 'none', why: expect.any(String) });
      expect(await isHeld(workflow)).toBe(false);
    },
  );

  test('a job that ended well although nodes failed is not believed', async () => {
    const workflow = await makeWorkflow({ steps: FAILS, dedup: { dedupOn: 'any' } });
    const { claim } = await claimed(workflow);
    await workflow.build();
    const finished = await workflow.finish(claim);
    expect(finished).toMatchObject({
      outcome: 'failed',
      record: 'none',
      why: expect.stringContaining('orders'),
    });
    expect(await isHeld(workflow)).toBe(false);
  });

  const rewrite = (change: object) => (folder: string) => {
    const path = join(folder, 'target/dbt_runcache_report.json');
    const report = JSON.parse(readFileSync(path, 'utf8')) as object;
    writeFileSync(path, JSON.stringify({ ...report, ...change }));
  };
  const inReport = (text: string) => (folder: string) =>
    writeFileSync(join(folder, 'target/dbt_runcache_report.json'), text);
  test.each([
    ['no report', (folder: string) => rmSync(join(folder, 'target'), { recursive: true })],
    ['a report that is no JSON', inReport('{')],
    ['a report of another shape', inReport('{"schemaVersion":1}')],
    ['a report with a decision that is none', rewrite({ decisions: [null] })],
    ['a report of another command', rewrite({ command: 'test' })],
    ['a report with other arguments', rewrite({ args: ['build', '--select', 'nothing'] })],
    ['an older report', rewrite({ startedAt: '2026-01-01T00:00:00.000Z' })],
    ['a report from the future', rewrite({ startedAt: new Date(Date.now() + 6 * 60_000).toISOString() })],
    ['a report of another run than the results', rewrite({ invocationId: 'another' })],
    ['a report that names no run', rewrite({ invocationId: undefined })],
    ['a report without the results', (folder: string) => rmSync(join(folder, 'target/run_results.json'))],
    ['a report that began at no time', rewrite({ startedAt: 'yesterday' })],
    [
      'a link among the files',
      (folder: string) => {
        rmSync(join(folder, 'target/manifest.json'));
        symlinkSync('/etc/hostname', join(folder, 'target/manifest.json'));
      },
    ],
  ])('%s proves nothing: no record, and the key is free', async (_, prepare) => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const finished = await workflow.finish(claim, { prepare });
    expect(finished).toMatchObject({ outcome: 'unproven', record: 'none', why: expect.any(String) });
    expect(await isHeld(workflow)).toBe(false);
  });
});

describe('a result that is good and stands for nothing', SUITE, () => {
  test.each([
    ['a model', (folder: string) => writeFileSync(join(folder, 'models/orders.sql'), 'select 2')],
    [
      'the target',
      (folder: string) =>
        writeFileSync(
          join(folder, 'profiles.yml'),
          readFileSync(join(folder, 'profiles.yml'), 'utf8').replace('schema: s', 'schema: other'),
        ),
    ],
  ])('%s is another one in the last job', async (_, prepare) => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    expect(await workflow.finish(claim, { prepare })).toMatchObject({
      outcome: 'built',
      record: 'inputs-changed',
      notices: [{ name: 'dedup-inputs-changed' }],
    });
    expect(await isHeld(workflow)).toBe(false);
  });

  test('dbt ran in another version than was claimed', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const finished = await workflow.finish(claim, {
      prepare: (folder) => {
        const path = join(folder, 'target/dbt_runcache_report.json');
        const report = JSON.parse(readFileSync(path, 'utf8'));
        report.engine.dbtVersion = '1.10.0';
        writeFileSync(path, JSON.stringify(report));
      },
    });
    expect(finished).toMatchObject({
      record: 'inputs-changed',
      notices: [{ message: expect.stringContaining('1.10.0 rather than 1.11.16') }],
    });
  });

  test('the clocks of two machines may differ a little', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const prepare = (folder: string): void => {
      const path = join(folder, 'target/dbt_runcache_report.json');
      const startedAt = new Date(Date.now() + 4 * 60_000).toISOString();
      writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), startedAt }));
    };
    expect(await workflow.finish(claim, { prepare })).toMatchObject({ outcome: 'built' });
  });

  const WITH_SCHEMA = {
    'profiles.yml':
      "shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: localhost, user: u, password: p, port: 5432, dbname: d, schema: \"{{ env_var('DBT_SCHEMA', 'dev') }}\"}\n",
  };

  test('dbt was given another schema than was claimed: no record, and the schema counts as written', async () => {
    const workflow = await makeWorkflow({ files: WITH_SCHEMA });
    const inSchema = (name: string) => {
      const options = workflow.optionsIn(workflow.jobs.checkout('plain'));
      return runDbt(['build'], { ...options, env: { ...options.env, DBT_SCHEMA: name }, reject: false });
    };
    await inSchema('pr_1');
    await inSchema('pr_2');
    const { claim } = await claimed(workflow);
    const built = await workflow.build({ DBT_SCHEMA: 'pr_1' });
    expect(built.targetDigest).toMatch(/^[0-9a-f]{64}$/);
    expect(await workflow.finish(claim)).toMatchObject({
      outcome: 'built',
      record: 'inputs-changed',
      notices: [{ name: 'dedup-inputs-changed', message: expect.stringContaining('e.g. another schema') }],
    });
    expect(await isHeld(workflow)).toBe(false);
    expect(await inSchema('pr_1')).toMatchObject({ dedup: { because: { kind: 'target-changed' } } });
    expect(await inSchema('pr_2')).toMatchObject({ outcome: 'replayed' });
  });

  test('the report does not say which target it was', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const prepare = (folder: string): void => {
      const path = join(folder, 'target/dbt_runcache_report.json');
      const { targetDigest: _, ...report } = JSON.parse(readFileSync(path, 'utf8'));
      writeFileSync(path, JSON.stringify(report));
    };
    expect(await workflow.finish(claim, { prepare })).toMatchObject({
      outcome: 'built',
      record: 'inputs-changed',
      notices: [{ message: expect.stringContaining('does not name') }],
    });
  });

  test('the manifest is missing', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const prepare = (folder: string): void => rmSync(join(folder, 'target/manifest.json'));
    expect(await workflow.finish(claim, { prepare })).toMatchObject({
      outcome: 'built',
      record: 'none',
      notices: [{ name: 'dedup-result-not-seen' }],
    });
    expect(await isHeld(workflow)).toBe(false);
  });

  test('another run has taken the key over: its record stays, and what it left counts as nobody’s', async () => {
    const workflow = await makeWorkflow({ dedup: { lease: HOUR } });
    const { claim } = await claimed(workflow);
    await workflow.build();
    // Who released it by hand, and a twin that has finished since.
    const { fileStore } = await import('../../sdk/stores/file.ts');
    const { releaseLedgerEntry } = await import('../../sdk/index.ts');
    const store = fileStore({ dir: join(workflow.jobs.root, 'ledger') });
    await releaseLedgerEntry(store, claim.digest ?? '');
    expect(await workflow.plain()).toMatchObject({ outcome: 'executed' });
    expect(await workflow.finish(claim)).toMatchObject({
      outcome: 'built',
      record: 'lost',
      notices: [{ message: expect.stringContaining('had been ended or released') }],
    });
    // Two wrote to one target at once.
    expect(await workflow.plain()).toMatchObject({
      outcome: 'executed',
      dedup: { because: { kind: 'target-changed' } },
    });
  });
});

describe('another attempt of the workflow run', SUITE, () => {
  const attempt = (number: number, id = '17') => ({
    ...{ GITHUB_ACTIONS: 'true', GITHUB_REPOSITORY: 'acme/shop', GITHUB_RUN_ID: id },
    GITHUB_RUN_ATTEMPT: String(number),
  });
  const AGAIN = { outcome: 'unproven', why: expect.stringContaining('"Re-run all jobs"') };

  test.each(['success', 'failure', 'cancelled', 'skipped'] as const)(
    'has claimed nothing, so dbt’s result is good for nothing: %s',
    async (result) => {
      const workflow = await makeWorkflow({ env: attempt(1) });
      const { claim } = await claimed(workflow);
      expect(claim.workflowRun).toEqual({ id: '17', attempt: 1 });
      await workflow.build();
      // The last job of the first attempt never came.
      expect(await workflow.finish(claim, { result, env: attempt(2) })).toMatchObject({
        ...AGAIN,
        record: 'none',
      });
      expect(await isHeld(workflow)).toBe(false);
    },
  );

  test('others hear that dbt has written once more', async () => {
    const workflow = await makeWorkflow({ env: attempt(1) });
    const { claim } = await claimed(workflow);
    expect(await workflow.finish(claim, { result: 'failure', brings: false })).toMatchObject({
      outcome: 'failed',
    });
    await workflow.plain();
    await workflow.build();
    expect(await workflow.finish(claim, { env: attempt(2) })).toMatchObject({ ...AGAIN, record: 'lost' });
    expect(await workflow.plain()).toMatchObject({ dedup: { because: { kind: 'target-changed' } } });
  });

  test('a project that cannot be planned there', async () => {
    const workflow = await makeWorkflow({ env: attempt(1) });
    const { claim } = await claimed(workflow);
    const prepare = (folder: string): void => rmSync(join(folder, 'profiles.yml'));
    const env = attempt(2);
    expect(await workflow.finish(claim, { result: 'skipped', brings: false, prepare, env })).toMatchObject(
      AGAIN,
    );
  });

  test('another workflow run may finish what this one claimed', async () => {
    const workflow = await makeWorkflow({ env: attempt(1) });
    const { claim } = await claimed(workflow);
    await workflow.build();
    expect(await workflow.finish(claim, { env: attempt(2, '18') })).toMatchObject({
      outcome: 'built',
      record: 'kept',
    });
  });
});

describe('outside of the ledger', SUITE, () => {
  test('a ledger that does not answer: a warning, in the words of who has run nothing yet', async () => {
    const service = await startGitRest();
    await service.stop();
    const workflow = await makeWorkflow({
      dedup: { store: `git-ref:${REPOSITORY_NAME}`, githubToken: TOKEN, lease: undefined },
      env: { GITHUB_API_URL: service.apiUrl },
    });
    const answer = await workflow.claim();
    if (answer.kind !== 'unclaimed') throw new Error(answer.kind);
    expect(answer.notices).toEqual([
      expect.objectContaining({
        name: 'dedup-unavailable',
        message: expect.stringContaining('did not answer, so dbt runs without it'),
      }),
    ]);
    const page = renderPart(explainClaim(answer));
    expect(page).toContain('so dbt runs without it');
    expect(page).not.toMatch(/dbt ran|it ran/i);
  });

  test('a ledger that cannot be had here was never asked, and is not said to have kept silent', async () => {
    const workflow = await makeWorkflow({ dedup: { store: 'actions-cache:', lease: undefined } });
    const answer = await workflow.claim();
    if (answer.kind !== 'unclaimed') throw new Error(answer.kind);
    expect(answer.notices.map(({ message }) => message)).toEqual([
      expect.stringContaining('The actions-cache ledger cannot be used here, so dbt runs without it'),
    ]);
    expect(renderPart(explainClaim(answer))).not.toContain('did not answer');
  });

  test('a run without a key runs, and others hear that it wrote', async () => {
    const workflow = await makeWorkflow();
    await workflow.plain();
    const answer = await workflow.claim({ data: undefined });
    expect(answer).toMatchObject({ kind: 'unclaimed', dedup: { because: { kind: 'no-key' } } });
    if (answer.kind !== 'unclaimed') throw new Error(answer.kind);
    expect(answer.claim.digest).toBeUndefined();
    await workflow.build();
    expect(await workflow.finish(answer.claim, { more: { data: undefined } })).toMatchObject({
      outcome: 'built',
      record: 'none',
    });
    expect(await workflow.plain()).toMatchObject({ dedup: { because: { kind: 'target-changed' } } });
  });

  test('beside the owner of the key, a run has a claim of its own places alone', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    const beside = await workflow.claim({ onInFlight: 'run' });
    if (beside.kind !== 'unclaimed') throw new Error(beside.kind);
    expect(beside.claim).not.toHaveProperty('digest');
    expect(beside.claim.writes).toEqual(claim.writes);
    expect(beside.claim.writes).toHaveLength(1);
  });

  test('dbt packages that only dbt deps would bring leave it without a key', async () => {
    const files = { 'packages.yml': 'packages:\n  - package: dbt-labs/dbt_utils\n    version: 1.3.0\n' };
    const workflow = await makeWorkflow({ files });
    expect(await workflow.claim()).toMatchObject({
      kind: 'unclaimed',
      dedup: { because: { kind: 'no-key', unknown: [{ part: 'packages' }] } },
    });
  });
});

describe('what is refused', SUITE, () => {
  test.each([
    ['no ledger', { dedup: undefined }, 'names none'],
    ['data that asks dbt', { dedup: { store: 'memory:', data: 'sources' } }, 'does not start dbt'],
  ] as const)('%s', async (_, more, message) => {
    const { jobs, optionsIn } = await makeWorkflow();
    const options = { ...optionsIn(jobs.checkout('claim')), ...more };
    await expect(claimRun(['build'], options)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
    await expect(finishRun(['build'], { ...options, claim: '{}', result: 'success' })).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining(message),
    });
  });

  test('a lease that ends while dbt runs', async () => {
    const workflow = await makeWorkflow({ dedup: { lease: undefined } });
    expect(await workflow.claim()).toMatchObject({
      kind: 'failed',
      result: { failure: { code: 'invalid-options', message: expect.stringContaining('no sign of life') } },
    });
    const named = await workflow.claim({ lease: HOUR });
    expect(named.kind).toBe('claimed');
  });

  test.each(['', '{}', 'x', '[]', '{"schemaVersion":2}', JSON.stringify({ schemaVersion: 1, token: 'x' })])(
    'a claim that is none: %j',
    async (claim) => {
      const workflow = await makeWorkflow();
      await expect(workflow.finish(claim, { brings: false })).rejects.toMatchObject({
        code: 'invalid-options',
        message: expect.stringContaining('options.claim'),
      });
    },
  );

  test('a forged claim ends no other: it has not the owner’s token', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const forged = { ...claim, token: 'somebody' };
    expect(await workflow.finish(forged)).toMatchObject({ outcome: 'built', record: 'lost' });
    expect(await isHeld(workflow)).toBe(true);
  });

  test('a project that cannot be planned: the key is free all the same', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const prepare = (folder: string): void => rmSync(join(folder, 'profiles.yml'));
    await expect(workflow.finish(claim, { prepare })).rejects.toMatchObject({ code: 'profile-not-found' });
    expect(await isHeld(workflow)).toBe(false);
  });
});

describe('no program of the project is started', SUITE, () => {
  test('and nothing is installed: exact versions are a key', async () => {
    const { jobs, optionsIn } = await makeWorkflow();
    const { dbt: _, ...options } = optionsIn(jobs.checkout('claim'));
    const folder = join(jobs.root, 'environments');
    const install = { requirements: 'dbt-core==1.11.16 dbt-postgres==1.11.0', folder };
    const answer = await claimRun(['build'], { ...options, install, reject: false });
    expect(answer).toMatchObject({ kind: 'claimed', dedup: { key: { kind: 'derived' } } });
    expect(existsSync(folder)).toBe(false);
  });

  /** A Python that tells on who starts it, in place of the one of dbt's environment. */
  function trap({ root, dbt }: ThreeJobs): { wasSprung(): boolean } {
    const mark = join(root, 'sprung');
    for (const name of ['python', 'dbt']) {
      const path = join(dbt.venv, 'bin', name);
      rmSync(path);
      writeFileSync(path, `#!/bin/sh\ntouch ${mark}\nexit 1\n`, { mode: 0o755 });
    }
    return {
      wasSprung: () => {
        try {
          readFileSync(mark);
          return true;
        } catch {
          return false;
        }
      },
    };
  }

  test('neither to claim nor to finish, where files do not tell the versions of dbt', async () => {
    const workflow = await makeWorkflow();
    const { claim } = await claimed(workflow);
    await workflow.build();
    const trapped = trap(workflow.jobs);
    rmSync(join(workflow.jobs.dbt.venv, 'lib'), { recursive: true });
    const { dbt: _, ...options } = workflow.optionsIn(workflow.jobs.checkout('claim'));
    const prefix = [join(workflow.jobs.dbt.venv, 'bin/python'), '-m', 'dbt.cli.main'];
    expect(await claimRun(['build'], { ...options, dbt: prefix, reject: false })).toMatchObject({
      kind: 'unclaimed',
      dedup: { because: { kind: 'no-key' } },
    });
    expect(await workflow.finish(claim)).toMatchObject({ outcome: 'built', record: 'inputs-changed' });
    expect(trapped.wasSprung()).toBe(false);
    // A plain run may ask, and the trap works.
    await runKey(['build'], { ...options, dbt: prefix }).catch(() => undefined);
    expect(trapped.wasSprung()).toBe(true);
  });
});

test('a slim build has no key in a job of its own: only a run finds the state it compares itself with', async () => {
  const { jobs, optionsIn } = await makeWorkflow();
  const options = { ...optionsIn(jobs.checkout('claim')), state: { slim: true } };
  const answer = await claimRun(['build'], { ...options, reject: false });
  expect(answer).toMatchObject({
    kind: 'unclaimed',
    dedup: {
      because: {
        kind: 'no-key',
        unknown: [{ part: 'managed-state', why: 'only a run finds the state it compares itself with' }],
      },
    },
  });
  const key = await runKey(['build'], options);
  expect(key).toMatchObject({
    kind: 'none',
    why: [expect.stringContaining('managed-state: only a run finds')],
  });
});
