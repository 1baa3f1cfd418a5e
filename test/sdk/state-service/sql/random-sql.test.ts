import { describe, expect, it } from 'vitest';
import { sqlIdentity } from '../../../../sdk/state-service/sql/sql-identity.ts';
import type { SqlToken } from '../../../../sdk/state-service/sql/sql-token.ts';
import { tokenizeSql } from '../../../../sdk/state-service/sql/tokenize-sql.ts';
import { type Random, seededRandom } from '../../../support/random.ts';

const common = [
  'select',
  'a',
  'T1',
  'a.b',
  '1',
  '.5',
  '1e-5',
  "'x'",
  "'it  --s'",
  '(',
  ')',
  ',',
  '-',
  '::',
  '<=',
  '/*+ H */',
];
const special: Readonly<Record<string, readonly string[]>> = {
  postgres: ['"n ""m"', "'a''b'", "E'a\\'b'", '$t$ -- $t$', "U&'x'", '@>', '#>>', '$1'],
  duckdb: ['"n"', "'a\\'", "e'\\''", '$$ /* $$', '//', '#1'],
  redshift: ['"n"', "'a''b'", '#t', '$1'],
  snowflake: ['"n"', "'a\\'b'", "$$ ' $$", '$1', '=>'],
  bigquery: ['`n m`', '"a\\"b"', '"""a\n"b"""', "r'\\''", 'a-b.c', '@p', '@@x'],
  databricks: ['`n``m`', '"a\\"b"', "r'\\d'", "'a''b'", '->'],
};
const dialects = Object.keys(special);

function someTokens(random: Random, dialect: string): string[] {
  const pool = [...common, ...(special[dialect] ?? [])];
  return Array.from({ length: random.int(1, 25) }, () => random.pick(pool));
}

/** White space with or without comments. There is always a blank first: `-` and `--` must not touch. */
function someGap(random: Random, dialect: string): string {
  const gaps = [
    ' ',
    '\n',
    '\r\n',
    '\t ',
    ' -- c\n',
    ' --\' "\r\n',
    ' /* c */ ',
    " /* ' -- $$ */ ",
    ' /**/\n',
  ];
  if (dialect === 'postgres' || dialect === 'databricks') gaps.push(' /* a /* b */ c */ ');
  if (dialect === 'snowflake') gaps.push(" // c '\n");
  if (dialect === 'bigquery') gaps.push(" # c '\n");
  return random.pick(gaps);
}

const join = (tokens: readonly SqlToken[]) =>
  tokens.reduce((text, { kind, text: next }, i) => {
    const glued = kind === 'gap' || tokens[i - 1]?.kind === 'gap';
    return text + (glued || i === 0 ? '' : '\n') + next;
  }, '');

describe('SQL at random', () => {
  it('has one identity, whatever comments and white space stand between its tokens', () => {
    const random = seededRandom('gaps');
    for (let round = 0; round < 1500; round++) {
      const dialect = random.pick(dialects);
      const read = tokenizeSql(someTokens(random, dialect).join(' '), dialect);
      if (read === undefined) throw new Error('not read');
      const plain = join(read);
      const spaced = read.reduce((text, { kind, text: next }, i) => {
        const kept = kind === 'gap' || read[i - 1]?.kind === 'gap';
        return text + (kept ? '' : someGap(random, dialect)) + next;
      }, '');
      expect(tokenizeSql(plain, dialect)).toEqual(read);
      expect(tokenizeSql(spaced + someGap(random, dialect), dialect), spaced).toEqual(read);
      expect(sqlIdentity(spaced, dialect)).toBe(sqlIdentity(plain, dialect));
    }
  });

  it('has another identity once a character of a literal, a name or a hint is another', () => {
    const random = seededRandom('characters');
    for (let round = 0; round < 1500; round++) {
      const dialect = random.pick(dialects);
      const written = someTokens(random, dialect);
      const at = random.int(0, written.length - 1);
      const token = written[at] ?? '';
      if (!/['"`$]|\/\*\+/.test(token)) continue;
      const changedAt = random.int(0, token.length - 1);
      const into = random.pick(['z', ' ', '  ', '', "'", '\\', '\n', '-', '🙂']);
      const changed = token.slice(0, changedAt) + into + token.slice(changedAt + 1);
      // At the edges the change may only move white space out of the token; inside, all counts.
      if (changed === token || changed.trim() === token.trim()) continue;
      const other = written.with(at, changed).join(' ');
      expect(sqlIdentity(other, dialect), other).not.toBe(sqlIdentity(written.join(' '), dialect));
    }
  });

  it('never throws, and reads its own tokens again', () => {
    const random = seededRandom('anything');
    const pieces = [
      "'",
      '"',
      '`',
      '$',
      '$$',
      '$t$',
      '\\',
      '/*',
      '*/',
      '--',
      '//',
      '#',
      '\n',
      '\r',
      ' ',
      'e',
      'E',
      'r',
      'u&',
      '.',
      '1',
      '@',
      ':',
      '-',
      '+',
      '\0',
      'é',
      '\ud83d',
      '\u2028',
      'a',
    ];
    for (let round = 0; round < 6000; round++) {
      const dialect = random.pick(dialects);
      const text = Array.from({ length: random.int(0, 14) }, () => random.pick(pieces)).join('');
      const tokens = tokenizeSql(text, dialect);
      expect(sqlIdentity(text, dialect)).toHaveLength(64);
      if (tokens !== undefined)
        expect(tokenizeSql(join(tokens), dialect), JSON.stringify(text)).toEqual(tokens);
    }
  });

  it('takes time that grows with the length alone', () => {
    const random = seededRandom('time');
    const length = 2 ** 18;
    const units = [
      '/*',
      '/* ',
      '*/',
      "'",
      "''",
      '\\',
      "'\\",
      '$',
      '$a',
      '$a$ ',
      '-',
      '- ',
      '--\n',
      '#',
      '@a',
      '1.',
      '1e',
      '1e-',
      'a',
      'a ',
      "'a' ",
      'a-',
      '"',
      '"""',
      '`',
      '(',
      '/*+',
      '/**/',
      ':a',
      'é',
      '\r',
    ];
    for (const unit of units)
      for (const tail of ['', '*/'])
        for (const dialect of ['postgres', random.pick(dialects)]) {
          const text = unit.repeat(length / unit.length) + tail;
          const start = performance.now();
          tokenizeSql(text, dialect);
          // Far more than a slow machine needs, far less than time that grows with the square.
          expect(performance.now() - start, `${dialect}: ${unit}`).toBeLessThan(3_000);
        }
  });
});
