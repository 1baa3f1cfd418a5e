import type { RunProgram } from '../../util/run-program.ts';
import { askGit, namesIn } from './ask-git.ts';

/**
 * The tracked files of a folder whose content on disk has one of the words, by name relative to the folder. Says
 * nothing of files whose content git does not take from the disk; those are not among the ids of `gitObjects()` either.
 * @returns undefined when git cannot tell.
 */
export async function gitGrep(
  input: {
    readonly folder: string;
    readonly env: Readonly<Record<string, string>>;
    readonly run: RunProgram;
  },
  words: readonly string[],
  /** Endings without the dot, in any case; every file when there are none. */
  endings: readonly string[],
): Promise<ReadonlySet<string> | undefined> {
  const answer = await askGit(input, [
    // Settings of the user's that change what is looked at or how it is printed.
    ...['-c', 'grep.fallbackToNoIndex=false', '-c', 'submodule.recurse=false'],
    ...[
      'grep',
      '-l',
      '-z',
      '-a',
      '-F',
      '--no-color',
      '--no-full-name',
      '--no-textconv',
      '--no-recurse-submodules',
    ],
    ...words.flatMap((word) => ['-e', word]),
    '--',
    ...endings.map((ending) => `:(icase)*.${ending}`),
  ]);
  if (answer === undefined) return undefined;
  // 1: none has them. More than that: git could not look.
  return answer.exitCode === 0 || answer.exitCode === 1 ? new Set(namesIn(answer.stdout)) : undefined;
}
