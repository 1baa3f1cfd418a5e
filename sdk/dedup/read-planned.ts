import { open } from 'node:fs/promises';
import type { SizedFile } from './bundle-plan.ts';
import { identityOf } from './file-identity.ts';
import { inParallel } from './in-parallel.ts';

/** Small files are read and handed on together: one by one, 20,000 of them take seconds. */
const BATCH_BYTES = 1 << 20;
const BATCH_FILES = 256;

/** Many files, one after the other, in pieces of any size. As {@link readPlanned}. */
export async function* readPlannedAll(files: readonly SizedFile[]): AsyncGenerator<Uint8Array, undefined> {
  for (let from = 0; from < files.length; ) {
    const batch = batchFrom(files, from);
    const contents = new Array<Uint8Array>(batch.length);
    await inParallel(batch, async (file, at) => {
      contents[at] = await readPlanned(file);
    });
    // A large file is alone, and not copied.
    yield contents.length === 1 && contents[0] !== undefined ? contents[0] : Buffer.concat(contents);
    from += batch.length;
  }
  return undefined;
}

function batchFrom(files: readonly SizedFile[], from: number): readonly SizedFile[] {
  let [until, bytes] = [from, 0];
  while (until < Math.min(files.length, from + BATCH_FILES)) {
    bytes += files[until]?.bytes ?? 0;
    if (bytes > BATCH_BYTES && until > from) break;
    until += 1;
  }
  return files.slice(from, until);
}

/**
 * The whole of a file as it was at one moment.
 * @throws Error when it has not the size it was planned with, or changed while it was read.
 */
export async function readPlanned({ from, bytes: size }: SizedFile): Promise<Uint8Array> {
  const handle = await open(from, 'r');
  try {
    const before = await handle.stat({ bigint: true });
    if (before.size !== BigInt(size)) throw changed(from);
    const bytes = Buffer.allocUnsafeSlow(size);
    let filled = 0;
    while (filled < size) {
      const { bytesRead } = await handle.read(bytes, filled, size - filled, filled);
      if (bytesRead === 0) throw changed(from);
      filled += bytesRead;
    }
    if (identityOf(await handle.stat({ bigint: true })) !== identityOf(before)) throw changed(from);
    return bytes;
  } finally {
    await handle.close();
  }
}

function changed(path: string): Error {
  return new Error(`${path} changed while it was read`);
}
