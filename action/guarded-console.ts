import { randomBytes } from 'node:crypto';
import { EOL } from 'node:os';
import * as core from '@actions/core';

export interface GuardedConsole {
  /** Ends the group; workflow commands are read again. A second call does nothing. */
  release(): void;
}

/**
 * Opens a group in the log in which nothing is read as a workflow command, for output that is not ours. What is
 * written to stderr meanwhile goes to stdout: the runner reads the two separately, so a line of stderr could be
 * looked at only after the closing mark on stdout, and be obeyed.
 */
export function guardConsole(title: string): GuardedConsole {
  // Project code must not be able to guess it, or it could print the closing mark itself.
  const token = randomBytes(24).toString('hex');
  const { stdout, stderr } = process;
  const original = { stdout: stdout.write, stderr: stderr.write };
  const writeOut = original.stdout.bind(stdout) as (...args: unknown[]) => boolean;
  let lineIsOpen = false;

  core.startGroup(title);
  writeOut(`::stop-commands::${token}${EOL}`);

  const write = (...args: unknown[]): boolean => {
    const last = lastByte(args[0]);
    if (last !== undefined) lineIsOpen = last !== 0x0a;
    return writeOut(...args);
  };
  stdout.write = write as typeof stdout.write;
  stderr.write = ((...args: unknown[]) => {
    const hasRoom = write(...args);
    // Whoever writes to stderr waits for stderr's own event.
    if (!hasRoom) stdout.once('drain', () => stderr.emit('drain'));
    return hasRoom;
  }) as typeof stderr.write;

  let released = false;
  return {
    release: () => {
      if (released) return;
      released = true;
      stdout.write = original.stdout;
      stderr.write = original.stderr;
      // In the middle of a line the mark would not be seen, and every later command would be ignored.
      writeOut(`${lineIsOpen ? EOL : ''}::${token}::${EOL}`);
      core.endGroup();
    },
  };
}

function lastByte(chunk: unknown): number | undefined {
  if (typeof chunk === 'string') return chunk === '' ? undefined : chunk.charCodeAt(chunk.length - 1);
  return chunk instanceof Uint8Array ? chunk.at(-1) : undefined;
}
