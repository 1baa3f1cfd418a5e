import { execFile } from 'node:child_process';
import { access, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { withFileLock } from './file-lock.ts';
import { findPython } from './find-python.ts';
import { CACHE } from './repository.ts';

const VERSION = '0.13.9';
const run = promisify(execFile);

/** The folder of a uv that tests may put on PATH. It is fetched at the first call, and kept. */
export async function uvFolder(): Promise<string> {
  const dir = join(CACHE, 'python', `uv-${VERSION}`);
  const [bin, name] = process.platform === 'win32' ? ['Scripts', 'uv.exe'] : ['bin', 'uv'];
  const isThere = (): Promise<boolean> =>
    access(join(dir, bin, name)).then(
      () => true,
      () => false,
    );
  if (!(await isThere())) {
    await withFileLock(`${dir}.lock`, async () => {
      if (await isThere()) return;
      await rm(dir, { recursive: true, force: true });
      const [python = '', ...args] = (await findPython(process.env, false)).command;
      await run(python, [...args, '-m', 'venv', dir]);
      await run(join(dir, bin, 'python'), ['-m', 'pip', 'install', '--quiet', `uv==${VERSION}`]);
    });
  }
  return join(dir, bin);
}
