import * as z from 'zod';
import type { WorkflowRun } from '../dedup/record.ts';
import { optional } from '../util/optional.ts';
import { unlessAborted } from '../util/waiting.ts';
import type { GithubRest } from './rest.ts';
import { runReader } from './run-reader.ts';

export type { WorkflowRun } from '../dedup/record.ts';

/**
 * `alive`: it may still be at work. `over`: GitHub says that its job has ended. `unknown`: nobody could tell, now or
 * ever.
 */
export type OwnerState = 'alive' | 'over' | 'unknown';

export interface WorkflowRunOracleOptions {
  /** Made with `own.api`: it is the only server that gets the token. */
  readonly rest: GithubRest;
  readonly own: WorkflowRun;
  /** For all requests of one question. Milliseconds, default 10 s. */
  readonly timeoutMs?: number;
  /** For how long an answer stands that may change. Milliseconds, default 30 s. */
  readonly againAfterMs?: number;
}

const Schema = z.object({
  api: z.string().min(1).max(500),
  // No word of dots alone: it would lead the path elsewhere.
  repository: z.string().regex(/^(?!\.+\/)[\w.-]{1,100}\/(?!\.+$)[\w.-]{1,100}$/),
  // As many digits as a number of JSON holds.
  id: z.string().regex(/^[1-9]\d{0,14}$/),
  attempt: z.int().min(1).max(1_000_000),
  runner: z.string().min(1).max(500).exactOptional(),
});

/** What a claim says of its owner; undefined for anything else. */
export function parseWorkflowRun(value: unknown): WorkflowRun | undefined {
  return Schema.safeParse(value).data;
}

/** The job that this process is part of. Undefined outside of GitHub Actions, and where it does not say all of it. */
export function workflowRunOf(env: Readonly<Record<string, string | undefined>>): WorkflowRun | undefined {
  const api = (env['GITHUB_API_URL'] || 'https://api.github.com').replace(/\/+$/, '');
  const attempt = env['GITHUB_RUN_ATTEMPT'] ?? '';
  if (env['GITHUB_ACTIONS'] !== 'true' || !isPlainAddress(api) || !/^\d+$/.test(attempt)) return undefined;
  return parseWorkflowRun({
    api,
    repository: env['GITHUB_REPOSITORY'],
    id: env['GITHUB_RUN_ID'],
    attempt: Number(attempt),
    ...optional('runner', env['RUNNER_NAME'] || undefined),
  });
}

/** Holds no password, and keeps a token from being read on its way. */
function isPlainAddress(address: string): boolean {
  const url = URL.parse(address);
  const isLocal = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
  return isSafe && url.username === '' && url.password === '' && url.search === '' && url.hash === '';
}

interface Question {
  readonly answer: Promise<OwnerState>;
  readonly stop: AbortController;
  askers: number;
}

/**
 * Tells from GitHub whether the owner of a claim is still at work, for stores where it cannot give signs of life.
 * Needs the permission `actions: read`. Throws nothing: without an answer, and when the signal fires, it is `unknown`.
 *
 * `over` is GitHub's word. A runner of one's own that lost its connection may go on for a while after GitHub has ended
 * its job, as an owner may whose lease has run out.
 *
 * Read the claim before asking, and take over that very version of it: a runner may begin another job of the same run.
 */
export function workflowRunOracle({
  rest,
  own,
  timeoutMs = 10_000,
  againAfterMs = 30_000,
}: WorkflowRunOracleOptions): (owner: WorkflowRun, signal?: AbortSignal) => Promise<OwnerState> {
  const read = runReader(rest, timeoutMs);
  /** Whoever waits asks every few seconds, and a repository's token has 1,000 requests an hour for all its jobs. */
  const kept = new Map<string, { readonly state: OwnerState; readonly until: number }>();
  const open = new Map<string, Question>();

  function begin(key: string, owner: WorkflowRun): Question {
    const stop = new AbortController();
    const ended = AbortSignal.any([stop.signal, AbortSignal.timeout(timeoutMs)]);
    const answer = read(owner, ended).then((found): OwnerState => {
      const state = found === 'attempt-over' || found === 'job-over' ? 'over' : found;
      // An attempt never begins anew. A runner's job is over for now: its next one would bear the same name.
      const until = found === 'attempt-over' ? Number.POSITIVE_INFINITY : performance.now() + againAfterMs;
      if (found !== 'job-over' && !stop.signal.aborted) kept.set(key, { state, until });
      return state;
    });
    const question: Question = { answer, stop, askers: 0 };
    open.set(key, question);
    return question;
  }

  return async (given, signal) => {
    // Others write to the ledger: what it says must not choose where the token goes.
    const owner = parseWorkflowRun(given);
    if (owner === undefined || owner.api !== own.api || owner.repository !== own.repository) return 'unknown';
    if (isOwn(owner, own)) return 'alive';
    const key = JSON.stringify([owner.id, owner.attempt, owner.runner]);
    const earlier = kept.get(key);
    if (earlier !== undefined && performance.now() < earlier.until) return earlier.state;
    if (signal?.aborted === true) return 'unknown';
    const question = open.get(key) ?? begin(key, owner);
    question.askers += 1;
    try {
      return await (signal === undefined ? question.answer : unlessAborted(signal, question.answer));
    } catch {
      return 'unknown';
    } finally {
      question.askers -= 1;
      // Nobody listens any more: a request left behind would keep the process from ending.
      if (question.askers === 0) {
        if (open.get(key) === question) open.delete(key);
        question.stop.abort();
      }
    }
  };
}

/** A runner has one job at a time, so the claim is of another step of this job; it may be at work in the background. */
function isOwn(owner: WorkflowRun, own: WorkflowRun): boolean {
  return owner.id === own.id && owner.attempt === own.attempt && owner.runner === own.runner;
}
