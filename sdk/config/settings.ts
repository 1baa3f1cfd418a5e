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
  return {
    ...optional('dbt', content.dbt === undefined ? undefined : put(locate(content.dbt, origin.base), 'dbt')),
    ...plain('run-cache'),
    ...plain('require-run-cache'),
    ...optional(
      'timeout',
      content.timeout === undefined ? undefined : put(parseDuration(content.timeout), 'timeout'),
    ),
    labels: Object.fromEntries(
      Object.entries(content.labels ?? {}).map(([name, value]) => [name, put(value, 'labels', name)]),
    ),
    ...plain('on-target-busy'),
    'redact-env': (content['redact-env'] ?? []).map((name, at) => put(name, 'redact-env', at)),
    ...plain('fail-on'),
    ...plain('annotations'),
    ...plain('job-summary'),
    ...plain('report'),
  };
}

/** Both together; the first one's values win, labels and names to redact are joined. */
export function mergeSettings(first: ConfigSettings, second: ConfigSettings): ConfigSettings {
  return {
    ...second,
    ...first,
    labels: { ...second.labels, ...first.labels },
    'redact-env': [...first['redact-env'], ...second['redact-env']],
  };
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
