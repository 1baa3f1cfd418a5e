import { appendFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** What is done to one file of the project. */
export type Change = { readonly file: string } & (
  | { readonly replace: readonly [from: string, to: string] }
  | { readonly append: string }
  | { readonly write: string }
  | { readonly moveTo: string }
  | { readonly remove: true }
);

/** One edit of the project in test/fixtures/state-modified/project, or another way to call dbt on it. */
export interface Edit {
  readonly name: string;
  readonly changes: readonly Change[];
  /** It changes too much, or too little, to be done together with others. */
  readonly alone?: true;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export function edit(name: string, ...changes: readonly Change[]): Edit {
  return { name, changes };
}

export function alone(name: string, ...changes: readonly Change[]): Edit {
  return { name, changes, alone: true };
}

export function swap(file: string, from: string, to: string): Change {
  return { file, replace: [from, to] };
}

/** Does the edit to a copy of the project. */
export async function applyEdit(dir: string, { name, changes }: Edit): Promise<void> {
  for (const change of changes) {
    const path = join(dir, change.file);
    if ('remove' in change) await rm(path);
    else if ('moveTo' in change) {
      const target = join(dir, change.moveTo);
      await mkdir(dirname(target), { recursive: true });
      await rename(path, target);
    } else if ('write' in change) await writeFile(path, change.write);
    else if ('append' in change) await appendFile(path, change.append);
    else {
      const text = await readFile(path, 'utf8');
      const [from, to] = change.replace;
      if (text.split(from).length !== 2) {
        throw new Error(`The edit “${name}” does not find its place, or more than one, in ${change.file}`);
      }
      await writeFile(
        path,
        text.replace(from, () => to),
      );
    }
  }
}
