import { execFileSync } from 'node:child_process';
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface HostileRepository {
  /** What is checked out: a project whose own files are a bare repository, as far as git can tell. */
  readonly dir: string;
  /** Whether a program of the project's was started. */
  wasStarted(): Promise<boolean>;
}

/**
 * A checkout with a bare repository among its files, which git takes for the folder's own. Its index has a file whose
 * content is missing and is not to be looked up on the disk, so that git fetches it: with a program it names.
 * @param root A folder of the test's own.
 */
export async function hostileRepository(root: string, more = ''): Promise<HostileRepository> {
  const [dir, inner] = [join(root, 'checkout/dbt'), join(root, 'inner')];
  const git = (cwd: string, ...args: readonly string[]): void =>
    void execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], {
      cwd,
      env: { PATH: process.env['PATH'] ?? '', HOME: '/nowhere' },
      stdio: 'ignore',
    });
  for (const folder of [dir, inner]) {
    await mkdir(join(folder, 'models'), { recursive: true });
    await writeFile(join(folder, 'dbt_project.yml'), 'name: shop\nprofile: shop\n');
    await writeFile(join(folder, 'models/a.sql'), "select '{{ env_var('A') }}'\n");
  }
  git(inner, 'init', '-q');
  git(inner, 'add', '-A');
  git(inner, 'update-index', '--assume-unchanged', 'models/a.sql');
  await cp(join(inner, '.git/index'), join(dir, 'index'));
  await writeFile(join(dir, 'HEAD'), 'ref: refs/heads/main\n');
  // git keeps no empty folders.
  for (const name of ['objects', 'refs']) {
    await mkdir(join(dir, name));
    await writeFile(join(dir, name, 'keep'), '');
  }
  await writeFile(
    join(dir, 'config'),
    [
      ...['[core]', 'repositoryformatversion = 1', 'bare = false', 'worktree = .'],
      `sshCommand = "touch ${join(root, 'started')}; false"`,
      ...['[extensions]', 'partialClone = o'],
      ...['[remote "o"]', 'url = ssh://x/y', 'promisor = true', 'partialclonefilter = blob:none', more, ''],
    ].join('\n'),
  );
  await rm(inner, { recursive: true });
  git(join(root, 'checkout'), 'init', '-q');
  git(join(root, 'checkout'), 'add', '-A');
  git(join(root, 'checkout'), 'commit', '-qm', 'all');
  return { dir, wasStarted: async () => (await readdir(root)).includes('started') };
}
