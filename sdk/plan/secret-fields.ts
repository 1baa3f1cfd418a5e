/** Fields that adapters keep secret, by the words they use in their names. */
const SECRET_FIELD =
  /pass(?!through|ive)|pwd|secret|token|private_?key|keyfile_json|(?:api|access|account|shared|master)_?key|credential|authorization|cookie|signature|jwt|bearer|^key$/i;
/** Names and places of secrets are no secrets. */
const ABOUT_A_SECRET = /path|file$|url|uri|_id$|_name$|type|method|provider/i;

/** Whether a field of a target holds a secret, by its name. */
export function isSecretField(name: string): boolean {
  const plain = name.replaceAll('-', '_');
  return SECRET_FIELD.test(plain) && !ABOUT_A_SECRET.test(plain);
}

/** What a map of secrets says beside them: of DuckDB's `secrets`, of a service account's key. */
const OPEN_AMONG_SECRETS: ReadonlySet<string> = new Set([
  ...[
    'account_name',
    'client_email',
    'client_id',
    'database',
    'endpoint',
    'host',
    'name',
    'persistent',
    'port',
  ],
  ...['project_id', 'provider', 'region', 'scope', 'tenant_id', 'type', 'url_style', 'use_ssl', 'user'],
]);

/** Whether a field inside one that is secret is none itself. */
export function isOpenAmongSecrets(name: string): boolean {
  return OPEN_AMONG_SECRETS.has(name.toLowerCase());
}

const SECRET_WORD = String.raw`[\w.-]*(?:pass(?:w(?:or)?d|phrase)?|pwd|secret|token|credentials?|authorization|bearer|signature|sig|(?:api|private|access|account|shared)_?key)`;
/** `password=x`, `AccountKey=x`, `?motherduck_token=x`, `PWD={x}`; not a folder `/token=x/`. */
const PAIR = new RegExp(
  String.raw`((?<![A-Za-z0-9/])["']?${SECRET_WORD}["']?\s*[:=]\s*)(?:"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.|'')*'|\{[^}]*\}|[^\s,;&]+)`,
  'gi',
);
const BEARER = /\b(Bearer|Basic)\s+\S+/gi;
const LOGIN = /(:\/\/[^\s/:@?#]*:)[^\s/?#]*@/g;

/**
 * A text without the secrets that stand in it by name or as the login of an address. What goes is no more than the
 * secret, so that two texts that say something else stay two. Undefined where that cannot be told.
 */
export function withoutSecrets(text: string): string | undefined {
  const shown = text.replace(LOGIN, '$1***@').replace(PAIR, '$1***').replace(BEARER, '$1 ***');
  // A password with a slash in it ends nobody knows where.
  return /:\/\/[^\s/:@]*:(?!\*\*\*@)\D[^\s@]*@/.test(shown) ? undefined : shown;
}
