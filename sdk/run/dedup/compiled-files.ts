import { join } from 'node:path';
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
