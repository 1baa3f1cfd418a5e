import type { CommandLine } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';
import type { Environment } from '../variables.ts';
import { takesState } from './commands.ts';
import { ownState } from './own-state.ts';
import { rewritten } from './rewritten.ts';

export interface WithState {
  readonly args: readonly string[];
  /** Empty: nothing is narrowed. */
  readonly within: readonly string[];
}

/**
 * dbt's arguments with `--state` and nothing else: what is compared and deferred is the caller's to say.
 * @returns Undefined for a command that does not read a state.
 * @throws DbtRunCacheError `invalid-options` when the arguments name one.
 */
export function withState(input: {
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  readonly engine: EngineKind;
  /** Absolute. */
  readonly stateDir: string;
  /** What dbt is given, for its own variables. Default: none. */
  readonly env?: Environment;
}): WithState | undefined {
  const { args, commandLine, engine, stateDir, env = {} } = input;
  if (!takesState(commandLine)) return undefined;
  const refusal = ownState(args, engine, env);
  if (refusal !== undefined) throw refusal;
  return {
    args: rewritten(args, engine, { without: () => false, added: ['--state', stateDir] }),
    within: [],
  };
}
