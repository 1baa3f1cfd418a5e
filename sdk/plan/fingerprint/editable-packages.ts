import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Project } from '../project.ts';
import { isBelow } from './below.ts';
import { digestFiles } from './digest-files.ts';
import { listModules } from './list-modules.ts';

/** An adapter brings its macros along, below `dbt/include`. */
const FILES = /\.py$|(?:^|\/)include\/.*\.(?:sql|ya?ml)$/;
const FOLDERS = /^(?!node_modules$|__pycache__$)[^.]/;

/**
 * Packages whose code lies elsewhere and may change under one version: editable installs, and what `.pth` files name.
 * By folder, with a digest of what is in it.
 * @param sitePackages Absolute.
 * @param project Its own files count elsewhere, and what dbt writes counts nowhere.
 * @throws when that cannot be told.
 */
export async function editablePackages(
  sitePackages: string,
  project: Pick<Project, 'dir' | 'logPath' | 'targetPath'>,
): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(sitePackages);
  const skip = new Set([project.dir, project.logPath, project.targetPath]);
  const folders = new Set<string>();
  for (const name of names) {
    if (name.endsWith('.dist-info')) {
      const folder = editableFolder((await read(join(sitePackages, name, 'direct_url.json'))) ?? '{}');
      if (folder !== undefined) folders.add(folder);
    } else if (name.endsWith('.pth')) {
      for (const folder of await foldersIn(sitePackages, (await read(join(sitePackages, name))) ?? ''))
        folders.add(folder);
    }
  }
  const finder = names.find((name) => name.startsWith('__editable__'));
  if (finder !== undefined && folders.size === 0)
    throw new Error(`${finder} does not say which folder it stands for`);
  const items = await Promise.all(
    [...folders].map(async (folder) => [`package in ${folder}`, await digestOf(folder, skip)] as const),
  );
  return Object.fromEntries(items);
}

function editableFolder(directUrl: string): string | undefined {
  const { url, dir_info: info } = JSON.parse(directUrl) as {
    readonly url?: string;
    readonly dir_info?: { readonly editable?: boolean };
  };
  return info?.editable === true && url?.startsWith('file:') === true ? fileURLToPath(url) : undefined;
}

/** A line is a folder, or code that begins with `import`. */
async function foldersIn(sitePackages: string, pth: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const line of pth.split(/\r?\n/)) {
    if (line.trim() === '' || /^(?:#|import[ \t])/.test(line)) continue;
    const folder = resolve(sitePackages, line.trimEnd());
    const isThere = await stat(folder).then(
      (one) => one.isDirectory(),
      () => false,
    );
    if (isThere && !isBelow(sitePackages, folder)) found.push(folder);
  }
  return found;
}

async function digestOf(folder: string, skip: ReadonlySet<string>): Promise<string> {
  const files = await listModules(folder, { base: folder, skip, files: FILES, folders: FOLDERS });
  return createHash('sha256')
    .update(JSON.stringify(Object.entries(await digestFiles(files, undefined))))
    .digest('hex');
}

/** Undefined where there is no such file. */
async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw error;
  }
}
