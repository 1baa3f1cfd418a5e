import { stat } from 'node:fs/promises';
import { DbtRunCacheError } from '../errors.ts';
import type { BundleLimits } from './bundle-limits.ts';
import { COMPILED_PACK, packIndex } from './compiled-pack.ts';
import { ifMissing } from './file-identity.ts';
import { inParallel } from './in-parallel.ts';
import { ARTIFACT_PATHS, isCompiledPath, PRODUCT_PATHS, problemOfPaths } from './kept-paths.ts';
import type { LedgerRecord } from './record.ts';

/** A file to keep. */
export interface KeptFile {
  /** Its place in the target folder, whatever folder it lies in; forward slashes. */
  readonly path: string;
  /** Where it lies, absolute. */
  readonly from: string;
}

export interface SizedFile extends KeptFile {
  readonly bytes: number;
}

/** What goes into a bundle after the report. */
export type BundlePlan =
  | {
      readonly kind: 'planned';
      readonly artifacts: readonly SizedFile[];
      /** Undefined: there is none, or it is left out. */
      readonly compiled: { readonly index: Uint8Array; readonly files: readonly SizedFile[] } | undefined;
      readonly omitted: NonNullable<LedgerRecord['omitted']>;
    }
  | { readonly kind: 'too-large'; readonly why: string };

/** What can be done without, in the order in which it goes. */
const DISPENSABLE = [COMPILED_PACK, ...PRODUCT_PATHS, 'catalog.json', 'manifest.json'];

/** Looks at the files' sizes. One that is not there is left out; what is no regular file is an error. */
export async function planBundle(
  reportBytes: number,
  files: readonly KeptFile[],
  limits: BundleLimits,
): Promise<BundlePlan> {
  const sized = await sizesOf(files);
  const artifacts = ARTIFACT_PATHS.flatMap((path) => sized.filter((file) => file.path === path));
  const compiled = sized.filter(({ path }) => isCompiledPath(path)).sort(byPath);
  const index = compiled.length === 0 ? undefined : packIndex(compiled);
  checkPaths([
    ...artifacts,
    ...sized.filter((file) => !artifacts.includes(file) && !isCompiledPath(file.path)),
  ]);

  const sizes = new Map([['the report', reportBytes], ...artifacts.map(sizeOf)]);
  const omitted: { readonly path: string; readonly bytes: number }[] = [];
  const leaveOut = (path: string): void => {
    omitted.push({ path, bytes: sizes.get(path) ?? 0 });
    sizes.delete(path);
  };

  if (index !== undefined) {
    sizes.set(
      COMPILED_PACK,
      compiled.reduce((sum, { bytes }) => sum + bytes, index.length),
    );
    const fits =
      compiled.length <= limits.maxCompiledFiles &&
      compiled.every(({ bytes }) => bytes <= limits.maxFileBytes) &&
      // A name that could not be written again.
      problemOfPaths(compiled.map(({ path }) => path)) === undefined;
    if (!fits) leaveOut(COMPILED_PACK);
  }
  for (const [path, bytes] of [...sizes]) {
    if (path === COMPILED_PACK || bytes <= limits.maxFileBytes) continue;
    if (!DISPENSABLE.includes(path)) return tooLarge(path, bytes, limits.maxFileBytes);
    leaveOut(path);
  }
  for (const path of DISPENSABLE) {
    if (total(sizes) > limits.maxBytes && sizes.has(path)) leaveOut(path);
  }
  if (total(sizes) > limits.maxBytes) return tooLarge('what must be kept', total(sizes), limits.maxBytes);
  return {
    kind: 'planned',
    artifacts: artifacts.filter(({ path }) => sizes.has(path)),
    compiled: index !== undefined && sizes.has(COMPILED_PACK) ? { index, files: compiled } : undefined,
    omitted,
  };
}

async function sizesOf(files: readonly KeptFile[]): Promise<readonly SizedFile[]> {
  const found = new Array<SizedFile | undefined>(files.length);
  await inParallel(files, async (file, at) => {
    const stats = await stat(file.from).catch(ifMissing);
    if (stats === undefined) return;
    if (!stats.isFile()) throw new Error(`${file.from} is no regular file`);
    found[at] = { ...file, bytes: stats.size };
  });
  return found.filter((file) => file !== undefined);
}

function checkPaths(files: readonly KeptFile[]): void {
  const problem = problemOfPaths(files.map(({ path }) => path));
  if (problem === undefined) return;
  throw new DbtRunCacheError(`A record cannot hold these files: ${problem}`, {
    code: 'internal',
    hint: "Name dbt's artifacts and compiled SQL alone, each once.",
  });
}

function sizeOf({ path, bytes }: SizedFile): readonly [string, number] {
  return [path, bytes];
}

function byPath(a: KeptFile, b: KeptFile): number {
  return a.path < b.path ? -1 : 1;
}

function total(sizes: ReadonlyMap<string, number>): number {
  return [...sizes.values()].reduce((sum, bytes) => sum + bytes, 0);
}

function tooLarge(what: string, bytes: number, maxBytes: number): BundlePlan {
  return { kind: 'too-large', why: `${what} has ${bytes} bytes, and at most ${maxBytes} are kept` };
}
