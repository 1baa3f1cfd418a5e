import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type CodeInput, sourceRootsOf } from '../plan/fingerprint/list-sources.ts';
import { packagesIn } from './package-files.ts';
import { packagesAgree } from './packages-agree.ts';
import { hasPackages } from './packages-folder.ts';
import type { PackagesBasis } from './packages-receipt.ts';

/** What the place of a project's packages follows from. */
export type PackagesInput = Pick<
  CodeInput,
  'args' | 'commandLine' | 'cwd' | 'dotEnv' | 'project' | 'versions'
>;

/** dbt packages that a project names and that are to be brought. */
export interface MissingPackages {
  /** Absolute: the project's. */
  readonly projectDir: string;
  /** Absolute: where dbt will install them; absent where only dbt can tell. */
  readonly folder?: string;
  /** Names them as they are locked; absent where the lock does not tell all of it. */
  readonly cacheKey?: string;
  readonly dbtVersion: string | undefined;
  readonly hubUrl: string | undefined;
}

/** `unproven`: packages of the names that are needed are there, and nothing proves that they are what the lock says. */
export type PackagesState =
  | { readonly kind: 'none-named' }
  | { readonly kind: 'agree' }
  | { readonly kind: 'unproven'; readonly why: string; readonly missing: MissingPackages }
  | { readonly kind: 'missing'; readonly missing: MissingPackages };

export const LOCK_FILE = 'package-lock.yml';
const NAMED_IN = ['packages.yml', 'dependencies.yml'];

export async function packagesState(input: PackagesInput): Promise<PackagesState> {
  const projectDir = input.project.dir;
  const files = await readPackageFiles(projectDir);
  const named = files.map((text) => (text === undefined ? 0 : packagesIn(text)));
  if (named.every((one) => one === 0)) return { kind: 'none-named' };
  const by = { dbtVersion: input.versions.dbt, hubUrl: input.dotEnv.env['DBT_PACKAGE_HUB_URL'] };
  let folders: readonly string[];
  try {
    folders = (await sourceRootsOf(input, new Set())).packages;
  } catch {
    return { kind: 'missing', missing: { projectDir, ...by } };
  }
  const [folder] = folders;
  if (folder === undefined) return { kind: 'missing', missing: { projectDir, ...by } };
  const lockText = files.at(-1);
  const isLocked = lockText !== undefined && named.every((one) => one !== 'uncertain');
  const missing = {
    ...{ projectDir, folder, ...by },
    ...(isLocked
      ? {
          cacheKey: cacheKeyOf([
            files,
            folder,
            by.dbtVersion ?? '',
            ...(by.hubUrl === undefined ? [] : [by.hubUrl]),
          ]),
        }
      : {}),
  };
  const holds = await Promise.all(folders.map((one) => hasPackages(one, lockText)));
  if (!holds.includes(true)) return { kind: 'missing', missing };
  // dbt reads one of them, and which one depends on its version.
  if (holds.indexOf(true) !== 0 || holds.lastIndexOf(true) !== 0)
    return {
      kind: 'unproven',
      why: 'there are packages in several places, or in another than asked for',
      missing,
    };
  const agreement = await packagesAgree({ projectDir, folder, files, ...by });
  return agreement.kind === 'agrees' ? { kind: 'agree' } : { kind: 'unproven', why: agreement.why, missing };
}

/** Of packages that were just brought: what they were brought by. */
export async function basisOf({ projectDir, dbtVersion, hubUrl }: MissingPackages): Promise<PackagesBasis> {
  return { files: await readPackageFiles(projectDir), dbtVersion, hubUrl };
}

export function readPackageFiles(projectDir: string): Promise<readonly (string | undefined)[]> {
  return Promise.all([...NAMED_IN, LOCK_FILE].map((name) => readOrNothing(join(projectDir, name))));
}

export function readLock(projectDir: string): Promise<string | undefined> {
  return readOrNothing(join(projectDir, LOCK_FILE));
}

function readOrNothing(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

function cacheKeyOf(parts: readonly unknown[]): string {
  return `dbt-runcache-packages-${createHash('sha256').update(JSON.stringify(parts)).digest('hex')}`;
}
