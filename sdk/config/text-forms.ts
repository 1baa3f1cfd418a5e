import { checkContent } from './check.ts';
import { type ConfigFile, type ConfigKey, VALID_FORMS } from './schema.ts';

const BOOLEANS: ReadonlySet<ConfigKey> = new Set([
  'require-run-cache',
  'job-summary',
  'report',
  'durable-target',
  'restore-compiled',
  // Or a word.
  'slim',
  'fresher-sources',
  'parse-cache',
]);
/** Names of variables, and paths. */
const LISTS: ReadonlySet<ConfigKey> = new Set(['redact-env', 'key-env', 'key-ignore']);

/**
 * Reads a setting that comes as text, as an input of the Action or a variable: `true` and `false` in any case, labels
 * as one `name=value` a line or a JSON object of strings, names of variables and paths one a line.
 * @param text Not empty.
 * @throws Error that says which forms are valid and does not repeat the text.
 */
export function parseSetting<K extends ConfigKey>(key: K, text: string): NonNullable<ConfigFile[K]> {
  const result = checkContent({ [key]: rawValue(key, text.trim()) });
  const value = 'content' in result ? result.content[key] : undefined;
  if (value === undefined || value === null) throw new Error(TEXT_FORMS[key] ?? VALID_FORMS[key]);
  return value;
}

const TEXT_FORMS: Readonly<Partial<Record<ConfigKey, string>>> = {
  labels: 'a label is out of range: a name takes 1 to 128 characters, a value up to 1024',
  'redact-env': 'give names of environment variables, one a line',
  'key-env': 'give names of environment variables, one a line',
  'key-ignore': 'give paths of files or folders, one a line, without * and ?: name the folder itself',
  'data-version': 'give a text',
};

function rawValue(key: ConfigKey, text: string): unknown {
  if (BOOLEANS.has(key)) return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : text;
  if (key === 'labels') return text.startsWith('{') ? labelsOfJson(text) : labelsOfLines(text);
  return LISTS.has(key) ? linesOf(text).map((line) => line.trim()) : text;
}

function labelsOfLines(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line) => {
      const at = line.indexOf('=');
      if (at < 1) throw new Error('give one name=value a line, or a JSON object of strings');
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

function labelsOfJson(text: string): Record<string, string> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(
      'it begins like JSON and is not; give a JSON object of strings, or one name=value a line',
    );
  }
  const entries = Object.entries(parsed as object);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) {
    throw new Error('every value of the JSON object must be a string');
  }
  return Object.fromEntries(entries);
}

function linesOf(text: string): string[] {
  return text.split(/\r?\n/).filter((line) => line.trim() !== '');
}
