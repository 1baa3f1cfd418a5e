import { optional } from '../../util/optional.ts';
import { integer, text } from './node-info.ts';
import type { OtelRecord } from './otel-record.ts';
import { plainBody } from './plain-body.ts';

type Fields = Readonly<Record<string, unknown>>;

/** An event without what all of a run's events share. */
export interface EventParts {
  readonly name: string;
  readonly code: string;
  readonly msg: string;
  readonly data: Fields;
}

const OPERATION_CANCELED = 8995;
const NO_NODES_SELECTED = 1601;
const STATE_SERVICE = 1410;

/** Names of the plugin's events by level, which dbt v2's words about State share. */
const STATE_EVENTS: Readonly<Record<OtelRecord['level'], string>> = {
  debug: 'AdapterEventDebug',
  info: 'AdapterEventInfo',
  warn: 'AdapterEventWarning',
  error: 'AdapterEventError',
};

/**
 * A log record of dbt v2 as the event of dbt Core that says the same; undefined for one that tells nothing here.
 * What has no counterpart keeps dbt v2's own name for it, e.g. `JinjaWarn`.
 */
export function logEventOf(record: OtelRecord): EventParts | undefined {
  const { attributes, level } = record;
  const msg = plainBody(record.body);
  if (msg === '') return undefined;
  const number = integer(attributes['code']);
  const code = number === undefined ? '' : `dbt${String(number).padStart(4, '0')}`;
  const uniqueId = text(attributes['unique_id']);
  const about = optional('unique_id', uniqueId);
  if (isAboutState(record, number, msg, uniqueId)) {
    return {
      name: STATE_EVENTS[level],
      code,
      msg,
      data: { name: 'State', base_msg: msg, args: [], ...about },
    };
  }
  if (level !== 'warn' && level !== 'error') return undefined;
  if (number === NO_NODES_SELECTED) return { name: 'NothingToDo', code, msg, data: {} };
  const name = text(attributes['code_name']) ?? record.type;
  if (level === 'error' && uniqueId === undefined && number !== OPERATION_CANCELED) {
    return { name: 'MainEncounteredError', code, msg, data: { exc: `${said(name, code)}${msg}` } };
  }
  return {
    name,
    code,
    msg,
    data: { ...about, ...(uniqueId === undefined ? {} : { node_info: { unique_id: uniqueId } }) },
  };
}

/** As dbt v2 prints it: `[InvalidConfig (dbt1005)]: `. */
function said(name: string, code: string): string {
  return code === '' ? '' : `[${name} (${code})]: `;
}

/**
 * A node's own error may hold those words as well, and a project may print anything: only what dbt says for itself is
 * a word of State, not what a macro logs, nor what is about a file.
 */
function isAboutState(
  { type, level, attributes }: OtelRecord,
  code: number | undefined,
  msg: string,
  uniqueId: string | undefined,
): boolean {
  if (type !== 'LogMessage') return false;
  if (code === STATE_SERVICE) return true;
  if (text(attributes['relative_path']) !== undefined) return false;
  if (level === 'error' && uniqueId !== undefined) return false;
  return /^.{0,60}\bdbt State\b/.test(msg) && (code === undefined || level === 'error');
}
