import { givenOptions, parseCommandLine } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';
import type { Environment } from '../variables.ts';
import { ownDefer } from './own-state.ts';
import { tokensOf } from './selection.ts';

/** `state:modified`, `@state:new`, `2+result:error+`. */
const METHOD = /^@?(?:\d*\+)?(?:state|result|source_status)(?:\.[\w.]*)?:/;

/**
 * Whether the caller's own arguments need a state: they select or exclude by comparison, defer, or clone. Without one dbt
 * Core fails on them, and dbt v2 selects nothing by `state:`. What a selector of selectors.yml says is not looked at.
 * @param env What dbt is given, for its own variables. Default: none.
 */
export function usesComparison(args: readonly string[], engine: EngineKind, env: Environment = {}): boolean {
  const { command, asksFor } = parseCommandLine(args, engine);
  if (asksFor !== undefined) return false;
  if (command === 'clone' || ownDefer(args, engine, env)?.means === true) return true;
  return givenOptions(args, engine)
    .filter(({ name }) => name === 'select' || name === 'exclude')
    .flatMap(({ values }) => tokensOf(values).flatMap((token) => token.split(',')))
    .some((method) => METHOD.test(method));
}
