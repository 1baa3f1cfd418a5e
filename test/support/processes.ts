import { spawnSync } from 'node:child_process';

/** Whether a process is there. A killed one whose parent is gone may wait to be reaped: that counts as ended. */
export function isRunning(pid: number): boolean {
  const { stdout, error } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  if (error !== undefined) throw new Error('ps is missing: install procps', { cause: error });
  return stdout.trim() !== '' && !stdout.startsWith('Z');
}

/** Whether anyone is left in a process group. */
export function isGroupRunning(pgid: number): boolean {
  const { stdout, error } = spawnSync('ps', ['-eo', 'pgid=,stat='], { encoding: 'utf8' });
  if (error !== undefined) throw new Error('ps is missing: install procps', { cause: error });
  return stdout.split('\n').some((line) => {
    const [group, stat = ''] = line.trim().split(/\s+/);
    return Number(group) === pgid && !stat.startsWith('Z');
  });
}
