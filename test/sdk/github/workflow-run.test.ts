import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { githubRest } from '../../../sdk/github/rest.ts';
import {
  parseWorkflowRun,
  type WorkflowRun,
  type WorkflowRunOracleOptions,
  workflowRunOf,
  workflowRunOracle,
} from '../../../sdk/github/workflow-run.ts';
import { closedPort } from '../../support/closed-port.ts';
import {
  RUNS_REPOSITORY,
  RUNS_TOKEN,
  type ServedJob,
  startWorkflowRuns,
  type WorkflowRunsService,
} from '../../support/workflow-runs-service.ts';

let service: WorkflowRunsService;
beforeEach(async () => {
  service = await startWorkflowRuns();
});
afterEach(async () => {
  vi.useRealTimers();
  await service.stop();
});

const RUNNER = 'GitHub Actions 12';
const ATTEMPT = `/repos/${RUNS_REPOSITORY}/actions/runs/29679449/attempts/2`;
const JOBS = `${ATTEMPT}/jobs?per_page=100&page=1`;
const running: ServedJob = { status: 'in_progress', runner: RUNNER };
const ended: ServedJob = { status: 'completed', runner: RUNNER };
const other: ServedJob = { status: 'in_progress', runner: 'GitHub Actions 13' };

const owner = (parts: Partial<WorkflowRun> = {}): WorkflowRun => ({
  api: service.apiUrl,
  repository: RUNS_REPOSITORY,
  id: '29679449',
  attempt: 2,
  runner: RUNNER,
  ...parts,
});
const ownerOfAttempt = (): WorkflowRun => {
  const { runner: _, ...rest } = owner();
  return rest;
};
const oracle = (options: Partial<WorkflowRunOracleOptions> & { readonly token?: string } = {}) =>
  workflowRunOracle({
    rest: githubRest({ apiUrl: service.apiUrl, token: options.token ?? RUNS_TOKEN }),
    own: owner({ id: '30000001', attempt: 1 }),
    ...options,
  });
const serve = (status: string, jobs: readonly ServedJob[] = []): void => {
  service.attempts.set('29679449/2', { status, jobs });
};

describe('what GitHub says of a run', () => {
  test.each([
    ['all its jobs are over', 'completed', [ended], 'over'],
    ['the job is over, others go on', 'in_progress', [ended, other], 'over'],
    ['the job goes on', 'in_progress', [running, other], 'alive'],
    ['the job is over, and a next one on the same runner goes on', 'in_progress', [ended, running], 'alive'],
    ['the job waits, on that runner', 'in_progress', [ended, { ...running, status: 'queued' }], 'alive'],
    ['no job is on that runner yet', 'in_progress', [other], 'alive'],
    ['no job is there yet', 'queued', [], 'alive'],
    ['a job that began has no runner yet', 'in_progress', [ended, { ...running, runner: null }], 'alive'],
    ['a job that began has a runner of no name', 'in_progress', [ended, { ...running, runner: '' }], 'alive'],
    [
      'a job may have just got the runner',
      'in_progress',
      [ended, { status: 'queued', runner: null }],
      'alive',
    ],
    ['a job waits for people', 'in_progress', [ended, { status: 'waiting', runner: null }], 'over'],
    ['a job was skipped', 'in_progress', [ended, { status: 'completed', runner: null }], 'over'],
  ] as const)('%s', async (_, status, jobs, state) => {
    serve(status, jobs);
    expect(await oracle()(owner())).toBe(state);
    expect(service.requests).toEqual(status === 'completed' ? [ATTEMPT] : [ATTEMPT, JOBS]);
  });

  test.each([
    ['in_progress', 'alive'],
    ['queued', 'alive'],
    ['completed', 'over'],
  ])('of an owner that outlives its job, only whether the attempt is over: %s', async (status, state) => {
    serve(status, [ended]);
    expect(await oracle()(ownerOfAttempt())).toBe(state);
    expect(service.requests).toEqual([ATTEMPT]);
  });

  test('of the attempt that is asked for, and no later one', async () => {
    serve('completed');
    service.attempts.set('29679449/3', { status: 'in_progress', jobs: [running] });
    expect(await oracle()(owner())).toBe('over');
    expect(await oracle()(owner({ attempt: 3 }))).toBe('alive');
  });

  test('the jobs of all pages', async () => {
    const many = Array.from({ length: 230 }, (): ServedJob => ({ ...ended, runner: 'another' }));
    serve('in_progress', [...many, ended, other]);
    expect(await oracle()(owner())).toBe('over');
    expect(service.requests).toEqual([
      ATTEMPT,
      ...[1, 2, 3].map((page) => JOBS.replace('&page=1', `&page=${page}`)),
    ]);
    serve('in_progress', [ended, ...many, running]);
    expect(await oracle()(owner())).toBe('alive');
  });

  test('more jobs than are read, and pages that shift, are no answer', async () => {
    serve('in_progress', Array(1001).fill(ended));
    expect(await oracle()(owner())).toBe('unknown');
    expect(service.requests).toHaveLength(11);
    service.fate = (path) =>
      path.includes('page=2')
        ? { kind: 'answer', status: 200, body: { total_count: 101, jobs: [] } }
        : undefined;
    serve('in_progress', Array(101).fill(ended));
    expect(await oracle()(owner())).toBe('unknown');
    expect(service.requests).toHaveLength(11 + 3);
  });
});

