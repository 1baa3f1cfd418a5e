/** A whole number with thousands separators, e.g. `1,234`. */
export function count(value: number): string {
  return String(Math.round(value)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A count with its noun, e.g. `1 node`, `1,234 nodes`. Give `many` where adding an s is not the plural. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/**
 * A duration as people read it: `60 ms`, `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`. What is not a duration (negative,
 * not finite) is `unknown`.
 */
export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return 'unknown';
  if (ms < 1) return '0 s';
  if (ms < 99.5) return `${Math.round(ms)} ms`;
  if (ms < 9950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', seconds % 60, 's');
  const minutes = Math.round(seconds / 60);
  return pair(Math.floor(minutes / 60), 'h', minutes % 60, 'min');
}

function pair(high: number, highUnit: string, low: number, lowUnit: string): string {
  return low === 0 ? `${count(high)} ${highUnit}` : `${count(high)} ${highUnit} ${low} ${lowUnit}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('');
  return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/**
 * The first `limit` words and how many there are beyond: `a, b, c and 12 more`.
 * @param total how many there are, where `words` does not hold them all.
 */
export function listedUpTo(words: readonly string[], limit: number, total = words.length): string {
  if (total <= limit) return listed(words);
  const shown = words.slice(0, limit);
  return `${shown.join(', ')} and ${count(total - shown.length)} more`;
}

/** The same words beginning with a capital. */
export function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Free text made fit to stand inside a sentence of ours: one line, without its final full stop. */
export function clause(text: string): string {
  return text.replace(/\s+/g, ' ').trim().replace(/\.+$/, '');
}

/** `2026-11-21T01:25:41.077Z` as `2026-11-21 01:25:41 UTC`; anything else as it is. */
export function instant(iso: string): string {
  const parts = /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d:\d\d)(?:\.\d+)?Z$/.exec(iso);
  return parts === null ? iso : `${parts[1]} ${parts[2]} UTC`;
}

/** A file's size as people read it, in powers of 1000: `812 bytes`, `3.4 kB`, `120 MB`. */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return counted(bytes, 'byte');
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 9.95 ? value.toFixed(1) : count(value)} ${units[unit]}`;
}
