import type { PartInput } from '../../dedup/key.ts';
import { givenOptions } from '../command-line.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { flagOf, whyLeftOut } from './option-kinds.ts';
import { previousRuns } from './previous-runs.ts';
import { settingVariables } from './setting-variables.ts';
import { shownText } from './slow-hash.ts';

type Input = Pick<
  FingerprintInput,
  'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'engine' | 'keyIgnore' | 'project' | 'stateSettings'
>;

/**
 * What dbt is told to do: the subcommand, its options and words, dbt's own variables, and the artifacts of earlier runs
 * that it is pointed at; and which paths `key-ignore` names, since among the files one could have that name. What has a
 * part of its own, and what is only about how a run is shown, is left out.
 */
export async function commandPart(input: Input): Promise<PartInput> {
  const options = await optionItems(input);
  const variables = settingVariables(input);
  if (variables.kind === 'unknown') return variables;
  const previous = await previousRuns(input);
  if (previous.kind === 'unknown') return previous;
  return {
    kind: 'known',
    items: {
      command: input.commandLine.command,
      ...(input.commandLine.positionals.length === 0
        ? {}
        : { words: JSON.stringify(input.commandLine.positionals) }),
      ...ignoredItem(input),
      ...options.items,
      ...variables.items,
      ...previous.items,
    },
    leftOut: { ...options.leftOut, ...variables.leftOut },
  };
}

function ignoredItem({ keyIgnore }: Input): Record<string, string> {
  return keyIgnore.length === 0 ? {} : { 'key-ignore': JSON.stringify(keyIgnore.map(({ name }) => name)) };
}

/** What people give to macros may hold secrets, and so may all arguments. */
const HOLDS_YAML: ReadonlySet<string> = new Set(['--args', 'arguments']);

/**
 * Each option with all that was given for it, in that order: which of several dbt takes is its own affair. An option
 * that is in no table may take the next word, whatever that looks like, so then all arguments count as they stand.
 */
async function optionItems({ args, engine }: Input): Promise<{
  readonly items: Record<string, string>;
  readonly leftOut: Record<string, string>;
}> {
  const leftOut: Record<string, string> = {};
  const given = new Map<string, unknown[]>();
  let isStrange = false;
  for (const option of givenOptions(args, engine)) {
    const flag = option.name.startsWith('-') ? flagOf(option.name, engine) : undefined;
    if (option.name.startsWith('-') && (flag === undefined || option.values.length > 0)) {
      isStrange = true;
      continue;
    }
    const name = flag?.name ?? option.name;
    const why = whyLeftOut(name);
    if (why === undefined) given.set(name, [...(given.get(name) ?? []), flag?.means ?? option.values]);
    else leftOut[`--${name}`] = why;
  }
  const texts: (readonly [string, string])[] = [...given].map(([name, values]) => [
    `--${name}`,
    JSON.stringify(values),
  ]);
  if (isStrange) texts.push(['arguments', JSON.stringify(args)]);
  const items = await Promise.all(
    texts.map(async ([name, text]) => [name, HOLDS_YAML.has(name) ? await shownText(name, text) : text]),
  );
  return { items: Object.fromEntries(items), leftOut };
}
