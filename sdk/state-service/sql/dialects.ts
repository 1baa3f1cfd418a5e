/**
 * What a backslash in a quoted text does. `doubtful`: a server's setting or version decides, so a text in which
 * it would matter is not read at all.
 */
export type Backslash = 'plain' | 'escapes' | 'doubtful';

export interface QuoteRule {
  readonly kind: 'literal' | 'name';
  readonly backslash: Backslash;
  /** Two quotes in a row stand for one. */
  readonly doubled: boolean;
  readonly mayHoldLineEnds: boolean;
  /** Three quotes open a text that three quotes close. */
  readonly tripled: boolean;
}

export interface Dialect {
  /** Starts of a comment up to the end of the line. */
  readonly lineComments: readonly string[];
  /** `doubtful`: a comment in a comment makes the text unreadable for us. */
  readonly nestedComments: 'nested' | 'doubtful';
  /** A backslash before the line end may carry a line comment on. */
  readonly backslashContinuesLineComment: boolean;
  readonly dollarQuotes: 'none' | 'untagged' | 'tagged';
  readonly quotes: Readonly<Record<string, QuoteRule>>;
  /** What a word directly before a quote (in lower case) changes about backslashes. */
  readonly prefixes: Readonly<Record<string, Backslash>>;
  /** A run of letters, digits, dots and the like that is kept as one token. */
  readonly run: RegExp;
  readonly operators: string;
}

const literal: QuoteRule = {
  kind: 'literal',
  backslash: 'plain',
  doubled: true,
  mayHoldLineEnds: true,
  tripled: false,
};
const name: QuoteRule = { ...literal, kind: 'name' };
const escaping: QuoteRule = { ...literal, backslash: 'escapes' };
const bigqueryLiteral: QuoteRule = { ...escaping, doubled: false, mayHoldLineEnds: false, tripled: true };

const operators = '+-*/<>=~!%^&|?:';

/** `.` belongs to a run: `1 .5`, `1.5` and `a.1e` need no further thought, and a space beside a dot is rare. */
const run = /[\p{L}\p{M}\p{N}_$.]+/uy;
const runWithAt = /[\p{L}\p{M}\p{N}_$.@]+/uy;
/** A table's path may hold dashes: `my-project.data.orders` is not `my - project.data.orders`. */
const runWithDashes = /[\p{L}\p{M}\p{N}_$.@]+(?:-[\p{L}\p{M}\p{N}_$.@]+)*/uy;

// Source: postgresql.org/docs/current/sql-syntax-lexical.html. Backslashes in plain strings hang on the setting
// standard_conforming_strings. Comments nest.
const postgres: Dialect = {
  lineComments: ['--'],
  nestedComments: 'nested',
  backslashContinuesLineComment: false,
  dollarQuotes: 'tagged',
  quotes: { "'": { ...literal, backslash: 'doubtful' }, '"': name },
  prefixes: { e: 'escapes' },
  run,
  operators: `${operators}@#`,
};

const dialects: Readonly<Record<string, Dialect>> = {
  postgres,

  // Source: duckdb.org/docs/stable/sql/data_types/literal_types (E'', $tag$). Comments nest in one of its two
  // readers and not in some versions of the other: github.com/duckdb/duckdb/pull/24522.
  duckdb: { ...postgres, nestedComments: 'doubtful', quotes: { "'": literal, '"': name } },

  // Grown from Postgres 8.0, where backslashes escaped in plain strings. The guide does not say whether they still
  // do, nor whether comments nest or E'' is read.
  redshift: { ...postgres, nestedComments: 'doubtful', prefixes: {} },

  // Source: docs.snowflake.com/en/sql-reference/data-types-text (backslashes escape, $$ has no tag). Their converter
  // says that `/*/` mostly ends a comment, not that comments never nest. `@` starts a path of a stage, in which
  // `//` is no comment: not read.
  snowflake: {
    lineComments: ['--', '//'],
    nestedComments: 'doubtful',
    backslashContinuesLineComment: false,
    dollarQuotes: 'untagged',
    quotes: { "'": escaping, '"': name },
    prefixes: {},
    run,
    operators: `${operators}#`,
  },

  // Source: cloud.google.com/bigquery/docs/reference/standard-sql/lexical. A raw string's backslash also keeps the
  // quote after it from closing. Comments do not nest;
  // a comment in a comment is rare enough not to be read at all.
  bigquery: {
    lineComments: ['--', '#'],
    nestedComments: 'doubtful',
    backslashContinuesLineComment: false,
    dollarQuotes: 'none',
    quotes: {
      "'": bigqueryLiteral,
      '"': bigqueryLiteral,
      '`': { ...bigqueryLiteral, kind: 'name', tripled: false },
    },
    prefixes: {},
    run: runWithDashes,
    operators,
  },

  // Source: docs.databricks.com/sql/language-manual/sql-ref-syntax-comment.html (comments nest) and
  // .../data-types/string-type.html (r'' since 10.4). Spark's grammar, SqlBaseLexer.g4: a line comment goes on after
  // a backslash at the end of the line; names in backticks double them.
  databricks: {
    lineComments: ['--'],
    nestedComments: 'nested',
    backslashContinuesLineComment: true,
    dollarQuotes: 'none',
    quotes: { "'": escaping, '"': escaping, '`': name },
    prefixes: { r: 'doubtful' },
    run: runWithAt,
    operators: `${operators}#`,
  },
};

export function dialectNamed(dialect: string): Dialect | undefined {
  return Object.hasOwn(dialects, dialect) ? dialects[dialect] : undefined;
}
