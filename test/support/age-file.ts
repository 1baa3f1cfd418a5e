import { readdir, utimes } from 'node:fs/promises';
import { join } from 'node:path';

/** Makes an entry or a blob of a file store look as if it had been written that long ago. */
export async function ageFile(
  dir: string,
  kind: 'entries' | 'blobs',
  name: string,
  ms: number,
): Promise<void> {
  const then = new Date(Date.now() - ms);
  if (kind === 'blobs') return utimes(join(dir, kind, name), then, then);
  const folder = join(dir, kind, `${name}@`);
  for (const version of await readdir(folder)) await utimes(join(folder, version), then, then);
}
