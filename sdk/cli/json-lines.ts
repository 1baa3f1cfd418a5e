import { StringDecoder } from 'node:string_decoder';
import type { LogEvent } from './log-event.ts';

/** A longer line of dbt's stderr is told in pieces. */
const MAX_LINE_CHARS = 65_536;

export interface JsonLines {
  print(event: LogEvent): void;
  /** Gives stderr back, after the rest of an unfinished line. */
  close(): void;
}

/**
 * Keeps stderr to JSON lines: from now on only `print` writes to it, and what others write, which is dbt's stderr,
 * is handed over by lines.
 */
export function jsonLinesOnStderr(ofLine: (line: string) => LogEvent): JsonLines {
  const { stderr } = process;
  const original = stderr.write;
  const decoder = new StringDecoder('utf8');
  let rest = '';

  const print = (event: LogEvent): boolean => original.call(stderr, `${JSON.stringify(event)}\n`);
  const take = (text: string): boolean => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    while (rest.length > MAX_LINE_CHARS) {
      lines.push(rest.slice(0, MAX_LINE_CHARS));
      rest = rest.slice(MAX_LINE_CHARS);
    }
    return lines
      .map((line) => line.replace(/\r$/, ''))
      .filter((line) => line !== '')
      .map((line) => print(ofLine(line)))
      .every(Boolean);
  };
  stderr.write = ((chunk: string | Uint8Array) =>
    take(typeof chunk === 'string' ? chunk : decoder.write(chunk))) as typeof stderr.write;

  return {
    print,
    close: () => {
      take(`${decoder.end()}\n`);
      stderr.write = original;
    },
  };
}
