import { lstat } from 'node:fs/promises';
import { askGit } from '../plan/fingerprint/ask-git.ts';
import { askProgram } from '../runtimes/process.ts';
import type { MissingPackages } from './packages-state.ts';

/** Whether the folder of packages is not `dbt deps`'s to replace: git keeps files of it, or it is no folder but a link. */
export async function isUsersOwn(
  { folder, projectDir }: Pick<MissingPackages, 'folder' | 'projectDir'>,
  env: Readonly<Record<string, string>>,
): Promise<boolean> {
  if (folder === undefined) return false;
  const found = await lstat(folder).catch(() => undefined);
  if (found?.isDirectory() !== true) return true;
  const at = { folder: projectDir, env, run: askProgram };
  const answer = await askGit(at, ['ls-files', '-z', '--', `:(literal)${folder}`]);
  return answer?.exitCode === 0 && answer.stdout !== '';
}
