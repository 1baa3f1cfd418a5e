import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PRODUCT_PATHS } from '../../dedup/kept-paths.ts';
import { listFiles } from '../../plan/fingerprint/list-files.ts';

/** What dbt compiled and ran, as files of the target folder. */
export async function compiledFiles(
  targetPath: string,
): Promise<readonly { readonly path: string; readonly from: string }[]> {
  const lists = await Promise.all(
    ['compiled', 'run'].map(async (folder) => {
      const files = await listFiles(join(targetPath, folder), new Set()).catch(() => []);
      // A name that is no UTF-8 has no place in a record.
      return files.flatMap(({ name, path }) =>
        typeof path === 'string' ? [{ path: `${folder}/${name}`, from: path }] : [],
      );
    }),
  );
  return lists.flat();
}

/** What else the run has written, e.g. the site of `docs generate`; what an earlier one left is not its own. */
export async function productFiles(
  targetPath: string,
  startedAt: Date,
): Promise<readonly { readonly path: string; readonly from: string }[]> {
  const found = await Promise.all(
    PRODUCT_PATHS.map(async (path) => {
      const from = join(targetPath, path);
      const written = await stat(from).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return written >= startedAt.getTime() ? [{ path, from }] : [];
    }),
  );
  return found.flat();
}
