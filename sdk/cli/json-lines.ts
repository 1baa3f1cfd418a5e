import { Writable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { LogEvent } from './log-event.ts';

/** A longer line of dbt's stderr is told in pieces. */
const MAX_LINE_CHARS = 65_536;

/** Prints one event as a line of stderr. @param done Told when it is out, or nobody is there to take it. */
export function printEvent(event: LogEvent, done?: () => void): void {
  process.stderr.write(`${JSON.stringify(event)}\n`, () => done?.());
}

/**
 * Takes dbt's stderr and prints each of its lines as an event, so that stderr holds nothing but events.
 * @param hide Takes secrets out of a text.
 */
export function linesAsEvents(hide: (text: string) => string, ofLine: (line: string) => LogEvent): Writable {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  const take = (text: string, done: () => void): void => {
    // Before a long line is cut: a secret cut in two would not be found.
    const lines = hide(rest + text).split('\n');
    rest = lines.pop() ?? '';
    while (rest.length > MAX_LINE_CHARS) {
      lines.push(rest.slice(0, MAX_LINE_CHARS));
      rest = rest.slice(MAX_LINE_CHARS);
    }
    const events = lines.map((line) => line.replace(/\r$/, '')).filter((line) => line !== '');
    const last = events.pop();
    for (const line of events) printEvent(ofLine(line));
    if (last === undefined) done();
    else printEvent(ofLine(last), done);
  };
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => take(decoder.write(chunk), () => done()),
    final: (done) => take(`${decoder.end()}\n`, () => done()),
  });
}
