import { type ChildProcess, execFileSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { type ActJob, createActLog } from './act-log.ts';
import { STEP_ID } from './act-workflow.ts';

export interface ActRun {
  readonly exitCode: number | null;
  readonly wallMs: number;
  readonly jobs: readonly ActJob[];
  /** All that act printed, for a test that fails. */
  readonly transcript: string;
}

export interface RunningAct {
  readonly ended: Promise<ActRun>;
  /** Resolves when steps have printed this many lines like this. Rejects when act ends without. Default: one. */
  printed(like: RegExp, times?: number): Promise<void>;
  /** Ids of the processes of the Action's main step that run now, for all workflows of the repository. */
  mainProcesses(): number[];
  /** Kills the runner and the Action, as if the machine were gone. What these started is left. */
  vanish(): Promise<void>;
}

/** @param home Folder of all that belongs to this runner, by which its processes are told from others. */
export function followAct(child: ChildProcess, began: number, home: string): RunningAct {
  const log = createActLog(STEP_ID);
  const printed: string[] = [];
  const waiting = new Set<() => void>();
  let isOver = false;
  const wake = (): void => {
    for (const look of waiting) look();
  };
  const streams = [child.stdout, child.stderr].flatMap((stream) =>
    stream === null ? [] : [createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })],
  );
  for (const lines of streams)
    lines.on('line', (line) => {
      const text = log.push(line);
      if (text === undefined) return;
      printed.push(text);
      wake();
    });
  const ended = new Promise<ActRun>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => {
      isOver = true;
      resolve({
        exitCode,
        wallMs: performance.now() - began,
        jobs: log.jobs(),
        transcript: log.transcript(),
      });
      wake();
    });
  });
  const mainProcesses = (): number[] =>
    execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8' })
      .split('\n')
      .filter((line) => line.includes(home) && line.includes('dist/action/main.js'))
      .map((line) => Number.parseInt(line, 10));
  return {
    ...{ ended, mainProcesses },
    vanish: async () => {
      // First the runner, which would go on with the post step.
      child.kill('SIGKILL');
      for (const pid of mainProcesses()) process.kill(pid, 'SIGKILL');
      await ended;
    },
    printed: (like, times = 1) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const isThere = printed.filter((line) => like.test(line)).length >= times;
          if (!isThere && !isOver) return;
          waiting.delete(look);
          if (isThere) resolve();
          else reject(new Error(`No ${times} lines like ${like} in:\n${log.transcript()}`));
        };
        waiting.add(look);
        look();
      }),
  };
}
