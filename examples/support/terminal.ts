import { stripVTControlCharacters } from 'node:util';

const colours = process.stdout.isTTY === true && process.env['NO_COLOR'] === undefined;

function painted(code: number, text: string): string {
  return colours ? `\x1b[${code}m${text}\x1b[0m` : text;
}

export const bold = (text: string): string => painted(1, text);
export const dim = (text: string): string => painted(2, text);

export function say(text = ''): void {
  process.stdout.write(`${text}\n`);
}

/** A heading between the parts of the story. */
export function heading(text: string): void {
  say();
  say(bold(text));
}

export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

/** Does something, then prints a tick, what was done and how long it took. */
export async function step<T>(done: string, action: () => Promise<T>): Promise<T> {
  const startedAt = performance.now();
  try {
    const result = await action();
    tick(done, performance.now() - startedAt);
    return result;
  } catch (error) {
    say(`${painted(31, '✗')} ${done}`);
    throw error;
  }
}

export function tick(done: string, ms?: number): void {
  say(`${painted(32, '✓')} ${done}${ms === undefined ? '' : dim(`  ${seconds(ms)}`)}`);
}

/** Output that is not the demo's own; dbt colours it, terminal or not. */
export function quote(line: string): void {
  say(`  ${dim('│')} ${colours ? line : stripVTControlCharacters(line)}`);
}