describe('our own job', () => {
  test('is alive, and nobody is asked', async () => {
    serve('completed');
    expect(await oracle({ own: owner() })(owner())).toBe('alive');
    expect(service.requests).toEqual([]);
  });

  test.each([{ id: '1' }, { attempt: 1 }, { runner: 'GitHub Actions 99' }])(
    'is no other: %o',
    async (own) => {
      serve('completed');
      expect(await oracle({ own: owner(own) })(owner())).toBe('over');
    },
  );
});

describe('an owner that must not be asked for', () => {
  test('of another server: neither server hears anything', async () => {
    const elsewhere = await startWorkflowRuns();
    try {
      elsewhere.attempts.set('29679449/2', { status: 'completed', jobs: [] });
      serve('completed');
      expect(await oracle()(owner({ api: elsewhere.apiUrl }))).toBe('unknown');
      expect(elsewhere.requests).toEqual([]);
      expect(service.requests).toEqual([]);
    } finally {
      await elsewhere.stop();
    }
  });

  test.each([
    ['another repository', { repository: 'analytics/other' }],
    ['a path for an id', { id: '1/../../../../user' }],
    ['an id with more behind it', { id: '29679449?x=1' }],
    ['an id with a line behind it', { id: '29679449\n' }],
    ['an id that is none', { id: '0' }],
    ['an attempt that is none', { attempt: 0 }],
    ['half an attempt', { attempt: 1.5 }],
    ['a path for an attempt', { attempt: '2/../1' }],
    ['a runner of no name', { runner: '' }],
    ['a runner that is no text', { runner: 1 }],
    ['no id', { id: undefined }],
  ])('%s', async (_, parts) => {
    serve('completed');
    expect(await oracle()({ ...owner(), ...parts } as WorkflowRun)).toBe('unknown');
    expect(service.requests).toEqual([]);
  });

  test('nothing at all', async () => {
    expect(await oracle()(null as unknown as WorkflowRun)).toBe('unknown');
  });

  test('even where our own repository would lead elsewhere', async () => {
    const own = owner({ repository: '../user' });
    expect(await oracle({ own: { ...own, id: '1' } })(own)).toBe('unknown');
    expect(service.requests).toEqual([]);
  });
});

