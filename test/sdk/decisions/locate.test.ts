import { describe, expect, test } from 'vitest';
import type { ManifestNode } from '../../../sdk/artifacts/types.ts';
import { locateFailure } from '../../../sdk/decisions/locate.ts';

// The messages are dbt 1.11's own, on Postgres and DuckDB.
const FILE = `

-- leading blank lines above
with a as (
  select 1 as id
)

select
  id,
  no_such_column
from a
`;

function at(originalFilePath: string, message: string, fileText?: string, node?: ManifestNode) {
  return locateFailure({ originalFilePath, message, fileText, node });
}

describe('lines of compiled SQL', () => {
  test('Postgres: the quoted text, where it stands in the user’s file', () => {
    const message =
      'Database Error in model bad_col (models/bad_col.sql)\n  column "no_such_column" does not exist\n  LINE 19:   no_such_column\n             ^\n  compiled code at target/run/shop/models/bad_col.sql';
    expect(at('models/bad_col.sql', message, FILE)).toEqual({ path: 'models/bad_col.sql', line: 10 });
  });

  test('DuckDB: the same', () => {
    const message =
      'Runtime Error in model bad_syntax (models/bad_syntax.sql)\n  Parser Error: syntax error at or near "fromm"\n  \n  LINE 13: fromm nowhere\n           ^^^^^';
    const text = "\n{{ config(materialized='table') }}\n\nselect 1 as a\nfromm nowhere\n";
    expect(at('models/bad_syntax.sql', message, text).line).toBe(5);
  });

  test('no line when the text stands there twice', () => {
    const message =
      'Database Error in model dup_quote (models/dup_quote.sql)\n  column "nope" does not exist\n  LINE 12:     select nope\n                      ^';
    const text = 'select nope\nfrom (select 1 as x) q\nunion all\nselect nope\nfrom (select 1 as x) q\n';
    expect(at('models/dup_quote.sql', message, text)).toEqual({ path: 'models/dup_quote.sql' });
  });

  test('no line for a quotation of mere punctuation', () => {
    const message =
      'Runtime Error in model customers (models/customers.sql)\n  Catalog Error: Table\n  LINE 22: ),\n           ^^';
    expect(at('models/customers.sql', message, 'with a as (\nselect 1\n),\n').line).toBeUndefined();
  });

  test('a quotation cut at its end is a part of a line', () => {
    const message =
      "Runtime Error in model orders (models/orders.sql)\n  Catalog Error\n  \n  LINE 25:         sum(case when payment_method = 'credit_card' then amount...\n                  ^^^";
    const text =
      "select\n  sum(case when payment_method = 'credit_card' then amount else 0 end) as x\nfrom y\n";
    expect(at('models/orders.sql', message, text).line).toBe(2);
  });

  test('a query a macro ran is found inside its line', () => {
    const message =
      'Database Error in model rt_macro (models/rt_macro.sql)\n  column "nah" does not exist\n  LINE 3:     select nah\n                     ^';
    const text = '\nselect 1\n{% if execute %}\n{{ run_query("select nah") }}\n{% endif %}\n';
    expect(at('models/rt_macro.sql', message, text).line).toBe(4);
  });

  test('no line when the error is in another file', () => {
    const message = 'Database Error in macro m (macros/m.sql)\n  LINE 1: no_such_column\n';
    expect(at('models/bad_col.sql', message, FILE)).toEqual({ path: 'models/bad_col.sql' });
  });
});

test('Jinja’s lines begin where the text does: dbt strips the blank lines ahead', () => {
  const message =
    "Compilation Error in model jinja_syntax (models/jinja_syntax.sql)\n  expected token 'end of print statement', got 'bar'\n    line 2\n      {{ foo bar }}";
  const text = '\n\nselect 1 as a,\n  {{ foo bar }}\nfrom x\n';
  expect(at('models/jinja_syntax.sql', message, text).line).toBe(4);
  expect(at('models/jinja_syntax.sql', message, 'x').line).toBeUndefined();
});

