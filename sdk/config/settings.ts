import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseDuration } from '../plan/duration.ts';
import { splitWords } from '../plan/split-words.ts';
import { optional } from '../util/optional.ts';
import type { ConfigSetting, ConfigSettings } from './config.ts';
import type { ConfigFile } from './schema.ts';

/** Where a content comes from. */
export interface Origin {
  readonly source: ConfigSetting<unknown>['source'];
  readonly where: (...path: readonly (string | number)[]) => string;
  /** Folder that relative paths start from. */
  readonly base: string;
}

type DurationKey = 'timeout' | 'in-flight-wait' | 'retention' | 'lease' | 'max-state-age' | 'state-retention';
type StoreKey = 'dedup-store' | 'state-store';

/** Checked content with the place of each value. */
export function settingsOf(content: ConfigFile, origin: Origin): ConfigSettings {
  const put = <T>(value: T, ...path: readonly (string | number)[]): ConfigSetting<T> => ({
    value,
    source: origin.source,
    where: origin.where(...path),
  });
  const plain = <K extends keyof ConfigFile>(
    key: K,
  ): { [P in K]?: ConfigSetting<NonNullable<ConfigFile[P]>> } => {
    const value = content[key];
    return optional(key, value === undefined ? undefined : put(value, key)) as {
      [P in K]?: ConfigSetting<NonNullable<ConfigFile[P]>>;
    };
  };
  const duration = <K extends DurationKey>(key: K): { [P in K]?: ConfigSetting<number> } => {
    const text = content[key];
    // The content is checked: each has its own limit.
    const ms = text === undefined ? undefined : parseDuration(text, { maxMs: Number.POSITIVE_INFINITY });
    return optional(key, ms === undefined ? undefined : put(ms, key));
  };
  const store = <K extends StoreKey>(key: K): { [P in K]?: ConfigSetting<string> } => {
    const address = content[key];
    return optional(key, address === undefined ? undefined : put(absoluteStore(address, origin.base), key));
  };
  return {
    ...optional('dbt', content.dbt === undefined ? undefined : put(locate(content.dbt, origin.base), 'dbt')),
    ...plain('run-cache'),
    ...plain('require-run-cache'),
    ...duration('timeout'),
    labels: Object.fromEntries(
      Object.entries(content.labels ?? {}).map(([name, value]) => [name, put(value, 'labels', name)]),
    ),
    ...plain('on-target-busy'),
    'redact-env': (content['redact-env'] ?? []).map((name, at) => put(name, 'redact-env', at)),
    ...plain('fail-on'),
    ...plain('annotations'),
    ...plain('job-summary'),
    ...plain('report'),
    ...store('dedup-store'),
    ...plain('idempotency-key'),
    ...plain('data'),
    ...plain('data-version'),
    'key-env': (content['key-env'] ?? []).map((name, at) => put(name, 'key-env', at)),
    'key-ignore': (content['key-ignore'] ?? []).map((path, at) => put(path, 'key-ignore', at)),
    ...plain('durable-target'),
    ...plain('dedup-on'),
    ...plain('on-in-flight'),
    ...duration('in-flight-wait'),
    ...plain('on-unavailable'),
    ...plain('on-mismatch'),
    ...duration('retention'),
    ...duration('lease'),
    ...plain('restore-compiled'),
    ...plain('state'),
    ...plain('slim'),
    ...plain('publish-state'),
    ...store('state-store'),
    ...plain('state-environment'),
    ...plain('on-missing-state'),
    ...duration('max-state-age'),
    ...duration('state-retention'),
    ...plain('fresher-sources'),
    ...plain('parse-cache'),
    ...plain('deps'),
  };
}

/** Both together; the first one's values win, labels and lists are joined. */
export function mergeSettings(first: ConfigSettings, second: ConfigSettings): ConfigSettings {
  const { data, 'data-version': dataVersion, ...others } = second;
  // They are two answers to one question.
  const isAnswered = first.data !== undefined || first['data-version'] !== undefined;
  return {
    ...others,
    ...(isAnswered ? {} : { ...optional('data', data), ...optional('data-version', dataVersion) }),
    ...first,
    labels: { ...second.labels, ...first.labels },
    'redact-env': [...first['redact-env'], ...second['redact-env']],
    'key-env': [...first['key-env'], ...second['key-env']],
    'key-ignore': [...first['key-ignore'], ...second['key-ignore']],
  };
}

/** A store in a folder is one for every folder a run may start in. `~` is left for the message that refuses it. */
function absoluteStore(address: string, base: string): string {
  const path = /^file:(?!\/\/)(.+)$/.exec(address.trim())?.[1]?.trim();
  return path === undefined || path.startsWith('~') ? address : `file:${resolve(base, path)}`;
}

/** A relative path made absolute, since dbt may be started in another folder; what is looked up on PATH stays. */
function locate(value: string, base: string): string | readonly string[] {
  // A folder named dbt is the project more often than an environment.
  if (value === 'dbt') return value;
  const path = resolve(base, value);
  if (existsSync(path)) return path;
  const [program = '', ...rest] = words(value);
  // `~` is left for the message that says no shell expands it here.
  if (!/^[^/~].*\/|^\.{1,2}\//.test(program))
    return rest.length === 0 && program.startsWith('.') ? path : value;
  return rest.length === 0 ? resolve(base, program) : [resolve(base, program), ...rest];
}

function words(value: string): string[] {
  try {
    return splitWords(value);
  } catch {
    // The run says which quote is not closed.
    return [value];
  }
}