describe('no answer', () => {
  test.each(['none', 'hidden'] as const)('the token may not ask: %s', async (access) => {
    serve('completed');
    service.access = access;
    expect(await oracle()(owner())).toBe('unknown');
    expect(service.requests).toEqual([ATTEMPT]);
  });

  test('a token that is none, and a run that is deleted', async () => {
    expect(await oracle()(owner())).toBe('unknown');
    serve('completed');
    expect(await oracle({ token: 'wrong' })(owner())).toBe('unknown');
  });

  test.each([
    ['a server error', 502, 'Bad Gateway'],
    ['an error that looks like an answer', 500, { id: 29679449, run_attempt: 2, status: 'completed' }],
    ['no JSON', 200, '<html></html>'],
    ['half an answer', 200, '{"id":29679449,'],
    ['no status', 200, { id: 29679449, run_attempt: 2 }],
    ['another run', 200, { id: 29679440, run_attempt: 2, status: 'completed' }],
    ['another attempt', 200, { id: 29679449, run_attempt: 1, status: 'completed' }],
    ['a redirect', 301, { url: 'https://elsewhere.example.com' }],
    ['nothing new, of what was never seen', 304, ''],
    ['too much', 200, { id: 29679449, run_attempt: 2, status: 'completed', x: 'x'.repeat(1 << 20) }],
  ])('%s', async (_, status, body) => {
    service.fate = () => ({ kind: 'answer', status, body });
    expect(await oracle()(owner())).toBe('unknown');
  });

  test.each([
    ['refused', 403, { message: 'Resource not accessible by integration' }],
    ['of another shape', 200, { total_count: 1, jobs: [{ id: 1, runner_name: RUNNER }] }],
    ['without a count', 200, { jobs: [{ id: 1, status: 'completed', runner_name: RUNNER }] }],
  ])('jobs %s', async (_, status, body) => {
    serve('in_progress', [ended]);
    service.fate = (path) => (path === JOBS ? { kind: 'answer', status, body } : undefined);
    expect(await oracle()(owner())).toBe('unknown');
  });

  test.each([
    ['a limit', 429, { 'retry-after': '600' }],
    ['no requests left', 403, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '4102444800' }],
  ])('%s: nothing more is sent during it', async (_, status, headers) => {
    serve('completed');
    service.fate = () => ({ kind: 'answer', status, body: { message: 'API rate limit exceeded' }, headers });
    const ask = oracle();
    expect(await ask(owner())).toBe('unknown');
    service.fate = () => undefined;
    expect(await ask(owner({ runner: 'another' }))).toBe('unknown');
    expect(service.requests).toHaveLength(1);
  });

  test('a short limit is waited for', async () => {
    serve('completed');
    service.fate = () =>
      service.requests.length === 1
        ? { kind: 'answer', status: 429, body: {}, headers: { 'retry-after': '1' } }
        : undefined;
    expect(await oracle()(owner())).toBe('over');
  });

  test('a lost reply, and nobody there', async () => {
    serve('completed');
    service.fate = () => ({ kind: 'lost' });
    expect(await oracle()(owner())).toBe('unknown');
    const api = `http://127.0.0.1:${await closedPort()}`;
    const rest = githubRest({ apiUrl: api, token: RUNS_TOKEN });
    expect(await oracle({ rest, own: owner({ api, id: '1' }) })(owner({ api }))).toBe('unknown');
  });

  test('an answer that is late; all its requests have one limit', async () => {
    serve('in_progress', [ended]);
    const until = new Promise(() => undefined);
    service.fate = (path) => (path === JOBS ? { kind: 'wait', until } : undefined);
    expect(await oracle({ timeoutMs: 200 })(owner())).toBe('unknown');
    // Waiting for a limit to end is part of it.
    service.fate = () => ({ kind: 'answer', status: 429, body: {}, headers: { 'retry-after': '4' } });
    const began = performance.now();
    expect(await oracle({ timeoutMs: 200 })(owner())).toBe('unknown');
    expect(performance.now() - began).toBeLessThan(3000);
  });
});

describe('how often it is asked', () => {
  /** The clock stands still but for what a test says; the network goes on. */
  const stopClock = (): void => void vi.useFakeTimers({ toFake: ['performance'] });

  test.each(['alive', 'unknown'] as const)('%s stands for a while', async (state) => {
    stopClock();
    if (state === 'alive') serve('in_progress', [running]);
    const ask = oracle({ againAfterMs: 30_000 });
    expect(await ask(owner())).toBe(state);
    serve('completed');
    const before = service.requests.length;
    vi.advanceTimersByTime(29_999);
    expect(await ask(owner())).toBe(state);
    expect(service.requests).toHaveLength(before);
    vi.advanceTimersByTime(1);
    expect(await ask(owner())).toBe('over');
  });

  test('an attempt that is over stays so', async () => {
    stopClock();
    serve('completed');
    const ask = oracle();
    expect(await ask(owner())).toBe('over');
    serve('in_progress', [running]);
    vi.advanceTimersByTime(24 * 3_600_000);
    expect(await ask(owner())).toBe('over');
    expect(service.requests).toHaveLength(1);
  });

  test('a job that is over is asked for again: the next one on its runner may hold the claim by now', async () => {
    serve('in_progress', [ended, other]);
    const ask = oracle();
    expect(await ask(owner())).toBe('over');
    serve('in_progress', [ended, running, other]);
    expect(await ask(owner())).toBe('alive');
  });

  test('each owner has an answer of its own', async () => {
    serve('in_progress', [ended, other]);
    service.attempts.set('29679449/1', { status: 'completed', jobs: [] });
    service.attempts.set('29679448/2', { status: 'completed', jobs: [] });
    const ask = oracle();
    expect(await ask(owner({ runner: 'GitHub Actions 13' }))).toBe('alive');
    expect(await ask(owner())).toBe('over');
    expect(await ask(ownerOfAttempt())).toBe('alive');
    expect(await ask(owner({ runner: 'GitHub Actions 13', attempt: 1 }))).toBe('over');
    expect(await ask(owner({ runner: 'GitHub Actions 13', id: '29679448' }))).toBe('over');
  });

  test('what has not changed does not count against the limit', async () => {
    serve('in_progress', [running]);
    const ask = oracle({ againAfterMs: 0 });
    for (let times = 0; times < 3; times += 1) expect(await ask(owner())).toBe('alive');
    expect([service.requests.length, service.unchanged]).toEqual([6, 4]);
    serve('in_progress', [ended]);
    expect(await ask(owner())).toBe('over');
    expect(service.unchanged).toBe(5);
  });

  test('all who ask at once share one answer', async () => {
    serve('in_progress', [running]);
    const ask = oracle();
    const states = await Promise.all([ask(owner()), ask(owner()), ask(owner())]);
    expect(states).toEqual(['alive', 'alive', 'alive']);
    expect(service.requests).toEqual([ATTEMPT, JOBS]);
  });
});

