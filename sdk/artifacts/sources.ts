import * as z from 'zod';
import { type ArtifactFile, isObject, type ParsedObject } from './artifact-file.ts';
import { guard } from './guard.ts';

const Sources = z.looseObject({
  elapsed_time: z.number(),
  results: z.array(
    z.looseObject({
      unique_id: z.string(),
      status: z.string(),
      max_loaded_at: z.string().optional(),
      snapshotted_at: z.string().optional(),
      max_loaded_at_time_ago_in_s: z.number().optional(),
      error: z.string().nullish(),
      execution_time: z.number().optional(),
    }),
  ),
});

/** dbt v2 writes them with a capital. */
const STATUSES: ReadonlyMap<unknown, string> = new Map([
  ['Pass', 'pass'],
  ['Warn', 'warn'],
  ['Error', 'error'],
]);

/**
 * Checks the body of sources.json v3 and brings it to dbt Core's form, in place.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeSources(file: ArtifactFile, artifact: ParsedObject): void {
  const results = artifact['results'];
  if (Array.isArray(results)) for (const entry of results) inCoreForm(entry);
  guard(file, Sources, artifact);
}

function inCoreForm(entry: unknown): void {
  if (!isObject(entry)) return;
  // dbt's schema lets it be a number too.
  if (typeof entry['error'] === 'number') entry['error'] = String(entry['error']);
  entry['status'] = STATUSES.get(entry['status']) ?? entry['status'];
}