test('without the file’s text no line is claimed, and the path is tidy', () => {
  expect(at('.\\models\\a.sql', 'line 2')).toEqual({ path: 'models/a.sql' });
  expect(at('./dbt_project.yml', 'x', 'name: x')).toEqual({ path: 'dbt_project.yml' });
});

describe('declarations in YAML', () => {
  const YAML = `version: 2
models:
  - description: the name is not the first key
    name: stg
    columns:
      - name: id
        data_tests:
          - unique
          - not_null
          - at_most:
              arguments: {n: 1}
              name: id_is_small
          - at_most: {arguments: {n: 2}, name: id_is_tiny}
      - name: name
        tests:
          - not_null:
              config: {error_if: ">10"}
          - accepted_values: {values: [a]}
          - accepted_values: {values: [b]}
          - name: by_test_name
            test_name: dbt_utils.at_least_one
    data_tests:
      - dbt_utils.expression_is_true:
          expression: id > 0
sources:
  - name: src
    tables:
      - name: events
        columns:
          - name: "t"
            data_tests: [not_null]
unit_tests:
  - name: ut_bad
    model: stg
`;
  const generic = (name: string, kind: string, more: Record<string, unknown> = {}): ManifestNode => ({
    unique_id: `test.p.${name}`,
    name,
    resource_type: 'test',
    package_name: 'p',
    original_file_path: 'models/schema.yml',
    attached_node: 'model.p.stg',
    test_metadata: { name: kind, namespace: null },
    ...more,
  });
  const line = (node: ManifestNode) =>
    at('models/schema.yml', 'Got 1 result, configured to fail if != 0', YAML, node).line;

  test.each<[string, ManifestNode, number | undefined]>([
    ['a test that is a word', generic('unique_stg_id', 'unique', { column_name: 'id' }), 8],
    ['a test with a name of its own', generic('id_is_small', 'at_most', { column_name: 'id' }), 10],
    ['another of that kind', generic('id_is_tiny', 'at_most', { column_name: 'id' }), 13],
    [
      'the same kind on another column',
      generic('not_null_stg_name', 'not_null', { column_name: 'name' }),
      16,
    ],
    [
      'two of a kind: the column',
      generic('accepted_values_stg_name__a', 'accepted_values', { column_name: 'name' }),
      14,
    ],
    [
      'test_name',
      generic('by_test_name', 'at_least_one', {
        column_name: 'name',
        test_metadata: { name: 'at_least_one', namespace: 'dbt_utils' },
      }),
      20,
    ],
    [
      'a test of the model',
      generic('e', 'expression_is_true', {
        test_metadata: { name: 'expression_is_true', namespace: 'dbt_utils' },
      }),
      23,
    ],
    ['a test that is not there: the column', generic('gone', 'gone', { column_name: 'id' }), 6],
    ['a column that is not there: the model', generic('gone', 'unique', { column_name: 'other' }), 4],
    ['a model that is not there', generic('gone', 'unique', { attached_node: 'model.p.other' }), undefined],
    [
      'a test of a source',
      generic('source_not_null_src_events_t', 'not_null', {
        attached_node: null,
        column_name: '"t"',
        depends_on: { nodes: ['source.p.src.events'] },
      }),
      31,
    ],
  ])('%s', (_, node, expected) => {
    expect(line(node)).toBe(expected);
  });

  test('a unit test and a source by their names', () => {
    const node = (resource_type: string, name: string, more = {}): ManifestNode => ({
      unique_id: 'x',
      name,
      resource_type,
      package_name: 'p',
      original_file_path: 'models/schema.yml',
      ...more,
    });
    expect(line(node('unit_test', 'ut_bad'))).toBe(33);
    expect(line(node('source', 'events', { source_name: 'src' }))).toBe(28);
  });

  test('text that is not a properties file claims nothing', () => {
    for (const text of ['', '[1, 2]', 'a: [', 'models: 3', '%']) {
      expect(at('models/schema.yml', 'x', text, generic('unique_stg_id', 'unique'))).toEqual({
        path: 'models/schema.yml',
      });
    }
  });
});
