import { DbtRunCacheError } from '../../errors.ts';
import { givenOptions } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';
import { type Environment, parseBoolean, readVariable } from '../variables.ts';

const OPTIONS = new Set(['state', 'defer-state', 'deprecated-state']);
const VARIABLES = ['STATE', 'DEFER_STATE', 'ARTIFACT_STATE_PATH'];

/**
 * The caller's own state beside a managed one: dbt v2 refuses two, dbt Core takes the last, and what is compared with the
 * one and deferred to the other is neither's result.
 */
export function ownState(
  args: readonly string[],
  engine: EngineKind,
  env: Environment,
): DbtRunCacheError | undefined {
  const option = givenOptions(args, engine).find(({ name }) => OPTIONS.has(name))?.typed;
  const name =
    option ?? VARIABLES.flatMap(variablesOf).find((each) => (readVariable(env, each) ?? '') !== '');
  if (name === undefined) return undefined;
  return new DbtRunCacheError(`${name} names a state, and the state of this run is managed`, {
    code: 'invalid-options',
    hint: `Take ${name} away, or give state: off and slim: false.`,
  });
}

/** Whether the run defers, as far as its arguments and variables say; undefined: they say nothing. */
export function ownDefer(
  args: readonly string[],
  engine: EngineKind,
  env: Environment,
): { readonly from: 'flag' | 'variable'; readonly means: boolean } | undefined {
  const flag = givenOptions(args, engine).findLast(({ name }) => name === '--defer' || name === '--no-defer');
  if (flag !== undefined) return { from: 'flag', means: flag.name === '--defer' };
  const values = variablesOf('DEFER').map((name) => readVariable(env, name) ?? '');
  const value = values.find((text) => text !== '');
  const means = value === undefined ? undefined : parseBoolean(value);
  return means === undefined ? undefined : { from: 'variable', means };
}

/** dbt reads both names of each; which of them wins does not matter here. */
function variablesOf(setting: string): readonly string[] {
  return [`DBT_ENGINE_${setting}`, `DBT_${setting}`];
}
