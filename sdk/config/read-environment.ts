import { NEVER_SHOWN } from './check.ts';
import type { ConfigSettings } from './config.ts';
import { configInvalid, quoted, shown } from './problem.ts';
import { CONFIG_KEYS, type ConfigKey, EXCLUSIVE } from './schema.ts';
import { settingsOf } from './settings.ts';
import { parseSetting } from './text-forms.ts';
import { aboutUnknownKey } from './unknown-name.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const PREFIX = 'DBT_RUNCACHE_';
/** Names the configuration file. */
export const CONFIG_VARIABLE = `${PREFIX}CONFIG`;
/** Not settings: the file's place, and what one part of this package tells another. */
const OTHERS: ReadonlySet<string> = new Set([CONFIG_VARIABLE, `${PREFIX}EVENTS_FILE`, `${PREFIX}OUTER_KEY`]);
const BY_VARIABLE: ReadonlyMap<string, ConfigKey> = new Map(CONFIG_KEYS.map((key) => [variableOf(key), key]));

/** E.g. `DBT_RUNCACHE_FAIL_ON`. */
function variableOf(key: ConfigKey): string {
  return `${PREFIX}${key.toUpperCase().replaceAll('-', '_')}`;
}

/**
 * The settings of `DBT_RUNCACHE_*` variables. An empty one is as good as none.
 * @param base Folder that a relative path starts from.
 * @throws DbtRunCacheError `config-invalid`, for a name that is none of them as well: a policy that nobody obeys is
 *   worse than a run that stops.
 */
export function readEnvironment(env: Environment, base: string): ConfigSettings {
  const content: Record<string, unknown> = {};
  const problems: string[] = [];
  let isUnknown = false;
  for (const [name, value] of Object.entries(env)) {
    if (!name.startsWith(PREFIX) || OTHERS.has(name) || value === undefined || value.trim() === '') continue;
    const key = BY_VARIABLE.get(name);
    if (key === undefined) {
      isUnknown = true;
      problems.push(unknownVariable(name));
      continue;
    }
    try {
      content[key] = parseSetting(key, value);
    } catch (error) {
      const what = NEVER_SHOWN.has(key) ? 'not valid' : shown(value);
      problems.push(`${name} is ${what}: ${(error as Error).message}`);
    }
  }
  const both = EXCLUSIVE.filter((key) => content[key] !== undefined);
  if (both.length > 1) problems.push(`${both.map(variableOf).join(' and ')} exclude each other: unset one`);
  if (problems.length > 0) {
    throw configInvalid(
      problems,
      isUnknown
        ? `Known variables: ${[...BY_VARIABLE.keys(), CONFIG_VARIABLE].join(', ')}. dbt State's own begin with DBT_RUN_CACHE_, RUN_CACHE_ or DBT_ENGINE_STATE_.`
        : 'Correct the variable, or unset it.',
    );
  }
  return settingsOf(content, {
    source: 'environment',
    where: (key) => variableOf(key as ConfigKey),
    base,
  });
}

function unknownVariable(name: string): string {
  const meant = aboutUnknownKey(name.slice(PREFIX.length));
  const said = meant?.replace(
    /^did you mean (\S+)\?$/,
    (_, key: string) => `did you mean ${variableOf(key as ConfigKey)}?`,
  );
  return `there is no setting ${quoted(name).slice(1, -1)}${said === undefined ? '' : `: ${said}`}`;
}
