import { createHash } from 'node:crypto';
import { lstat, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PACKAGES_RECEIPT } from '../plan/fingerprint/list-files.ts';
import { jsonObjectOf } from '../util/json-of.ts';
import { treeDigest } from './tree-digest.ts';

/** What `dbt deps` installs packages by. */
export interface PackagesBasis {
  /** Texts of packages.yml, dependencies.yml and package-lock.yml; undefined for one that is not there. */
  readonly files: readonly (string | undefined)[];
  /** Each version of dbt has its own mind about a lock of another. Undefined where it is not known. */
  readonly dbtVersion: string | undefined;
  /** Where packages come from, if not from dbt's own hub. */
  readonly hubUrl: string | undefined;
}

/**
 * Leaves in a folder of packages what was installed there and by what: the only proof, since nothing of dbt's in an
 * installed package tells its version. `dbt deps` takes it away with the folder. Without it, or where the folder is too
 * large to be looked through, `dbt deps` is run again.
 */
export async function writeReceipt(folder: string, basis: PackagesBasis): Promise<void> {
  await removeReceipt(folder);
  const tree = await treeDigest(folder, PACKAGES_RECEIPT);
  if (tree === undefined) return;
  // Where nothing can be written, the next run does it again.
  await write(folder, { version: 1, by: basisDigest(basis), tree }).catch(() => undefined);
}

/** What a folder's receipt says of it. `other-basis`: it was installed by something else. */
export type ReceiptAnswer = 'same' | 'no-receipt' | 'other-basis' | 'other-files';

/** Whether the folder is, file by file, what was installed by the same. */
export async function askReceipt(folder: string, basis: PackagesBasis): Promise<ReceiptAnswer> {
  const told = await read(folder);
  if (told === undefined) return 'no-receipt';
  if (told.by !== basisDigest(basis)) return 'other-basis';
  return told.tree === (await treeDigest(folder, PACKAGES_RECEIPT)) ? 'same' : 'other-files';
}

/** Something in a folder of packages that `dbt deps` takes away: which folder it fills depends on dbt's version. */
export interface Probe {
  /** Whether the folder is as it was. */
  isThere(): Promise<boolean>;
  /** Whether the folder was made anew: then it is the one that dbt uses. */
  isGone(): Promise<boolean>;
}

export async function placeProbe(folder: string): Promise<Probe> {
  await removeReceipt(folder);
  await write(folder, { version: 1, by: '', tree: '' }).catch(() => undefined);
  const isThere = (path: string) =>
    lstat(path).then(
      () => true,
      () => false,
    );
  const path = join(folder, PACKAGES_RECEIPT);
  return {
    isThere: () => isThere(path),
    isGone: async () => (await isThere(folder)) && !(await isThere(path)),
  };
}

/** Not what it leads to, where it is a link. */
export async function removeReceipt(folder: string): Promise<void> {
  await rm(join(folder, PACKAGES_RECEIPT), { recursive: true, force: true }).catch(() => undefined);
}

const MAX_BYTES = 4096;

interface Receipt {
  readonly version: 1;
  readonly by: string;
  readonly tree: string;
}

/** Never through a link: a cache may have brought one. */
async function write(folder: string, receipt: Receipt): Promise<void> {
  await writeFile(join(folder, PACKAGES_RECEIPT), `${JSON.stringify(receipt)}\n`, { flag: 'wx' });
}

async function read(folder: string): Promise<Receipt | undefined> {
  const path = join(folder, PACKAGES_RECEIPT);
  try {
    const found = await lstat(path);
    if (!found.isFile() || found.size > MAX_BYTES) return undefined;
    const told = jsonObjectOf(await readFile(path, 'utf8'));
    const [by, tree] = [told?.['by'], told?.['tree']];
    if (told?.['version'] !== 1 || typeof by !== 'string' || typeof tree !== 'string') return undefined;
    return { version: 1, by, tree };
  } catch {
    return undefined;
  }
}

function basisDigest({ files, dbtVersion, hubUrl }: PackagesBasis): string {
  const parts = [files.map((text) => text ?? null), dbtVersion ?? null, hubUrl ?? null];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex');
}
