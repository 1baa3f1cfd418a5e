import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { commitHistoryOf } from '../../../../sdk/run/managed-state/commit-history.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import type { CommitHistory, Relation } from '../../../../sdk/state-archive/commit-history.ts';
import {
  actionsCheckout,
  CHECKOUT_ENV,
  type Checkout,
  checkoutAt,
  cloneOf,
  newCheckout,
} from '../../../support/checkout.ts';
import { type CompareService, startCompare } from '../../../support/compare-service.ts';
import { hostileRepository } from '../../../support/hostile-repository.ts';

type Env = Readonly<Record<string, string>>;

let base: string;
let root: string;
let origin: Checkout;
let service: CompareService;
/** main: a ← b ← c; the pull request: b ← p ← q; trial: the merge of c and q; other: beside a. */
let sha: Readonly<Record<'a' | 'b' | 'c' | 'p' | 'q' | 'trial' | 'other', string>>;

beforeAll(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'history-')));
  origin = await newCheckout(join(base, 'origin'));
  const a = await origin.commit({ 'dbt/models/a.sql': 'select 1' });
  origin.git('checkout', '-q', '-b', 'other');
  const other = await origin.commit({ other: '' });
  origin.git('checkout', '-q', 'main');
  const b = await origin.commit({ 'dbt/models/b.sql': 'select 1' });
  origin.git('checkout', '-q', '-b', 'change');
  const p = await origin.commit({ 'dbt/models/p.sql': 'select 1' });
  const q = await origin.commit({ 'dbt/models/q.sql': 'select 1' });
  origin.git('checkout', '-q', 'main');
  const c = await origin.commit({ 'dbt/models/c.sql': 'select 1' });
  origin.git('checkout', '-q', '--detach');
  origin.git('merge', '-q', '--no-ff', '-m', 'Merge q into c', q);
  const trial = origin.sha();
  origin.git('update-ref', 'refs/pull/7/merge', trial);
  // A ref of that name is allowed, and a program that takes it for an option would start what it names.
  origin.git('update-ref', 'refs/heads/--upload-pack=x', b);
  origin.git('checkout', '-q', 'main');
  sha = { a, b, c, p, q, trial, other };
  service = await startCompare(origin.dir);
});
beforeEach(async () => {
  root = await mkdtemp(join(base, 'test-'));
});
afterEach(() => {
  service.asked.length = 0;
  service.fate = () => undefined;
});
afterAll(async () => {
  await service.stop();
  await rm(base, { recursive: true, force: true });
});

async function historyOf(
  { dir }: { readonly dir: string },
  {
    env = {},
    withRest = false,
    ownPaths = [] as readonly string[],
  }: { env?: Env; withRest?: boolean; ownPaths?: readonly string[] } = {},
): Promise<CommitHistory> {
  const found = await commitHistoryOf({
    ...{ projectDir: dir, env: { ...CHECKOUT_ENV, ...env }, run: askProgram, ownPaths },
    ...(withRest ? { rest: service.at } : {}),
  });
  if ('kind' in found) throw new Error(found.why);
  return found;
}

/** The variables and the event's file of a job for pull request 7. */
async function pullRequestJob(name = 'pull_request', event: unknown = {}, base_ = 'main'): Promise<Env> {
  const path = join(root, 'event.json');
  await writeFile(path, JSON.stringify(event));
  const isTarget = name === 'pull_request_target';
  return {
    ...{ GITHUB_ACTIONS: 'true', GITHUB_EVENT_NAME: name, GITHUB_EVENT_PATH: path, GITHUB_BASE_REF: base_ },
    GITHUB_SHA: isTarget ? sha.c : sha.trial,
  };
}

const never = new AbortController().signal;
const relate = async (
  history: CommitHistory,
  ...commits: readonly string[]
): Promise<readonly Relation[]> => {
  const found = await history.relate(commits, never);
  return commits.map((commit) => found.get(commit) as Relation);
};
const away = (commitsAway: number): Relation => ({ kind: 'ancestor', commitsAway });
const OTHER: Relation = { kind: 'other' };

