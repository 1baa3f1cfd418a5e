import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { digestOf } from '../dedup/names.ts';
import type { DedupStore } from '../dedup/store.ts';
import { type FetchFailure, getCompressed } from '../dedup/stored-blob.ts';
import { jsonOf } from '../util/json-of.ts';
import { optional } from '../util/optional.ts';
import { misfitOf } from './engine-line.ts';
import type { KeptFile, KeptState, KnownValues, LastRun } from './kept-state.ts';
import { STATE_BLOBS } from './leave-state.ts';
import { projectOfManifest } from './project-of-manifest.ts';

/** Of one file, uncompressed: as large as Node can read as one text. */
const MAX_CONTENT_BYTES = 512 << 20;

export interface BroughtState {
  readonly kind: 'brought';
  readonly manifestPath: string;
  readonly runResultsPath?: string;
  /** Why there are no results of a last run, where one is known. */
  readonly lastRunMissing?: string;
  readonly sourcesPath?: string;
  readonly values?: KnownValues;
  /** Of all that was brought. */
  readonly digest: string;
}

/** `corrupt`, `gone`, `unavailable`, `other-project`: as of `PassedOver`; nothing was written. */
export type BringAnswer =
  | BroughtState
  | { readonly kind: 'corrupt' | 'gone' | 'unavailable' | 'other-project'; readonly detail: string };

/**
 * Brings a state's files into a folder, as dbt wants them for `--state`.
 * @param lastRun Left out where its results are of another engine line, or are not to be had.
 * @param folder Exists, and is the run's own: a file that is there already is an error.
 * @throws what the file system throws.
 */
export async function bringState(
  store: DedupStore,
  state: KeptState,
  lastRun: LastRun | undefined,
  folder: string,
  { project }: { readonly project: string },
): Promise<BringAnswer> {
  const { files } = state;
  const [manifest, sources, values, results] = await Promise.all([
    fetchFile(store, files.manifest),
    files.sources && fetchFile(store, files.sources),
    files.values && fetchFile(store, files.values),
    fetchResults(store, state, lastRun),
  ]);
  if (manifest.kind !== 'found') return failed('manifest', manifest);
  if (sources !== undefined && sources.kind !== 'found') return failed('source freshness', sources);
  if (values !== undefined && values.kind !== 'found') return failed('list of variables', values);
  const of = projectOfManifest(manifest.bytes);
  if (of !== undefined && of !== project) {
    return { kind: 'other-project', detail: `its manifest is of the project ${of}` };
  }
  const known = values === undefined ? undefined : knownValues(values.bytes);
  if (known === null) return { kind: 'corrupt', detail: 'its list of variables cannot be read' };

  const write = async (name: string, bytes: Uint8Array | undefined): Promise<string | undefined> => {
    if (bytes === undefined) return undefined;
    const path = join(folder, name);
    await writeFile(path, bytes, { mode: 0o600, flag: 'wx' });
    return path;
  };
  const [runResults, missing] = results?.kind === 'found' ? [results.bytes, undefined] : [undefined, results];
  const [, sourcesPath, runResultsPath] = await Promise.all([
    write('manifest.json', manifest.bytes),
    write('sources.json', sources?.bytes),
    write('run_results.json', runResults),
  ]);
  const digests = [files.manifest, files.sources, files.values, runResults && lastRun?.runResults];
  return {
    kind: 'brought',
    manifestPath: join(folder, 'manifest.json'),
    ...optional('runResultsPath', runResultsPath),
    ...optional('lastRunMissing', missing?.why),
    ...optional('sourcesPath', sourcesPath),
    ...optional('values', known),
    digest: digestOf(JSON.stringify(digests.map((file) => file?.sha256 ?? null))),
  };
}

type Fetched = { readonly kind: 'found'; readonly bytes: Uint8Array } | FetchFailure;

async function fetchFile(store: DedupStore, file: KeptFile): Promise<Fetched> {
  const { contentBytes } = file;
  if (contentBytes > MAX_CONTENT_BYTES) return { kind: 'corrupt', why: 'it is recorded to be too large' };
  const fetched = await getCompressed(store, STATE_BLOBS, file, contentBytes);
  if (fetched.kind !== 'found' || fetched.bytes.byteLength === contentBytes) return fetched;
  return { kind: 'corrupt', why: 'it holds less than was recorded' };
}

/** A run of another engine line says nothing of what this one has to build again. */
async function fetchResults(
  store: DedupStore,
  state: KeptState,
  lastRun: LastRun | undefined,
): Promise<Fetched | { readonly kind: 'misfit'; readonly why: string } | undefined> {
  if (lastRun === undefined) return undefined;
  const misfit = misfitOf(lastRun, state);
  if (misfit !== undefined) return { kind: 'misfit', why: `the last run was one of ${misfit.detail}` };
  return fetchFile(store, lastRun.runResults);
}

const REASONS = { absent: 'gone', corrupt: 'corrupt', unknown: 'unavailable' } as const;

function failed(name: string, { kind, why }: FetchFailure): Exclude<BringAnswer, BroughtState> {
  return { kind: REASONS[kind], detail: `its ${name}: ${why}` };
}

const Texts = z.record(z.string(), z.string());
const Values = z.object({ variables: Texts, environment: Texts });

/** Null for what is none. */
function knownValues(bytes: Uint8Array): KnownValues | null {
  const parsed = Values.safeParse(jsonOf(bytes));
  return parsed.success ? parsed.data : null;
}
