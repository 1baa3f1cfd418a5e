import { once } from 'node:events';
import { createWriteStream } from 'node:fs';

const TESTS_PER_MODEL = 2;
const MODELS_PER_SOURCE = 6;

/**
 * Writes a manifest of the shape and key order dbt 1.11 gives one: models with two generic tests each, sources,
 * and the maps of their edges. The same arguments always make the same bytes.
 */
export async function writeManifestFile(path: string, nodes: number, sqlBytes: number): Promise<void> {
  const out = createWriteStream(path);
  const write = async (text: string): Promise<void> => {
    if (!out.write(text)) await once(out, 'drain');
  };
  const models = Math.round(nodes / (1 + TESTS_PER_MODEL));
  const parents = new Map<string, string[]>();

  await write(`{"metadata": ${JSON.stringify(METADATA)}, "nodes": {`);
  for (let i = 0; i < nodes; i += 1) {
    const node = i < models ? model(i, sqlBytes) : genericTest(i - models, models, sqlBytes);
    parents.set(node.unique_id, node.depends_on.nodes);
    await write(`${i === 0 ? '' : ', '}${JSON.stringify(node.unique_id)}: ${JSON.stringify(node)}`);
  }
  await write('}, "sources": {');
  const sources = Math.ceil(models / MODELS_PER_SOURCE);
  for (let i = 0; i < sources; i += 1) {
    const node = source(i);
    parents.set(node.unique_id, []);
    await write(`${i === 0 ? '' : ', '}${JSON.stringify(node.unique_id)}: ${JSON.stringify(node)}`);
  }
  const children = new Map<string, string[]>([...parents.keys()].map((id) => [id, []]));
  for (const [id, of] of parents) for (const parent of of) children.get(parent)?.push(id);
  await write(
    '}, "macros": {}, "docs": {}, "exposures": {}, "metrics": {}, "groups": {}, "selectors": {}, "disabled": {}, ',
  );
  await write(`"parent_map": ${JSON.stringify(Object.fromEntries(parents))}, `);
  await write(`"child_map": ${JSON.stringify(Object.fromEntries(children))}, "group_map": {}, `);
  await write('"saved_queries": {}, "semantic_models": {}, "unit_tests": {}, "functions": {}}');
  out.end();
  await once(out, 'finish');
}

const METADATA = {
  dbt_schema_version: 'https://schemas.getdbt.com/dbt/manifest/v12.json',
  dbt_version: '1.11.16',
  generated_at: '2026-01-01T00:00:00.000000Z',
  invocation_id: '00000000-0000-4000-8000-000000000000',
  env: {},
  project_name: 'large',
  adapter_type: 'postgres',
};

const modelId = (i: number) => `model.large.area_${i % 40}_fact_${i}`;
const sourceId = (i: number) => `source.large.feed.table_${i}`;

function model(i: number, sqlBytes: number) {
  const name = `area_${i % 40}_fact_${i}`;
  const first = i < 200 ? sourceId(Math.floor(i / MODELS_PER_SOURCE)) : modelId(Math.floor(i / 2));
  const rawCode = sql(i, sqlBytes, `{{ ref('area_${i % 40}') }}`);
  return {
    ...common(name, 'model', `models/area_${i % 40}/${name}.sql`, modelId(i)),
    description: `Facts of area ${i % 40}, one row for each event of kind ${i % 17}.`,
    columns: Object.fromEntries(
      ['id', 'customer_id', 'amount'].map((column) => [
        column,
        {
          name: column,
          description: `The ${column}`,
          meta: {},
          data_type: null,
          constraints: [],
          quote: null,
          tags: [],
        },
      ]),
    ),
    raw_code: rawCode,
    compiled_code: rawCode.replaceAll('{{', '"').replaceAll('}}', '"'),
    depends_on: { macros: ['macro.dbt.is_incremental'], nodes: [first] },
    access: 'protected',
    version: null,
  };
}

function genericTest(i: number, models: number, sqlBytes: number) {
  const of = i % models;
  const kind = i < models ? 'not_null' : 'unique';
  const name = `${kind}_area_${of % 40}_fact_${of}_id`;
  return {
    ...common(
      name,
      'test',
      `models/area_${of % 40}/schema.yml`,
      `test.large.${name}.${(i * 2654435761) % 4294967296}`,
    ),
    raw_code: `{{ test_${kind}(**_dbt_generic_test_kwargs) }}`,
    compiled_code: sql(i, sqlBytes >> 1, `"area_${of % 40}"`),
    depends_on: { macros: [`macro.dbt.test_${kind}`], nodes: [modelId(of)] },
    test_metadata: {
      name: kind,
      kwargs: { column_name: 'id', model: `{{ ref('area_${of % 40}_fact_${of}') }}` },
    },
    column_name: 'id',
    attached_node: modelId(of),
  };
}

function source(i: number) {
  return {
    ...common(`table_${i}`, 'source', 'models/sources.yml', sourceId(i)),
    source_name: 'feed',
    identifier: `table_${i}`,
    depends_on: { macros: [], nodes: [] as string[] },
  };
}

function common(name: string, resourceType: string, file: string, uniqueId: string) {
  return {
    database: 'warehouse',
    schema: 'large',
    name,
    resource_type: resourceType,
    package_name: 'large',
    path: file.slice(file.indexOf('/') + 1),
    original_file_path: file,
    unique_id: uniqueId,
    fqn: ['large', ...file.split('/').slice(1, -1), name],
    alias: name,
    checksum: { name: 'sha256', checksum: name.padEnd(64, '0').slice(0, 64) },
    config: {
      enabled: true,
      alias: null,
      schema: null,
      tags: [] as string[],
      meta: { owner: 'data', tier: name.length % 3 },
      materialized: 'table',
      persist_docs: {},
      quoting: {},
      on_schema_change: 'ignore',
      severity: 'ERROR',
    },
    tags: [] as string[],
    description: '',
    relation_name: `"warehouse"."large"."${name}"`,
    created_at: 1_767_225_600.25,
    language: 'sql',
  };
}

function sql(i: number, bytes: number, from: string): string {
  let text = `select\n    id,\n    customer_id,\n    sum(amount) as amount_${i}\nfrom ${from}\nwhere true\n`;
  for (let n = 0; text.length < bytes; n += 1)
    text += `    and "column_${n}" <> ${(i * 31 + n * 17) % 1000}\n`;
  return text;
}
