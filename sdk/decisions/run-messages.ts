import type { DbtEvent } from '../runtimes/dbt-event.ts';
import { given, list, number, plain, record, shortened, text } from './json-access.ts';

/** Something dbt said about the run rather than about the result of one node. */
export interface RunMessage {
  readonly kind: 'warning' | 'deprecation';
  /** dbt's event name. */
  readonly name: string;
  readonly message: string;
  readonly count: number;
  readonly uniqueId?: string;
}

export interface RunMessages {
  readonly list: readonly RunMessage[];
  /** How many messages there was no room for. */
  readonly leftOut: number;
}

/** What these say stands in the node's own result. */
const ABOUT_RESULTS =
  /^(?:Log\w*(?:Result|Line|SkipBecauseError)|RunResult\w*|SkippingDetails|EndOfRunSummary|StatsLine|FirstRunResultError|AfterFirstRunResultError|TestsConfigDeprecationSummary)$/;

const MAX_MESSAGES = 200;
const MAX_TEXT = 2000;

/** Whether an event belongs among the run's messages. */
export function isRunMessage(event: DbtEvent): boolean {
  const { name, level } = event.info;
  if (name === 'DeprecationsSummary') return true;
  if (level !== 'warn' || ABOUT_RESULTS.test(name)) return false;
  return event.info.msg.trim() !== '';
}

/** Collects messages; the same one again is counted, not kept. */
export function createRunMessages(): {
  readonly add: (kind: RunMessage['kind'], name: string, message: string, uniqueId?: string) => void;
  readonly addEvent: (event: DbtEvent) => void;
  readonly current: () => RunMessages;
} {
  const byKey = new Map<
    string,
    { kind: RunMessage['kind']; name: string; message: string; count: number; uniqueId?: string }
  >();
  const occurrences = new Map<string, number>();
  let leftOut = 0;

  function add(kind: RunMessage['kind'], name: string, message: string, uniqueId?: string): void {
    const words = shortened(tidy(message), MAX_TEXT);
    const key = `${name}\n${words}`;
    const known = byKey.get(key);
    if (known !== undefined) known.count += 1;
    else if (byKey.size < MAX_MESSAGES)
      byKey.set(key, { kind, name, message: words, count: 1, ...given('uniqueId', uniqueId) });
    else leftOut += 1;
  }

  return {
    add,
    addEvent(event) {
      const { name, msg } = event.info;
      if (name === 'DeprecationsSummary') {
        for (const value of list(event.data['summaries'])) {
          const fields = record(value);
          const [of, times] = [text(fields?.['event_name']), number(fields?.['occurrences'])];
          if (of !== undefined && times !== undefined) occurrences.set(of, times);
        }
        return;
      }
      const uniqueId = text(record(event.data['node_info'])?.['unique_id']) ?? text(event.data['unique_id']);
      add(/Deprecat/.test(name) ? 'deprecation' : 'warning', name, msg, uniqueId);
    },
    current() {
      const all = [...byKey.values()];
      const kinds = new Map<string, number>();
      for (const { name } of all) kinds.set(name, (kinds.get(name) ?? 0) + 1);
      return {
        // dbt shows only the first deprecation of a kind and counts the rest in a summary.
        list: all.map((message) => {
          const times = kinds.get(message.name) === 1 ? occurrences.get(message.name) : undefined;
          return times === undefined ? message : { ...message, count: Math.max(times, message.count) };
        }),
        leftOut,
      };
    },
  };
}

/** Without colours, the level in front, and the breaks dbt puts in at 80 columns. */
function tidy(message: string): string {
  const words = plain(message).replace(/^\[WARNING\](?:\[\w+\])?:\s*/, '');
  return /^Deprecated\s+functionality\s/.test(words)
    ? words
        .replace(/^Deprecated\s+functionality\s+/, '')
        .replace(/\s+/g, ' ')
        .trim()
    : words.trim();
}
