import { type ArtifactFile, at, invalidAt, isObject, type ParsedObject } from './artifact-file.ts';
import { normalizeMap } from './normalize-map.ts';

/**
 * Checks the body of catalog.json v1 and completes it, in place.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeCatalog(file: ArtifactFile, artifact: ParsedObject): void {
  for (const name of ['nodes', 'sources']) {
    const map = normalizeMap(file, artifact, name, false);
    for (const key of Object.keys(map)) {
      if (!isObject(map[key])) throw invalidAt(file, at(name, key), 'an object', map[key]);
    }
  }
  artifact['errors'] ??= null;
  const errors = artifact['errors'];
  if (errors !== null && !(Array.isArray(errors) && errors.every((each) => typeof each === 'string'))) {
    throw invalidAt(file, 'errors', 'a list of texts or null', errors);
  }
}
