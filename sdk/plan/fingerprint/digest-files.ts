import { createHash } from 'node:crypto';
import { constants } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { GitObjects } from './git-objects.ts';
import type { ListedFile } from './list-files.ts';

const AT_ONCE = 64;
/** A name that has become a pipe since it was listed must not hold us up. Windows has no such flag. */
const FLAG = constants.O_RDONLY | (constants.O_NONBLOCK ?? 0);

/**
 * The digest of every file by name: from git's index where that knows it, else from the content. Both are the same
 * digest, so a checkout and an unpacked archive of one tree are equal. A link that leads nowhere is `missing`.
 * @param onContent Gets what was read, so that nobody reads it again.
 * @throws when a file cannot be read: it is not known then, and never left out.
 */
export async function digestFiles(
  files: readonly ListedFile[],
  git: GitObjects | undefined,
  onContent?: (file: ListedFile, content: Buffer) => void,
): Promise<Record<string, string>> {
  const digests = new Map(files.map(({ name }) => [name, '']));
  await readFiles(
    files.filter((file) => {
      const known = file.isLink ? undefined : git?.ids.get(file.name);
      if (known !== undefined) digests.set(file.name, known);
      return known === undefined;
    }),
    (file, content) => {
      if (content !== 'missing') onContent?.(file, content);
      digests.set(file.name, content === 'missing' ? content : digestOf(content, git?.algorithm ?? 'sha1'));
    },
  );
  // Not a plain assignment to an object: a file may be called `__proto__`.
  return Object.fromEntries(digests);
}

/**
 * The content of files, several at once. Of a link that leads nowhere it is `missing`.
 * @throws when a file cannot be read.
 */
export async function readFiles(
  files: readonly ListedFile[],
  use: (file: ListedFile, content: Buffer | 'missing') => void,
): Promise<void> {
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) use(file, await contentOf(file));
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, files.length) }, work));
}

async function contentOf({ path, name, isLink }: ListedFile): Promise<Buffer | 'missing'> {
  try {
    return await readFile(path, { flag: FLAG });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (isLink && code === 'ENOENT') return 'missing';
    if (code === 'ENOENT') throw new Error(`${name} went away while the files were read`, { cause: error });
    throw new Error(`${name} cannot be read (${code ?? 'unknown reason'})`, { cause: error });
  }
}

function digestOf(content: Buffer, algorithm: string): string {
  return createHash(algorithm).update(`blob ${content.length}\0`).update(content).digest('hex');
}
