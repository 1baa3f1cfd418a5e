import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { LogEvent } from './log-event.ts';

/** A longer line of dbt's stderr is told in pieces. */
const MAX_LINE_CHARS = 65_536;

/** Prints one event as a line of stderr. @returns False when the reader is behind. */
export function printEvent(event: LogEvent): boolean {
  return process.stderr.write(`${JSON.stringify(event)}\n`);
}

/** Takes dbt's stderr and prints each of its lines as an event, so that stderr holds nothing but events. */
export function linesAsEvents(ofLine: (line: string) => LogEvent): Writable {
  const decoder = new StringDecoder('utf8');
  let rest = '';
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
      .map((line) => printEvent(ofLine(line)))
      .every(Boolean);
  };
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      if (take(decoder.write(chunk))) done();
      else process.stderr.once('drain', () => done());
    },
    final: (done) => {
      take(`${decoder.end()}\n`);
      done();
    },
  });
}
