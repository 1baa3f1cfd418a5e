import { copyFile, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Calls `use` with a private folder that is gone afterwards, for a dbt that must write nothing into the project. What
 * dbt Core has parsed before is copied into its `target`: on a large project that spares a minute.
 */
export async function inPrivateFolder<T>(
  targetPath: string,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'dbt-runcache-private-'));
  try {
    await mkdir(join(folder, 'target'));
    const parsed = 'partial_parse.msgpack';
    await copyFile(join(targetPath, parsed), join(folder, 'target', parsed)).catch(() => undefined);
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}
