import type { CommandLine } from '../command-line.ts';

/** Those that do something to each node of a selection, and take less of it without harm. */
const SLIM = new Set(['build', 'compile', 'list', 'run', 'seed', 'snapshot', 'test']);

/**
 * Those that read a state as well, but not of a smaller selection: `clone` copies what production has, `show` takes one node,
 * and documentation of half a project is none. Not `retry`, which takes the run to repeat from `--state`.
 */
const WITH_STATE = new Set([...SLIM, 'clone', 'docs generate', 'show', 'source freshness']);

/** Why the command cannot be slim, as the rest of a sentence; undefined: it can. */
export function whyNotSlim(commandLine: CommandLine, isInline: boolean): string | undefined {
  const { command, asksFor } = commandLine;
  if (asksFor !== undefined) return `dbt only prints its ${asksFor}`;
  if (command === '') return 'no command is named';
  if (!SLIM.has(command)) return `dbt ${command} is not narrowed to what changed`;
  // dbt Core refuses both together.
  return isInline ? '--inline stands for a selection' : undefined;
}

/** Whether `--state` means to the command what it means to `build`. */
export function takesState({ command, asksFor }: CommandLine): boolean {
  return asksFor === undefined && WITH_STATE.has(command);
}
