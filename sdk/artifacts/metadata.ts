import * as z from 'zod';
import {
  type ArtifactFile,
  type ArtifactKind,
  artifactError,
  invalidAt,
  isObject,
  type ParsedObject,
  quote,
} from './artifact-file.ts';
import { guard } from './guard.ts';

/** For each kind the schema versions that are read, and which dbt writes them. */
const SUPPORTED: Record<ArtifactKind, { name: string; versions: readonly number[]; writtenBy: string }> = {
  'run-results': { name: 'run results', versions: [5, 6], writtenBy: 'dbt 1.7 (v5) and 1.8 or later (v6)' },
  manifest: {
    name: 'manifest',
    versions: [11, 12, 20],
    writtenBy: 'dbt 1.7 (v11) and 1.8 or later (v12; dbt v2 also v20)',
  },
  sources: { name: 'source freshness', versions: [3], writtenBy: 'dbt 1.7 or later' },
  catalog: { name: 'catalog', versions: [1], writtenBy: 'dbt 1.7 or later' },
};

const Metadata = z.looseObject({
  dbt_schema_version: z.string(),
  dbt_version: z.string(),
  generated_at: z.string(),
  invocation_id: z.string().nullish(),
  invocation_started_at: z.string().nullish(),
  adapter_type: z.string().nullish(),
  project_name: z.string().nullish(),
});

/** How a schema's address ends: `…/dbt/manifest/v12.json`. */
const SCHEMA_ADDRESS = /\/dbt\/([a-z-]{1,40})\/v(\d{1,6})\.json$/;

/**
 * Proves that a parsed file is the artifact its caller asked for, of a version that is read and, where that was
 * asked, of that invocation.
 * @throws DbtRunCacheError `artifact-invalid`, `artifact-unsupported-version`, `artifact-other-invocation`.
 */
export function checkMetadata(
  file: ArtifactFile,
  value: unknown,
  invocationId: string | undefined,
): ParsedObject {
  if (!isObject(value)) throw invalidAt(file, '', 'an object', value);
  const metadata = value['metadata'];
  if (!isObject(metadata)) throw invalidAt(file, 'metadata', 'an object', metadata);
  const schema = metadata['dbt_schema_version'];
  if (typeof schema !== 'string') throw invalidAt(file, 'metadata.dbt_schema_version', 'text', schema);
  // Before the rest of the metadata: another version may well lack some of it.
  checkVersion(file, schema, metadata['dbt_version']);
  guard(file, Metadata, metadata, ['metadata']);
  metadata['invocation_id'] ??= null;
  if (invocationId !== undefined && metadata['invocation_id'] !== invocationId) {
    throw otherInvocation(file, metadata['invocation_id'], invocationId);
  }
  return value;
}

function checkVersion(file: ArtifactFile, schema: string, dbtVersion: unknown): void {
  const wanted = SUPPORTED[file.kind];
  const [, kind, digits] = SCHEMA_ADDRESS.exec(schema) ?? [];
  const version = Number(digits);
  if (kind === file.kind && wanted.versions.includes(version)) return;

  const writer = typeof dbtVersion === 'string' ? `, written by dbt ${quote(dbtVersion).slice(1, -1)}` : '';
  const needed = `${wanted.name} schema ${wanted.versions.map((each) => `v${each}`).join(' and ')} can be read`;
  const [problem, hint] =
    kind === undefined
      ? [
          `the file has the unknown schema ${quote(schema)}${writer}, not that of ${wanted.name}`,
          `Give a file that dbt wrote; those of ${wanted.writtenBy} are read.`,
        ]
      : kind !== file.kind
        ? [
            `the file is of the kind ${kind} (schema v${version}${writer}), not ${wanted.name}`,
            'Give the path of the right file, or read it with the function for its kind.',
          ]
        : [
            `the file has ${wanted.name} schema v${version}${writer}; ${needed}`,
            version < Math.min(...wanted.versions)
              ? `Use a newer dbt: the files of ${wanted.writtenBy} are read.`
              : `Update dbt-runcache, or use a dbt it knows: the files of ${wanted.writtenBy} are read.`,
          ];
  throw artifactError('artifact-unsupported-version', file, problem, hint);
}

function otherInvocation(file: ArtifactFile, found: unknown, wanted: string): Error {
  const owner = typeof found === 'string' ? `invocation ${quote(found)}` : 'an invocation that is not named';
  return artifactError(
    'artifact-other-invocation',
    file,
    `the file was written by ${owner}, not by ${quote(wanted)}`,
    'The run that was asked for wrote no such file, or another run replaced it: let no two runs share a target folder.',
  );
}
