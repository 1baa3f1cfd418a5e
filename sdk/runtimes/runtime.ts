import type { EngineKind } from '../plan/engine-kind.ts';
import type { OtelFile } from '../plan/otel-file.ts';
import type { Redactor } from '../util/redact.ts';
import { runCore } from './core.ts';
import type { DbtEvent } from './dbt-event.ts';
import { runFusion } from './fusion.ts';
import type { ProcessEnd, ProcessRequest } from './process.ts';
import type { StopCause, StopSignal } from './stop-ladder.ts';
import type { StopRequests } from './stop-requests.ts';

export interface RuntimeRequest {
  /** How dbt is started, e.g. `['uv', 'run', 'dbt']`. */
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  readonly output: ProcessRequest['output'];
  readonly redactor: Redactor;
  /** A private folder for this run; without one dbt's events are not read. */
  readonly workFolder: string | undefined;
  /** dbt v2: the telemetry file the user asked for, if they did; see plan/otel-file. */
  readonly otelFile?: OtelFile | undefined;
  readonly forceKillAfterMs: number;
  readonly stops: StopRequests;
  readonly onStarted: (pid: number) => void;
  readonly onStopping: (signal: StopSignal, cause: StopCause) => void;
  /** Events of every engine come in the shapes of dbt Core's. */
  readonly onEvent: (event: DbtEvent) => void;
}

export interface RuntimeEnd extends ProcessEnd {
  /** Present when dbt was asked to stop, whether it obeyed or had just finished. */
  readonly stopCause?: StopCause;
  /** When the first signal was sent. */
  readonly stoppedAt?: Date;
  readonly outputTail: string;
}

/** Runs dbt once: starts it, follows its events, stops it when asked, resolves when it is gone. */
export type Runtime = (request: RuntimeRequest) => Promise<RuntimeEnd>;

export function runtimeOf(kind: EngineKind): Runtime {
  switch (kind) {
    case 'core':
      return runCore;
    case 'fusion':
      return runFusion;
  }
}
