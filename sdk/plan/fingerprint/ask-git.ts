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
  const fixed = ['core.fsmonitor=false', 'core.trustctime=true', 'core.checkStat=default'];
  try {
    return await at.run('git', ['-C', at.folder, ...fixed.flatMap((one) => ['-c', one]), ...args], {
      env: { ...at.env, ...PATHSPECS_AS_WRITTEN, GIT_OPTIONAL_LOCKS: '0', LC_ALL: 'C' },
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