describe('the checkout', () => {
  test('of a branch', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    const history = await historyOf({ dir: join(clone.dir, 'dbt') });
    expect(history).toMatchObject({ head: sha.c, mergeBase: sha.c, isDirty: false });
    expect(history.committedAt).toBe(new Date(clone.git('show', '-s', '--format=%cI')).toISOString());
    expect(history.doubt).toBeUndefined();
  });

  test('of a shallow clone doubts its older commits, unless GitHub can be asked', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'), 1);
    const history = await historyOf(clone);
    expect(history).toMatchObject({
      head: sha.c,
      mergeBase: sha.c,
      doubt: expect.stringContaining('fetch-depth: 0'),
    });
    expect((await historyOf(clone, { withRest: true })).doubt).toBeUndefined();
  });

  test('of nothing: no repository, no commit, no git', async () => {
    const empty = await newCheckout(join(root, 'empty'));
    const ask = (projectDir: string, env: Env = CHECKOUT_ENV) =>
      commitHistoryOf({ projectDir, env, run: askProgram, ownPaths: [] });
    // Below a checkout it would be found.
    const outside = await mkdtemp(join(tmpdir(), 'no-checkout-'));
    expect(await ask(outside)).toMatchObject({ kind: 'none', why: expect.stringContaining(outside) });
    await rm(outside, { recursive: true });
    expect(await ask(empty.dir)).toMatchObject({ kind: 'none' });
    expect(await ask(origin.dir, { PATH: root })).toMatchObject({ kind: 'none' });
  });
});

describe('where a pull request on GitHub left its branch', () => {
  test('GitHub’s merge commit says it itself, at a depth of one and without a token', async () => {
    const job = await pullRequestJob();
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), 'refs/pull/7/merge');
    expect(await historyOf(checkout, { env: job })).toMatchObject({ head: sha.trial, mergeBase: sha.c });
    expect(service.asked).toEqual([]);
  });

  test('so it does for pull_request_target, where it is checked out', async () => {
    const job = await pullRequestJob('pull_request_target', { pull_request: { head: { sha: sha.q } } });
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), 'refs/pull/7/merge');
    expect(await historyOf(checkout, { env: job })).toMatchObject({ mergeBase: sha.c });
  });

  test('a merge that the pull request itself brings is none of GitHub’s', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.p);
    clone.git('merge', '-q', '--no-ff', '-m', 'x', sha.other);
    const job = await pullRequestJob('pull_request', { pull_request: { head: { sha: clone.sha() } } });
    expect(await historyOf(clone, { env: job })).toMatchObject({ mergeBase: sha.b });
    // Were it the commit that the event names, it still would be one of the target branch.
    const target = { ...(await pullRequestJob('pull_request_target')), GITHUB_SHA: clone.sha() };
    expect(await historyOf(clone, { env: target })).toMatchObject({ mergeBase: sha.b });
  });

  test('its own last commit, with the whole history: git tells', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    const history = await historyOf(clone, { env: await pullRequestJob(), withRest: true });
    expect(history).toMatchObject({ head: sha.q, mergeBase: sha.b });
    expect(service.asked).toEqual([]);
  });

  test('rebased, it starts from elsewhere', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '-B', 'change', sha.q);
    clone.git('rebase', '-q', 'origin/main');
    expect(await historyOf(clone, { env: await pullRequestJob() })).toMatchObject({ mergeBase: sha.c });
  });

  test('its own last commit alone: GitHub tells', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    const history = await historyOf(checkout, { env: await pullRequestJob(), withRest: true });
    expect(history).toMatchObject({ head: sha.q, mergeBase: sha.b });
    expect(history.doubt).toBeUndefined();
    expect(service.asked).toEqual([`main...${sha.q}`]);
  });

  test('a shallow clone that has nothing in common is not believed', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    checkout.git('fetch', '-q', '--depth=1', 'origin', 'main:refs/remotes/origin/main');
    const job = await pullRequestJob();
    const history = await historyOf(checkout, { env: job });
    expect(history.mergeBase).toBeUndefined();
    expect(history.doubt).toContain('fetch-depth: 0');
    expect(await historyOf(checkout, { env: job, withRest: true })).toMatchObject({ mergeBase: sha.b });
  });

  test('a shallow clone whose nearest common commit is a wrong one is not believed', async () => {
    // main takes p in, by way of a branch of its own.
    const work = await cloneOf(origin.dir, join(root, 'work'));
    work.git('branch', '-q', 'change', sha.q);
    work.git('checkout', '-q', '-b', 'side');
    work.git('merge', '-q', '--no-ff', '-m', 'p into side', sha.p);
    const side = work.sha();
    work.git('checkout', '-q', 'main');
    await work.commit({ d: '' });
    work.git('merge', '-q', '--no-ff', '-m', 'side into main', 'side');
    const clone = await cloneOf(work.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    const job = await pullRequestJob();
    expect(await historyOf(clone, { env: job })).toMatchObject({ mergeBase: sha.p });
    await writeFile(join(clone.dir, '.git/shallow'), `${side}\n`);
    // What git would say now.
    expect(clone.git('merge-base', sha.q, 'origin/main')).toBe(sha.b);
    expect((await historyOf(clone, { env: job })).mergeBase).toBeUndefined();
  });

  test('a shallow clone is believed where the one is an ancestor of the other', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'), 2);
    const ahead = await clone.commit({ more: '' });
    const job = await pullRequestJob();
    expect(await historyOf(clone, { env: job })).toMatchObject({ head: ahead, mergeBase: sha.c });
    clone.git('checkout', '-q', '--detach', sha.b);
    expect(await historyOf(clone, { env: job })).toMatchObject({ head: sha.b, mergeBase: sha.b });
  });

  test('not known: the doubt says the way out, and why GitHub did not tell', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    const env = await pullRequestJob();
    service.fate = () => 403;
    const refused = await historyOf(checkout, { env, withRest: true });
    expect(refused.mergeBase).toBeUndefined();
    expect(refused.doubt).toMatch(/branch main.*lacks the permission contents: read.*fetch-depth: 0/);
    service.fate = () => 404;
    expect((await historyOf(checkout, { env, withRest: true })).doubt).toContain('acme/shop');
  });

  test('a base that looks like an option is a branch, and one that is no name is none', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    const strange = await pullRequestJob('pull_request', {}, '--upload-pack=x');
    expect(await historyOf(clone, { env: strange })).toMatchObject({ mergeBase: sha.b });
    const none = await pullRequestJob('pull_request', {}, 'main^{/Merge}');
    expect((await historyOf(clone, { env: none })).doubt).toContain('does not name the branch');
    const named = await pullRequestJob(
      'pull_request_review',
      { pull_request: { base: { ref: 'main' } } },
      '',
    );
    expect(await historyOf(clone, { env: named })).toMatchObject({ mergeBase: sha.b });
  });

  test('a merge queue names it', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), 'refs/pull/7/merge');
    const env = await pullRequestJob('merge_group', { merge_group: { base_sha: sha.c } });
    expect(await historyOf(checkout, { env })).toMatchObject({ mergeBase: sha.c });
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    const wrong = await pullRequestJob('merge_group', { merge_group: { base_sha: sha.q } });
    expect((await historyOf(clone, { env: wrong })).doubt).toContain('merge queue');
    const odd = await pullRequestJob('merge_group', { merge_group: { base_sha: '--all' } });
    expect((await historyOf(checkout, { env: odd })).doubt).toContain('merge queue');
  });

  test('a push to a branch left none', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    expect(await historyOf(clone, { env: await pullRequestJob('push', {}, '') })).toMatchObject({
      mergeBase: sha.q,
    });
  });
});

