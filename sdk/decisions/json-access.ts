/** Reading values whose type only dbt knows. Anything unexpected reads as absent. */

export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

export function record(value: unknown): Readonly<Record<string, unknown>> | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : undefined;
}

export function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Sets a field only where there is a value: `exactOptionalPropertyTypes` tells absent from undefined. */
export function given<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: terminal colour codes begin with ESC
const ANSI = /\u001b\[[0-9;]*[A-Za-z]/g;

/** Without terminal colours, and with the line ends of Unix. */
export function plain(value: string): string {
  return value.replace(ANSI, '').replace(/\r\n/g, '\n');
}

/** Cut to a length that memory can bear many times over. */
export function shortened(value: string, most: number): string {
  return value.length <= most ? value : `${value.slice(0, most - 1)}…`;
}
