import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Step } from './fake-dbt.ts';

/** A dbt project that is good enough for everything but dbt itself. */
export function makeFakeProject(folder: string, files: Readonly<Record<string, string>> = {}): void {
  const all = {
    'dbt_project.yml': 'name: shop\nprofile: shop\nversion: "1.0"\nmodel-paths: [models]\n',
    'profiles.yml':
      'shop:\n  target: dev\n  outputs:\n    dev: {type: postgres, host: localhost, user: u, password: p, port: 5432, dbname: d, schema: s}\n',
    ...files,
  };
  for (const [path, content] of Object.entries(all)) {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), content);
  }
}

/** A node as a scenario tells it. */
export interface FakeNode {
  readonly name: string;
  readonly type?: 'model' | 'test' | 'seed';
  readonly status: string;
  readonly message?: string;
  readonly path?: string;
  readonly failures?: number;
  /** One of its own choice. */
  readonly schema?: string;
}

/** The steps of a run that did these nodes: output, events, artifacts, exit code. */
export function runOf(nodes: readonly FakeNode[], exitCode: number): Step[] {
  const full = nodes.map((node) => ({ ...node, type: node.type ?? 'model' }) as const);
  const idOf = (node: { name: string; type: string }): string => `${node.type}.shop.${node.name}`;
  const info = (node: { name: string; type: string }): object => ({
    node_info: { unique_id: idOf(node), node_name: node.name, resource_type: node.type },
  });
  return [
    { event: { name: 'MainReportVersion', msg: 'Running with dbt=1.11.16' } },
    {
      event: {
        name: 'RuncacheSelection',
        level: 'debug',
        data: {
          nodes: full.map((node) => ({ unique_id: idOf(node), name: node.name, resource_type: node.type })),
        },
      },
    },
    ...full.flatMap((node, at): Step[] => [
      {
        event: {
          name: 'LogStartLine',
          msg: `${at + 1} of ${full.length} START`,
          data: { ...info(node), index: at + 1, total: full.length },
        },
      },
      { print: `${at + 1} of ${full.length} ${node.status} ${node.name}\n` },
      {
        event: {
          name: 'NodeFinished',
          level: 'debug',
          data: {
            ...info(node),
            run_result: { status: node.status, message: node.message ?? '', execution_time: 0.25 },
          },
        },
      },
    ]),
    ...artifacts(full, idOf),
    { event: { name: 'CommandCompleted', level: 'debug', data: { success: exitCode === 0 } } },
    { exit: exitCode },
  ];
}

function artifacts(
  nodes: readonly (FakeNode & { readonly type: string })[],
  idOf: (node: FakeNode & { readonly type: string }) => string,
): Step[] {
  const metadata = (schema: string): object => ({
    dbt_schema_version: `https://schemas.getdbt.com/dbt/${schema}.json`,
    dbt_version: '1.11.16',
    generated_at: '$NOW',
    invocation_id: '$INVOCATION_ID',
    invocation_started_at: '$NOW',
    env: {},
    project_name: 'shop',
    adapter_type: 'postgres',
  });
  const results = nodes.map((node) => ({
    unique_id: idOf(node),
    status: node.status,
    timing: [],
    thread_id: 'Thread-1',
    execution_time: 0.25,
    adapter_response: {},
    message: node.message ?? null,
    failures: node.failures ?? null,
    compiled: true,
    compiled_code: null,
    relation_name: null,
  }));
  const manifestNodes = nodes.map((node) => [
    idOf(node),
    {
      unique_id: idOf(node),
      name: node.name,
      resource_type: node.type,
      package_name: 'shop',
      path: `${node.name}.sql`,
      original_file_path: node.path ?? `models/${node.name}.sql`,
      config: { materialized: node.type === 'model' ? 'table' : node.type },
      depends_on: { nodes: [], macros: [] },
      raw_code: 'select 1',
      ...(node.schema === undefined ? {} : { database: 'd', schema: node.schema }),
    },
  ]);
  const empty = [
    'sources',
    'exposures',
    'metrics',
    'semantic_models',
    'saved_queries',
    'unit_tests',
    'functions',
  ];
  return [
    {
      write: {
        path: 'target/manifest.json',
        json: {
          metadata: metadata('manifest/v12'),
          nodes: Object.fromEntries(manifestNodes),
          ...Object.fromEntries(empty.map((key) => [key, {}])),
          macros: {},
          docs: {},
          groups: {},
          selectors: {},
          disabled: {},
          group_map: {},
          parent_map: {},
          child_map: {},
        },
      },
    },
    {
      write: {
        path: 'target/run_results.json',
        json: { metadata: metadata('run-results/v6'), results, elapsed_time: 1, args: { which: 'build' } },
      },
    },
  ];
}
