import { stripVTControlCharacters } from 'node:util';

// biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is removed.
const CONTROL = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Text without ANSI sequences and without control characters other than line ends and tabs. */
export function plainText(text: string): string {
  return stripVTControlCharacters(text).replace(/\r\n?/g, '\n').replace(CONTROL, '');
}
