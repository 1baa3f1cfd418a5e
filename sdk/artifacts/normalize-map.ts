import { type ArtifactFile, invalidAt, isObject, type ParsedObject } from './artifact-file.ts';

/**
 * A map of an artifact, by name, completed in place: one that may be absent and is, or is null, becomes empty.
 * Its keys are names from a project, so it loses its prototype: looking up `constructor` or `__proto__` finds
 * nothing that is not in the file.
 * @throws DbtRunCacheError `artifact-invalid`.
 */
export function normalizeMap(
  file: ArtifactFile,
  artifact: ParsedObject,
  name: string,
  optional: boolean,
): ParsedObject {
  const map = artifact[name] ?? (optional ? {} : undefined);
  if (!isObject(map)) throw invalidAt(file, name, 'an object', artifact[name]);
  Object.setPrototypeOf(map, null);
  artifact[name] = map;
  return map;
}
