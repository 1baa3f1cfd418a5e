import { createHash } from 'node:crypto';
import { tokenizeSql } from './tokenize-sql.ts';

/**
 * SHA-256 (64 hexadecimal digits) that two SQL texts of a dialect share only where they mean the same: they differ
 * in white space and comments at most. A text we cannot read safely is known by every character of it.
 */
export function sqlIdentity(text: string, dialect: string): string {
  const tokens = tokenizeSql(text, dialect);
  // JSON, and not the text itself: UTF-8 would make one character of all broken surrogates.
  const [domain, content] =
    tokens === undefined ? ['sql-text/1', text] : ['sql-tokens/1', tokens.map((token) => token.text)];
  return createHash('sha256')
    .update(JSON.stringify([domain, dialect, content]))
    .digest('hex');
}
