import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { Environment } from '../plan/variables.ts';
import { hideCredentials } from './hide-credentials.ts';
import { readLinks } from './links.ts';
import { localDigest, localPath } from './local-digest.ts';
import { type Asked, PIP_ONLY, readLine } from './read-line.ts';
import { requirementLines } from './requirement-lines.ts';

export type AskedPackage = Extract<Asked, { kind: 'package' }>;

/** Requirements with all files they name. */
export interface Collected {
  readonly packages: readonly AskedPackage[];
  /** What holds for packages that something else asks for. */
  readonly constraints: readonly AskedPackage[];
  readonly options: readonly Extract<Asked, { kind: 'option' }>[];
  /** What has no name here: a path, an address, a file that could not be read. Without credentials. */
  readonly unnamed: readonly string[];
  /** What only hashes make certain: a place of packages whose files could not be read here. */
  readonly loose: readonly string[];
  /** The addresses, credentials and all, that something is installed from directly. */
  readonly addresses: readonly string[];
  /** Whether uv would read something otherwise than pip. */
  readonly needsPip: boolean;
  readonly files: readonly string[];
  /** Everything that counts, in order. */
  readonly counted: readonly string[];
  /** As `counted`, credentials and all: to find what must be hidden. */
  readonly texts: readonly string[];
}

export interface Source {
  readonly text: string;
  /** Absolute; absent for requirements that stand in no file. */
  readonly path?: string;
}

/** @throws DbtRunCacheError `invalid-options` for a line that cannot be read. */
export async function collect(
  first: Source,
  { cwd, env }: { readonly cwd: string; readonly env: Environment },
): Promise<Collected> {
  const packages: AskedPackage[] = [];
  const constraints: AskedPackage[] = [];
  const options: Extract<Asked, { kind: 'option' }>[] = [];
  const unnamed: string[] = [];
  const loose: string[] = [];
  const addresses: string[] = [];
  const files: string[] = [];
  const counted: string[] = [];
  const texts: string[] = [];
  const seen = new Set<string>();
  let needsPip = false;

  /** What lies on this machine counts with what it holds. */
  const count = async (place: string, isEditable: boolean): Promise<void> => {
    const path = localPath(place, cwd);
    if (path === undefined) return;
    counted.push(path);
    // Installed in place, its files are read where they lie; only what it asks for is installed with it.
    const read = isEditable ? localDigest(resolve(path, 'pyproject.toml')) : localDigest(path);
    counted.push(await read.catch(() => 'unreadable'));
  };
  const addFile = async (name: string, from: Source, isConstraint: boolean): Promise<void> => {
    if (/^[a-z][a-z0-9+.-]+:/i.test(name)) {
      unnamed.push(hideCredentials(name));
      return;
    }
    const path = resolve(from.path === undefined ? cwd : dirname(from.path), name);
    if (seen.has(`${path}\0${isConstraint}`)) return;
    seen.add(`${path}\0${isConstraint}`);
    let text: string;
    try {
      text = await readFile(path, 'utf8');
    } catch {
      unnamed.push(`${name} (it cannot be read)`);
      return;
    }
    files.push(path);
    await addAll({ text, path }, isConstraint);
  };
  const addLinks = async (asked: Extract<Asked, { kind: 'option' }>, from: Source): Promise<void> => {
    const folders = [...(from.path === undefined ? [] : [dirname(from.path)]), cwd];
    const { value, why } = await readLinks(asked.value ?? '', folders);
    options.push({ ...asked, value });
    counted.push(value);
    if (why !== undefined) loose.push(`--find-links ${why}`);
  };
  const add = async (asked: Asked, from: Source, isConstraint: boolean): Promise<void> => {
    switch (asked.kind) {
      case 'package':
        (isConstraint ? constraints : packages).push(asked);
        if (asked.address === undefined) return;
        addresses.push(asked.address);
        return count(asked.address, false);
      case 'place':
        unnamed.push(`${asked.isEditable ? '-e ' : ''}${hideCredentials(asked.place)}`);
        addresses.push(asked.place);
        return count(asked.place, asked.isEditable);
      case 'file':
        return addFile(asked.path, from, asked.isConstraint);
      case 'option':
        needsPip ||= PIP_ONLY.has(asked.name);
        return asked.name === '--find-links' ? addLinks(asked, from) : void options.push(asked);
    }
  };
  const addAll = async (source: Source, isConstraint: boolean): Promise<void> => {
    for (const line of requirementLines(source.text, env)) {
      let asked: readonly Asked[];
      try {
        asked = readLine(line.text);
      } catch (error) {
        throw unreadable(source, line, (error as Error).message);
      }
      needsPip ||= line.hasLooseVariable;
      texts.push(line.text);
      // The text of a file counts, not where it lies.
      if (asked.every(({ kind }) => kind !== 'file'))
        counted.push(`${isConstraint ? '-c ' : ''}${line.counted}`);
      for (const one of asked) await add(one, source, isConstraint);
    }
  };

  if (first.path !== undefined) {
    files.push(first.path);
    seen.add(`${first.path}\0false`);
  }
  await addAll(first, false);
  return { packages, constraints, options, unnamed, loose, addresses, needsPip, files, counted, texts };
}

function unreadable(
  { path }: Source,
  { number, text }: { readonly number: number; readonly text: string },
  why: string,
): DbtRunCacheError {
  const shown = hideCredentials(text).slice(0, 80);
  const where = path === undefined ? 'what is to be installed' : `${path}:${number}`;
  return new DbtRunCacheError(`"${shown}" in ${where} cannot be read: ${why}`, {
    code: 'invalid-options',
    hint: 'Write requirements as pip takes them, e.g. dbt-core==1.11.2 dbt-postgres==1.10.0, or name a requirements file.',
  });
}
