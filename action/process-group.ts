import { readdirSync } from 'node:fs';
import { statOf } from './process-mark.ts';

/** Whether any process of a group is at work. One that has ended, and that nobody has asked about yet, is not. */
export function groupLives(group: number): boolean {
  if (process.platform === 'linux') {
    const found = fromProc(group);
    if (found !== undefined) return found;
  }
  return !isGone(-group);
}

/** Sends a signal to all of a group, if it is there. */
export function signalGroup(group: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-group, signal);
  } catch {
    // It is gone, or not ours to stop: what lives is looked at afterwards.
  }
}

/** Whether nothing has this id. What may not be signalled is there all the same. */
export function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Undefined where /proc is not to be read. */
function fromProc(group: number): boolean | undefined {
  try {
    return readdirSync('/proc').some((name) => /^\d+$/.test(name) && isAtWork(name, group));
  } catch {
    return undefined;
  }
}

function isAtWork(pid: string, group: number): boolean {
  try {
    const [state = '', , of] = statOf(pid);
    return Number(of) === group && !'ZX'.includes(state);
  } catch {
    // Gone meanwhile.
    return false;
  }
}
