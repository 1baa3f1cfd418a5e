import { DbtRunCacheError, type ErrorCode } from '../errors.ts';

/** The artifacts this package reads, named as in their schema's address. */
export type ArtifactKind = 'run-results' | 'manifest' | 'sources' | 'catalog';

/** The file being read, for messages. */
export interface ArtifactFile {
  readonly kind: ArtifactKind;
  readonly path: string;
}

type ArtifactErrorCode = Extract<ErrorCode, `artifact-${string}`>;

/** An object as JSON.parse made it. Checks complete it in place, so it is mutable here and nowhere else. */
export type ParsedObject = { [key: string]: unknown };

export function isObject(value: unknown): value is ParsedObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An error about a file: `<path>: <what is wrong>`. */
export function artifactError(
  code: ArtifactErrorCode,
  file: ArtifactFile,
  problem: string,
  hint: string,
  cause?: unknown,
): DbtRunCacheError {
  return new DbtRunCacheError(`${file.path}: ${problem}`, { code, hint, cause });
}

/** A file of the right kind and version that does not hold what such a file holds, at a place in it. */
export function invalidAt(
  file: ArtifactFile,
  place: string,
  wanted: string,
  found: unknown,
): DbtRunCacheError {
  return artifactError(
    'artifact-invalid',
    file,
    `${place === '' ? 'the file' : place} should be ${wanted}, but is ${describe(found)}`,
    'Let dbt write the file again; if it comes out the same, report it with the dbt version that wrote it.',
  );
}

/** `nodes` and `model.p.x` as `nodes["model.p.x"]`. */
export function at(place: string, key: string | number): string {
  return `${place}[${typeof key === 'number' ? key : quote(key)}]`;
}

/** A name out of a file, fit for a message: quoted, escaped, and cut when long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}

function describe(value: unknown): string {
  if (value === undefined) return 'missing';
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return `the text ${quote(value)}`;
  return String(value);
}