describe('where a branch left its base elsewhere', () => {
  test('on GitLab, which names the commit', async () => {
    const GITLAB = { GITLAB_CI: 'true', CI_MERGE_REQUEST_TARGET_BRANCH_NAME: 'main' };
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    const mergeBaseWith = async (at: Checkout, env: Env) =>
      (await historyOf(at, { env: { ...GITLAB, ...env } })).mergeBase;
    expect(await mergeBaseWith(clone, { CI_MERGE_REQUEST_DIFF_BASE_SHA: sha.a })).toBe(sha.a);
    // What git does not confirm is not taken.
    expect(await mergeBaseWith(clone, { CI_MERGE_REQUEST_DIFF_BASE_SHA: sha.other })).toBe(sha.b);
    expect(await mergeBaseWith(clone, { CI_MERGE_REQUEST_DIFF_BASE_SHA: '--all' })).toBe(sha.b);
    const job = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    expect(await mergeBaseWith(job, { CI_MERGE_REQUEST_DIFF_BASE_SHA: sha.b })).toBe(sha.b);
    // Of a pipeline of merged results.
    const merged = await actionsCheckout(origin.dir, join(root, 'merged'), 'refs/pull/7/merge');
    const both = { CI_MERGE_REQUEST_TARGET_BRANCH_SHA: sha.c, CI_MERGE_REQUEST_DIFF_BASE_SHA: sha.b };
    expect(await mergeBaseWith(merged, both)).toBe(sha.c);
  });

  test.each([
    ['BITBUCKET_PR_DESTINATION_BRANCH', 'main'],
    ['SYSTEM_PULLREQUEST_TARGETBRANCH', 'refs/heads/main'],
  ])('on a system that names the branch: %s', async (name, value) => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '--detach', sha.q);
    clone.git('remote', 'set-head', 'origin', '-d');
    expect(await historyOf(clone, { env: { [name]: value } })).toMatchObject({ mergeBase: sha.b });
  });

  test('in a clone that knows the default branch, and in one that does not', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    clone.git('checkout', '-q', '-b', 'mine', sha.q);
    expect(await historyOf(clone)).toMatchObject({ mergeBase: sha.b });
    clone.git('remote', 'set-head', 'origin', '-d');
    expect(await historyOf(clone)).toMatchObject({ mergeBase: sha.q });
  });
});

