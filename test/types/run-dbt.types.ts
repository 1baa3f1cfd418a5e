/** Compiled, never run: what the types promise to callers. */
import { expectTypeOf } from 'vitest';
import type { DecisionReason, FailedRun, RunResult, SuccessfulRun } from '../../sdk/index.ts';
import { DbtRunCacheError, type RunEvent, runDbt } from '../../sdk/index.ts';

const run = runDbt(['build']);
expectTypeOf(run).toExtend<Promise<SuccessfulRun>>();
expectTypeOf(run).toExtend<AsyncIterable<RunEvent>>();
expectTypeOf(await run)
  .toHaveProperty('exitCode')
  .toEqualTypeOf<0 | undefined>();

const settled = await runDbt(['build'], { reject: false });
expectTypeOf(settled).toEqualTypeOf<RunResult>();
if (settled.outcome === 'failed') expectTypeOf(settled).toEqualTypeOf<FailedRun>();
// @ts-expect-error: a run that may have failed has no certain exit code.
expectTypeOf(settled.exitCode).toEqualTypeOf<0>();

// @ts-expect-error: no such option.
void runDbt(['build'], { retries: 3 });
// @ts-expect-error: arguments are a list, not a command line.
void runDbt('build');

for await (const event of run) {
  if (event.kind === 'node-finished') expectTypeOf(event.status).toBeString();
  // @ts-expect-error: only some events are about a node.
  void event.uniqueId;
}

expectTypeOf<DecisionReason>().toExtend<string>();
expectTypeOf(new DbtRunCacheError('x', { code: 'internal' }).result).toEqualTypeOf<FailedRun | undefined>();
// @ts-expect-error: codes are a closed list.
new DbtRunCacheError('x', { code: 'something-else' });
