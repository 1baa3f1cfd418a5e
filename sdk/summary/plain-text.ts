/**
 * Text of unknown origin made fit to be shown: no escape sequences, no control, invisible or direction-changing
 * characters, no halves of surrogate pairs. What is taken out that a reader should know of is shown by its code.
 */

/** CSI, then OSC, DCS, SOS, PM and APC up to their end (or the line's), then any other escape. */
const ESCAPE_SEQUENCES =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  /(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?|\x1b[ -/]*[0-~]?/g;

const LINE_BREAKS = /\r\n?|[\v\f\x85\u2028\u2029]/g;

/** Controls, what is invisible or turns the direction of text, halves of pairs; not what picks a look for an emoji. */
const UNSEEN =
  /(?!\n|\uFE0E|\uFE0F)[\p{Cc}\p{Cs}\p{Default_Ignorable_Code_Point}\p{Bidi_Control}\p{Noncharacter_Code_Point}\uFFF9-\uFFFB]/gu;

/** Nothing but printable ASCII: true of nearly every name, and then there is nothing to do. */
const HARMLESS = /^[ -~]*$/;

/** Many lines; line breaks of every kind become `\n`, a tab four spaces. */
export function plainText(text: string): string {
  if (HARMLESS.test(text)) return text;
  return text.replace(ESCAPE_SEQUENCES, '').replace(LINE_BREAKS, '\n').replace(UNSEEN, shown);
}

/** The same on one line: runs of white space become one space. */
export function plainLine(text: string): string {
  return plainText(text).replace(/\s+/g, ' ').trim();
}

function shown(character: string, offset: number, whole: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code === 0x09) return '    ';
  if (code < 0x20) return String.fromCodePoint(0x2400 + code);
  if (code === 0x7f) return '\u2421';
  if (code === 0x200d && joinsEmoji(whole, offset)) return character;
  if (code >= 0xd800 && code <= 0xdfff) return '\uFFFD';
  return `[U+${code.toString(16).toUpperCase().padStart(4, '0')}]`;
}

/** A zero-width joiner between two emoji makes one of them; anywhere else it only hides. */
function joinsEmoji(text: string, offset: number): boolean {
  const before = text.slice(Math.max(0, offset - 8), offset);
  return (
    /\p{Extended_Pictographic}\uFE0F?\p{Emoji_Modifier}?$/u.test(before) &&
    /^\p{Extended_Pictographic}/u.test(text.slice(offset + 1, offset + 5))
  );
}

/** A line a GitHub runner would obey, were it printed in a log, with a gap that stops it. */
export function quietCommands(line: string): string {
  if (!line.includes('::') && !line.includes('##[')) return line;
  return line.replace(/^(\s*):(?=:)/, '$1: ').replaceAll('##[', '# #[');
}

/**
 * At most `limit` characters, with the full length said when some were left out:
 * `abc… (1,234 characters)`. Never cuts a character in two.
 */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text;
  return `${cutCleanly(text, limit)}… (${String(text.length).replace(/\B(?=(\d{3})+$)/g, ',')} characters)`;
}

/**
 * As {@link cut} for many lines: also at most `maxLines`, and what was left out stands on a line of its own.
 * @param fullLength where `text` is itself only the beginning of something longer.
 */
export function cutLines(text: string, limit: number, maxLines: number, fullLength = text.length): string {
  const short = cutCleanly(text, limit);
  const lines = short.split('\n', maxLines + 1);
  if (short.length === fullLength && lines.length <= maxLines) return text;
  const kept = lines.slice(0, maxLines).join('\n').trimEnd();
  const left = fullLength - kept.length;
  return `${kept}\n… (${String(left).replace(/\B(?=(\d{3})+$)/g, ',')} more characters)`;
}

function cutCleanly(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit);
}
