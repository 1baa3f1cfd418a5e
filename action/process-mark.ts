import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/**
 * What Linux tells of a process, from field 3 on: state, parent, group, …
 * @throws Error when there is none.
 */
export function statOf(pid: string): readonly string[] {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // The name before may hold blanks and parentheses.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

/** Tells a process from a later one with the same id: when it began, as the system writes it. */
export function processMark(pid: number): string | undefined {
  try {
    // Field 22.
    if (process.platform === 'linux') return statOf(String(pid))[19];
    if (process.platform === 'win32') return undefined;
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim() || undefined;
  } catch {
    return undefined;
  }
}
