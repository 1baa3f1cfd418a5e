import { DbtRunCacheError } from '../errors.ts';
import { plainText } from '../util/plain-text.ts';

/** The longest text of a user's that a message repeats. */
const SHOWN_CHARACTERS = 40;

/** What is wrong with a file or a variable, one line each. */
export function configInvalid(problems: readonly string[], hint: string): DbtRunCacheError {
  return new DbtRunCacheError(problems.join('\n'), { code: 'config-invalid', hint });
}

/** A value as a message may show it: short, on one line. */
export function shown(value: unknown): string {
  if (value === null || value === undefined || value === '') return 'empty';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quoted(value) : String(value);
}

/** A text of a user's in quotes: short, on one line, without what could steer a terminal. */
export function quoted(text: string): string {
  const short = text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text;
  return JSON.stringify(plainText(short).replace(/\p{Cf}/gu, ''));
}
