import { type CommandLine, type GivenOption, givenOptions } from '../command-line.ts';
import type { EngineKind } from '../engine-kind.ts';

/** The tokens of the caller's selection by the option that they go back into. */
export type GivenTokens = ReadonlyMap<'select' | 'models', readonly string[]>;

/**
 * What `--select`, `-s`, `--models` and `-m` ask for. Several add up, in every dbt. To `list` of dbt Core alone `--models`
 * is a selection of models and nothing else, and not allowed beside `--select`: it stays what it is.
 */
export function givenTokens(
  args: readonly string[],
  engine: EngineKind,
  { command }: CommandLine,
): GivenTokens {
  const found = new Map<'select' | 'models', readonly string[]>();
  for (const { name, typed, values } of givenOptions(args, engine)) {
    if (name !== 'select') continue;
    const isOfModels = engine === 'core' && command === 'list' && /^--?m/.test(typed);
    const option = isOfModels ? 'models' : 'select';
    found.set(option, [...(found.get(option) ?? []), ...tokensOf(values)]);
  }
  // `--select "a  b"` has an empty token, which adds nothing. Alone, as in `--select ""`, it is the choice of nothing.
  return new Map(
    [...found].map(([option, tokens]) => [option, tokens.some(isText) ? tokens.filter(isText) : tokens]),
  );
}

/**
 * Every token with every selector. A comma is an intersection, and binds `+` and `@` to the method it stands at:
 * `a+,state:modified+` is what is below `a` and also below something changed.
 */
export function intersected(tokens: readonly string[], selectors: readonly string[]): readonly string[] {
  // dbt v2 leaves the empty side of a comma out: ",state:modified+" would be more than nothing.
  if (!tokens.some(isText) || selectors.length === 0) return tokens;
  return tokens.flatMap((token) => selectors.map((selector) => `${token},${selector}`));
}

/** Of words: dbt splits each at its spaces, `-s a "b c"` as well. */
export function tokensOf(values: readonly string[]): readonly string[] {
  return values.flatMap((word) => word.split(' '));
}

export function isSelection({ name }: GivenOption): boolean {
  return name === 'select' || name === 'selector';
}

function isText(token: string): boolean {
  return token !== '';
}
