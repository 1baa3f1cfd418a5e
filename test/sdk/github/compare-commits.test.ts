import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import nock from 'nock';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { compareCommits } from '../../../sdk/github/compare-commits.ts';
import { githubRest } from '../../../sdk/github/rest.ts';
import { type Checkout, newCheckout } from '../../support/checkout.ts';
import { type CompareService, startCompare } from '../../support/compare-service.ts';

let root: string;
let origin: Checkout;
let service: CompareService;
let commits: readonly [string, string, string];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'compare-'));
  origin = await newCheckout(join(root, 'origin'));
  const first = await origin.commit({ a: '1' });
  origin.git('checkout', '-q', '-b', 'feature/x');
  const change = await origin.commit({ b: '1' });
  origin.git('checkout', '-q', 'main');
  commits = [first, change, await origin.commit({ a: '2' })];
  service = await startCompare(origin.dir);
});
afterEach(() => {
  service.asked.length = 0;
  service.fate = () => undefined;
  nock.cleanAll();
});
afterAll(async () => {
  await service.stop();
  await rm(root, { recursive: true, force: true });
});

test('an ancestor, and two that went apart', async () => {
  const [first, change, last] = commits;
  expect(await compareCommits(service.at, first, change)).toEqual({
    ...{ kind: 'compared', aheadBy: 1, behindBy: 0 },
    mergeBase: first,
  });
  expect(await compareCommits(service.at, last, change)).toEqual({
    ...{ kind: 'compared', aheadBy: 1, behindBy: 1 },
    mergeBase: first,
  });
});

test('a branch with a slash in its name, and one that looks like an option', async () => {
  const [first, change, last] = commits;
  origin.git('update-ref', 'refs/heads/--upload-pack=x', first);
  expect(await compareCommits(service.at, 'feature/x', last)).toMatchObject({ mergeBase: first });
  expect(await compareCommits(service.at, '--upload-pack=x', change)).toMatchObject({ mergeBase: first });
  expect(service.asked).toEqual([`feature/x...${last}`, `--upload-pack=x...${change}`]);
});

test('a commit that is not there', async () => {
  expect(await compareCommits(service.at, '1'.repeat(40), commits[0])).toEqual({ kind: 'absent' });
});

describe('no answer is unknown, never a failure', () => {
  test.each([
    [401, /contents: read/],
    [403, /contents: read/],
    [429, /rate limit/],
    [500, /status 500/],
    [302, /status 302/],
  ])('status %d', async (status, why) => {
    // One of its own: a limit keeps it from asking again.
    const api = nock('https://api.github.com').get(/./).reply(status, '{}');
    const rest = githubRest({ apiUrl: 'https://api.github.com', token: 'x' });
    const answer = await compareCommits({ rest, repository: 'acme/shop' }, commits[0], commits[1]);
    expect(answer).toMatchObject({ kind: 'unknown', why: expect.stringMatching(why) });
    expect(api.isDone()).toBe(true);
  });

  test('an answer of another kind', async () => {
    const rest = githubRest({ apiUrl: 'https://api.github.com', token: 'x' });
    const range = new RegExp(commits[0]);
    nock('https://api.github.com')
      .get(range)
      .reply(200, { ahead_by: -1, behind_by: 0, merge_base_commit: { sha: '--x' } });
    const answer = await compareCommits({ rest, repository: 'acme/shop' }, commits[0], commits[1]);
    expect(answer.kind).toBe('unknown');
  });

  test('silence, and a stop', async () => {
    service.fate = () => 'silence';
    const silent = await compareCommits(service.at, commits[0], commits[1], { timeoutMs: 50 });
    expect(silent).toMatchObject({ kind: 'unknown', why: expect.stringMatching(/in time/) });
    const stopped = await compareCommits(service.at, commits[0], commits[1], { signal: AbortSignal.abort() });
    expect(stopped.kind).toBe('unknown');
  });

  test('a name that would lead elsewhere is not asked for', async () => {
    for (const repository of ['../user', 'acme', 'acme/..', 'a/b/c', 'a/b?x'])
      expect((await compareCommits({ ...service.at, repository }, commits[0], commits[1])).kind).toBe(
        'unknown',
      );
    expect(service.asked).toEqual([]);
  });
});
