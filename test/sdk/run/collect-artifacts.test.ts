import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readManifest } from '../../../sdk/artifacts/read.ts';
import type { ArtifactName } from '../../../sdk/plan/dbt-commands.ts';
import { collectArtifacts } from '../../../sdk/run/collect-artifacts.ts';

const FIXTURES = 'test/fixtures/dbt-core-1.11/pantry';
let target: string;
let invocationId: string;
let generatedAt: Date;

beforeEach(async () => {
  target = await mkdtemp(join(tmpdir(), 'target-'));
  await cp(join(FIXTURES, 'manifest.json'), join(target, 'manifest.json'));
  const { metadata } = await readManifest(join(target, 'manifest.json'));
  invocationId = metadata.invocation_id ?? '';
  generatedAt = new Date(metadata.generated_at);
});
afterEach(async () => {
  await rm(target, { recursive: true });
});

const expected = (...names: ArtifactName[]): Map<ArtifactName, string> =>
  new Map(names.map((name) => [name, join(target, `${name}.json`)]));
const before = (): Date => new Date(generatedAt.getTime() - 1000);
const after = (): Date => new Date(generatedAt.getTime() + 1000);

test('reads what this invocation wrote', async () => {
  const collected = await collectArtifacts({
    expected: expected('manifest'),
    invocationId,
    startedAt: after(),
    finished: true,
  });
  expect(collected.artifacts.manifest?.metadata.invocation_id).toBe(invocationId);
  expect(collected.paths).toEqual({ manifest: join(target, 'manifest.json') });
  expect(collected.notices).toEqual([]);
});

test('another invocation’s file is refused, and said to be when dbt got to its end', async () => {
  const request = { expected: expected('manifest'), invocationId: 'another', startedAt: before() };
  const finished = await collectArtifacts({ ...request, finished: true });
  expect(finished.artifacts).toEqual({});
  expect(finished.notices).toMatchObject([{ kind: 'problem', name: 'artifact-other-invocation' }]);
  const ended = await collectArtifacts({ ...request, finished: false });
  expect(ended.artifacts).toEqual({});
  expect(ended.notices).toEqual([]);
});

test('without a known invocation, the time of writing decides', async () => {
  const request = { expected: expected('manifest'), invocationId: undefined, finished: true };
  const mine = await collectArtifacts({ ...request, startedAt: before() });
  expect(mine.artifacts.manifest).toBeDefined();
  const old = await collectArtifacts({ ...request, startedAt: after() });
  expect(old.artifacts).toEqual({});
  expect(old.notices).toMatchObject([{ name: 'artifact-other-invocation' }]);
});

test('a broken file is told even of a run that was stopped, and the others are read', async () => {
  await writeFile(join(target, 'run_results.json'), '{"metadata": {');
  const collected = await collectArtifacts({
    expected: expected('run_results', 'manifest'),
    invocationId,
    startedAt: before(),
    finished: false,
  });
  expect(collected.notices).toMatchObject([
    { kind: 'problem', name: 'artifact-truncated', message: expect.stringContaining('run_results.json') },
  ]);
  expect(Object.keys(collected.paths)).toEqual(['manifest']);
});

test('a file that is not there is told when dbt got to its end', async () => {
  const request = { expected: expected('catalog'), invocationId, startedAt: before() };
  expect((await collectArtifacts({ ...request, finished: true })).notices).toMatchObject([
    { name: 'artifact-missing' },
  ]);
  expect((await collectArtifacts({ ...request, finished: false })).notices).toEqual([]);
});
