import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

const SEEDS = ['orders', 'visits', 'invoices'];
const SEED_ROWS = 200;
/** Models by layer; each reads from the layer before, the first from the seeds. */
const LAYERS = [
  { name: 'staging', prefix: 'stg', models: 60 },
  { name: 'intermediate', prefix: 'int', models: 120 },
  { name: 'marts', prefix: 'fct', models: 120 },
] as const;
const MEASURES = 12;

/** What dbt makes of it: seeds, models, and a not_null test for each model. */
export const LARGE_PROJECT_NODES = SEEDS.length + 2 * LAYERS.reduce((sum, { models }) => sum + models, 0);

/** Writes a dbt project of table models in layers, on a DuckDB file beside it. The same files each time. */
export async function writeLargeProject(dir: string, database: string): Promise<void> {
  const files = new Map<string, string>([
    ['dbt_project.yml', PROJECT],
    [
      'profiles.yml',
      `large:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: ${JSON.stringify(database)}, threads: 4}\n`,
    ],
    ['.gitignore', 'target/\nlogs/\n'],
  ]);
  for (const [at, name] of SEEDS.entries()) files.set(`seeds/${name}.csv`, seed(at));
  let parents: readonly string[] = SEEDS;
  for (const { name: layer, prefix, models } of LAYERS) {
    const names = Array.from({ length: models }, (_, at) => `${prefix}_${SEEDS[at % SEEDS.length]}_${at}`);
    for (const [at, name] of names.entries()) {
      const refs = [0, 1, 2].slice(0, 1 + (at % 3)).map((step) => parents[(at * 7 + step) % parents.length]);
      files.set(`models/${layer}/${name}.sql`, model(refs as readonly string[], at));
    }
    files.set(`models/${layer}/schema.yml`, schema(layer, names));
    parents = names;
  }
  for (const [path, text] of files) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), text);
  }
}

const PROJECT = `name: large
version: 1.0.0
profile: large
models:
  large:
    +materialized: table
seeds:
  large:
    +quote_columns: false
`;

function seed(at: number): string {
  const rows = Array.from({ length: SEED_ROWS }, (_, row) => {
    const amount = ((row * 37 + at * 11) % 997) / 10;
    return `${row + 1},kind_${(row + at) % 7},${amount.toFixed(2)},2026-01-${String(1 + (row % 28)).padStart(2, '0')}`;
  });
  return `id,kind,amount,happened_on\n${rows.join('\n')}\n`;
}

/** About 2 KB of SQL: an import a parent, measures in cases, a join. */
function model(refs: readonly string[], at: number): string {
  const imports = refs.map(
    (name, n) => `source_${n} as (\n\n    select * from {{ ref('${name}') }}\n\n),\n\n`,
  );
  const joins = refs
    .slice(1)
    .map((_, n) => `    left join source_${n + 1} on source_${n + 1}.id = source_0.id\n`)
    .join('');
  const measures = Array.from({ length: MEASURES }, (_, n) => {
    const source = `source_${n % refs.length}`;
    return `        case
            when ${source}.kind = 'kind_${(at + n) % 7}' then ${source}.amount * ${n + 1}
            else coalesce(${source}.amount, 0)
        end as measure_${n}`;
  });
  return `with

${imports.join('')}joined as (

    select
        source_0.id,
        source_0.kind,
        source_0.amount,
        source_0.happened_on,
${measures.join(',\n')}
    from source_0
${joins}
)

select * from joined
`;
}

function schema(layer: string, names: readonly string[]): string {
  const models = names.map(
    (name) => `  - name: ${name}
    description: One row an event, as the ${layer} layer sees it.
    columns:
      - name: id
        description: Names the event.
        data_tests: [not_null]
      - name: amount
        description: In the currency of the account.
`,
  );
  return `version: 2\nmodels:\n${models.join('')}`;
}
