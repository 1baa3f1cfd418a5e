import * as z from 'zod';
import type { ArtifactFile, ParsedObject } from './artifact-file.ts';
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

/**
 * Checks the body of sources.json v3.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeSources(file: ArtifactFile, artifact: ParsedObject): void {
  const results = artifact['results'];
  if (Array.isArray(results)) for (const entry of results) errorAsText(entry);
  guard(file, Sources, artifact);
}

/** dbt's schema lets `error` be a number too. */
function errorAsText(entry: unknown): void {
  if (typeof entry !== 'object' || entry === null || !('error' in entry)) return;
  if (typeof entry.error === 'number') entry.error = String(entry.error);
}
