import { describe, expect, it } from 'vitest';
import { tokenizeSql } from '../../../../sdk/state-service/sql/tokenize-sql.ts';

const texts = (sql: string, dialect: string) => tokenizeSql(sql, dialect)?.map((token) => token.text);
const all = ['postgres', 'duckdb', 'redshift', 'snowflake', 'bigquery', 'databricks'];
const unread = undefined;

type Case = readonly [dialects: string, sql: string, expected: readonly string[] | undefined];

const cases: readonly Case[] = [
  // comments
  ['*', 'a --b\nc', ['a', 'c']],
  ['*', 'a --b\r\nc', ['a', 'c']],
  ['*', 'a --b', ['a']],
  ['*', 'a --b\rc', unread],
  ['*', 'a --b\u2028c', unread],
  ['*', 'a /* b */ c', ['a', 'c']],
  ['*', 'a/**/b', ['a', 'b']],
  ['*', 'a /* b', unread],
  ['*', 'a /* -- */ c', ['a', 'c']],
  ['*', "a /* ' */ c", ['a', 'c']],
  ['postgres databricks', '/* /* x */ y */ c', ['c']],
  ['postgres databricks', '/* /* x */ c', unread],
  ['duckdb redshift snowflake bigquery', '/* /* x */ c', unread],
  ['duckdb redshift snowflake bigquery', '/* /* x */ y */ c', unread],
  ['duckdb redshift snowflake bigquery', '/*/ x */ c', unread],
  ['snowflake', 'a // b\nc', ['a', 'c']],
  ['snowflake', 'a+//b\nc', ['a', '+', 'c']],
  ['duckdb postgres', 'a // b', ['a', '//', 'b']],
  ['bigquery', 'a # b\nc', ['a', 'c']],
  ['bigquery', '#legacySQL\nc', ['#legacySQL', 'c']],
  ['postgres snowflake databricks', 'a # b', ['a', '#', 'b']],
  ['duckdb', 'order by #1', ['order', 'by', '#1']],
  ['databricks', 'a -- b \\\nc\nd', unread],
  ['postgres snowflake', 'a -- b \\\nc', ['a', 'c']],
  // hints
  ['*', 'select /*+ X(a) */ b', ['select', '/*+ X(a) */', 'b']],
  ['*', 'select /*+ X /* y */ b', unread],
  ['*', 'select /* /*+ X */ */ b', unread],
  ['*', 'select /* + X */ b', ['select', 'b']],
  // strings
  ['*', "'a  b'", ["'a  b'"]],
  ['*', "'--a /* b'", ["'--a /* b'"]],
  ['*', "'a", unread],
  ['postgres duckdb redshift snowflake databricks', "'a''b' c", ["'a''b'", 'c']],
  ['bigquery', "'a''b' c", unread],
  ['duckdb', "'a\\' b", ["'a\\'", 'b']],
  ['snowflake bigquery databricks', "'a\\' b'", ["'a\\' b'"]],
  ['snowflake bigquery databricks', "'a\\\\' b", ["'a\\\\'", 'b']],
  ['postgres redshift', "'a\\' b", unread],
  ['postgres redshift', "'a\\n\\\\' b", ["'a\\n\\\\'", 'b']],
  ['postgres duckdb', "E'a\\' b' c", ["E'a\\' b'", 'c']],
  ['postgres duckdb', "E 'b'", ['E', "'b'"]],
  ['redshift', "E'a\\' b' c", unread],
  ['postgres duckdb redshift', "U&'d\\0061' c", ["U&'d\\0061'", 'c']],
  ['postgres duckdb redshift', 'u&"d\\0061" c', ['u&"d\\0061"', 'c']],
  ['*', "date'x' c", ["date'x'", 'c']],
  ['*', "a.e'x'", unread],
  ['*', "1e'x'", unread],
  ['*', "'a'b", unread],
  // dollar quotes
  ['postgres duckdb redshift snowflake', "$$ ' -- $$ c", ["$$ ' -- $$", 'c']],
  ['postgres duckdb redshift', '$t$ $$ -- $t$ c', ['$t$ $$ -- $t$', 'c']],
  ['postgres duckdb redshift', '$t$ $T$', unread],
  ['snowflake', '$t$ a $t$', unread],
  ['snowflake postgres', '$1 a', ['$1', 'a']],
  ['bigquery databricks', '$$ a $$', unread],
  ['*', 'a$b$c$b$', unread],
  // quoted names
  ['postgres duckdb redshift snowflake', '"a ""b" c', ['"a ""b"', 'c']],
  ['postgres duckdb redshift snowflake', '"a"."b".c', ['"a"', '.', '"b"', '.c']],
  ['postgres duckdb redshift snowflake', 'a."b"', ['a.', '"b"']],
  ['postgres duckdb redshift snowflake', '"a\\" b', ['"a\\"', 'b']],
  ['postgres duckdb redshift snowflake', '`a`', unread],
  ['bigquery databricks', '`a -- b` c', ['`a -- b`', 'c']],
  ['bigquery', '`a\\` b` c', ['`a\\` b`', 'c']],
  ['databricks', '`a``b` c', ['`a``b`', 'c']],
  ['databricks', '`a\\` b', ['`a\\`', 'b']],
  // strings of BigQuery and Databricks
  ['bigquery databricks', '"a\\" b" c', ['"a\\" b"', 'c']],
  ['bigquery', "'''a ' '' \\''' b''' c", ["'''a ' '' \\''' b'''", 'c']],
  ['bigquery', '"""a\n"b" """ c', ['"""a\n"b" """', 'c']],
  ['bigquery', "rb'''a\n''' c", ["rb'''a\n'''", 'c']],
  ['bigquery', "r'a\\' b' c", ["r'a\\' b'", 'c']],
  ['bigquery', "'a\nb'", unread],
  ['bigquery', "'a\\\nb'", unread],
  ['databricks', "'a\nb' c", ["'a\nb'", 'c']],
  ['databricks', "r'\\d' c", ["r'\\d'", 'c']],
  ['databricks', "r'a\\' c", unread],
  ['databricks', "r'a\\' b' c", unread],
  // what white space parts
  ['*', 'a - -1', ['a', '-', '-', '1']],
  ['*', 'a --1', ['a']],
  ['*', '1 .5', ['1', '.5']],
  ['*', '1.5', ['1.5']],
  ['*', '1e-5', ['1e-5']],
  ['*', '1e -5', ['1e', '-', '5']],
  ['*', 'x::int', ['x', '::', 'int']],
  ['*', 'x :: int', ['x', '::', 'int']],
  ['*', 'x : : int', ['x', ':', ':', 'int']],
  ['*', 'a:b', ['a', ':b']],
  ['*', 'a : b', ['a', ':', 'b']],
  ['*', ":e'\\''", unread],
  ['*', 'a<=b', ['a', '<=', 'b']],
  ['*', 'a< =b', ['a', '<', '=', 'b']],
  ['*', 'f((a),[b])', ['f', '(', '(', 'a', ')', ',', '[', 'b', ']', ')']],
  ['postgres snowflake', 'a-b', ['a', '-', 'b']],
  ['bigquery', 'a-b.c', ['a-b.c']],
  ['bigquery', 'a - b.c', ['a', '-', 'b.c']],
  ['bigquery', 'a--b', ['a']],
  // literals that follow each other
  ['*', "'a'\n'b'", ["'a'", '\n', "'b'"]],
  ['*', "'a' 'b'", ["'a'", ' ', "'b'"]],
  ['*', "'a' /* x */\n'b'", ["'a'", ' /* x */\n', "'b'"]],
  ['*', "'a', 'b'", ["'a'", ',', "'b'"]],
  // what no one rule covers
  ['*', 'a\u00a0b', unread],
  ['*', 'a\u200bb', unread],
  ['*', 'a\fb', unread],
  ['*', 'a\\b', unread],
  ['*', 'a\0b', unread],
  ['*', 'é ñ1', ['é', 'ñ1']],
  ['snowflake', 'select a from @stage//x', unread],
  ['*', '', []],
];

describe('tokenizeSql', () => {
  for (const [dialects, sql, expected] of cases)
    for (const dialect of dialects === '*' ? all : dialects.split(' '))
      it(`${dialect}: ${JSON.stringify(sql)}`, () => expect(texts(sql, dialect)).toEqual(expected));

  it('names the kinds', () => {
    expect(tokenizeSql(`select "n", 'l', 1.5 /*+ h */ E'x' 'y'`, 'postgres')?.map((t) => t.kind)).toEqual([
      'word',
      'name',
      'operator',
      'literal',
      'operator',
      'number',
      'hint',
      'literal',
      'gap',
      'literal',
    ]);
    expect(tokenizeSql('"n"', 'bigquery')?.[0]?.kind).toBe('literal');
    expect(tokenizeSql('`n`', 'bigquery')?.[0]?.kind).toBe('name');
  });

  it('reads no dialect that it does not know', () => {
    for (const dialect of ['mysql', '', 'Postgres', 'constructor', '__proto__'])
      expect(tokenizeSql('select 1', dialect)).toBeUndefined();
  });
});
