import { readFileSync } from 'node:fs';

/** A process, told apart from a later one with the same id where the system allows it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Start time in the kernel's ticks; absent where there is no /proc. */
  readonly startedTicks?: string;
}

export function identifyProcess(pid: number): ProcessIdentity {
  const startedTicks = startTicks(pid);
  return startedTicks === undefined ? { pid } : { pid, startedTicks };
}

/** Whether that very process is still there. In doubt, yes. */
export function isAlive(identity: ProcessIdentity): boolean {
  try {
    process.kill(identity.pid, 0);
  } catch (error) {
    // EPERM: it is there and belongs to someone else.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  if (identity.startedTicks === undefined) return true;
  const now = startTicks(identity.pid);
  return now === undefined || now === identity.startedTicks;
}

/** Field 22 of /proc/PID/stat; the name before it may hold blanks and parentheses. Zombies count as gone. */
function startTicks(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? 'gone' : fields[19];
  } catch {
    return undefined;
  }
}
