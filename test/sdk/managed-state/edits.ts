import { alone, type Edit, edit, swap } from './edit.ts';

const STAGING = 'models/staging';
const MARTS = 'models/marts';
const SCHEMA = 'models/schema.yml';
const METRICS = 'models/metrics.yml';
const PROJECT = 'dbt_project.yml';

const SOURCE_TABLE = '      - name: batches\n';
const STG_ORDERS = '  - name: stg_orders\n';
const PRICED_NAME = '      - name: name\n        data_type: varchar\n  - name: described';

const NEW_SNAPSHOT = `  - name: batch_history
    relation: source('oven', 'batches')
    config: {strategy: check, check_cols: [loaves], unique_key: id}
`;
const FRESHNESS = `        config:
          loaded_at_field: baked_at
          freshness: {warn_after: {count: 1, period: day}}
`;
const NEW_UNIT_TEST = `  - name: no_orders
    model: orders
    given: [{input: ref('stg_orders'), rows: []}]
    expect: {rows: []}
`;
const NEW_EXPOSURE = `  - name: mail
    type: application
    owner: {name: Ann, email: ann@example.com}
    depends_on: [ref('plain')]
`;

export const EDITS: readonly Edit[] = [
  { name: 'nothing', changes: [] },

  // SQL
  edit('model body', swap(`${MARTS}/plain.sql`, 'select 1', 'select 2')),
  edit('white space at the end of a model', { file: `${MARTS}/plain.sql`, append: '\n\n' }),
  edit('white space inside a model', swap(`${MARTS}/plain.sql`, 'select 1', 'select  1')),
  edit('comment in a model', { file: `${MARTS}/plain.sql`, append: '-- why\n' }),
  edit('body of an ephemeral model', { file: `${STAGING}/recent.sql`, append: 'where true\n' }),
  edit('body of a versioned model', { file: `${MARTS}/customers_v1.sql`, append: 'where true\n' }),
  edit('new model', { file: `${MARTS}/fresh.sql`, write: "select * from {{ ref('plain') }}\n" }),
  alone('model deleted', { file: `${MARTS}/by_env.sql`, remove: true }),
  alone('contracted model deleted', { file: `${MARTS}/priced.sql`, remove: true }),
  alone('model renamed', { file: `${MARTS}/by_env.sql`, moveTo: `${MARTS}/by_town.sql` }),
  alone('model moved to another folder', { file: `${MARTS}/by_env.sql`, moveTo: `${STAGING}/by_env.sql` }),
  edit('model moved within its configs', { file: `${MARTS}/by_env.sql`, moveTo: `${MARTS}/more/by_env.sql` }),
  alone(
    'model disabled',
    swap(SCHEMA, '  - name: plain\n', '  - name: plain\n    config: {enabled: false}\n'),
  ),

  // Configs
  edit('config in SQL', swap(`${MARTS}/growing.sql`, "unique_key='id'", "unique_key='amount'")),
  edit(
    'config added in SQL',
    swap(`${MARTS}/plain.sql`, 'select', "{{ config(materialized='view') }}\nselect"),
  ),
  edit('tags in SQL', swap(`${MARTS}/config_target.sql`, "['nightly']", "['nightly', 'slow']")),
  edit('hook in SQL', swap(`${MARTS}/growing.sql`, '"select 1"', '"select 2"')),
  edit(
    'materialization in yml',
    swap(SCHEMA, '      tags: [core]', '      tags: [core]\n      materialized: view'),
  ),
  edit('tags in yml', swap(SCHEMA, 'tags: [core]', 'tags: [edge]')),
  edit('meta in yml', swap(SCHEMA, 'meta: {owner: ann}', 'meta: {owner: bob}')),
  edit('schema in yml', swap(SCHEMA, 'tags: [core]', 'schema: side')),
  edit('alias in yml', swap(SCHEMA, 'tags: [core]', 'alias: sold')),
  edit('database in yml', swap(SCHEMA, 'tags: [core]', 'database: bakery')),
  edit('group in yml', swap(SCHEMA, 'tags: [core]', 'group: bakers')),
  edit('access in yml', swap(SCHEMA, 'tags: [core]', 'access: public')),
  edit('grants in yml', swap(SCHEMA, 'tags: [core]', 'grants: {select: [ann]}')),
  edit('docs in yml', swap(SCHEMA, 'tags: [core]', 'docs: {show: false}')),
  edit('hook in yml', swap(SCHEMA, 'tags: [core]', 'post_hook: "select 3"')),
  edit('persist_docs turned on', swap(SCHEMA, 'tags: [core]', 'persist_docs: {relation: true}')),
  alone('materialization in a folder', swap(PROJECT, '+materialized: table', '+materialized: view')),
  edit('tags in a folder', swap(PROJECT, 'marts:\n', 'marts:\n      +tags: [mart]\n')),
  edit('meta in a folder', swap(PROJECT, 'marts:\n', 'marts:\n      +meta: {by: ann}\n')),
  alone('schema in a folder', swap(PROJECT, 'marts:\n', 'marts:\n      +schema: mart\n')),
  edit('hook in a folder', swap(PROJECT, 'marts:\n', 'marts:\n      +post-hook: "select 9"\n')),
  alone(
    'meta for everything',
    swap(PROJECT, '  bakery:\n    staging', '  +meta: {by: ann}\n  bakery:\n    staging'),
  ),
  alone('quoting in the project', { file: PROJECT, append: '\nquoting: {identifier: false}\n' }),
  edit('project hook', swap(PROJECT, "noted('start')", "noted('begin')")),

  // Macros
  edit('macro', swap('macros/money.sql', '* 100', '* 1000')),
  edit('macro that a macro calls', swap('macros/money.sql', 'round(', 'floor(')),
  edit('macro that nothing calls', swap('macros/money.sql', '%}1{%', '%}2{%')),
  edit(
    'macro deleted that nothing calls',
    swap('macros/money.sql', '{% macro unused() %}1{% endmacro %}', ''),
  ),
  edit('white space around a macro', { file: 'macros/money.sql', append: '\n\n' }),
  edit('new macro', { file: 'macros/more.sql', write: '{% macro more() %}1{% endmacro %}\n' }),
  edit('macro of a package', swap('packages/helpers/macros/day.sql', "'day'", "'hour'")),
  alone('macro of a package overridden', {
    file: 'macros/day.sql',
    write: '{% macro day(column) %}{{ column }}{% endmacro %}\n',
  }),
  edit('macro in a hook', swap('macros/hooks.sql', "select '{{", "select 'x{{")),
  edit('macro of a generic test', swap('tests/generic/positive.sql', '< 0', '<= 0')),
  edit('built-in macro overridden', {
    file: 'macros/dates.sql',
    write: '{% macro current_timestamp() %}now(){% endmacro %}\n',
  }),
  alone('new generate_schema_name', {
    file: 'macros/names.sql',
    write: '{% macro generate_schema_name(name, node) %}{{ name or "elsewhere" }}{% endmacro %}\n',
  }),
  alone('new generate_alias_name', {
    file: 'macros/names.sql',
    write:
      '{% macro generate_alias_name(name, node) %}a_{{ node.name }}{{ node.version or "" }}{% endmacro %}\n',
  }),
  alone('built-in test overridden', {
    file: 'tests/generic/not_null.sql',
    write: '{% test not_null(model, column_name) %}\nselect 1 from {{ model }} where false\n{% endtest %}\n',
  }),

  // What stands outside of the files
  { name: 'variable of the command line', changes: [], args: ['--vars', '{rate: 2}'] },
  { name: 'variable in a config', changes: [], args: ['--vars', '{kind: table}'] },
  edit('project variable', swap(PROJECT, 'rate: 1', 'rate: 2')),
  { name: 'environment variable in SQL', changes: [], env: { BAKERY_CITY: 'Leiden' } },
  { name: 'environment variable in a config', changes: [], env: { BAKERY_KIND: 'table' } },
  { name: 'another target', changes: [], args: ['--target', 'prod'] },
  { name: 'another database', changes: [], env: { BAKERY_PATH: 'other.duckdb' } },

  // Words
  edit('plain description', swap(SCHEMA, 'A plain one', 'A plainer one')),
  edit('persisted description, by its docs block', swap('models/docs.md', 'What a', 'All a')),
  edit('white space in a persisted description', swap('models/docs.md', 'What a', 'What  a')),
  edit('persisted description of a column', {
    file: SCHEMA,
    replace: [
      '        description: The number\n  - name: plain',
      '        description: A number\n  - name: plain',
    ],
  }),
  edit('column added where columns are persisted', {
    file: SCHEMA,
    replace: [
      '        description: The number\n  - name: plain',
      '        description: The number\n      - name: more\n  - name: plain',
    ],
  }),
  edit('described column added where columns are persisted', {
    file: SCHEMA,
    replace: [
      '        description: The number\n  - name: plain',
      '        description: The number\n      - {name: more, description: More}\n  - name: plain',
    ],
  }),

  // Contracts and versions
  edit('contract: type', swap(SCHEMA, PRICED_NAME, PRICED_NAME.replace('varchar', 'integer'))),
  edit('contract: size of a type', swap(SCHEMA, PRICED_NAME, PRICED_NAME.replace('varchar', 'varchar(9)'))),
  edit('contract: column added', {
    file: SCHEMA,
    replace: [
      PRICED_NAME,
      PRICED_NAME.replace(
        '  - name: described',
        '      - {name: x, data_type: integer}\n  - name: described',
      ),
    ],
  }),
  edit('contract: column removed', swap(SCHEMA, PRICED_NAME, '  - name: described')),
  edit('contract: constraint removed', swap(SCHEMA, '        constraints: [{type: not_null}]\n', '')),
  edit('contract: constraint of the model added', {
    file: SCHEMA,
    replace: [
      '  - name: priced\n',
      '  - name: priced\n    constraints: [{type: primary_key, columns: [id]}]\n',
    ],
  }),
  edit(
    'contract no longer enforced',
    swap(
      SCHEMA,
      'contract: {enforced: true}\n    columns:\n      - name: id\n        data_type: integer\n        constraints',
      'contract: {enforced: false}\n    columns:\n      - name: id\n        data_type: integer\n        constraints',
    ),
  ),
  alone(
    'contract newly enforced',
    swap(
      SCHEMA,
      '    description: A plain one\n    columns:\n      - name: id\n',
      '    config: {contract: {enforced: true}}\n    columns:\n      - name: id\n        data_type: integer\n',
    ),
  ),
  alone(
    'contract of a version broken',
    swap(
      SCHEMA,
      '          - name: full_name\n            data_type: varchar',
      '          - name: full_name\n            data_type: integer',
    ),
  ),
  alone('latest version', swap(SCHEMA, 'latest_version: 2', 'latest_version: 1')),
  alone('new version', swap(SCHEMA, '      - v: 1\n', '      - v: 1\n      - v: 3\n'), {
    file: `${MARTS}/customers_v3.sql`,
    write: "select id, name from {{ ref('raw_customers') }}\n",
  }),
  edit(
    'deprecation date',
    swap(SCHEMA, '  - name: plain\n', '  - name: plain\n    deprecation_date: 2030-01-01\n'),
  ),
  edit(
    'owner of a group',
    swap(
      SCHEMA,
      'owner: {name: Ann, email: ann@example.com}\n\nsources',
      'owner: {name: Bob, email: bob@example.com}\n\nsources',
    ),
  ),

  // Seeds, snapshots, functions, analyses
  edit('seed content', { file: 'seeds/raw_orders.csv', append: '3,cor,1.0,2026-01-03\n' }),
  edit('seed config', swap(PROJECT, '+quote_columns: false', '+quote_columns: true')),
  edit('seed column types', swap(PROJECT, '+quote_columns: false', '+column_types: {id: bigint}')),
  alone('new seed', { file: 'seeds/fresh.csv', write: 'id\n1\n' }),
  edit('seed moved', { file: 'seeds/raw_customers.csv', moveTo: 'seeds/more/raw_customers.csv' }),
  edit('snapshot config', swap(SCHEMA, 'check_cols: [amount]', 'check_cols: [customer]')),
  alone('relation of a snapshot', swap(SCHEMA, "relation: ref('stg_orders')", "relation: ref('orders')")),
  edit('schema of a snapshot', swap(SCHEMA, 'strategy: check', 'schema: kept\n      strategy: check')),
  edit('new snapshot', swap(SCHEMA, 'snapshots:\n', `snapshots:\n${NEW_SNAPSHOT}`)),
  edit('function body', swap('functions/area.sql', 'width * height', 'height * width')),
  edit(
    'type of a function argument',
    swap('functions/schema.yml', 'height, data_type: double', 'height, data_type: float'),
  ),
  edit('description of a function', swap('functions/schema.yml', 'Of a tray', 'Of an oven')),
  edit(
    'config of a function',
    swap('functions/schema.yml', 'description: Of a tray', 'config: {volatility: deterministic}'),
  ),
  edit('analysis', { file: 'analyses/look.sql', append: 'where true\n' }),

  // Sources
  alone('source schema', swap(SCHEMA, 'schema: kitchen', 'schema: cellar')),
  edit('source identifier', swap(SCHEMA, SOURCE_TABLE, `${SOURCE_TABLE}        identifier: batch_log\n`)),
  edit('source description', swap(SCHEMA, 'Loaves by batch', 'Loaves by tray')),
  edit('source freshness', swap(SCHEMA, SOURCE_TABLE, `${SOURCE_TABLE}${FRESHNESS}`)),
  edit('source quoting', swap(SCHEMA, SOURCE_TABLE, `${SOURCE_TABLE}        quoting: {identifier: true}\n`)),
  edit('source meta', swap(SCHEMA, SOURCE_TABLE, `${SOURCE_TABLE}        config: {meta: {by: ann}}\n`)),
  edit('source tags', swap(SCHEMA, SOURCE_TABLE, `${SOURCE_TABLE}        config: {tags: [raw]}\n`)),
  edit('new source table', swap(SCHEMA, SOURCE_TABLE, `      - name: ovens\n${SOURCE_TABLE}`)),
  edit('source table deleted', swap(SCHEMA, '      - name: trays\n', '')),

  // Tests
  edit('severity of a test', swap(SCHEMA, 'severity: error', 'severity: warn')),
  edit('where of a test', swap(SCHEMA, 'severity: error', 'where: "id > 1"')),
  edit('tags of a test', swap(SCHEMA, 'severity: error', 'severity: error, tags: [x]')),
  edit('meta of a test', swap(SCHEMA, 'severity: error', 'severity: error, meta: {by: ann}')),
  edit('stored failures of a test', swap(SCHEMA, 'severity: error', 'store_failures: true')),
  alone('severity in the project', { file: PROJECT, append: '\ndata_tests:\n  +severity: warn\n' }),
  alone('argument of a test', swap(SCHEMA, 'field: name', 'field: id')),
  edit(
    'new test',
    swap(
      SCHEMA,
      `${STG_ORDERS}    columns:\n`,
      `${STG_ORDERS}    columns:\n      - {name: ordered_at, data_tests: [not_null]}\n`,
    ),
  ),
  edit('test deleted', swap(SCHEMA, '        data_tests:\n          - positive\n', '')),
  edit('name of a test', swap(SCHEMA, '          - positive\n', '          - positive: {name: no_debts}\n')),
  edit('singular test', swap('tests/no_free_orders.sql', '= 0', '<= 0')),
  edit('new singular test', {
    file: 'tests/more.sql',
    write: "select 1 from {{ ref('plain') }} where false\n",
  }),
  edit('config of a singular test', {
    file: 'tests/no_free_orders.sql',
    replace: ['select', "{{ config(severity='warn') }}\nselect"],
  }),
  edit('expectation of a unit test', swap(SCHEMA, '{id: 1, amount: 250}', '{id: 1, amount: 251}')),
  edit('rows of a unit test', swap(SCHEMA, 'customer: ann, amount: 2.5', 'customer: bob, amount: 2.5')),
  edit('description of a unit test', swap(SCHEMA, 'Cents are whole', 'Cents are round')),
  edit(
    'meta of a unit test',
    swap(SCHEMA, '    model: orders\n', '    model: orders\n    config: {meta: {by: ann}}\n'),
  ),
  edit('new unit test', swap(SCHEMA, 'unit_tests:\n', `unit_tests:\n${NEW_UNIT_TEST}`)),

  // Exposures and the semantic layer
  edit(
    'owner of an exposure',
    swap(SCHEMA, 'dashboard\n    owner: {name: Ann', 'dashboard\n    owner: {name: Bob'),
  ),
  edit('description of an exposure', swap(SCHEMA, 'What is shown', 'All that is shown')),
  edit('url of an exposure', swap(SCHEMA, 'example.com/board', 'example.com/boards')),
  edit('maturity of an exposure', swap(SCHEMA, 'type: dashboard', 'type: dashboard\n    maturity: high')),
  edit('type of an exposure', swap(SCHEMA, 'type: dashboard', 'type: notebook')),
  edit('label of an exposure', swap(SCHEMA, 'type: dashboard', 'type: dashboard\n    label: The board')),
  alone('parents of an exposure', swap(SCHEMA, "depends_on: [ref('orders')]", "depends_on: [ref('plain')]")),
  edit(
    'meta of an exposure',
    swap(SCHEMA, 'type: dashboard', 'type: dashboard\n    config: {meta: {by: ann}}'),
  ),
  edit('new exposure', swap(SCHEMA, 'exposures:\n', `exposures:\n${NEW_EXPOSURE}`)),
  edit('description of a metric', swap(METRICS, 'All money', 'All the money')),
  edit('label of a metric', swap(METRICS, 'label: Revenue', 'label: Money')),
  edit(
    'filter of a metric',
    swap(
      METRICS,
      'type: simple\n',
      `type: simple\n    filter: "{{ Dimension('sale__ordered_at') }} > '2026-01-01'"\n`,
    ),
  ),
  edit('measure of a semantic model', swap(METRICS, 'agg: sum', 'agg: max')),
  edit(
    'description of a semantic model',
    swap(METRICS, "    model: ref('orders')\n", "    model: ref('orders')\n    description: Sold\n"),
  ),
  edit('description of a saved query', swap(METRICS, 'Revenue by day', 'Money by day')),
  edit('meta of a metric', swap(METRICS, 'type: simple\n', 'type: simple\n    config: {meta: {by: ann}}\n')),

  alone(
    'project renamed',
    swap(PROJECT, 'name: bakery', 'name: bakehouse'),
    swap(PROJECT, 'models:\n  bakery', 'models:\n  bakehouse'),
  ),
];
