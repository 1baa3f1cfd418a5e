import { isAbsolute, join, resolve } from 'node:path';
import type { EngineKind } from './engine-kind.ts';
import type { ResolvedProfile } from './profile.ts';

/** The database files that a target consists of. */
export type TargetFiles =
  /** Absolute. A file may have others beside it, such as a write-ahead log. */
  | { readonly kind: 'files'; readonly paths: readonly string[] }
  /** A database in memory, of which nothing is left after a run, and no file. */
  | { readonly kind: 'memory' }
  /** A server or a service. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unknown' };

export interface TargetFilesInput {
  /** The folder dbt is started in. Absolute. */
  readonly cwd: string;
  readonly project: { readonly dir: string };
  readonly engine: EngineKind;
  readonly profile: Pick<ResolvedProfile, 'adapterType' | 'fields' | 'unknownFields'> | undefined;
}

const UNKNOWN: TargetFiles = { kind: 'unknown' };

/**
 * The database files of a target: DuckDB's `path` and the files of its `attach`, SQLite's `schemas_and_paths`. A
 * database in memory together with files counts as those files.
 */
export function targetFilesOf(input: TargetFilesInput): TargetFiles {
  const { profile } = input;
  if (profile?.adapterType === undefined || profile.fields === undefined) return UNKNOWN;
  if (profile.adapterType === 'duckdb') return duckdb(input);
  if (profile.adapterType === 'sqlite') return sqlite(input);
  return { kind: 'none' };
}

/** A field's value; undefined when there is none, `unknown` when only dbt can tell. */
function readField(
  { profile }: TargetFilesInput,
  name: string,
): { readonly value: unknown } | 'unknown' | undefined {
  if (profile?.unknownFields?.includes(name) === true) return 'unknown';
  const text = profile?.fields?.[name];
  return text === undefined ? undefined : { value: JSON.parse(text) as unknown };
}

function duckdb(input: TargetFilesInput): TargetFiles {
  const [path, attach, remote] = ['path', 'attach', 'remote'].map((name) => readField(input, name));
  const isLake = readField(input, 'is_ducklake');
  if (path === 'unknown' || attach === 'unknown' || remote === 'unknown' || isLake === 'unknown')
    return UNKNOWN;
  // The data of a lake lies in a folder of many files.
  if (isLake !== undefined && !isFalse(isLake.value)) return UNKNOWN;
  const attached: unknown = attach?.value ?? [];
  if (!Array.isArray(attached)) return UNKNOWN;
  const own = remote?.value == null ? duckdbPlace(path?.value ?? ':memory:', undefined) : 'elsewhere';
  return together(input, [own, ...attached.map(attachedPlace)]);
}

function attachedPlace(item: unknown): Place {
  if (typeof item !== 'object' || item === null) return 'unknown';
  const { path, type, options, is_ducklake: isLake } = item as Readonly<Record<string, unknown>>;
  if (!isFalse(isLake)) return 'unknown';
  const kind = type ?? (options as Readonly<Record<string, unknown>> | null | undefined)?.['type'];
  return duckdbPlace(path, kind);
}

/** Everything else may be true to dbt. */
function isFalse(value: unknown): boolean {
  return value === false || value === null || value === undefined;
}

/** A file as it is named, or what else it is. */
type Place = { readonly file: string } | 'memory' | 'elsewhere' | 'unknown';

const SERVERS = new Set(['postgres', 'mysql', 'iceberg', 'bigquery', 'snowflake']);
const FILE_TYPES = new Set(['duckdb', 'sqlite']);

function duckdbPlace(path: unknown, type: unknown): Place {
  if (typeof path !== 'string') return 'unknown';
  const kind = typeof type === 'string' ? type.toLowerCase() : type;
  if (typeof kind === 'string' && SERVERS.has(kind)) return 'elsewhere';
  if (kind != null && !(typeof kind === 'string' && FILE_TYPES.has(kind))) return 'unknown';
  const [, scheme, rest = ''] = /^([A-Za-z][A-Za-z0-9+.-]+):(.*)$/s.exec(path) ?? [];
  if (path === '' || path.startsWith(':memory:')) return 'memory';
  // DuckDB reads it as the home folder, by rules of its own.
  if (path.startsWith('~')) return 'unknown';
  switch (scheme?.toLowerCase()) {
    case undefined:
      return { file: path };
    case 'md':
    case 'motherduck':
    case 'postgres':
    case 'postgresql':
    case 'mysql':
    case 'http':
    case 'https':
    case 's3':
    case 's3a':
    case 's3n':
    case 'gs':
    case 'gcs':
    case 'r2':
    case 'az':
    case 'azure':
    case 'abfss':
    case 'hf':
      return 'elsewhere';
    case 'duckdb':
    case 'sqlite':
      return duckdbPlace(rest, undefined);
    default:
      return 'unknown';
  }
}

function sqlite(input: TargetFilesInput): TargetFiles {
  const [schemas, path, folder] = ['schemas_and_paths', 'path', 'schema_directory'].map((name) =>
    readField(input, name),
  );
  if (schemas === 'unknown' || path === 'unknown' || folder === 'unknown') return UNKNOWN;
  const named =
    typeof schemas?.value === 'object' && schemas.value !== null ? Object.values(schemas.value) : [];
  const all = [...named, ...(path === undefined ? [] : [path.value])];
  // Every file in the folder is a schema, those of this run's making too.
  if (folder !== undefined && all.length === 0) return UNKNOWN;
  return together(
    input,
    all.map((one): Place => {
      if (typeof one !== 'string' || one === '' || one.startsWith('file:')) return 'unknown';
      return one === ':memory:' ? 'memory' : { file: one };
    }),
  );
}

function together({ cwd, project, engine }: TargetFilesInput, places: readonly Place[]): TargetFiles {
  const paths: string[] = [];
  for (const place of places) {
    if (place === 'unknown') return UNKNOWN;
    if (typeof place === 'string') continue;
    const path = resolve(cwd, place.file);
    // dbt Core opens it from its working folder. Of dbt v2 that is not certain.
    const isCertain = engine === 'core' || isAbsolute(place.file) || path === join(project.dir, place.file);
    if (!isCertain) return UNKNOWN;
    if (!paths.includes(path)) paths.push(path);
  }
  if (paths.length > 0) return { kind: 'files', paths };
  if (places.length === 0) return UNKNOWN;
  return places.includes('memory') && !places.includes('elsewhere') ? { kind: 'memory' } : { kind: 'none' };
}
