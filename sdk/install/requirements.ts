import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { DbtRunCacheError } from '../errors.ts';
import type { EngineKind } from '../plan/engine-kind.ts';
import type { Environment } from '../plan/variables.ts';
import { isFile } from '../runtimes/find-executable.ts';
import type { DbtVersions } from '../runtimes/package-versions.ts';
import { type Collected, collect, type Source } from './collect.ts';
import { credentialsIn, hideCredentials, holdsSecret } from './hide-credentials.ts';
import { inlineRequirements } from './inline-requirements.ts';
import {
  engineOf,
  exactPins,
  isDbtItself,
  isOfDbt,
  itemsOf,
  type Pin,
  unpinned,
  versionsOf,
} from './pins.ts';

/** What is to be installed, as far as the requirements tell it. */
export interface Requirements {
  /** dbt v2 where version 2 or later of `dbt` or `dbt-core` is asked for. */
  readonly engine: EngineKind;
  /** As findDbt() will give them, from exact versions only. */
  readonly versions: DbtVersions;
  /** Hexadecimal: names everything that counts, files and local packages followed. */
  readonly digest: string;
  /** For the key: e.g. `requirement dbt-core` with `==1.11.2`. Without credentials. */
  readonly items: Readonly<Record<string, string>>;
  /** What may be another thing tomorrow, e.g. `dbt-postgres (>=1.9)`. Empty when each has one exact version. */
  readonly uncertain: readonly string[];
  /** What must be there once all is installed. */
  readonly pins: readonly Pin[];
  /** Whether hashes are required, so that nothing is installed that is not named. */
  readonly isComplete: boolean;
  /** Absolute paths of the files read. */
  readonly files: readonly string[];
  /** Whether `dbt-core` or `dbt` is among them, and not only what needs it. */
  readonly namesDbt: boolean;
  /** How an installer is given them: a file's absolute path, or lines to put into one. */
  readonly given:
    | { readonly kind: 'file'; readonly path: string }
    | { readonly kind: 'lines'; readonly lines: readonly string[] };
  /** For people, dbt's own first, e.g. `dbt-core==1.11.2`. Without credentials. */
  readonly shown: readonly string[];
  /** Whether uv would read something otherwise than pip. */
  readonly needsPip: boolean;
  /** Passwords and tokens of addresses, never to be shown. */
  readonly secrets: readonly string[];
  /** Whether something is installed from an address that holds a secret: what is installed may name it. */
  readonly leavesSecrets: boolean;
}

export interface ReadRequirementsOptions {
  /** What relative paths start from. Absolute. */
  readonly cwd: string;
  /** Fills in `${NAME}`, as pip does. Default: nothing is filled in. */
  readonly env?: Environment;
}

/**
 * Reads what is to be installed; nothing is asked of a package index.
 * @param text The path of a requirements file, relative to `cwd`, or requirements separated by blanks or line ends.
 * @throws DbtRunCacheError `invalid-options` when nothing is named, a file is not there, a line cannot be read, or no
 *   dbt is among them.
 */
export async function readRequirements(
  text: string,
  { cwd, env = {} }: ReadRequirementsOptions,
): Promise<Requirements> {
  const given = await whatIsGiven(text, cwd);
  const source: Source =
    given.kind === 'file'
      ? { path: given.path, text: await readText(given.path) }
      : { text: given.lines.join('\n') };
  const collected = await collect(source, { cwd, env });
  const { packages, unnamed } = collected;
  const namesDbt = packages.some(({ name }) => isDbtItself(name));
  if (unnamed.length === 0 && !packages.some(({ name }) => isOfDbt(name))) throw refuseOthers(given);
  const engine = engineOf(collected);
  const certainAboutDbt = namesDbt ? [] : ['dbt-core (not among them)'];
  const isComplete =
    packages.some(({ hashes }) => hashes.length > 0) ||
    collected.options.some(({ name }) => name === '--require-hashes');
  return {
    engine,
    versions: versionsOf(collected, engine),
    digest: createHash('sha256').update(JSON.stringify(collected.counted)).digest('hex'),
    items: itemsOf(collected),
    uncertain: [
      ...unpinned(collected),
      ...unnamed,
      ...certainAboutDbt,
      ...(isComplete ? [] : collected.loose),
    ],
    pins: exactPins(collected),
    isComplete,
    files: collected.files,
    namesDbt,
    given,
    shown: shownOf(collected),
    needsPip: collected.needsPip,
    secrets: [...new Set(collected.texts.flatMap(credentialsIn))],
    leavesSecrets: collected.addresses.some(holdsSecret),
  };
}

function shownOf({ packages, unnamed }: Collected): string[] {
  const rank = (name: string): number => (isDbtItself(name) ? 0 : name.startsWith('dbt-') ? 1 : 2);
  const named = packages.toSorted((a, b) => rank(a.name) - rank(b.name));
  return [
    ...named.map(({ name, version, extras = [], address }) =>
      address === undefined
        ? `${name}${extras.length === 0 ? '' : `[${extras.join(',')}]`}${version}`
        : `${name} @ ${hideCredentials(address)}`,
    ),
    ...unnamed,
  ];
}

async function whatIsGiven(text: string, cwd: string): Promise<Requirements['given']> {
  const trimmed = text.trim();
  if (trimmed === '')
    throw invalid(
      'Nothing is named to be installed',
      'Name dbt, e.g. dbt-core==1.11.2, or a requirements file.',
    );
  const path = resolve(cwd, trimmed);
  if (!trimmed.includes('\n') && (await isFile(path))) return { kind: 'file', path };
  const lines = inlineRequirements(trimmed, cwd);
  for (const line of lines) {
    if (!looksLikeFile(line)) continue;
    const isThere = await isFile(resolve(cwd, line));
    throw isThere
      ? invalid(`${line} is a requirements file among requirements`, `Write -r ${line} to have it read.`)
      : invalid(
          `There is no requirements file ${resolve(cwd, line)}`,
          'Check the path, which is relative to the workspace in the Action and else to the folder dbt is started in, or name requirements such as dbt-core==1.11.2.',
        );
  }
  return { kind: 'lines', lines };
}

/** A path that is none of a package: those are folders, wheels and archives. */
function looksLikeFile(line: string): boolean {
  return /^[^-\s][^\s=<>!~@;]*\.(?:txt|in|pip|lock|toml|ya?ml|cfg)$/i.test(line) && !line.includes('://');
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw invalid(`${path} cannot be read (${code ?? 'unknown reason'})`, 'Check who may read the file.');
  }
}

function refuseOthers(given: Requirements['given']): DbtRunCacheError {
  const where = given.kind === 'file' ? given.path : 'What is to be installed';
  return invalid(
    `${where} names no dbt`,
    'Add dbt itself and its adapter, e.g. dbt-core==1.11.2 dbt-postgres==1.10.0.',
  );
}

function invalid(message: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}
