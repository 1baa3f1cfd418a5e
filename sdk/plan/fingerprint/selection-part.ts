import type { PartInput } from '../../dedup/key.ts';
import { givenOptions } from '../command-line.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { SELECTION_OPTIONS } from './option-kinds.ts';

/**
 * What nodes were asked for, as the words given. Words are not sorted: two orders that mean the same are two
 * selections here, which costs a run and nothing else. What variables say of it counts in the command.
 */
export function selectionPart({
  args,
  engine,
  commandLine,
}: Pick<FingerprintInput, 'args' | 'engine' | 'commandLine'>): PartInput {
  const given = new Map<string, (readonly string[])[]>();
  for (const { name, typed, values } of givenOptions(args, engine)) {
    if (!SELECTION_OPTIONS.has(name)) continue;
    // To `list` alone, --models is --select of models and nothing else.
    const known = commandLine.command === 'list' && /^--?m/.test(typed) ? 'models' : name;
    given.set(known, [...(given.get(known) ?? []), values]);
  }
  return {
    kind: 'known',
    items: Object.fromEntries(
      [...given].map(([name, values]) => [
        `--${name}`,
        JSON.stringify(isUnion(name) ? values.flat() : values),
      ]),
    ),
  };
}

/** `--select a --select b` is `--select a b`. */
function isUnion(name: string): boolean {
  return name === 'select' || name === 'models' || name === 'exclude';
}
