import { type Environment, readVariable } from './variables.ts';

/** What the environment says about dbt State. Its YAML settings cannot switch it on or off. */
export interface StateSettings {
  /** The variable that switches State off, if one does. */
  readonly switchedOffBy?: string;
  /** Whether anything was set for State on purpose, so that its absence is worth telling. */
  readonly isWanted: boolean;
}

const TRUE_WORDS = new Set(['true', '1', 't', 'y', 'yes', 'on']);
const MANAGE_STATE = 'DBT_ENGINE_MANAGE_STATE';
const DISABLED = ['RUN_CACHE_DISABLED', 'DBT_RUN_CACHE_DISABLED'];
const PREFIXES = ['DBT_ENGINE_STATE_', 'DBT_ENV_SECRET_STATE_', 'RUN_CACHE_', 'DBT_RUN_CACHE_'];

/**
 * Reads the switch the way the plugin does: DBT_ENGINE_MANAGE_STATE alone decides when it is there, whatever it holds;
 * else the first of the two old names that is not empty. Every word but the true ones is false.
 */
export function readStateSettings(env: Environment): StateSettings {
  const manage = readVariable(env, MANAGE_STATE);
  if (manage !== undefined) {
    return isTrue(manage) ? { isWanted: true } : { switchedOffBy: MANAGE_STATE, isWanted: false };
  }
  const disabled = DISABLED.find((name) => (readVariable(env, name) ?? '') !== '');
  if (disabled !== undefined && isTrue(readVariable(env, disabled) ?? '')) {
    return { switchedOffBy: disabled, isWanted: false };
  }
  const isWanted = Object.entries(env).some(
    ([name, value]) =>
      value !== undefined && !DISABLED.includes(name) && PREFIXES.some((prefix) => name.startsWith(prefix)),
  );
  return { isWanted };
}

function isTrue(text: string): boolean {
  return TRUE_WORDS.has(text.toLowerCase());
}
