import { randomUUID } from 'node:crypto';
import { lstat, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import { ifMissing } from './file-identity.ts';
import { inParallel } from './in-parallel.ts';
import { ARTIFACT_PATHS, problemOfPaths } from './kept-paths.ts';
import { REPORT_PATH } from './record.ts';

interface Place {
  readonly to: string;
  readonly draft: string;
  readonly content: Uint8Array;
}

/**
 * Writes an earlier run's files where dbt would have written them, each whole or not at all. Other files stay, as they
 * do after a run of dbt. The report is not written: the caller makes one that says whose result this is.
 *
 * @param contents By path within the target folder. Only dbt's artifacts and compiled SQL are taken.
 * @param places Where an artifact goes that belongs elsewhere, absolute, e.g. `sources.json` after `--output`.
 * @returns The names in `contents` that were written.
 * @throws DbtRunCacheError `replay-unwritable`. Nothing was changed when a name or a link in the target folder leads
 *   elsewhere, or the disk is full.
 */
export async function restoreFiles(
  targetPath: string,
  contents: ReadonlyMap<string, Uint8Array>,
  places: ReadonlyMap<string, string> = new Map(),
): Promise<readonly string[]> {
  const paths = [...contents.keys()].filter((path) => path !== REPORT_PATH);
  try {
    const problem = problemOfPaths(paths);
    if (problem !== undefined) throw new Error(problem);
    await mkdir(targetPath, { recursive: true });
    await write(await placesOf(targetPath, paths, contents, places));
    return paths;
  } catch (cause) {
    const why = (cause as Error).message;
    throw new DbtRunCacheError(`An earlier run's files could not be brought back to ${targetPath}: ${why}`, {
      code: 'replay-unwritable',
      hint: 'Make the target folder writable and free of links, or choose another with --target-path.',
      cause,
    });
  }
}

/** Where each file goes, its folder made. */
async function placesOf(
  targetPath: string,
  paths: readonly string[],
  contents: ReadonlyMap<string, Uint8Array>,
  elsewhere: ReadonlyMap<string, string>,
): Promise<readonly Place[]> {
  const safe = new Set<string>();
  const places: Place[] = [];
  for (const path of paths) {
    const given = ARTIFACT_PATHS.includes(path) ? elsewhere.get(path) : undefined;
    const to = given ?? join(targetPath, path);
    if (given === undefined) await makeFolders(targetPath, path, safe);
    else await mkdir(dirname(to), { recursive: true });
    const there = await lstat(to).catch(ifMissing);
    if (there?.isDirectory()) throw new Error(`${to} is a folder`);
    // A name of its own: the file's name may be as long as one can be.
    const draft = join(dirname(to), `.dbt_runcache.${randomUUID()}`);
    places.push({ to, draft, content: contents.get(path) ?? new Uint8Array() });
  }
  return places;
}

/** Makes the folders between the target folder and a file. One that is a link may lead anywhere: it is refused. */
async function makeFolders(targetPath: string, path: string, safe: Set<string>): Promise<void> {
  let folder = targetPath;
  for (const word of path.split('/').slice(0, -1)) {
    folder = join(folder, word);
    if (safe.has(folder)) continue;
    const there = await lstat(folder).catch(ifMissing);
    if (there === undefined) await mkdir(folder);
    else if (!there.isDirectory()) throw new Error(`${folder} is no folder, or is a link to one`);
    safe.add(folder);
  }
}

/**
 * First everything under other names, so that a full disk changes nothing. A rename replaces a link and does not follow
 * it. Backwards: who sees the new run_results.json sees the rest as well.
 */
async function write(places: readonly Place[]): Promise<void> {
  try {
    await inParallel(places, ({ draft, content }) => writeFile(draft, content, { flag: 'wx' }));
    for (const { draft, to } of places.toReversed()) await rename(draft, to);
  } catch (error) {
    await inParallel(places, ({ draft }) => rm(draft, { force: true }).catch(() => undefined));
    throw error;
  }
}
