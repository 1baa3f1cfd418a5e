import { randomBytes } from 'node:crypto';
import { EOL } from 'node:os';
import { Writable } from 'node:stream';
import * as core from '@actions/core';
import type { OutputStreams } from '../sdk/index.ts';

export interface GuardedConsole {
  /** Both lead to stdout, see {@link guardConsole}. */
  readonly streams: OutputStreams;
  /** Ends the group when all is written; workflow commands are read again. A second call does nothing. */
  release(): Promise<void>;
}

/**
 * Opens a group in the log in which nothing is read as a workflow command, for output that is not ours. What dbt
 * writes to stderr goes to stdout as well: the runner reads the two separately, so a line of stderr could be looked
 * at only after the closing mark on stdout, and be obeyed.
 */
export function guardConsole(title: string): GuardedConsole {
  // Project code must not be able to guess it, or it could print the closing mark itself.
  const token = randomBytes(24).toString('hex');
  let lineIsOpen = false;

  core.startGroup(title);
  process.stdout.write(`::stop-commands::${token}${EOL}`);

  const sink = (): Writable =>
    new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        if (chunk.length > 0) lineIsOpen = chunk.at(-1) !== 0x0a;
        process.stdout.write(chunk, () => done());
      },
    });
  const streams = { stdout: sink(), stderr: sink() };

  return {
    streams,
    release: async () => {
      if (streams.stdout.writableEnded) return;
      await Promise.all(
        [streams.stdout, streams.stderr].map((one) => new Promise<void>((end) => one.end(end))),
      );
      // In the middle of a line the mark would not be seen, and every later command would be ignored.
      process.stdout.write(`${lineIsOpen ? EOL : ''}::${token}::${EOL}`);
      core.endGroup();
    },
  };
}
