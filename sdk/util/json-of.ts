/** What a text, or bytes in UTF-8, holds as JSON; undefined for what is none. */
export function jsonOf(text: string | Uint8Array): unknown {
  try {
    return JSON.parse(typeof text === 'string' ? text : Buffer.from(text).toString('utf8'));
  } catch {
    return undefined;
  }
}

/** Likewise, where that is an object or a list. */
export function jsonObjectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const value = jsonOf(text);
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}
