import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pythonEnv } from './python-env.ts';

/**
 * A virtual environment like the cached one without the State plugin: its packages are links.
 * @param root An empty folder.
 * @returns Its dbt.
 */
export async function dbtWithoutPlugin(root: string): Promise<string> {
  const { dir, binDir, dbt } = await pythonEnv();
  const [python = ''] = await readdir(join(dir, 'lib'));
  const packages = join('lib', python, 'site-packages');
  await mkdir(join(root, packages), { recursive: true });
  await mkdir(join(root, 'bin'));
  for (const name of await readdir(join(dir, packages))) {
    if (!/^dbt_state\b|^dbt_state-/.test(name))
      await symlink(join(dir, packages, name), join(root, packages, name));
  }
  await symlink(join(binDir, 'python'), join(root, 'bin', 'python'));
  await writeFile(join(root, 'pyvenv.cfg'), await readFile(join(dir, 'pyvenv.cfg'), 'utf8'));
  const script = (await readFile(dbt, 'utf8')).replace(/^#!.*/, `#!${join(root, 'bin', 'python')}`);
  await writeFile(join(root, 'bin', 'dbt'), script, { mode: 0o755 });
  return join(root, 'bin', 'dbt');
}
