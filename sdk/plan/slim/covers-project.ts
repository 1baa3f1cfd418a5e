import { type CommandLine, type GivenOption, givenOptions } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';
import { type Environment, parseBoolean, readVariable } from '../variables.ts';
import type { DefaultSelector } from './default-selector.ts';

export type Coverage =
  | { readonly kind: 'whole' }
  /** What narrows the run, as the rest of a sentence. */
  | { readonly kind: 'partial'; readonly because: string }
  | { readonly kind: 'command'; readonly why: string };

/** Options that take something and leave nodes, or rows of them, out. */
const NARROWING = new Set([
  ...['select', 'exclude', 'selector', 'resource-types', 'exclude-resource-types'],
  ...['sample', 'event-time-start', 'event-time-end', 'with-sample', 'sampled'],
]);
/** Flags that do, and those that take them back. */
const FLAGS: ReadonlyMap<string, readonly [name: string, means: boolean]> = new Map([
  ['--empty', ['empty', true]],
  ['--no-empty', ['empty', false]],
  ['--dirty', ['dirty', true]],
]);
/**
 * The variables that dbt reads for these. `--select`, `--exclude` and `--selector` have none. To dbt v2 those of
 * resource types and of `--empty` mean nothing.
 */
const VARIABLES: Readonly<Record<EngineKind, readonly string[]>> = {
  core: ['RESOURCE_TYPES', 'EXCLUDE_RESOURCE_TYPES', 'EMPTY', 'SAMPLE', 'EVENT_TIME_START', 'EVENT_TIME_END'],
  fusion: ['DIRTY', 'SAMPLE', 'WITH_SAMPLE', 'SAMPLED', 'EVENT_TIME_START', 'EVENT_TIME_END'],
};

/**
 * Whether a run that succeeds leaves every node of the project built, with all of its data, and its data tested. Unit tests
 * may be left out: they are about code.
 */
export function coversProject(input: {
  readonly args: readonly string[];
  readonly commandLine: CommandLine;
  readonly engine: EngineKind;
  readonly env: Environment;
  readonly defaultSelector: DefaultSelector;
}): Coverage {
  const { args, commandLine, engine, env, defaultSelector } = input;
  const { command, asksFor } = commandLine;
  if (command !== 'build' || asksFor !== undefined)
    return {
      kind: 'command',
      why: `only dbt build builds the whole project, and this is dbt ${command}`.trimEnd(),
    };
  const options = givenOptions(args, engine);
  const option = options.find(({ name, values }) => NARROWING.has(name) && !leavesNothingOut(name, values));
  if (option !== undefined) return partial(`${option.typed} is given`);
  const flags = flagsIn(options);
  const flag = [...flags].find(([, means]) => means)?.[0];
  if (flag !== undefined) return partial(`--${flag} is given`);
  const variable = VARIABLES[engine]
    .filter((name) => flags.get(name.toLowerCase()) !== false)
    .flatMap((name) => [`DBT_ENGINE_${name}`, `DBT_${name}`])
    .find((name) => {
      const value = readVariable(env, name);
      return (
        isSet(value) && !(name.endsWith('EXCLUDE_RESOURCE_TYPES') && isWithoutTables(value?.split(/[\s,]+/)))
      );
    });
  if (variable !== undefined) return partial(`the variable ${variable} is set`);
  if (defaultSelector.kind === 'named')
    return partial(`the default selector ${defaultSelector.name} is taken`);
  if (defaultSelector.kind === 'uncertain')
    return partial(`a default selector may be: ${defaultSelector.why}`);
  return { kind: 'whole' };
}

/** What production builds often leave out: it checks code, and makes nothing. */
const WITHOUT_TABLES = new Set([
  'unit_test',
  'analysis',
  'exposure',
  'metric',
  'semantic_model',
  'saved_query',
]);

function leavesNothingOut(name: string, values: readonly string[]): boolean {
  return name === 'exclude-resource-types' && isWithoutTables(values.flatMap((value) => value.split(/\s+/)));
}

function isWithoutTables(types: readonly string[] = []): boolean {
  return types.length > 0 && types.every((type) => WITHOUT_TABLES.has(type));
}

/** The last of several wins. */
function flagsIn(options: readonly GivenOption[]): ReadonlyMap<string, boolean> {
  return new Map(options.map(({ typed }) => FLAGS.get(typed)).filter((pair) => pair !== undefined));
}

/** To dbt an empty one is none at all; `DBT_EMPTY=false` says so. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && value !== '' && parseBoolean(value) !== false;
}

function partial(because: string): Coverage {
  return { kind: 'partial', because };
}
