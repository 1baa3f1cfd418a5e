import { DbtRunCacheError } from '../../errors.ts';
import { type CommandLine, givenOptions } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';
import type { Environment } from '../variables.ts';
import { whyNotSlim } from './commands.ts';
import type { DefaultSelector } from './default-selector.ts';
import { ownDefer, ownState } from './own-state.ts';
import { rewritten } from './rewritten.ts';
import { type GivenTokens, givenTokens, intersected, isSelection } from './selection.ts';

export interface SlimInput {
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  readonly engine: EngineKind;
  /** Undefined: not known. */
  readonly dbtVersion: string | undefined;
  /** Absolute. */
  readonly stateDir: string;
  /**
   * e.g. `state:modified+`. dbt Core fails on `result:` without a run_results.json in the folder and on `source_status:`
   * without a sources.json; dbt v2 selects nothing by them.
   */
  readonly selectors: readonly string[];
  /** More of them, e.g. `orders+`. */
  readonly alone: readonly string[];
  readonly defaultSelector: DefaultSelector;
  /** What dbt is given, for its own variables. Default: none. */
  readonly env?: Environment;
}

export type SlimArguments =
  | {
      readonly kind: 'slim';
      readonly args: readonly string[];
      /** The tokens of the caller's own selection; empty: there is none. */
      readonly within: readonly string[];
    }
  | { readonly kind: 'not-applicable'; readonly why: string }
  | { readonly kind: 'refused'; readonly error: DbtRunCacheError };

/**
 * dbt's arguments for a run that takes, of what was asked for, only what the selectors list: `a b` with `S1 S2` becomes
 * `a,S1 a,S2 b,S1 b,S2`. `--exclude`, `--resource-type` and the like stay as they are.
 *
 * With the default `--indirect-selection eager` this is the exact intersection. With `cautious` or `buildable` dbt Core leaves
 * a test out whose parents are selected by different tokens and not all changed.
 *
 * Own `--defer` and `--no-defer` are obeyed, the variable as well, and `--favor-state` stays. An own state is refused.
 */
export function slimArguments(input: SlimInput): SlimArguments {
  const { args, commandLine, engine, stateDir, env = {} } = input;
  const options = givenOptions(args, engine);
  const why = whyNotSlim(
    commandLine,
    options.some(({ name }) => name === 'inline' || name === 'inline-direct'),
  );
  if (why !== undefined) return { kind: 'not-applicable', why };
  const refusal = ownState(args, engine, env);
  if (refusal !== undefined) return { kind: 'refused', error: refusal };
  const selection = selectionOf(input);
  if (selection instanceof DbtRunCacheError) return { kind: 'refused', error: selection };

  const added = [
    ...selectOptions(selection.tokens, [...input.selectors, ...input.alone]),
    ...['--state', stateDir],
    ...(ownDefer(args, engine, env) === undefined ? ['--defer'] : []),
  ];
  return {
    kind: 'slim',
    args: rewritten(args, engine, {
      // Beside a selector dbt Core heeds no --exclude, and would heed it beside the --select that replaces it.
      without: (option) => isSelection(option) || (selection.ignoresExclude && option.name === 'exclude'),
      added,
    }),
    within: [...selection.tokens.values()].flat(),
  };
}

function selectOptions(given: GivenTokens, selectors: readonly string[]): readonly string[] {
  // dbt takes `--select` with nothing behind it for one that selects the next option.
  if (given.size === 0) return selectors.length === 0 ? [] : ['--select', ...selectors];
  return [...given].flatMap(([name, tokens]) => [`--${name}`, ...intersected(tokens, selectors)]);
}

interface Selection {
  readonly tokens: GivenTokens;
  readonly ignoresExclude: boolean;
}

/** In dbt's order: a selector, else `--select` and `--exclude`, else the project's default selector. */
function selectionOf(input: SlimInput): Selection | DbtRunCacheError {
  const { args, commandLine, engine, defaultSelector } = input;
  const { selector } = commandLine;
  if (selector !== undefined && selector !== '') return bySelector(selector, `--selector ${selector}`, input);
  const tokens = givenTokens(args, engine, commandLine);
  if (tokens.size > 0 || commandLine.exclude !== undefined || defaultSelector.kind === 'none')
    return { tokens, ignoresExclude: false };
  if (defaultSelector.kind === 'named')
    return bySelector(defaultSelector.name, `The default selector ${defaultSelector.name}`, input);
  return new DbtRunCacheError(
    `Whether the project has a default selector cannot be told: ${defaultSelector.why}`,
    { code: 'invalid-options', hint: 'Say with --select what a slim build may take, e.g. --select "fqn:*".' },
  );
}

function bySelector(
  name: string,
  what: string,
  { engine, dbtVersion }: SlimInput,
): Selection | DbtRunCacheError {
  const canBeWritten = /^[^\s,+@]+$/.test(name);
  if (knowsSelectorMethod(engine, dbtVersion) && canBeWritten)
    return { tokens: new Map([['select', [`selector:${name}`]]]), ignoresExclude: true };
  const dbt = engine === 'fusion' ? 'dbt v2' : `dbt ${dbtVersion ?? 'of an unknown version'}`;
  const why = canBeWritten ? `${dbt} has no selector: method` : 'its name cannot stand in a --select';
  return new DbtRunCacheError(`${what} cannot be narrowed to what changed: ${why}`, {
    code: 'invalid-options',
    hint: canBeWritten
      ? 'Write the selection as --select, or use dbt Core 1.12.'
      : 'Write the selection as --select, or give the selector a plain name.',
  });
}

/** dbt Core has `selector:` since 1.12; dbt v2 does not know it. */
function knowsSelectorMethod(engine: EngineKind, dbtVersion: string | undefined): boolean {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(dbtVersion ?? '') ?? [];
  return engine === 'core' && Number(major) === 1 && Number(minor) >= 12;
}
