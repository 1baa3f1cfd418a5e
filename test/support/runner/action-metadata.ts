import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';

/** What the runner reads in action.yml. */
export interface ActionMetadata {
  readonly inputs: Readonly<Record<string, { readonly default?: string | boolean | number }>>;
  readonly runs: {
    readonly using: string;
    readonly main: string;
    readonly post?: string;
    readonly 'post-if'?: string;
  };
}

export async function readActionMetadata(actionDir: string): Promise<ActionMetadata> {
  const metadata = parse(await readFile(join(actionDir, 'action.yml'), 'utf8')) as ActionMetadata;
  return { ...metadata, inputs: metadata.inputs ?? {} };
}

/**
 * The variables an action reads its inputs from: upper case, blanks as underscores, hyphens kept. Inputs that were
 * not given have their default. As on GitHub, `required` is not enforced and unknown inputs are passed on.
 */
export function inputVariables(
  metadata: ActionMetadata,
  given: Readonly<Record<string, string>>,
  github: Readonly<Record<string, string>>,
): Record<string, string> {
  const defaults = Object.entries(metadata.inputs).map(([name, input]): [string, string] => [
    name,
    expand(String(input.default ?? ''), github),
  ]);
  const all = Object.entries({ ...lowerCased(Object.fromEntries(defaults)), ...lowerCased(given) });
  return Object.fromEntries(
    all.map(([name, value]) => [`INPUT_${name.replaceAll(' ', '_').toUpperCase()}`, String(value)]),
  );
}

export function unknownInputs(metadata: ActionMetadata, given: Readonly<Record<string, string>>): string[] {
  const known = new Set(Object.keys(metadata.inputs).map((name) => name.toLowerCase()));
  return Object.keys(given).filter((name) => !known.has(name.toLowerCase()));
}

/** Input names do not depend on case. */
function lowerCased(given: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value]));
}

/** `${{ github.name }}`; any other expression is an error, since guessing its value would test nothing. */
function expand(text: string, github: Readonly<Record<string, string>>): string {
  return text.replace(/\$\{\{\s*(.*?)\s*\}\}/g, (_, expression: string) => {
    const value = github[/^github\.(\w+)$/.exec(expression)?.[1] ?? ''];
    if (value === undefined)
      throw new Error(`The rig does not know the expression ${expression} of action.yml`);
    return value;
  });
}

/** Whether the post step runs after a main step that ended so. */
export function postRuns(condition: string, conclusion: 'success' | 'failure' | 'cancelled'): boolean {
  switch (condition.replace(/\s/g, '')) {
    case 'always()':
      return true;
    case 'success()':
      return conclusion === 'success';
    case 'failure()':
      return conclusion === 'failure';
    case 'cancelled()':
      return conclusion === 'cancelled';
    case '!cancelled()':
      return conclusion !== 'cancelled';
    default:
      throw new Error(`The rig does not know the post-if ${condition}`);
  }
}
