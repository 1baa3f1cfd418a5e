import type { Environment } from './variables.ts';

/** Tokens and addresses of the runner's own services, and our inputs. */
const DROPPED_PREFIXES = ['ACTIONS_', 'INPUT_', 'DBT_RUNCACHE_'];
/** Files through which a step speaks to the runner: what project code writes there would count as our words. */
const DROPPED_NAMES = new Set([
  'GITHUB_ENV',
  'GITHUB_OUTPUT',
  'GITHUB_PATH',
  'GITHUB_STATE',
  'GITHUB_STEP_SUMMARY',
]);

/**
 * The environment dbt is given: the caller's, without what project code must not have. Models, macros and packages can
 * read every variable, so the runner's tokens, the Action's inputs and this package's own settings stay out. All
 * else is untouched, `GITHUB_TOKEN` included, since private packages need it and the user put it there.
 */
export function childEnvironment(
  env: Environment,
  platform: NodeJS.Platform = process.platform,
): Record<string, string> {
  const child: Record<string, string> = {};
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    if (isKeptFromDbt(name, platform)) continue;
    child[name] = value;
  }
  return child;
}

/** Whether a variable of this name is none of project code's business: see `childEnvironment()`. */
export function isKeptFromDbt(name: string, platform: NodeJS.Platform = process.platform): boolean {
  const known = platform === 'win32' ? name.toUpperCase() : name;
  return DROPPED_NAMES.has(known) || DROPPED_PREFIXES.some((prefix) => known.startsWith(prefix));
}

/** dbt hides these whatever their value. */
const SECRET_PREFIX = 'DBT_ENV_SECRET_';
const SECRET_NAME =
  /(^|_)((?:PG|DB|SF|SQL|MYSQL|APP|USER)?PASS|PW|PASSWD|PASSWORD|PASSPHRASE|PWD|PAT|SECRETS?|TOKENS?|CREDENTIALS?|(PRIVATE|API|ACCESS|SECRET|ENCRYPTION|SIGNING|ACCOUNT|SHARED|MASTER)_?KEYS?)(_|$)|PASSWORD|APIKEY|SECRETKEY/;
/** Names that are about a secret without holding one. */
const ABOUT_A_SECRET =
  /_(PATH|FILE|DIR|URL|URI|NAME|TYPE|METHOD|MODE|ENABLED|ID|TTL|EXPIRY|EXPIRES|EXPIRATION|LENGTH|HOST|PORT|USER)$/;
const NOT_SECRETS = new Set(['PWD', 'OLDPWD']);

/**
 * Below these lengths a value is not hidden: text so short stands in ordinary words, and starring it out would make
 * reports unreadable (and give the secret away by where the stars are). What is certainly a secret is hidden from 4
 * characters on, what only has a name like one from 6.
 */
const MIN_CERTAIN = 4;
const MIN_LIKELY = 6;
/** Values people give to test databases, which also are names of things dbt speaks of. */
const TRIVIAL = new Set([
  ...[
    'admin',
    'changeme',
    'default',
    'disabled',
    'docker',
    'duckdb',
    'enabled',
    'false',
    'github',
    'localhost',
    'mysql',
  ],
  ...[
    'none',
    'null',
    'password',
    'postgres',
    'public',
    'secret',
    'snowflake',
    'testing',
    'token',
    'true',
    'warehouse',
  ],
]);

/**
 * Values that must never be in a text of ours: of `DBT_ENV_SECRET_*`, of the runner's tokens, of variables whose name
 * says secret (PASSWORD, TOKEN, PRIVATE_KEY, …), and passwords inside addresses (`postgres://user:password@host`).
 * Short and trivial values are left out; GitHub and `redact` still hide what they are told to.
 */
export function envSecrets(env: Readonly<Record<string, string | undefined>>): string[] {
  const secrets = new Set<string>();
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    for (const password of passwordsInAddress(value)) {
      if (isWorthHiding(password, MIN_LIKELY)) secrets.add(password);
    }
    const upper = name.toUpperCase();
    const isCertain = upper.startsWith(SECRET_PREFIX) || /^ACTIONS_.*TOKEN$/.test(upper);
    if (isCertain ? value.trim().length >= MIN_CERTAIN : looksSecret(upper, value)) secrets.add(value);
  }
  return [...secrets];
}

function looksSecret(name: string, value: string): boolean {
  if (!isSecretName(name)) return false;
  // GOOGLE_APPLICATION_CREDENTIALS and its like name a file, and messages people need name it too.
  if (/CREDENTIALS?$/.test(name) && /^(?:\/|[A-Za-z]:[\\/]|\.{1,2}\/)/.test(value)) return false;
  return isWorthHiding(value, MIN_LIKELY);
}

/** Whether a variable's name, in upper case, says that it holds a secret. */
export function isSecretName(name: string): boolean {
  return !NOT_SECRETS.has(name) && !ABOUT_A_SECRET.test(name) && SECRET_NAME.test(name);
}

/** Whether hiding a value does more good than harm: not so for short and common words. */
export function isWorthHiding(value: string, minLength = MIN_LIKELY): boolean {
  const trimmed = value.trim();
  return trimmed.length >= minLength && !TRIVIAL.has(trimmed.toLowerCase()) && new Set(trimmed).size > 1;
}

/**
 * What can be the password: up to the last `@` before a slash, and, since a password may hold slashes though it should
 * not, up to the very last one, unless what stands before the slash is a port.
 */
function passwordsInAddress(value: string): string[] {
  const rest = /^[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:(\S+)/i.exec(value)?.[1] ?? '';
  const [authority = ''] = rest.split(/[/?#]/, 1);
  const ends = [authority.lastIndexOf('@'), /^\d+$/.test(authority) ? -1 : rest.lastIndexOf('@')];
  return ends.filter((end) => end > 0).map((end) => rest.slice(0, end));
}
