/** Whether two values of JSON are the same. A field that is missing is the same as one that is null. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (a === undefined || a === null) return b === undefined || b === null;
  if (typeof a !== 'object' || typeof b !== 'object' || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  return [...names].every((name) => same(left[name], right[name]));
}

/** Those of the fields that differ. */
export function differing(names: Iterable<string>, a: object, b: object): readonly string[] {
  const [left, right] = [a as Record<string, unknown>, b as Record<string, unknown>];
  return [...names].filter((name) => !same(left[name], right[name]));
}
