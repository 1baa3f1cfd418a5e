import { DbtRunCacheError } from '../errors.ts';
import type { ArtifactFile, ArtifactKind, ParsedObject } from './artifact-file.ts';
import { normalizeCatalog } from './catalog.ts';
import { normalizeManifest } from './manifest.ts';
import { checkMetadata } from './metadata.ts';
import { parseJson } from './parse-json.ts';
import { MAX_BYTES, readText } from './read-text.ts';
import { normalizeRunResults } from './run-results.ts';
import { normalizeSources } from './sources.ts';
import type { Catalog, Manifest, RunResults, SourcesArtifact } from './types.ts';

export interface ReadOptions {
  /**
   * The dbt invocation the file must come from: another one's is refused with `artifact-other-invocation`.
   * Default: any.
   */
  readonly invocationId?: string | undefined;
  /**
   * Bytes; a larger file is refused with `artifact-too-large` before it is read. Default, and most that is
   * possible: what Node can hold in one string, about 512 MiB. Reading takes several times the file's size in
   * memory.
   */
  readonly maxBytes?: number | undefined;
}

/**
 * Reads run_results.json, schema v5 (dbt 1.7) or v6 (dbt 1.8 and later, dbt v2).
 *
 * The result is the file's own object, checked and completed to the form of v6: every entry has `message`,
 * `failures`, `relation_name` and `compiled_code`, null where dbt wrote none. Fields and statuses unknown to this
 * package stay as they are; `metadata.dbt_schema_version` says what dbt wrote. NaN and infinite numbers, which dbt
 * can write though JSON has none, are null.
 *
 * @throws DbtRunCacheError whose message names the file: `artifact-missing`, `artifact-unreadable` (a folder, no
 * permission, or written to while it is read), `artifact-empty`, `artifact-truncated`, `artifact-not-json`,
 * `artifact-too-large`, `artifact-invalid` (names the place in the file), `artifact-unsupported-version` (also for
 * an artifact of another kind), `artifact-other-invocation`; `invalid-options` for a bad `maxBytes`.
 */
export async function readRunResults(path: string, options: ReadOptions = {}): Promise<RunResults> {
  return (await readArtifact('run-results', path, options, normalizeRunResults)) as unknown as RunResults;
}

/**
 * Reads manifest.json, schema v11 (dbt 1.7), v12 (dbt 1.8 and later) or v20 (dbt v2).
 *
 * As {@link readRunResults}, with the same errors. Maps that the file's dbt did not know yet (`unit_tests`,
 * `functions`, …) are present and empty. The maps by unique id have no prototype, so that looking up any name is
 * safe.
 */
export async function readManifest(path: string, options: ReadOptions = {}): Promise<Manifest> {
  return (await readArtifact('manifest', path, options, normalizeManifest)) as unknown as Manifest;
}

/** Reads sources.json, schema v3 (`dbt source freshness`). As {@link readRunResults}, with the same errors. */
export async function readSources(path: string, options: ReadOptions = {}): Promise<SourcesArtifact> {
  return (await readArtifact('sources', path, options, normalizeSources)) as unknown as SourcesArtifact;
}

/**
 * Reads catalog.json, schema v1 (`dbt docs generate`). As {@link readRunResults}, with the same errors. `errors`
 * is null where dbt met none.
 */
export async function readCatalog(path: string, options: ReadOptions = {}): Promise<Catalog> {
  return (await readArtifact('catalog', path, options, normalizeCatalog)) as unknown as Catalog;
}

async function readArtifact(
  kind: ArtifactKind,
  path: string,
  options: ReadOptions,
  normalize: (file: ArtifactFile, artifact: ParsedObject) => void,
): Promise<ParsedObject> {
  const file: ArtifactFile = { kind, path };
  const text = await readText(file, checkMaxBytes(options.maxBytes));
  const artifact = checkMetadata(file, parseJson(file, text), options.invocationId);
  normalize(file, artifact);
  return artifact;
}

function checkMaxBytes(maxBytes: number = MAX_BYTES): number {
  if (!(maxBytes > 0)) {
    throw new DbtRunCacheError(`maxBytes must be a number above 0, but is ${maxBytes}`, {
      code: 'invalid-options',
      hint: 'Leave it out for the largest size that is possible.',
    });
  }
  return Math.min(Math.floor(maxBytes), MAX_BYTES);
}
