/** `{ key: value }`, or nothing for a value that is not there: an optional property must not hold undefined. */
export function optional<K extends string, V>(key: K, value: V | null | undefined): { [P in K]?: V } {
  return (value === null || value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
