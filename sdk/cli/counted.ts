const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['m', 60],
] as const;
const SIZES = ['bytes', 'kB', 'MB', 'GB'] as const;

/** E.g. `1 file`, `12 files`. */
export function counted(value: number, one: string, many = `${one}s`): string {
  return `${value} ${value === 1 ? one : many}`;
}

/** An age for a column, in its largest unit: `45s`, `3m`, `2h`, `5d`. */
export function shortAge(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const [unit, size] = UNITS.find(([, many]) => seconds >= many) ?? ['s', 1];
  return `${Math.floor(seconds / size)}${unit}`;
}

/** E.g. `812 bytes`, `3.4 MB`. */
export function shortBytes(bytes: number): string {
  let [value, at] = [bytes, 0];
  while (value >= 1000 && at < SIZES.length - 1) [value, at] = [value / 1000, at + 1];
  return `${at === 0 ? value : value.toFixed(1)} ${SIZES[at]}`;
}