describe('a caller that stops', () => {
  /** A service whose answer waits, and word of when it was asked. */
  const waiting = () => {
    const asked = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    service.fate = () => {
      asked.resolve();
      return { kind: 'wait', until: go.promise };
    };
    return { asked: asked.promise, go: go.resolve };
  };

  test('leaves the answer to the others', async () => {
    serve('completed');
    const { asked, go } = waiting();
    const ask = oracle();
    const stop = new AbortController();
    const [first, second] = [ask(owner(), stop.signal), ask(owner())];
    await asked;
    stop.abort();
    expect(await first).toBe('unknown');
    go();
    expect(await second).toBe('over');
    expect(service.requests).toHaveLength(1);
  });

  test('the last one ends the request, and that is no answer for those who ask later', async () => {
    serve('completed');
    const { asked } = waiting();
    const ask = oracle();
    const stop = new AbortController();
    const first = ask(owner(), stop.signal);
    await asked;
    stop.abort();
    expect(await first).toBe('unknown');
    await expect.poll(() => service.abandoned).toBe(1);
    service.fate = () => undefined;
    expect(await ask(owner())).toBe('over');
  });

  test('before it asks: nothing is sent', async () => {
    serve('completed');
    const rest = githubRest({ apiUrl: service.apiUrl, token: RUNS_TOKEN });
    const request = vi.spyOn(rest, 'request');
    const ask = oracle({ rest });
    expect(await ask(owner(), AbortSignal.abort())).toBe('unknown');
    expect(request).not.toHaveBeenCalled();
    expect(await ask(owner())).toBe('over');
  });
});

describe('who we are', () => {
  const env = {
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: 'https://github.example.com/api/v3/',
    GITHUB_REPOSITORY: 'analytics/dbt.models',
    GITHUB_RUN_ID: '29679449',
    GITHUB_RUN_ATTEMPT: '2',
    RUNNER_NAME: 'GitHub Actions 12',
  };

  test('as the runner says', () => {
    const run = {
      api: 'https://github.example.com/api/v3',
      repository: 'analytics/dbt.models',
      id: '29679449',
      attempt: 2,
      runner: 'GitHub Actions 12',
    };
    expect(workflowRunOf(env)).toEqual(run);
    expect(parseWorkflowRun(JSON.parse(JSON.stringify(run)))).toEqual(run);
    for (const url of [undefined, ''])
      expect(workflowRunOf({ ...env, GITHUB_API_URL: url })?.api).toBe('https://api.github.com');
  });

  test.each([
    { GITHUB_ACTIONS: undefined },
    { GITHUB_ACTIONS: 'false' },
    { GITHUB_API_URL: 'api.github.com' },
    { GITHUB_API_URL: 'http://github.example.com/api/v3' },
    { GITHUB_API_URL: 'https://user:secret@github.example.com' },
    { GITHUB_API_URL: 'https://github.example.com/?token=secret' },
    { GITHUB_REPOSITORY: undefined },
    { GITHUB_REPOSITORY: 'dbt' },
    { GITHUB_REPOSITORY: 'analytics/..' },
    { GITHUB_REPOSITORY: '../analytics' },
    { GITHUB_REPOSITORY: 'analytics/dbt/x' },
    { GITHUB_RUN_ID: undefined },
    { GITHUB_RUN_ID: '29679449x' },
    { GITHUB_RUN_ATTEMPT: undefined },
    { GITHUB_RUN_ATTEMPT: '' },
    { GITHUB_RUN_ATTEMPT: '0' },
    { GITHUB_RUN_ATTEMPT: '0x2' },
  ])('not known: %o', (parts) => {
    expect(workflowRunOf({ ...env, ...parts })).toBeUndefined();
  });

  test.each([undefined, ''])(
    'where the runner has no name (%j), the attempt is all there is to ask about',
    (name) => {
      const { runner: _, ...rest } = workflowRunOf(env) ?? {};
      expect(workflowRunOf({ ...env, RUNNER_NAME: name })).toEqual(rest);
      expect(rest).toMatchObject({ id: '29679449', attempt: 2 });
    },
  );

  test('a claim that outlives its job names no runner', () => {
    const run = { api: 'https://api.github.com', repository: 'a/b', id: '1', attempt: 1 };
    expect(parseWorkflowRun(run)).toEqual(run);
    expect(parseWorkflowRun('a/b')).toBeUndefined();
  });
});
