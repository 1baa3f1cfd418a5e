import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';
import { DbtRunCacheError } from '../../../sdk/errors.ts';

/** A folder of its own for a test file, removed after it. */
export function tempFolder(): {
  path: string;
  write(name: string, content: string | Uint8Array | object): string;
} {
  const path = mkdtempSync(join(tmpdir(), 'dbt-runcache-artifacts-'));
  afterAll(() => rmSync(path, { recursive: true, force: true }));
  return {
    path,
    write(name, content) {
      const file = join(path, name);
      const isText = typeof content === 'string' || content instanceof Uint8Array;
      writeFileSync(file, isText ? content : JSON.stringify(content));
      return file;
    },
  };
}

type DbtVersion = '1.7' | '1.11';
type ArtifactName = 'manifest' | 'run_results' | 'sources' | 'catalog';

/** A file real dbt wrote; see test/fixtures/pantry.md. */
export function pantryPath(version: DbtVersion, name: ArtifactName): string {
  return fileURLToPath(new URL(`../../fixtures/dbt-core-${version}/pantry/${name}.json`, import.meta.url));
}

/** The same, parsed: of no known type, since tests break these objects in every way a file can be broken. */
export function pantry(version: DbtVersion, name: ArtifactName) {
  return JSON.parse(readFileSync(pantryPath(version, name), 'utf8'));
}

/** The error a promise rejects with. */
export async function failure(promise: Promise<unknown>): Promise<DbtRunCacheError> {
  const outcome = await promise.then(
    () => 'it resolved',
    (error: unknown) => error,
  );
  if (!(outcome instanceof DbtRunCacheError))
    throw new Error('Expected a DbtRunCacheError.', { cause: outcome });
  return outcome;
}
