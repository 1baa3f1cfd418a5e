import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readManifest, readRunResults } from '../../../../sdk/artifacts/read.ts';
import { lazyArtifacts } from '../../../../sdk/run/dedup/lazy-artifacts.ts';
import { REPOSITORY } from '../../../support/repository.ts';

const FOLDER = join(REPOSITORY, 'test', 'fixtures', 'dbt-core-1.11', 'pantry');
const manifestPath = join(FOLDER, 'manifest.json');
const resultsPath = join(FOLDER, 'run_results.json');
const MANIFEST = { key: 'manifest', path: manifestPath, bytes: readFileSync(manifestPath) } as const;
const RESULTS = { key: 'runResults', path: resultsPath, bytes: readFileSync(resultsPath) } as const;

describe('the artifacts of a replay', () => {
  test('are what is read from the files', async () => {
    const artifacts = lazyArtifacts([RESULTS, MANIFEST]);
    expect(Object.keys(artifacts)).toEqual(['runResults', 'manifest']);
    expect(artifacts).toEqual({
      runResults: await readRunResults(resultsPath),
      manifest: await readManifest(manifestPath),
    });
    expect(structuredClone(artifacts)).toEqual(artifacts);
  });

  test('are parsed when somebody looks, once', () => {
    const bytes = new Uint8Array(RESULTS.bytes.length);
    const artifacts = lazyArtifacts([{ ...RESULTS, bytes }]);
    bytes.set(RESULTS.bytes);
    const first = artifacts.runResults;
    expect(first).toBeDefined();
    bytes.fill(0);
    expect(artifacts.runResults).toBe(first);
  });

  test.each([
    ['no UTF-8', Buffer.from([0xff, 0xfe])],
    ['no JSON', Buffer.from('{"metadata": ')],
    ['nothing', Buffer.alloc(0)],
    ['another artifact', MANIFEST.bytes],
  ])('are undefined for %s', (_, bytes) => {
    const artifacts = lazyArtifacts([{ ...RESULTS, bytes }]);
    expect(Object.keys(artifacts)).toEqual(['runResults']);
    expect(artifacts.runResults).toBeUndefined();
  });

  test('may begin with a byte order mark', () => {
    const bytes = Buffer.concat([Buffer.from('\uFEFF'), RESULTS.bytes]);
    expect(lazyArtifacts([{ ...RESULTS, bytes }]).runResults).toEqual(lazyArtifacts([RESULTS]).runResults);
  });
});
