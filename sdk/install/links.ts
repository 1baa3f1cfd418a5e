import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { isFolder } from '../runtimes/find-executable.ts';
import { hideCredentials } from './hide-credentials.ts';
import { localPath } from './local-digest.ts';

/** More is not read: it would take longer than the installation. */
const MAX_BYTES = 200 * 1024 * 1024;
const PACKAGE = /\.(?:whl|zip|tgz|tar\.(?:gz|bz2|xz))$/i;

/** A place of packages: what stands for it in a key, and why that does not tell all, if so. */
export interface Links {
  readonly value: string;
  readonly why?: string;
}

/**
 * Reads a place that `--find-links` names. A folder of this machine counts with the packages it holds, and not with
 * its path.
 * @param folders Absolute: what a relative path may start from.
 */
export async function readLinks(place: string, folders: readonly string[]): Promise<Links> {
  const shown = hideCredentials(place);
  if (/^(?!file:)[a-z][a-z0-9+.-]+:/i.test(place)) return { value: shown };
  const paths = new Set(folders.map((folder) => localPath(place, folder)));
  const digests: string[] = [];
  for (const path of paths) {
    if (path === undefined || !(await isFolder(path))) continue;
    const digest = await packagesDigest(path).catch(() => undefined);
    if (digest === undefined) return { value: shown, why: `${shown} (it holds too much, or cannot be read)` };
    digests.push(digest);
  }
  if (digests.length === 0) return { value: shown, why: `${shown} (it is no folder)` };
  return { value: `a folder with ${digests.join(', ')}` };
}

async function packagesDigest(folder: string): Promise<string> {
  const hash = createHash('sha256');
  const paths = (await readdir(folder)).filter((name) => PACKAGE.test(name)).sort();
  const files = await Promise.all(
    paths.map(async (name) => ({ path: join(folder, name), bytes: (await stat(join(folder, name))).size })),
  );
  if (files.reduce((sum, { bytes }) => sum + bytes, 0) > MAX_BYTES) throw new Error('too much');
  for (const { path, bytes } of files) {
    hash.update(JSON.stringify([basename(path), bytes]));
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  }
  return hash.digest('hex');
}
