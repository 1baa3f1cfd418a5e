import { execFile } from 'node:child_process';
import { access, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from './file-lock.ts';
import { hasUv } from './find-python.ts';
import { pythonEnv } from './python-env.ts';
import { CACHE } from './repository.ts';

const NAME = 'run-cache';
const VERSION = '2.17.1';

/**
 * The predecessor of the State plugin, as published, in a folder of its own for `PYTHONPATH`: the way a stale
 * installation gets in beside the new one. Fetched at the first call and kept in the cache.
 * @throws Error with the installer's last words.
 */
export async function legacyPackage(): Promise<string> {
  const { python } = await pythonEnv();
  const dir = join(CACHE, 'python', `${NAME}-${VERSION}`);
  const isThere = () =>
    access(dir).then(
      () => true,
      () => false,
    );
  if (await isThere()) return dir;
  await mkdir(join(CACHE, 'python'), { recursive: true });
  await withFileLock(`${dir}.lock`, async () => {
    if (await isThere()) return;
    const made = `${dir}.making`;
    await rm(made, { recursive: true, force: true });
    const what = ['--no-deps', '--target', made, `${NAME}==${VERSION}`];
    const command = (await hasUv(process.env))
      ? ['uv', 'pip', 'install', '--python', python, ...what]
      : [python, '-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', ...what];
    const [program, ...args] = command as [string, ...string[]];
    await promisify(execFile)(program, args);
    await rename(made, dir);
  });
  return dir;
}
