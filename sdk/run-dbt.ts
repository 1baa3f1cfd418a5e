import { DbtRunCacheError } from './errors.ts';
import type { RunEvent } from './events.ts';
import { type RunOptions, resolveOptions } from './options.ts';
import type { RunResult, SuccessfulRun } from './result.ts';
import { runStages } from './run/run-stages.ts';
import { withEvents } from './with-events.ts';

/**
 * A run in progress: a promise of its result, and an async iterable of its events.
 *
 * Each `for await` gets the events from the moment it begins; one that begins in the same tick as `runDbt()` gets
 * them all. When the promise rejects, the iteration throws the same error after its last event.
 */
export interface DbtRun<T extends RunResult> extends Promise<T>, AsyncIterable<RunEvent> {}

/**
 * Runs one dbt command and tells what it did with each node, and why.
 *
 * It reads no configuration file and no `DBT_RUNCACHE_*` variable; `loadConfig()` and `withConfig()` do for a program that
 * wants them.
 *
 * @param args What would follow `dbt` on a command line, e.g. `['build', '--select', 'orders+']`. They reach dbt
 *   untouched.
 * @param options See {@link RunOptions}.
 * @returns A {@link DbtRun}. It rejects with a {@link DbtRunCacheError} when the run is no success; the error's
 *   `result` is the failed run. With `reject: false` it resolves to that failed run instead, and rejects only for
 *   `invalid-options`.
 *
 * @example
 * ```ts
 * const run = await runDbt(['build'], { labels: { job: 'nightly' } });
 * console.log(run.decisions.filter((node) => node.action === 'reused').length);
 * ```
 */
export function runDbt(args: readonly string[], options: RunOptions & { reject: false }): DbtRun<RunResult>;
export function runDbt(args: readonly string[], options?: RunOptions): DbtRun<SuccessfulRun>;
export function runDbt(args: readonly string[], options: RunOptions = {}): DbtRun<RunResult> {
  return withEvents((emit) => execute(args, options, emit));
}

async function execute(
  args: readonly string[],
  given: RunOptions,
  emit: (event: RunEvent) => void,
): Promise<RunResult> {
  const { args: validArgs, options } = resolveOptions(args, given);
  // Later, so that an iteration begun in the caller's tick misses nothing.
  await Promise.resolve();
  const result = await runStages(validArgs, options, emit);
  if (result.outcome !== 'failed' || !options.reject) return result;
  const { code, message, hint } = result.failure;
  throw new DbtRunCacheError(message, { code, hint, result });
}
