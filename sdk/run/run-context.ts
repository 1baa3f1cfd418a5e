import type { RunEvent } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import { envSecrets } from '../plan/environment.ts';
import type { RunNotice } from '../result.ts';
import { createStopRequests, type StopRequests } from '../runtimes/stop-requests.ts';
import { plainText } from '../util/plain-text.ts';
import { createRedactor, type Redactor } from '../util/redact.ts';
import type { EventBody } from './live-events.ts';

/** What all stages of one run share. */
export interface RunContext {
  readonly args: readonly string[];
  readonly options: ResolvedOptions;
  readonly startedAt: Date;
  /** Hides what the caller named, anywhere. */
  readonly named: Redactor;
  /** Text from outside made fit to show: no ANSI or control characters, no secret of the caller or the environment. */
  readonly clean: (text: string) => string;
  readonly stops: StopRequests;
  /** What the report has to say beside the nodes; stages add to it. */
  readonly notices: RunNotice[];
  readonly send: (body: EventBody) => void;
  /** Milliseconds since the run began. */
  readonly elapsedMs: () => number;
}

export function beginRun(
  args: readonly string[],
  options: ResolvedOptions,
  emit: (event: RunEvent) => void,
): RunContext {
  const beganMs = performance.now();
  const named = createRedactor(options.redact);
  const all = createRedactor([...options.redact, ...envSecrets(options.env)]);
  const labels = named.deep(options.labels);
  return {
    args,
    options,
    startedAt: new Date(),
    named,
    clean: (text) => all.text(plainText(text)),
    stops: createStopRequests(options),
    notices: [],
    send: (body) => emit(named.deep({ at: new Date().toISOString(), labels, ...body }) as RunEvent),
    elapsedMs: () => Math.round(performance.now() - beganMs),
  };
}
