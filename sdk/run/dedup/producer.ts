import { hostname } from 'node:os';
import type { Producer } from '../../dedup/record.ts';
import type { DedupSettings } from '../../dedup-settings.ts';
import { optional } from '../../util/optional.ts';
import type { Plan } from '../make-plan.ts';
import type { RunContext } from '../run-context.ts';

/** This run, as the ledger tells others of it. */
export function producerOf(
  run: RunContext,
  plan: Plan,
  settings: Pick<DedupSettings, 'runUrl' | 'workflowRun'>,
): Producer {
  return {
    host: run.clean(hostname()),
    pid: process.pid,
    startedAt: run.startedAt.toISOString(),
    ...optional('url', settings.runUrl === undefined ? undefined : run.clean(settings.runUrl)),
    labels: Object.fromEntries(
      Object.entries(run.options.labels).map(([name, value]) => [name, run.clean(value)]),
    ),
    command: plan.command,
    ...optional('workflowRun', settings.workflowRun),
  };
}
