const DAY = 86_400;
/** Unit by unit, from the largest: its name, the ways to write it, its length in seconds. */
const UNITS = [
  ['years', 'ys?|yrs?.?|years?', 365 * DAY],
  ['months', 'mos?.?|mths?.?|months?', 30 * DAY],
  ['weeks', 'w|wks?|weeks?', 7 * DAY],
  ['days', 'd|dys?|days?', DAY],
  ['hours', 'h|hrs?|hours?', 3600],
  ['minutes', 'm|mins?|minutes?', 60],
  ['seconds', 's|secs?|seconds?', 1],
  ['milliseconds', 'ms|msecs?|millis|milliseconds?', 0.001],
] as const;
type Unit = (typeof UNITS)[number][0];
const LENGTHS = new Map<string, number>(UNITS.map(([name, , seconds]) => [name, seconds]));
/** Of these the parser takes whole and broken numbers alike; of the others a number it cannot read counts nothing. */
const STRICT: ReadonlySet<string> = new Set(['days', 'hours', 'minutes', 'milliseconds']);

const SHAPES = [
  inTurn(UNITS.map(([name]) => name)),
  '(?<minutes>\\d{1,2}):(?<seconds>\\d{2}(?:\\.\\d+)?)',
  `${inTurn(['weeks', 'days'])}\\s*(?<hours>\\d+):(?<minutes>\\d{2}):(?<seconds>\\d{2}(?:\\.\\d+)?)`,
  '(?<days>\\d+):(?<hours>\\d{2}):(?<minutes>\\d{2}):(?<seconds>\\d{2}(?:\\.\\d+)?)',
  ':(?<seconds>\\d{2}(?:\\.\\d+)?)',
].map((shape) => new RegExp(`^\\s*${shape}\\s*$`, 'i'));

/** What the shapes are tried on: on much longer texts they would take for ever, and no duration is that long. */
const MAX_CHARACTERS = 64;

/** Larger is more than Python's `timedelta` holds. */
const MAX_SECONDS = 1_000_000_000 * DAY;

/**
 * The seconds the plugin reads out of a duration: `2700`, `45m`, `1h30m`, `1 day, 2 hours`, `45:00`, `1.5h`, `-5m`.
 * Fractions of a second are dropped.
 * @returns undefined where it refuses, null where only the plugin can tell.
 */
export function pluginSeconds(given: string): number | undefined | null {
  if (!/^[\x20-\x7e]*$/.test(given)) return null;
  // Where blanks may stand, many may; one by one the shapes could share them out in too many ways.
  const text = given.replace(/ +/g, ' ');
  if (text.length > MAX_CHARACTERS) return null;
  // A lone number is a number whatever its sign; one with a sign inside is none.
  if (/^\d+$/.test(text.replace('.', '').replace('-', '').replace('+', ''))) return whole(pythonFloat(text));
  const [, sign, rest = ''] = /^\s*([+|-])?\s*(.*)$/.exec(text) ?? [];
  const factor = sign === '-' ? -1 : 1;
  for (const shape of SHAPES) {
    const match = shape.exec(rest);
    if (match === null || match[0].trim() === '') continue;
    return whole(factor * sum(match.groups ?? {}));
  }
  return whole(factor * pythonFloat(rest));
}

function sum(parts: Readonly<Record<string, string | undefined>>): number {
  let seconds = 0;
  for (const [unit, number] of Object.entries(parts)) {
    if (number === undefined || number === '') continue;
    const isNumber = /^(?:\d+\.?\d*|\.\d+)$/.test(number);
    if (isNumber) seconds += Number(number) * (LENGTHS.get(unit) ?? 0);
    else if (STRICT.has(unit)) return Number.NaN;
  }
  // `timedelta` counts in microseconds.
  return Math.round(seconds * 1e6) / 1e6;
}

/** One unit after the other, each of them optional, with commas or slashes between. */
function inTurn(names: readonly Unit[]): string {
  const parts = UNITS.filter(([name]) => names.includes(name)).map(([name, spellings]) => {
    const part = `(?<${name}>[\\d.]+)\\s*(?:${spellings})`;
    const isLast = name === 'seconds' || name === 'milliseconds';
    return isLast ? `(?:${part})?` : `(?:${part}\\s*(?:[,/]\\s*)?)?`;
  });
  return parts.join('\\s*');
}

/** A number as Python's `float()` reads it; not a number where that fails, or is no number either. */
function pythonFloat(text: string): number {
  const trimmed = text.trim();
  return /^[+-]?(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:e[+-]?\d+(?:_\d+)*)?$/i.test(trimmed)
    ? Number(trimmed.replaceAll('_', ''))
    : Number.NaN;
}

function whole(seconds: number): number | undefined {
  if (!Number.isFinite(seconds) || Math.abs(seconds) >= MAX_SECONDS) return undefined;
  return Math.trunc(Math.round(seconds * 1e6) / 1e6) + 0;
}

const FUSION_UNITS = /^(.*?)(seconds?|secs?|s|minutes?|mins?|m|hours?|hrs?|h|days?|d)?$/;
const FUSION_SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: DAY };

/** The seconds dbt v2 reads out of a duration: one whole number, with or without one unit. Undefined: it refuses. */
export function fusionSeconds(text: string): number | undefined {
  const [, number = '', unit = 's'] = FUSION_UNITS.exec(text.trim().toLowerCase()) ?? [];
  if (!/^[+-]?\d{1,18}$/.test(number.trim())) return undefined;
  return Number(number) * (FUSION_SECONDS[unit.charAt(0)] ?? 1) + 0;
}
