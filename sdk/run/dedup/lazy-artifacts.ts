import type { ArtifactFile, ParsedObject } from '../../artifacts/artifact-file.ts';
import { normalizeCatalog } from '../../artifacts/catalog.ts';
import { normalizeManifest } from '../../artifacts/manifest.ts';
import { checkMetadata } from '../../artifacts/metadata.ts';
import { parseJson } from '../../artifacts/parse-json.ts';
import { normalizeRunResults } from '../../artifacts/run-results.ts';
import { normalizeSources } from '../../artifacts/sources.ts';
import type { RunArtifacts } from '../../result.ts';

type Key = keyof RunArtifacts;

const KINDS = {
  runResults: { kind: 'run-results', normalize: normalizeRunResults },
  manifest: { kind: 'manifest', normalize: normalizeManifest },
  sources: { kind: 'sources', normalize: normalizeSources },
  catalog: { kind: 'catalog', normalize: normalizeCatalog },
} as const;

/**
 * dbt's artifacts, each parsed when somebody first looks at it: few do, and a manifest takes longer to parse than the
 * rest of a replay takes. Undefined is what cannot be read.
 */
export function lazyArtifacts(
  files: readonly { readonly key: Key; readonly path: string; readonly bytes: Uint8Array }[],
): RunArtifacts {
  const artifacts = {};
  for (const { key, path, bytes } of files) {
    let parsed: { readonly artifact: ParsedObject | undefined } | undefined;
    Object.defineProperty(artifacts, key, {
      enumerable: true,
      get: () => {
        parsed ??= { artifact: parse(key, path, bytes) };
        return parsed.artifact;
      },
    });
  }
  return artifacts;
}

function parse(key: Key, path: string, bytes: Uint8Array): ParsedObject | undefined {
  const { kind, normalize } = KINDS[key];
  const file: ArtifactFile = { kind, path };
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const artifact = checkMetadata(file, parseJson(file, text), undefined);
    normalize(file, artifact);
    return artifact;
  } catch {
    return undefined;
  }
}
