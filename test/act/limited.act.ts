import { expect, test } from 'vitest';
import { pullRequest, pushTo } from '../support/act-event.ts';
import { closedPort } from '../support/closed-port.ts';
import { type ActRig, type More, makeActRig, onlyJob, PASSES } from './rig.ts';

const keysOf = ({ cache }: ActRig): string[] => cache.entries.all().map(({ key }) => key);

test('a pull request from a fork waits for its base, and takes what that leaves', async () => {
  const rig = await makeActRig([{ mark: 'started' }, { wait_for: 'go' }, ...PASSES]);
  const base = await rig.start(pushTo('main'), { runId: 41 });
  await rig.dbt.reached('started');
  const fork = await rig.start(pullRequest(12, 'fork'));
  await fork.printed(/^Waiting for an identical run/);
  rig.dbt.release('go');
  const run = await fork.ended;
  expect(onlyJob(run), run.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'replayed', 'skipped-by-run-id': '41' } },
  });
  await base.ended;
  expect(rig.starts()).toHaveLength(1);
});

test('a pull request from a fork takes what its base left', async () => {
  const rig = await makeActRig();
  await rig.run(pushTo('main'), { runId: 41 });
  const left = keysOf(rig);
  expect(left).not.toEqual([]);
  const run = await rig.run(pullRequest(12, 'fork'));
  expect(onlyJob(run), run.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'replayed', 'skipped-by-run-id': '41' } },
  });
  expect(rig.starts()).toHaveLength(1);
  expect(keysOf(rig)).toEqual(left);
});

test('a version of the data that a variable holds does not reach a fork, and one in a file does', async () => {
  const rig = await makeActRig();
  const vars = { LAST_LOAD: 'load-1' };
  const outcome = async (more: More, event = pullRequest(12, 'fork')) => {
    const run = await rig.run(event, { vars, ...more });
    expect(onlyJob(run).conclusion, run.transcript).toBe('success');
    const { outputs } = onlyJob(run).main;
    return [outputs['outcome'], outputs['dedup-key'] !== ''];
  };
  const inVariable = { with: { data: '', 'data-version': `\${{ vars.LAST_LOAD }}` } };
  expect(await outcome(inVariable, pushTo('main'))).toEqual(['executed', true]);
  expect(await outcome(inVariable, pullRequest(13))).toEqual(['replayed', true]);
  expect(await outcome(inVariable)).toEqual(['executed', false]);

  const inFile = {
    before: [{ id: 'data', run: 'echo "version=$(head -n 1 .data-version)" >> "$GITHUB_OUTPUT"' }],
    with: { data: '', 'data-version': `\${{ steps.data.outputs.version }}` },
  };
  expect(await outcome(inFile, pushTo('main'))).toEqual(['executed', true]);
  expect(await outcome(inFile)).toEqual(['replayed', true]);
});

test('a pull request from a fork that finds nothing runs dbt, says that nothing is kept, and is green', async () => {
  const rig = await makeActRig();
  const run = await rig.run(pullRequest(12, 'fork'));
  const job = onlyJob(run);
  expect(job, run.transcript).toMatchObject({
    conclusion: 'success',
    main: { outputs: { outcome: 'executed', 'failure-code': '' } },
    post: { conclusion: 'success' },
  });
  expect(job.main.annotations).toEqual([]);
  expect(job.main.summary).toContain('This run may only read the ledger');
  expect(rig.starts()).toHaveLength(1);
  expect(keysOf(rig)).toEqual([]);
});

const OUTAGES: readonly (readonly [string, (rig: ActRig) => Promise<More>])[] = [
  ['nobody listens there', async () => ({ cacheUrl: `http://127.0.0.1:${await closedPort()}` })],
  [
    'it is overloaded',
    async ({ cache }) => {
      cache.fault = () => ({ kind: 'error', status: 503, isDone: false });
      return {};
    },
  ],
  [
    'it takes no more requests',
    async ({ cache }) => {
      cache.fault = () => ({ kind: 'rate-limited', retryAfter: '120' });
      return {};
    },
  ],
];

for (const [what, makeOutage] of OUTAGES)
  test(`without the cache service, since ${what}: dbt runs with a warning, or the step fails where that is asked for`, async () => {
    const rig = await makeActRig();
    const outage = await makeOutage(rig);
    const run = await rig.run(pushTo('main'), outage);
    const job = onlyJob(run);
    expect(job, run.transcript).toMatchObject({
      conclusion: 'success',
      main: { outputs: { outcome: 'executed', built: '1' } },
    });
    expect(job.main.annotations.map(({ level }) => level)).toEqual(['warning']);
    expect(rig.starts()).toHaveLength(1);

    const strict = await rig.run(pushTo('main'), { ...outage, with: { 'on-unavailable': 'fail' } });
    expect(onlyJob(strict), strict.transcript).toMatchObject({
      conclusion: 'failure',
      main: { conclusion: 'failure', outputs: { outcome: 'failed', 'failure-code': 'dedup-unavailable' } },
    });
    expect(rig.starts()).toHaveLength(1);
  });

test('cache-mode: read takes results and leaves none; none runs dbt without a word to the service', async () => {
  const rig = await makeActRig();
  const inMode = async (mode: string) => {
    const run = await rig.run(pushTo('main'), { env: { ACTIONS_CACHE_MODE: mode } });
    const job = onlyJob(run);
    expect(job.conclusion, run.transcript).toBe('success');
    return { outcome: job.main.outputs['outcome'], annotations: job.main.annotations };
  };
  const warning = (text: string) => [{ level: 'warning', message: expect.stringContaining(text) }];
  expect(await inMode('none')).toMatchObject({
    outcome: 'executed',
    annotations: warning('cache-mode: none'),
  });
  expect(rig.cache.calls).toEqual([]);
  expect(await inMode('read')).toEqual({ outcome: 'executed', annotations: [] });
  expect(keysOf(rig)).toEqual([]);
  expect(await inMode('write')).toMatchObject({ outcome: 'executed', annotations: [] });
  const left = keysOf(rig);
  expect(left).not.toEqual([]);
  expect(await inMode('read')).toMatchObject({ outcome: 'replayed', annotations: [{ level: 'notice' }] });
  expect(keysOf(rig)).toEqual(left);
  expect(rig.starts()).toHaveLength(3);
});
