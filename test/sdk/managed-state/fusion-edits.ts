import { type Change, type Edit, edit, swap } from './edit.ts';
import { EDITS } from './edits.ts';

const SCHEMA = 'models/schema.yml';

/** Edits that show which configs dbt v2 compares, kind by kind: its rules are known by its answers alone. */
const FUSION_EDITS: readonly Edit[] = [
  edit('model: a config that says what was so', ofModel('enabled: true')),
  edit('model: event_time', ofModel('event_time: ordered_at')),
  edit('model: static_analysis', ofModel('static_analysis: "off"')),
  edit('model: quoting', ofModel('quoting: {identifier: false}')),
  edit('model: on_schema_change', ofModel('on_schema_change: fail')),
  edit('model: incremental_predicates', ofModel('incremental_predicates: ["a = 1"]')),
  edit('model: sql_header', ofModel('sql_header: "select 1"')),
  edit('model: full_refresh', ofModel('full_refresh: true')),
  edit('snapshot: tags', ofSnapshot('tags: [x]')),
  edit('snapshot: meta', ofSnapshot('meta: {a: b}')),
  edit('snapshot: group', ofSnapshot('group: bakers')),
  edit('snapshot: docs', ofSnapshot('docs: {show: false}')),
  edit('snapshot: persist_docs', ofSnapshot('persist_docs: {relation: true}')),
  edit('snapshot: hook', ofSnapshot('post_hook: "select 1"')),
  edit('seed: tags', ofSeeds('+tags: [x]')),
  edit('seed: meta', ofSeeds('+meta: {a: b}')),
  edit('seed: group', ofSeeds('+group: bakers')),
  edit('seed: docs', ofSeeds('+docs: {show: false}')),
  edit('seed: hook', ofSeeds('+post-hook: "select 1"')),
  edit('seed: delimiter', ofSeeds('+delimiter: ";"')),
  edit('test: group', ofTest('group: bakers')),
  edit('test: sql_header', ofTest('sql_header: "select 1"')),
  edit('test: alias', ofTest('alias: other')),
  edit('test: schema', ofTest('schema: other')),
  edit('exposure: tags', swap(SCHEMA, 'type: dashboard', 'type: dashboard\n    config: {tags: [a]}')),
  edit(
    'source: event_time',
    swap(SCHEMA, '- name: trays\n', '- name: trays\n        config: {event_time: x}\n'),
  ),
  edit('source: loader', swap(SCHEMA, 'schema: kitchen', 'schema: kitchen\n    loader: van')),
  edit('source: database', swap(SCHEMA, 'schema: kitchen', 'schema: kitchen\n    database: other')),
  edit('function: tags', ofFunction('config: {tags: [a]}')),
  edit('function: schema', ofFunction('config: {schema: fun}')),
  edit('function: moved', { file: 'functions/area.sql', moveTo: 'functions/more/area.sql' }),
  edit('analysis: moved', { file: 'analyses/look.sql', moveTo: 'analyses/more/look.sql' }),
  edit('singular test: moved', { file: 'tests/no_free_orders.sql', moveTo: 'tests/more/no_free_orders.sql' }),
];

export function editsFor(engine: 'core' | 'fusion'): readonly Edit[] {
  return engine === 'fusion' ? [...EDITS, ...FUSION_EDITS] : EDITS;
}

function ofModel(config: string): Change {
  return swap(SCHEMA, 'tags: [core]', config);
}

function ofSnapshot(config: string): Change {
  return swap(SCHEMA, '      check_cols: [amount]', `      check_cols: [amount]\n      ${config}`);
}

function ofSeeds(config: string): Change {
  return swap('dbt_project.yml', '    +quote_columns: false', `    +quote_columns: false\n    ${config}`);
}

function ofTest(config: string): Change {
  return swap(SCHEMA, 'severity: error', `severity: error, ${config}`);
}

function ofFunction(config: string): Change {
  return swap('functions/schema.yml', '    description', `    ${config}\n    description`);
}
