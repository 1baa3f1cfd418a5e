/**
 * One line of the telemetry file of dbt v2. Spans have a beginning and an end, each a record of its own; log records
 * stand alone. Numbers of 64 bits come as text.
 */
export interface OtelRecord {
  readonly kind: 'start' | 'end' | 'log';
  /** The last part of the event type, e.g. `NodeProcessed`. */
  readonly type: string;
  /** The same for all records of one dbt process. */
  readonly traceId: string;
  /** Nanoseconds since 1970: of a span's end its end, else its beginning. */
  readonly unixNano: string;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** The text of a log record, empty for spans. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** How a span ended. */
  readonly status?: { readonly isError: boolean; readonly message?: string };
}

/** What is read. The rest, parsed files and compiled SQL, is by far the most of it. */
const WANTED: ReadonlySet<string> = new Set([
  'HookProcessed',
  'Invocation',
  'LogMessage',
  'NodeEvaluated',
  'NodeProcessed',
  'PhaseExecuted',
  'Process',
  'QueryExecuted',
  'UserLogMessage',
]);
/** Quotes inside of texts are escaped, so this finds the record's own field. */
const EVENT_TYPE = /"event_type":"v1\.public\.events\.fusion\.[\w.]*?(\w+)"/;
const KINDS: ReadonlyMap<unknown, OtelRecord['kind']> = new Map([
  ['SpanStart', 'start'],
  ['SpanEnd', 'end'],
  ['LogRecord', 'log'],
]);

/** Undefined for records nobody here reads, and for what is no record. */
export function readOtelLine(line: string): OtelRecord | undefined {
  const type = EVENT_TYPE.exec(line)?.[1];
  if (type === undefined || !WANTED.has(type)) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!isFields(value)) return undefined;
  const kind = KINDS.get(value['record_type']);
  const traceId = value['trace_id'];
  const { attributes, status } = value;
  if (kind === undefined || typeof traceId !== 'string' || !isFields(attributes)) return undefined;
  const time = value[kind === 'end' ? 'end_time_unix_nano' : kind === 'log' ? 'time_unix_nano' : START];
  if (typeof time !== 'string' || !/^\d{1,20}$/.test(time)) return undefined;
  return {
    kind,
    type,
    traceId,
    unixNano: time,
    level: levelOf(value['severity_number']),
    body: typeof value['body'] === 'string' ? value['body'] : '',
    attributes,
    ...(isFields(status) ? { status: statusOf(status) } : {}),
  };
}

const START = 'start_time_unix_nano';

/** OpenTelemetry's numbers: 1 trace, 5 debug, 9 info, 13 warn, 17 error, 21 fatal. */
function levelOf(severity: unknown): OtelRecord['level'] {
  if (typeof severity !== 'number' || severity < 9) return 'debug';
  if (severity < 13) return 'info';
  return severity < 17 ? 'warn' : 'error';
}

function statusOf(status: Readonly<Record<string, unknown>>): NonNullable<OtelRecord['status']> {
  const { message, code } = status;
  return { isError: code === 2, ...(typeof message === 'string' ? { message } : {}) };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
