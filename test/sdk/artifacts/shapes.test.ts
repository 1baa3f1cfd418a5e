import { describe, expect, test } from 'vitest';
import { readCatalog, readManifest, readRunResults, readSources } from '../../../sdk/artifacts/read.ts';
import { failure, pantry, tempFolder } from './temp-files.ts';

const folder = tempFolder();
const JARS = 'model.pantry.heavy_jars';

async function complaint(read: (path: string) => Promise<unknown>, artifact: unknown): Promise<string> {
  const path = folder.write('broken.json', artifact as object);
  const error = await failure(read(path));
  expect(error.code).toBe('artifact-invalid');
  expect(error.message.startsWith(`${path}: `)).toBe(true);
  return error.message.slice(path.length + 2);
}

describe('manifest', () => {
  test.each(['unique_id', 'name', 'resource_type', 'package_name', 'original_file_path'])(
    'a node without %s is named with its place',
    async (field) => {
      const manifest = pantry('1.11', 'manifest');
      delete manifest.nodes[JARS][field];
      expect(await complaint(readManifest, manifest)).toBe(
        `nodes["${JARS}"].${field} should be text, but is missing`,
      );
    },
  );

  test.each([
    'sources',
    'exposures',
    'metrics',
    'semantic_models',
    'saved_queries',
    'unit_tests',
    'functions',
  ])('the entries of %s are checked too', async (map) => {
    const manifest = pantry('1.11', 'manifest');
    const [key] = Object.keys(manifest[map]);
    manifest[map][key as string].original_file_path = 7;
    expect(await complaint(readManifest, manifest)).toBe(
      `${map}["${key}"].original_file_path should be text, but is 7`,
    );
  });

  test.each([
    ['relation_name', 1, 'text or null'],
    ['attached_node', {}, 'text or null'],
    ['column_name', [], 'text or null'],
    ['config', 'x', 'an object'],
    ['test_metadata', [], 'an object'],
    ['depends_on', 1, 'an object'],
    ['raw_code', 1, 'text'],
  ])('%s of the wrong type', async (field, value, wanted) => {
    const manifest = pantry('1.11', 'manifest');
    manifest.nodes[JARS][field] = value;
    expect(await complaint(readManifest, manifest)).toContain(
      `nodes["${JARS}"].${field} should be ${wanted}, but is`,
    );
  });

  test.each(['nodes', 'macros'])('depends_on.%s must be texts', async (field) => {
    const manifest = pantry('1.11', 'manifest');
    manifest.nodes[JARS].depends_on[field] = ['a', null];
    expect(await complaint(readManifest, manifest)).toContain(
      `nodes["${JARS}"].depends_on.${field} should be a list`,
    );
  });

  test('null stands for absent', async () => {
    const manifest = pantry('1.11', 'manifest');
    Object.assign(manifest.nodes[JARS], {
      config: null,
      raw_code: null,
      test_metadata: null,
      relation_name: null,
    });
    manifest.nodes[JARS].depends_on = { nodes: null, macros: null };
    manifest.nodes['model.pantry.broken'].depends_on = null;
    const read = await readManifest(folder.write('nulls.json', manifest));
    const node = read.nodes[JARS];
    expect(node).toMatchObject({ relation_name: null, depends_on: {} });
    expect(Object.keys(node ?? {})).not.toContain('config');
    expect(Object.keys(node ?? {})).not.toContain('raw_code');
    expect(Object.keys(node?.depends_on ?? {})).toEqual([]);
    expect(read.nodes['model.pantry.broken']?.depends_on).toBeUndefined();
  });

  test.each([
    ['nodes', undefined, 'nodes should be an object, but is missing'],
    ['sources', [], 'sources should be an object, but is a list'],
    ['metrics', null, 'metrics should be an object, but is null'],
    ['unit_tests', 'x', 'unit_tests should be an object, but is the text "x"'],
    ['child_map', { a: 'b' }, 'child_map["a"] should be a list of texts, but is the text "b"'],
    ['parent_map', { a: [1] }, 'parent_map["a"] should be a list of texts, but is a list'],
    ['nodes', { 'model.p.x': null }, 'nodes["model.p.x"] should be an object, but is null'],
  ])('%s as %j', async (name, value, said) => {
    const manifest = pantry('1.11', 'manifest');
    manifest[name] = value;
    expect(await complaint(readManifest, manifest)).toBe(said);
  });

  test.each([
    'semantic_models',
    'saved_queries',
    'unit_tests',
    'functions',
    'parent_map',
    'child_map',
  ] as const)('%s, left out or null, is empty', async (name) => {
    const manifest = pantry('1.7', 'manifest');
    delete manifest[name];
    expect((await readManifest(folder.write('without.json', manifest)))[name]).toEqual({});
    manifest[name] = null;
    expect((await readManifest(folder.write('null.json', manifest)))[name]).toEqual({});
  });

  test('what is unknown is kept', async () => {
    const manifest = pantry('1.11', 'manifest');
    manifest.of_the_future = [1];
    manifest.nodes[JARS].of_the_future = { a: 1 };
    manifest.nodes[JARS].resource_type = 'of_the_future';
    const read = await readManifest(folder.write('future.json', manifest));
    expect(read['of_the_future']).toEqual([1]);
    expect(read.nodes[JARS]).toMatchObject({ of_the_future: { a: 1 }, resource_type: 'of_the_future' });
    expect(Object.keys(read['macros'] as object)).toContain('macro.pantry.to_kilos');
    expect(Object.keys(read['disabled'] as object)).toEqual(['model.pantry.retired']);
  });

  test('hostile keys are nodes like others, and are not found where there are none', async () => {
    const node = JSON.stringify({
      unique_id: '__proto__',
      name: 'x',
      resource_type: 'model',
      package_name: 'p',
      original_file_path: 'a.sql',
      polluted: true,
    });
    const text = JSON.stringify(pantry('1.11', 'manifest')).replace(
      '"nodes":{',
      `"__proto__":{"polluted":true},"nodes":{"__proto__":${node},"constructor":${node},`,
    );
    const read = await readManifest(folder.write('hostile.json', text));
    const proto: string = '__proto__';
    expect(Object.hasOwn(read.nodes, proto)).toBe(true);
    expect(read.nodes[proto]?.['polluted']).toBe(true);
    expect(read.nodes['constructor']?.name).toBe('x');
    for (const name of [proto, 'constructor', 'toString', 'hasOwnProperty']) {
      expect(read.sources[name]).toBeUndefined();
      expect(read.functions[name]).toBeUndefined();
      expect(read.child_map[name]).toBeUndefined();
    }
    expect(read.nodes['toString']).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('a hostile key is checked like others, and shown harmless and short', async () => {
    const manifest = pantry('1.11', 'manifest');
    manifest.nodes[`a\n::error::\u001b[31m"${'x'.repeat(5000)}`] = {};
    const said = await complaint(readManifest, manifest);
    expect(said).toContain('nodes["a\\n::error::\\u001b[31m\\"xxx');
    expect(said.length).toBeLessThan(400);
    const proto = JSON.stringify(pantry('1.11', 'manifest')).replace('"nodes":{', '"nodes":{"__proto__":{},');
    expect(await complaint(readManifest, proto)).toContain('nodes["__proto__"].unique_id should be text');
  });
});

describe('run results', () => {
  test.each([
    ['unique_id', null],
    ['status', 5],
    ['thread_id', undefined],
    ['execution_time', '1'],
    ['adapter_response', null],
    ['timing', null],
    ['timing', [null]],
    ['timing', [{ name: 'execute', started_at: 5 }]],
    ['timing', [{}]],
    ['message', {}],
    ['failures', '3'],
    ['relation_name', 3],
    ['compiled_code', []],
  ])('%s as %j', async (field, value) => {
    const results = pantry('1.11', 'run_results');
    results.results[3][field] = value;
    expect(await complaint(readRunResults, results)).toContain(`results[3].${field}`);
  });

  test.each([
    ['results', {}, 'results should be a list'],
    ['results', [3], 'results[0] should be an object, but is 3'],
    ['elapsed_time', null, 'elapsed_time should be a number'],
    ['args', [], 'args should be an object'],
  ])('%s as %j', async (field, value, said) => {
    const results = pantry('1.11', 'run_results');
    results[field] = value;
    expect(await complaint(readRunResults, results)).toContain(said);
  });

  test('a number beyond all numbers is none', async () => {
    const text = JSON.stringify(pantry('1.11', 'run_results')).replace(
      /"execution_time":[\d.e-]+/,
      '"execution_time":1e999',
    );
    expect(await complaint(readRunResults, text)).toContain(
      'results[0].execution_time should be a number, but is Infinity',
    );
  });

  test('what may be null may be left out', async () => {
    const results = pantry('1.11', 'run_results');
    const [first] = results.results;
    results.results = [first];
    for (const field of [
      'message',
      'failures',
      'relation_name',
      'compiled_code',
      'compiled',
      'batch_results',
    ]) {
      delete first[field];
    }
    first.timing = [{ name: 'compile' }];
    delete results.args;
    const read = await readRunResults(folder.write('sparse.json', results));
    expect(read.results[0]).toMatchObject({
      message: null,
      failures: null,
      relation_name: null,
      compiled_code: null,
      compiled: null,
      batch_results: null,
      timing: [{ name: 'compile', started_at: null, completed_at: null }],
    });
    expect(read.args).toEqual({});
  });

  test('unknown statuses and fields are kept', async () => {
    const results = pantry('1.7', 'run_results');
    Object.assign(results.results[0], { status: 'teleported', of_the_future: 1 });
    const read = await readRunResults(folder.write('future.json', results));
    expect(read.results[0]).toMatchObject({ status: 'teleported', of_the_future: 1 });
  });

  test('a run without nodes', async () => {
    const results = { ...pantry('1.11', 'run_results'), results: [] };
    expect((await readRunResults(folder.write('none.json', results))).results).toEqual([]);
  });
});

describe('sources', () => {
  test.each([
    ['unique_id', undefined, 'results[0].unique_id should be text, but is missing'],
    ['status', 1, 'results[0].status should be text, but is 1'],
    ['max_loaded_at', 1, 'results[0].max_loaded_at should be text, but is 1'],
    ['max_loaded_at_time_ago_in_s', 'x', 'results[0].max_loaded_at_time_ago_in_s should be a number'],
  ])('%s as %j', async (field, value, said) => {
    const sources = pantry('1.11', 'sources');
    sources.results[0][field] = value;
    expect(await complaint(readSources, sources)).toContain(said);
  });

  test('no list of results', async () => {
    expect(await complaint(readSources, { ...pantry('1.11', 'sources'), results: {} })).toContain(
      'results should be',
    );
  });

  test('an error that is a number becomes text, and what is unknown is kept', async () => {
    const sources = pantry('1.7', 'sources');
    sources.results[1].error = 404;
    Object.assign(sources.results[0], { status: 'stale-ish', of_the_future: [1] });
    const read = await readSources(folder.write('sources.json', sources));
    expect(read.results[1]?.error).toBe('404');
    expect(read.results[0]).toMatchObject({ status: 'stale-ish', of_the_future: [1] });
  });
});

describe('catalog', () => {
  test.each([
    ['nodes', undefined, 'nodes should be an object, but is missing'],
    ['sources', { a: [] }, 'sources["a"] should be an object, but is a list'],
    ['errors', 'x', 'errors should be a list of texts or null'],
    ['errors', [1], 'errors should be a list of texts or null'],
  ])('%s as %j', async (field, value, said) => {
    const catalog = pantry('1.11', 'catalog');
    catalog[field] = value;
    expect(await complaint(readCatalog, catalog)).toContain(said);
  });

  test('errors are kept, and left out they are null', async () => {
    const catalog = pantry('1.11', 'catalog');
    catalog.errors = ['no permission'];
    expect((await readCatalog(folder.write('errors.json', catalog))).errors).toEqual(['no permission']);
    delete catalog.errors;
    const read = await readCatalog(folder.write('none.json', catalog));
    expect(read.errors).toBeNull();
    expect(read.nodes['constructor']).toBeUndefined();
  });
});
