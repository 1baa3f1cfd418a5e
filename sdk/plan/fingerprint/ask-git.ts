import { GIT_GUARD } from '../../util/git-guard.ts';
import type { RunProgram } from '../../util/run-program.ts';

const TIMEOUT_MS = 20_000;
const MAX_BYTES = 256 << 20;

/**
 * What git says of a folder, whatever the user's settings are; undefined when it cannot be asked. It changes nothing,
 * starts no program of the repository's, and looks at all that the system knows of a file's age.
 */
export async function askGit(
  at: { readonly folder: string; readonly env: Readonly<Record<string, string>>; readonly run: RunProgram },
  args: readonly string[],
): Promise<{ readonly stdout: string; readonly exitCode: number | undefined } | undefined> {
  const fixed = ['core.trustctime=true', 'core.checkStat=default'];
  try {
    const options = ['-C', at.folder, ...GIT_GUARD.options, ...fixed.flatMap((one) => ['-c', one])];
    return await at.run('git', [...options, ...args], {
      env: { ...at.env, ...GIT_GUARD.env, ...PATHSPECS_AS_WRITTEN, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
      cwd: at.folder,
      timeoutMs: TIMEOUT_MS,
      maxBytes: MAX_BYTES,
    });
  } catch {
    return undefined;
  }
}

/** With any of these on, a pattern would mean other files. */
const PATHSPECS_AS_WRITTEN = {
  GIT_LITERAL_PATHSPECS: '0',
  GIT_GLOB_PATHSPECS: '0',
  GIT_NOGLOB_PATHSPECS: '0',
  GIT_ICASE_PATHSPECS: '0',
};

/** Names git printed with `-z`. One that is not UTF-8 cannot be told from another, and is left out. */
export function namesIn(stdout: string): readonly string[] {
  return stdout.split('\0').filter((name) => name !== '' && !name.includes('\uFFFD'));
}
