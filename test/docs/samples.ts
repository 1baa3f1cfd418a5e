import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { REPOSITORY } from '../support/repository.ts';

export interface Sample {
  /** e.g. `README.md:71`. */
  readonly place: string;
  readonly language: string;
  readonly code: string;
}

/** Every fenced code block of the README and the docs, and of what the stores say of themselves. */
export async function samples(): Promise<readonly Sample[]> {
  const docs = (await readdir(join(REPOSITORY, 'docs'))).filter((name) => name.endsWith('.md'));
  const files = ['README.md', 'CONTRIBUTING.md', ...docs.map((name) => `docs/${name}`)];
  const stores = (await readdir(join(REPOSITORY, 'sdk/stores'))).map((name) => `sdk/stores/${name}`);
  const found = await Promise.all(
    [...files, ...stores].map(async (file) => {
      const text = (await readFile(join(REPOSITORY, file), 'utf8')).replaceAll(/^ \* ?/gm, '');
      return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map((match) => ({
        place: `${file}:${text.slice(0, match.index).split('\n').length}`,
        language: match[1] ?? '',
        code: match[2] ?? '',
      }));
    }),
  );
  return found.flat();
}
