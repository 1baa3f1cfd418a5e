import { describe, expect, test } from 'vitest';
import { readCatalog, readManifest, readRunResults, readSources } from '../../../sdk/artifacts/read.ts';
import { failure, pantry, pantryPath, tempFolder } from './temp-files.ts';

const folder = tempFolder();

function withSchema(
  name: 'manifest' | 'run_results' | 'sources' | 'catalog',
  schema: string,
  dbt = '9.9.9',
): string {
  const artifact = pantry('1.11', name);
  artifact.metadata = { dbt_schema_version: schema, dbt_version: dbt };
  return folder.write(`${name}.json`, artifact);
}

const address = (kind: string, version: number) => `https://schemas.getdbt.com/dbt/${kind}/v${version}.json`;

describe('other versions are named and refused', () => {
  test.each([
    [readManifest, 'manifest', 'manifest', 10, '1.6.18', 'newer dbt', '1.7 (v11) and 1.8'],
    [readManifest, 'manifest', 'manifest', 13, '3.0.0', 'Update dbt-runcache', '1.7 (v11) and 1.8'],
    [readRunResults, 'run_results', 'run-results', 4, '1.6.18', 'newer dbt', '1.7 (v5) and 1.8'],
    [readRunResults, 'run_results', 'run-results', 7, '3.0.0', 'Update dbt-runcache', '1.7 (v5) and 1.8'],
    [readSources, 'sources', 'sources', 2, '0.21.0', 'newer dbt', '1.7 or later'],
    [readCatalog, 'catalog', 'catalog', 2, '3.0.0', 'Update dbt-runcache', '1.7 or later'],
  ] as const)('%o: %s, schema %s v%i of dbt %s', async (read, name, kind, version, dbt, todo, versions) => {
    const path = withSchema(name, address(kind, version), dbt);
    const error = await failure(read(path));
    expect(error.code).toBe('artifact-unsupported-version');
    expect(error.message).toContain(path);
    expect(error.message).toContain(`v${version}`);
    expect(error.message).toContain(`dbt ${dbt}`);
    expect(error.hint).toContain(todo);
    expect(error.hint).toContain(versions);
  });

  test('an artifact of another kind is named', async () => {
    const error = await failure(readManifest(pantryPath('1.11', 'catalog')));
    expect(error.code).toBe('artifact-unsupported-version');
    expect(error.message).toContain('of the kind catalog (schema v1, written by dbt 1.11.16), not manifest');
    expect(error.hint).toContain('right file');
  });

  test('the version of one kind does not serve another', async () => {
    expect(await failure(readCatalog(withSchema('catalog', address('manifest', 1))))).toMatchObject({
      code: 'artifact-unsupported-version',
    });
  });

  test.each([
    '',
    'manifest/v12',
    'https://example.com/dbt/manifest/v12.json.gz',
    `${address('manifest', 12)}\n::error::x`,
  ])('an address that is none: %j', async (schema) => {
    const error = await failure(readManifest(withSchema('manifest', schema)));
    expect(error.code).toBe('artifact-unsupported-version');
    expect(error.message).toContain('unknown schema');
    expect(error.message).not.toContain('\n');
  });
});

describe('what the metadata must hold', () => {
  test.each([
    ['a list', [], 'the file should be an object, but is a list'],
    ['a text', 'null', 'the file should be an object, but is null'],
    ['no metadata', { nodes: {} }, 'metadata should be an object, but is missing'],
    ['no schema', { metadata: {} }, 'metadata.dbt_schema_version should be text, but is missing'],
    [
      'no dbt version',
      { metadata: { dbt_schema_version: address('manifest', 12), generated_at: 'x' } },
      'metadata.dbt_version should be text, but is missing',
    ],
    [
      'a number for the invocation',
      {
        metadata: {
          dbt_schema_version: address('manifest', 12),
          dbt_version: '1',
          generated_at: 'x',
          invocation_id: 5,
        },
      },
      'metadata.invocation_id should be text, but is 5',
    ],
    [
      'metadata behind a hostile key',
      '{"__proto__": {"metadata": {}}}',
      'metadata should be an object, but is missing',
    ],
  ])('%s', async (_, content, said) => {
    const path = folder.write('meta.json', content);
    const error = await failure(readManifest(path));
    expect(error.code).toBe('artifact-invalid');
    expect(error.message).toBe(`${path}: ${said}`);
    expect(error.hint).toBeTruthy();
  });

  test('what is unknown in it is kept, and an invocation that is left out is null', async () => {
    const manifest = pantry('1.11', 'manifest');
    manifest.metadata.of_the_future = { deep: [1] };
    delete manifest.metadata.invocation_id;
    const read = await readManifest(folder.write('future.json', manifest));
    expect(read.metadata).toMatchObject({ of_the_future: { deep: [1] }, invocation_id: null });
  });
});

describe('invocationId', () => {
  const id = pantry('1.11', 'manifest').metadata.invocation_id as string;

  test('the same one is read', async () => {
    await expect(readManifest(pantryPath('1.11', 'manifest'), { invocationId: id })).resolves.toBeDefined();
  });

  test('another one is refused, and both are named', async () => {
    const error = await failure(readManifest(pantryPath('1.11', 'manifest'), { invocationId: 'mine' }));
    expect(error.code).toBe('artifact-other-invocation');
    expect(error.message).toContain(id);
    expect(error.message).toContain('"mine"');
  });

  test('a file that names none is refused', async () => {
    const manifest = pantry('1.11', 'manifest');
    manifest.metadata.invocation_id = null;
    expect(await failure(readManifest(folder.write('m.json', manifest), { invocationId: id }))).toMatchObject(
      {
        code: 'artifact-other-invocation',
      },
    );
  });

  test('an old version is called that, whoever wrote it', async () => {
    expect(
      await failure(readManifest(withSchema('manifest', address('manifest', 10)), { invocationId: 'mine' })),
    ).toMatchObject({ code: 'artifact-unsupported-version' });
  });
});
