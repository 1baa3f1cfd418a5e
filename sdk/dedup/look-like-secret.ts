/** Not in the middle of a word: `task-` ends in `sk-`. */
const START = '(?<![A-Za-z0-9])';

/** Forms of tokens that cannot be taken for anything else. */
const FORMS: readonly RegExp[] = [
  // GitHub, GitLab, Slack
  'gh[pousr]_[A-Za-z0-9]{30,}',
  'github_pat_[A-Za-z0-9_]{20,}',
  'glpat-[A-Za-z0-9_-]{16,}',
  'xox[abeoprs]-[A-Za-z0-9-]{10,}',
  // AWS, Google, OpenAI and those who copied its form, Stripe
  '(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])',
  'AIza[A-Za-z0-9_-]{35}',
  'sk[-_](?:[A-Za-z0-9]{1,12}[-_]){0,3}[A-Za-z0-9]{20,}',
  // dbt, Databricks, npm, PyPI
  'dbt[cus]_[A-Za-z0-9+/=_-]{16,}',
  'dapi[0-9a-f]{32}',
  'npm_[A-Za-z0-9]{36}',
  'pypi-[A-Za-z0-9_-]{50,}',
  // A JSON web token
  String.raw`eyJ[A-Za-z0-9_-]{5,}\.eyJ[A-Za-z0-9_-]{5,}\.`,
]
  .map((form) => new RegExp(START + form))
  .concat(/-----BEGIN [A-Z ]*PRIVATE KEY/, /:\/\/[^\s/@:]{0,256}:[^\s/@]{1,256}@/);

/** Shorter values are found in too much that is none. */
const MIN_SECRET = 6;

/**
 * Whether a key that a person has given holds what should not stand in a ledger: a token of a known form, or one of
 * `secrets`, e.g. the values of variables that are named like one. For a warning: it can be wrong both ways.
 */
export function looksLikeSecret(key: string, secrets: readonly string[]): boolean {
  return (
    FORMS.some((form) => form.test(key)) ||
    secrets.some((secret) => {
      const value = secret.trim();
      return value.length >= MIN_SECRET && key.includes(value);
    })
  );
}
