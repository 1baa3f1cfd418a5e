import type { DbtRunCacheError, NodeDecision, RunEvent } from '../index.ts';

/** Version of the JSON lines. A change that could break a reader raises it; new fields and events do not. */
export const LOG_VERSION = 1;

export type LogEvent = Readonly<Record<string, unknown>> & { readonly version: 1; readonly event: string };

type Labels = Readonly<Record<string, string>>;

/** One run event as the JSON object to print for it. */
export function toLogEvent(event: RunEvent): LogEvent {
  const { kind, at, labels, ...fields } = event;
  return logEvent(kind, at, labels, event.kind === 'node-decided' ? decided(event.decision) : fields);
}

/** A line dbt wrote to its stderr. */
export function stderrEvent(text: string, labels: Labels): LogEvent {
  return logEvent('dbt-stderr', new Date().toISOString(), labels, { text });
}

/** Something asked for could not be written; the run is what it is. */
export function problemEvent(error: DbtRunCacheError, labels: Labels): LogEvent {
  const { code, message, hint } = error;
  return logEvent('problem', new Date().toISOString(), labels, { code, message, hint });
}

/** A run that never began. */
export function errorEvent(error: DbtRunCacheError, labels: Labels): LogEvent {
  const { code, message, hint } = error;
  return logEvent('job-error', new Date().toISOString(), labels, { code, message, hint });
}

/** Without the evidence, which the report file has. */
function decided({ evidence, location, ...fields }: NodeDecision): Record<string, unknown> {
  return { ...fields, path: location?.path, line: location?.line };
}

/** Names of fields and events as dbt writes its own JSON log: snake_case. Values stay as they are. */
function logEvent(kind: string, at: string, labels: Labels, fields: object): LogEvent {
  const entries = Object.entries(fields).filter(([, value]) => value !== undefined);
  return {
    version: LOG_VERSION,
    event: kind.replaceAll('-', '_'),
    at,
    labels,
    ...Object.fromEntries(entries.map(([key, value]) => [snakeCase(key), value])),
  };
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
