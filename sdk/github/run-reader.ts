import * as z from 'zod';
import { jsonOf } from '../util/json-of.ts';
import type { GithubRest } from './rest.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** `attempt-over`: all its jobs are. `job-over`: that of the runner, while others go on. */
export type RunState = 'attempt-over' | 'job-over' | 'alive' | 'unknown';

const MAX_ATTEMPT_BYTES = 1 << 20;
/** A job comes with all its steps. */
const MAX_JOBS_BYTES = 16 << 20;
const JOBS_PER_PAGE = 100;
const MAX_PAGES = 10;

const Attempt = z.object({ id: z.int(), run_attempt: z.int(), status: z.string() });
const Job = z.object({ id: z.int(), status: z.string(), runner_name: z.string().nullish() });
const Jobs = z.object({ total_count: z.int(), jobs: z.array(Job) });
type Job = z.infer<typeof Job>;

/**
 * Asks GitHub for a run's attempt, and for its jobs where that does not settle it. The parts of `run` must have been
 * checked: they become a path. Whatever is not as expected is `unknown`.
 */
export function runReader(
  rest: GithubRest,
  timeoutMs: number,
): (run: WorkflowRun, signal: AbortSignal) => Promise<RunState> {
  /** Asked for with its tag, what has not changed does not count against the limit. */
  const seen = new Map<string, { readonly etag: string; readonly value: unknown }>();

  async function get<T>(
    path: string,
    shape: z.ZodType<T>,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const before = seen.get(path);
    const answer = await rest.request({
      method: 'GET',
      path,
      etag: before?.etag,
      maxBytes,
      timeoutMs,
      signal,
    });
    if (answer.kind !== 'answered') return undefined;
    if (answer.status === 304) return shape.safeParse(before?.value).data;
    const value = answer.status === 200 ? shape.safeParse(jsonOf(answer.bytes)).data : undefined;
    if (value !== undefined && answer.etag !== undefined) seen.set(path, { etag: answer.etag, value });
    return value;
  }

  /** Undefined where not all could be read. */
  async function jobsOf(path: string, signal: AbortSignal): Promise<readonly Job[] | undefined> {
    const jobs = new Map<number, Job>();
    for (let page = 1; page <= MAX_PAGES; page += 1) {
      const query = `per_page=${JOBS_PER_PAGE}&page=${page}`;
      const part = await get(`${path}/jobs?${query}`, Jobs, MAX_JOBS_BYTES, signal);
      if (part === undefined) return undefined;
      for (const job of part.jobs) jobs.set(job.id, job);
      // Pages may shift while they are read. One that was missed could be the one that is at work.
      if (jobs.size >= part.total_count) return [...jobs.values()];
      if (part.jobs.length === 0) return undefined;
    }
    return undefined;
  }

  return async ({ repository, id, attempt, runner }, signal) => {
    const path = `/repos/${repository}/actions/runs/${id}/attempts/${attempt}`;
    const found = await get(path, Attempt, MAX_ATTEMPT_BYTES, signal);
    if (found === undefined || String(found.id) !== id || found.run_attempt !== attempt) return 'unknown';
    if (found.status === 'completed') return 'attempt-over';
    if (runner === undefined) return 'alive';
    const jobs = await jobsOf(path, signal);
    if (jobs === undefined) return 'unknown';
    const own = jobs.filter((job) => job.runner_name === runner);
    // None: it may have just begun, and GitHub tells late which runner has a job. Some runners it calls by another name.
    if (own.length === 0 || own.some((job) => job.status !== 'completed')) return 'alive';
    return jobs.some(mayBeAnyones) ? 'alive' : 'job-over';
  };
}

/** A job whose runner GitHub does not tell yet: it may be the next one of a runner whose last job is over. */
function mayBeAnyones({ status, runner_name }: Job): boolean {
  return (status === 'queued' || status === 'in_progress') && !runner_name;
}
