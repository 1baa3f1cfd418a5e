import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { GitObjects } from './git-objects.ts';
import type { ListedFile } from './list-files.ts';

const AT_ONCE = 64;

/**
 * The digest of every file by name: from git's index where that knows it, else from the content. Both are the same
 * digest, so a checkout and an unpacked archive of one tree are equal. A link that leads nowhere is `missing`.
 */
export async function digestFiles(
  files: readonly ListedFile[],
  git: GitObjects | undefined,
): Promise<Record<string, string>> {
  const digests: Record<string, string> = {};
  for (const file of files) digests[file.name] = '';
  const queue = files.values();
  const work = async (): Promise<void> => {
    for (const file of queue) {
      const known = file.isLink ? undefined : git?.ids.get(file.name);
      digests[file.name] = known ?? (await digestOfFile(file, git?.algorithm ?? 'sha1'));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return digests;
}

async function digestOfFile({ path, isLink }: ListedFile, algorithm: string): Promise<string> {
  let content: Buffer;
  try {
    content = await readFile(path);
  } catch (error) {
    if (isLink && (error as NodeJS.ErrnoException).code === 'ENOENT') return 'missing';
    throw error;
  }
  return createHash(algorithm).update(`blob ${content.length}\0`).update(content).digest('hex');
}
