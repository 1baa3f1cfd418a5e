import type { AskedLedger } from '../dedup/dedup-report.ts';
import type { RunEvent } from '../events.ts';
import type { ResolvedOptions } from '../options.ts';
import { envSecrets } from '../plan/environment.ts';
import { withoutSecretValues } from '../plan/secret-values.ts';
import type { RunNotice } from '../result.ts';
import { createStopRequests, type StopRequests } from '../runtimes/stop-requests.ts';
import { plainText } from '../util/plain-text.ts';
import { createRedactor, type Redactor } from '../util/redact.ts';
import type { EventBody } from './live-events.ts';
import type { Comparison } from './managed-state/comparison.ts';

/** What was asked of the ledger so far. */
export type Asked = AskedLedger & {
  /** While it waits for a run in flight: since when, as of `elapsedMs`. */
  readonly waitingSince?: number | undefined;
};

/** What all stages of one run share. */
export interface RunContext {
  readonly args: readonly string[];
  readonly options: ResolvedOptions;
  readonly startedAt: Date;
  /**
   * Whether programs that may be the project's own are not to be started, not even to ask for a version: the run only
   * speaks to the ledger, with rights that project code must not have.
   */
  readonly startsNothing?: true;
  /** Hides what the caller named, anywhere. */
  readonly named: Redactor;
  /** Text from outside made fit to show: no ANSI or control characters, no secret of the caller or the environment. */
  readonly clean: (text: string) => string;
  /** More secrets for `clean`, found on the way. */
  readonly hide: (secrets: readonly string[]) => void;
  /** dbt's arguments fit to show, without the values of secret-looking variables. */
  readonly shownArgs: () => string[];
  readonly stops: StopRequests;
  /** What the report has to say beside the nodes; stages add to it. */
  readonly notices: RunNotice[];
  /** What the ledger is being asked, for the report of a run that ends before the answer. */
  readonly noteAsked: (more: Partial<Asked>) => void;
  /** Undefined where nothing was asked. */
  readonly asked: () => Asked | undefined;
  /** What the run compares itself with, once that is known. */
  readonly noteComparison: (comparison: Comparison | undefined) => void;
  /** Undefined where it compares itself with nothing, and before that is known. */
  readonly comparison: () => Comparison | undefined;
  /** Whether it is known what the run compares itself with, nothing included. */
  readonly hasCompared: () => boolean;
  /** Absolute: folders of stores that this run writes to, which are no inputs of it. */
  readonly storeFolders: string[];
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
  let secrets = [...options.redact, ...envSecrets(options.env)];
  let all = createRedactor(secrets);
  const clean = (text: string): string => all.text(plainText(text));
  const labels = named.deep(options.labels);
  let asked: Partial<Asked> = {};
  let comparison: Comparison | undefined;
  let hasCompared = false;
  return {
    args,
    options,
    startedAt: new Date(),
    named,
    clean,
    hide: (more) => {
      secrets = [...secrets, ...more];
      all = createRedactor(secrets);
    },
    shownArgs: () => args.map((arg) => clean(withoutSecretValues(arg))),
    stops: createStopRequests(options),
    notices: [],
    storeFolders: [],
    noteAsked: (more) => {
      asked = { ...asked, ...more };
    },
    asked: () => (asked.store === undefined ? undefined : { ...asked, store: asked.store }),
    noteComparison: (found) => {
      comparison = found;
      hasCompared = true;
    },
    comparison: () => comparison,
    hasCompared: () => hasCompared,
    send: (body) => emit(named.deep({ at: new Date().toISOString(), labels, ...body }) as RunEvent),
    elapsedMs: () => Math.round(performance.now() - beganMs),
  };
}
