import { describe, expect, it } from 'vitest';
import { sqlIdentity } from '../../../../sdk/state-service/sql/sql-identity.ts';

const same = (a: string, b: string, dialect = 'postgres') =>
  sqlIdentity(a, dialect) === sqlIdentity(b, dialect);

describe('sqlIdentity', () => {
  it('is 64 hexadecimal digits', () => expect(sqlIdentity('select 1', 'duckdb')).toMatch(/^[0-9a-f]{64}$/));

  it('overlooks white space and comments', () =>
    expect(same('select a, b from "T"', '-- x\nselect\n\ta , b /* y */ from\r\n"T" ')).toBe(true));

  it('looks at every letter of a text it cannot read', () => {
    expect(same('select 1', 'select  1', 'mysql')).toBe(false);
    expect(same("select 'a", "select  'a")).toBe(false);
    expect(same("select 'a", "select 'a")).toBe(true);
  });

  it('tells apart what may mean something else', () => {
    expect(same('select A', 'select a')).toBe(false);
    expect(same('a - -1', 'a --1')).toBe(false);
    expect(same('1 .5', '1.5')).toBe(false);
    expect(same('ab', 'a b')).toBe(false);
    expect(same("'a'\n'b'", "'a' 'b'")).toBe(false);
    expect(same("select E'a'", "select E 'a'")).toBe(false);
    expect(same('select /*+ a */ 1', 'select /*+ b */ 1')).toBe(false);
    expect(same('select /*+ a */ 1', 'select 1')).toBe(false);
  });

  it('never takes a text for its tokens, nor one dialect for another', () => {
    expect(sqlIdentity('select 1', 'mysql')).not.toBe(sqlIdentity('select 1', 'postgres'));
    expect(sqlIdentity('select 1', 'duckdb')).not.toBe(sqlIdentity('select 1', 'postgres'));
    expect(same('["a"]', 'a')).toBe(false);
    expect(same('#legacySQL\na', '#legacySQL a', 'bigquery')).toBe(false);
  });

  it('tells broken surrogates apart', () => {
    expect(same("'\ud800'", "'\ud801'")).toBe(false);
    expect(same('\ud800', '\ud801')).toBe(false);
  });
});
