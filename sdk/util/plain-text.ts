import { stripVTControlCharacters } from 'node:util';

/** Text without ANSI sequences and without control characters other than line ends and tabs. */
export function plainText(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what is removed.
  return stripVTControlCharacters(text).replace(/\r\n?/g, '\n').replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}
