import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { isProduction } from '../../../../sdk/run/managed-state/production.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import { CHECKOUT_ENV, type Checkout, cloneOf, newCheckout } from '../../../support/checkout.ts';

let root: string;
let clone: Checkout;
let first: string;
let last: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'production-'));
  const origin = await newCheckout(join(root, 'origin'));
  first = await origin.commit({ a: '1' });
  last = await origin.commit({ a: '2' });
  clone = await cloneOf(origin.dir, join(root, 'clone'));
});
beforeEach(() => void clone.git('checkout', '-q', 'main'));
afterAll(() => rm(root, { recursive: true, force: true }));

const ask = (env: Readonly<Record<string, string>>, projectDir = clone.dir) =>
  isProduction({ projectDir, env: { ...CHECKOUT_ENV, ...env }, run: askProgram });

describe('GitHub', () => {
  let event: string;
  beforeAll(async () => {
    event = join(root, 'event.json');
    await writeFile(event, JSON.stringify({ repository: { default_branch: 'main' } }));
  });
  const job = (name: string, ref = 'refs/heads/main', sha = last) =>
    ask({
      ...{ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name, GITHUB_REF: ref, GITHUB_SHA: sha },
      GITHUB_EVENT_PATH: event,
    });

  test.each(['push', 'schedule', 'workflow_dispatch', 'repository_dispatch'])('%s on main', async (name) => {
    expect(await job(name)).toEqual({ kind: 'yes' });
  });

  test.each([
    ['push', 'refs/heads/other'],
    ['push', 'refs/tags/main'],
    ['release', 'refs/tags/v1'],
    ['push', ''],
    // Their ref may be that of main.
    ['pull_request', 'refs/pull/1/merge'],
    ['pull_request_target', 'refs/heads/main'],
    ['pull_request_review', 'refs/heads/main'],
    ['merge_group', 'refs/heads/main'],
  ])('%s of %s is not', async (name, ref) => {
    const answer = await job(name, ref);
    expect(answer).toMatchObject({ kind: 'no', why: expect.stringMatching(/./) });
    // Nobody who proposes a change should publish it as what production has.
    const invites = JSON.stringify(answer).includes('publish-state: always');
    expect(invites).toBe(!/^(?:pull_request|merge_group)/.test(name));
  });

  test('an event of main that checks out something else is not, unless main has that', async () => {
    clone.git('checkout', '-q', '--detach', first);
    expect(await job('schedule')).toEqual({ kind: 'yes' });
    await clone.commit({ b: 'a pull request’s' });
    expect(await job('issue_comment')).toMatchObject({ kind: 'no' });
  });

  test('an event that cannot be read, and a folder without a commit, tell nothing', async () => {
    const env = {
      GITHUB_ACTIONS: 'true',
      GITHUB_EVENT_NAME: 'push',
      GITHUB_REF: 'refs/heads/main',
      GITHUB_SHA: last,
    };
    expect(await ask(env)).toMatchObject({ kind: 'unknown' });
    expect(await ask({ ...env, GITHUB_EVENT_PATH: join(root, 'none') })).toMatchObject({ kind: 'unknown' });
    expect(await ask({ ...env, GITHUB_EVENT_PATH: event }, root)).toMatchObject({ kind: 'unknown' });
  });
});

describe('GitLab', () => {
  test.each([
    [{ CI_COMMIT_BRANCH: 'main', CI_DEFAULT_BRANCH: 'main' }, 'yes'],
    [{ CI_COMMIT_BRANCH: 'x', CI_DEFAULT_BRANCH: 'main' }, 'no'],
    [{ CI_COMMIT_TAG: 'main', CI_DEFAULT_BRANCH: 'main' }, 'no'],
    [{ CI_COMMIT_BRANCH: 'main' }, 'unknown'],
  ])('%j: %s', async (env, kind) => {
    expect(await ask({ GITLAB_CI: 'true', ...env })).toMatchObject({ kind });
  });
});

describe('a clone', () => {
  test('of a developer is none of production, whatever its branch is', async () => {
    expect(await ask({})).toEqual({ kind: 'no', why: expect.stringContaining('variable CI is not set') });
    expect(await ask({ CI: 'false' })).toMatchObject({ kind: 'no' });
  });

  test('of the default branch, of another, and of none', async () => {
    expect(await ask({ CI: 'true' })).toEqual({ kind: 'yes' });
    clone.git('checkout', '-q', '-B', 'other');
    expect(await ask({ CI: 'true' })).toMatchObject({ kind: 'no' });
    clone.git('checkout', '-q', '--detach');
    expect(await ask({ CI: 'true' })).toMatchObject({
      kind: 'unknown',
      why: expect.stringContaining('publish-state: always'),
    });
  });

  test('that does not know the default branch', async () => {
    expect(await ask({ CI: 'true' }, join(root, 'origin'))).toMatchObject({ kind: 'unknown' });
    expect(await ask({ CI: 'true' }, root)).toMatchObject({ kind: 'unknown' });
  });

  test('of a pull request on another CI system is not, whatever the branch', async () => {
    expect(await ask({ BITBUCKET_PR_DESTINATION_BRANCH: 'main' })).toMatchObject({ kind: 'no' });
  });
});
