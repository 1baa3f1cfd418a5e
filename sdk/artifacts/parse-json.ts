import { type ArtifactFile, artifactError, quote } from './artifact-file.ts';
import { findJsonFault } from './scan-json.ts';

/**
 * The value a text holds. NaN and the infinities, which Python's JSON writer lets through (from `.nan` in a
 * node's meta, say) and JSON does not know, become null.
 * @throws DbtRunCacheError `artifact-truncated`, `artifact-not-json`.
 */
export function parseJson(file: ArtifactFile, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    return parseRefused(file, text, error);
  }
}

/** The slow path, for a text that JSON.parse refused. */
function parseRefused(file: ArtifactFile, text: string, cause: unknown): unknown {
  const fault = findJsonFault(text);
  switch (fault.kind) {
    case 'non-finite':
      return JSON.parse(fault.text);
    case 'truncated':
      throw artifactError(
        'artifact-truncated',
        file,
        `the file is cut off after ${text.length} characters`,
        'Run dbt again and see that it ends: a dbt that still runs or was killed, or a full disk, leaves half a file.',
        cause,
      );
    case 'malformed': {
      const { position } = fault;
      const found = quote(text.slice(position, position + 20));
      throw artifactError(
        'artifact-not-json',
        file,
        `the file is not JSON: line ${lineOf(text, position)} has ${found} where it cannot stand`,
        'Give the file as dbt wrote it, or let dbt write it again.',
        cause,
      );
    }
  }
}

function lineOf(text: string, position: number): number {
  let line = 1;
  for (let i = text.indexOf('\n'); i !== -1 && i < position; i = text.indexOf('\n', i + 1)) line += 1;
  return line;
}
