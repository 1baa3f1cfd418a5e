import { DbtRunCacheError } from '../errors.ts';

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000 } as const;
/** Longest delay Node's timers take: 24 days and a bit. */
const MAX_DELAY_MS = 2_147_483_647;
const PATTERN = /^(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?$/;

/**
 * Reads a duration such as `90s`, `45m`, `1h30m` or `2d`: whole numbers, each with its unit, the larger unit first.
 * A number without a unit is refused, since GitHub would mean minutes by it and dbt seconds.
 * @param options.maxMs The longest that is accepted. Default: 24 days, the longest that Node's timers take.
 * @returns Milliseconds, more than zero.
 * @throws DbtRunCacheError `invalid-options`.
 */
export function parseDuration(
  text: string,
  { maxMs = MAX_DELAY_MS }: { readonly maxMs?: number | undefined } = {},
): number {
  const match = PATTERN.exec(text.trim());
  const parts = match?.slice(1) ?? [];
  if (parts.every((part) => part === undefined)) {
    throw invalid(
      `${quoted(text)} is not a duration`,
      'Give whole numbers with units, e.g. 90s, 45m, 1h30m or 2d.',
    );
  }
  const units = Object.values(UNIT_MS);
  const ms = parts.reduce((sum, part, index) => sum + Number(part ?? 0) * (units[index] ?? 0), 0);
  if (ms <= 0 || ms > maxMs) {
    throw invalid(
      `${quoted(text)} is out of range`,
      `Give more than zero and at most ${Math.floor(maxMs / UNIT_MS.d)} days.`,
    );
  }
  return ms;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}

function invalid(message: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}
