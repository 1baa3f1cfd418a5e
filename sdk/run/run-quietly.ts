import { join } from 'node:path';
import { probeArguments } from '../diagnose/probe-arguments.ts';
import { runtimeOf } from '../runtimes/runtime.ts';
import type { Plan } from './make-plan.ts';
import type { RunContext } from './run-context.ts';

export interface QuietEnd {
  readonly exitCode?: number | undefined;
  readonly outputTail: string;
}

/**
 * Runs a dbt command before the run itself, with what of its arguments says where dbt works. It writes into `folder`, shows
 * nothing, and is stopped with the run.
 * @throws The reason of a stop.
 */
export async function runQuietly(
  run: RunContext,
  plan: Plan,
  command: readonly string[],
  folder: string,
): Promise<QuietEnd> {
  const end = await runtimeOf(plan.engine.kind)({
    command: plan.commandPrefix,
    args: [
      ...command,
      ...probeArguments(run.args, plan.engine.kind),
      `--target-path=${join(folder, 'target')}`,
      `--log-path=${join(folder, 'logs')}`,
    ],
    cwd: plan.cwd,
    env: plan.env,
    output: 'silent',
    redactor: run.named,
    workFolder: undefined,
    otelFile: undefined,
    forceKillAfterMs: run.options.forceKillAfterMs,
    stops: run.stops,
    onStarted: () => undefined,
    onStopping: () => undefined,
    onEvent: () => undefined,
  });
  run.stops.signal.throwIfAborted();
  return end;
}
