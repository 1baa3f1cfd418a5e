import { DbtRunCacheError } from '../errors.ts';
import type { CommandLine } from '../plan/command-line.ts';
import type { TargetLock } from '../runtimes/target-lock.ts';
import { reasonOf } from '../util/reason.ts';
import { lastWords, runStep } from './run-step.ts';

export interface DepsOptions {
  /** How dbt is started. */
  readonly command: readonly string[];
  /** Of `dbt deps`: see `depsArguments()`. */
  readonly args: readonly string[];
  /** Absolute: where dbt is started. */
  readonly cwd: string;
  /** As dbt gets it for the run. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends dbt; its reason is thrown. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
  /** Never to be shown, besides what the environment holds. */
  readonly secrets?: readonly string[] | undefined;
}

/** @throws DbtRunCacheError `install-failed` with dbt's last words; the signal's reason. */
export async function runDeps(options: DepsOptions, lock: TargetLock): Promise<void> {
  const { cwd, env, signal, secrets = [], say } = options;
  let end: Awaited<ReturnType<typeof runStep>>;
  try {
    end = await runStep([...options.command, 'deps', ...options.args], {
      ...{ cwd, env, signal, secrets },
      onStarted: (pid) => lock.noteDbt(pid),
    });
  } catch (thrown) {
    signal.throwIfAborted();
    throw failed(`dbt could not be started (${reasonOf(thrown)})`, thrown);
  }
  if (end.succeeded) return;
  for (const line of end.lines) say(line);
  throw failed(`dbt deps ended with ${end.how}: ${lastWords(end.lines) || 'it said nothing'}`);
}

function failed(why: string, cause?: unknown): DbtRunCacheError {
  return new DbtRunCacheError(`The dbt packages could not be installed: ${why}`, {
    code: 'install-failed',
    hint: 'Check packages.yml and that its hosts can be reached, or install the packages in a step before.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What of a run's arguments `dbt deps` needs to find the same project and packages. */
export function depsArguments(commandLine: CommandLine, args: readonly string[]): string[] {
  const { projectDir, profilesDir, profile, target, logPath, vars } = commandLine;
  const given = {
    ...{ 'project-dir': projectDir, 'profiles-dir': profilesDir, profile, target },
    ...{ 'log-path': logPath, vars },
  };
  const option = '--packages-install-path';
  const place = args.flatMap((arg, at) =>
    arg === option ? args.slice(at, at + 2) : arg.startsWith(`${option}=`) ? [arg] : [],
  );
  return [
    ...Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...place,
  ];
}
