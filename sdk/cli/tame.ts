import { plainText } from '../util/plain-text.ts';

/** Controls beyond ASCII, and what is invisible or turns the direction of text. */
const UNSEEN = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Text from outside fit for a terminal: nothing that steers it or hides. Lines stay lines. */
export function tame(text: string): string {
  return plainText(text).replace(UNSEEN, ' ');
}

/** The same on one line, at most `limit` characters. */
export function oneLine(text: string, limit = 300): string {
  const line = tame(text).replace(/\s+/g, ' ').trim();
  return line.length > limit ? `${line.slice(0, limit - 1)}…` : line;
}

/** One JSON document. What could steer a terminal is written by its code, which every reader of JSON undoes. */
export function printJson(value: unknown): string {
  const text = JSON.stringify(value, undefined, 2).replace(UNSEEN, (character) =>
    [...Array(character.length).keys()].map((at) => unicodeEscape(character.charCodeAt(at))).join(''),
  );
  return `${text}\n`;
}

function unicodeEscape(code: number): string {
  return `\\u${code.toString(16).padStart(4, '0')}`;
}
