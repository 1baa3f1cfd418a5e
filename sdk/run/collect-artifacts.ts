import { readCatalog, readManifest, readRunResults, readSources } from '../artifacts/read.ts';
import type { ArtifactMetadata } from '../artifacts/types.ts';
import { DbtRunCacheError } from '../errors.ts';
import type { ArtifactName } from '../plan/dbt-commands.ts';
import type { RunArtifacts, RunNotice, RunReport } from '../result.ts';

const KINDS = {
  manifest: { key: 'manifest', read: readManifest },
  run_results: { key: 'runResults', read: readRunResults },
  sources: { key: 'sources', read: readSources },
  catalog: { key: 'catalog', read: readCatalog },
} as const;

export interface CollectRequest {
  /** What the command writes when it is done, and where. */
  readonly expected: ReadonlyMap<ArtifactName, string>;
  /** Known from dbt's events; else the time of writing tells whether a file is this run's. */
  readonly invocationId: string | undefined;
  readonly startedAt: Date;
  /** Whether dbt got to its end: only then is a file that is not there worth a notice. */
  readonly finished: boolean;
}

export interface Collected {
  readonly artifacts: RunArtifacts;
  readonly paths: RunReport['artifactPaths'];
  readonly notices: readonly RunNotice[];
}

/** Reads what this run wrote. A file of another run, or one that cannot be read, is left out and said to be. */
export async function collectArtifacts(request: CollectRequest): Promise<Collected> {
  const artifacts: { -readonly [K in keyof RunArtifacts]: RunArtifacts[K] } = {};
  const paths: { -readonly [K in keyof RunArtifacts]: string } = {};
  const notices: RunNotice[] = [];
  for (const [name, path] of request.expected) {
    const { key, read } = KINDS[name];
    try {
      const artifact = await read(path, { invocationId: request.invocationId });
      if (request.invocationId === undefined) refuseOlder(artifact.metadata, path, request.startedAt);
      Object.assign(artifacts, { [key]: artifact });
      paths[key] = path;
    } catch (thrown) {
      const error = DbtRunCacheError.from(thrown);
      if (request.finished || !isNotWritten(error)) notices.push(asNotice(error));
    }
  }
  return { artifacts, paths, notices };
}

/** A run that ended early has not written its files; what lies there is an earlier run's. */
function isNotWritten(error: DbtRunCacheError): boolean {
  return error.code === 'artifact-missing' || error.code === 'artifact-other-invocation';
}

function refuseOlder(metadata: ArtifactMetadata, path: string, startedAt: Date): void {
  const writtenAt = Date.parse(metadata.generated_at);
  if (writtenAt >= startedAt.getTime()) return;
  throw new DbtRunCacheError(`${path} was written at ${metadata.generated_at}, before this run began`, {
    code: 'artifact-other-invocation',
    hint: 'Look at what dbt printed: this run did not get to write the file.',
  });
}

export function asNotice(error: DbtRunCacheError): RunNotice {
  return {
    kind: 'problem',
    name: error.code,
    message: error.message,
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    count: 1,
  };
}
