import { parseCommandLine } from '../plan/command-line.ts';
import type { EngineKind } from '../plan/engine-kind.ts';

/**
 * Of the options a run would have, those that say where dbt works and whether with State. The others choose nodes, change
 * what is built or printed, or upload something: a probe's query wants none of them, and some make dbt refuse it.
 * @param args dbt's options without a command.
 */
export function probeArguments(args: readonly string[], engine: EngineKind): readonly string[] {
  const given = parseCommandLine(['build', ...args], engine);
  const values = {
    'project-dir': given.projectDir,
    'profiles-dir': given.profilesDir,
    profile: given.profile,
    target: given.target,
    vars: given.vars,
    threads: given.threads,
  };
  return [
    // In one word each: a value may begin with a dash.
    ...Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [`--${name}=${value}`])),
    ...['--manage-state', '--no-manage-state'].filter((flag) => args.includes(flag)),
  ];
}