describe('how commits stand to the checkout', () => {
  test('with the whole history', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    const history = await historyOf(clone, { withRest: true });
    const gone = '1'.repeat(40);
    expect(await relate(history, sha.c, sha.b, sha.a, sha.q, sha.other, gone, '--all', 'main')).toEqual([
      ...[away(0), away(1), away(2), OTHER, OTHER, OTHER, OTHER, OTHER],
    ]);
    clone.git('fetch', '-q', 'origin', 'refs/pull/7/merge');
    clone.git('checkout', '-q', '--detach', sha.trial);
    // Two of the pull request, and the merge.
    expect(await relate(await historyOf(clone), sha.c, sha.q, sha.b)).toEqual([away(3), away(2), away(4)]);
    expect(service.asked).toEqual([]);
  });

  test('none at all', async () => {
    const history = await historyOf(origin);
    expect((await history.relate([], never)).size).toBe(0);
  });

  test('in a shallow clone, what it has not is unknown', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'), 2);
    const [head, parent, ...rest] = await relate(await historyOf(clone), sha.c, sha.b, sha.a, sha.other);
    expect([head, parent]).toEqual([away(0), away(1)]);
    for (const relation of rest)
      expect(relation).toMatchObject({ kind: 'unknown', why: expect.stringContaining('fetch-depth: 0') });
    const one = await cloneOf(origin.dir, join(root, 'one'), 1);
    // Its own commit names it.
    expect(await relate(await historyOf(one), sha.b)).toEqual([away(1)]);
  });

  test('in a shallow clone, GitHub tells', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), 'refs/pull/7/merge');
    const history = await historyOf(checkout, { env: await pullRequestJob(), withRest: true });
    const gone = '1'.repeat(40);
    expect(await relate(history, sha.c, sha.a, sha.other, gone)).toEqual([away(3), away(5), OTHER, OTHER]);
  });

  test('GitHub does not have the checkout: what it lacks may still be an ancestor', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    await checkout.commit({ 'dbt/models/local.sql': '' });
    expect(await relate(await historyOf(checkout, { withRest: true }), sha.a)).toMatchObject([
      { kind: 'unknown' },
    ]);
  });

  test('GitHub is asked for the first ten, and its troubles are unknown', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    const history = await historyOf(checkout, { withRest: true });
    const many = Array.from({ length: 12 }, (_, at) => at.toString(16).repeat(40));
    service.fate = () => 500;
    for (const relation of await relate(history, ...many)) expect(relation.kind).toBe('unknown');
    expect(service.asked.toSorted()).toEqual(
      many
        .slice(0, 10)
        .map((one) => `${one}...${sha.q}`)
        .toSorted(),
    );
  });

  test('a stop ends the waiting, and each commit still has an answer', async () => {
    const checkout = await actionsCheckout(origin.dir, join(root, 'job'), sha.q);
    const history = await historyOf(checkout, { withRest: true });
    const stop = new AbortController();
    service.fate = () => {
      stop.abort();
      return 'silence';
    };
    const found = await history.relate([sha.a, sha.b], stop.signal);
    expect([...found.values()].map(({ kind }) => kind)).toEqual(['unknown', 'unknown']);
    expect((await history.relate([sha.a, sha.q], AbortSignal.abort())).get(sha.q)).toEqual(away(0));
  });

  test('a partial clone fetches nothing', async () => {
    origin.git('config', 'uploadpack.allowFilter', 'true');
    const clone = checkoutAt(root);
    clone.git('clone', '-q', '--filter=blob:none', `file://${origin.dir}`, 'partial');
    const history = await historyOf({ dir: join(root, 'partial') });
    expect(history.isDirty).toBe(false);
    expect(await relate(history, sha.a, '1'.repeat(40))).toEqual([away(2), OTHER]);
  });
});

describe('a repository that would start programs', () => {
  test('among the project’s files: none is, and it is not taken for the folder’s', async () => {
    const hostile = await hostileRepository(root);
    const found = await commitHistoryOf({
      projectDir: hostile.dir,
      env: CHECKOUT_ENV,
      run: askProgram,
      ownPaths: [],
    });
    expect(found).toMatchObject({ kind: 'none' });
    expect(await hostile.wasStarted()).toBe(false);
  });

  test('by its settings: none is', async () => {
    const clone = await cloneOf(origin.dir, join(root, 'clone'));
    const started = join(root, 'started');
    const program = `touch ${started}; false`;
    for (const name of ['core.fsmonitor', 'core.sshCommand', 'diff.external', 'core.pager', 'gpg.program'])
      clone.git('config', name, program);
    for (const name of ['rev-parse', 'rev-list', 'diff', 'merge-base'])
      clone.git('config', `alias.${name}`, `!${program}`);
    clone.git('config', 'log.showSignature', 'true');
    await clone.write({ 'dbt/models/a.sql': 'select 2' });
    const history = await historyOf(clone);
    expect(history).toMatchObject({ head: sha.c, isDirty: true });
    expect(await relate(history, sha.a)).toEqual([away(2)]);
    await expect(realpath(started)).rejects.toThrow();
  });
});
