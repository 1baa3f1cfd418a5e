import { parseBoolean } from '../variables.ts';
import type { ValueKind } from './catalogue.ts';
import { fusionSeconds, pluginSeconds } from './duration-text.ts';

/** What an engine makes of a value. */
export type ReadValue =
  | { readonly kind: 'value'; readonly value: unknown }
  /** It refuses it. */
  | { readonly kind: 'invalid'; readonly validForms: string }
  /** It takes it for something the writer did not mean: `takenAs` is that. */
  | {
      readonly kind: 'doubtful';
      readonly value: unknown;
      readonly validForms: string;
      readonly takenAs: string;
    }
  /** Only the engine can tell. */
  | { readonly kind: 'unknown' };

const TRUE_WORDS: ReadonlySet<string> = new Set(['true', '1', 't', 'y', 'yes', 'on']);
const CLONE_MODES = ['NEVER', 'IF_TABLE_MISSING', 'ALWAYS'];
const CACHE_MODES = ['READ_WRITE', 'WRITE_ONLY'];

const FORMS: Readonly<Record<ValueKind, string>> = {
  text: 'any text',
  boolean: 'true or false',
  duration: 'seconds (2700) or a duration such as 45m',
  integer: 'a whole number such as 20',
  'clone-mode': 'NEVER, IF_TABLE_MISSING or ALWAYS',
  'cache-mode': 'READ_WRITE or WRITE_ONLY',
};

/** Whether the plugin takes a word for true; to it, every other is false. */
export function isTrueToPlugin(word: string): boolean {
  return TRUE_WORDS.has(word.toLowerCase());
}

/** As the plugin of dbt Core reads it. What YAML gives as anything but text it takes as it is. */
export function readForPlugin(kind: ValueKind, raw: unknown): ReadValue {
  if (typeof raw !== 'string') return { kind: 'value', value: raw };
  const invalid = { kind: 'invalid', validForms: FORMS[kind] } as const;
  switch (kind) {
    case 'text':
      return { kind: 'value', value: raw };
    case 'boolean': {
      const value = isTrueToPlugin(raw);
      if (value || parseBoolean(raw) === false) return { kind: 'value', value };
      return { kind: 'doubtful', value, validForms: FORMS.boolean, takenAs: 'false' };
    }
    case 'duration': {
      const seconds = pluginSeconds(raw);
      if (seconds === null) return { kind: 'unknown' };
      return seconds === undefined ? invalid : { kind: 'value', value: seconds };
    }
    case 'integer':
      if (!/^[\x20-\x7e]*$/.test(raw)) return { kind: 'unknown' };
      return /^\s*[+-]?\d+(?:_\d+)*\s*$/.test(raw)
        ? { kind: 'value', value: Number(raw.replaceAll('_', '')) }
        : invalid;
    case 'clone-mode':
      return oneOf(CLONE_MODES, /^if_missing$/i.test(raw) ? 'IF_TABLE_MISSING' : raw.toUpperCase(), invalid);
    case 'cache-mode':
      return oneOf(CACHE_MODES, raw.toUpperCase(), invalid);
  }
}

/** As dbt v2 reads a variable. One it refuses costs the run dbt State, not more. */
export function readForFusion(kind: ValueKind, raw: string): ReadValue {
  const invalid = {
    kind: 'doubtful',
    value: undefined,
    validForms: FORMS[kind],
    takenAs: 'an error, and goes on without dbt State',
  } as const;
  switch (kind) {
    case 'text':
    case 'cache-mode':
      return { kind: 'value', value: raw };
    case 'boolean': {
      const value = parseBoolean(raw);
      return value === undefined ? invalid : { kind: 'value', value };
    }
    case 'duration': {
      const value = fusionSeconds(raw);
      return value === undefined ? invalid : { kind: 'value', value };
    }
    case 'integer':
      return /^[+-]?\d+$/.test(raw.trim()) ? { kind: 'value', value: Number(raw) } : invalid;
    case 'clone-mode': {
      const mode = oneOf(CLONE_MODES, raw.trim().toUpperCase(), { kind: 'invalid', validForms: '' });
      return mode.kind === 'value' ? mode : invalid;
    }
  }
}

function oneOf(
  modes: readonly string[],
  mode: string,
  invalid: Extract<ReadValue, { kind: 'invalid' }>,
): ReadValue {
  return modes.includes(mode) ? { kind: 'value', value: mode } : invalid;
}
