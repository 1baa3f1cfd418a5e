/** Whether a process can use the cache of GitHub Actions as a ledger. */
export type CacheAccess =
  | ({ readonly kind: 'usable' } & CacheAddress)
  /** What is there can be read, and nothing written. */
  | ({ readonly kind: 'read-only'; readonly why: string } & CacheAddress)
  | {
      readonly kind: 'unusable';
      readonly because: 'not-in-actions' | 'own-server' | 'no-token' | 'no-service' | 'cache-mode';
      readonly why: string;
      readonly hint: string;
    };

/** Plain data of the environment, secrets included. */
export interface CacheAddress {
  readonly url: string;
  readonly token: string;
  readonly mode: string | undefined;
  /** The event that started the workflow. */
  readonly trigger: string | undefined;
}

const OTHER_STORE = 'Name a ledger of another kind, e.g. in a bucket.';
const OR_OTHER_STORE = 'or name a ledger of another kind, e.g. in a bucket.';

/** Reads the variables that the runner gives to an action. Asks nobody: the service may still refuse. */
export function cacheAccess(env: Readonly<Record<string, string | undefined>>): CacheAccess {
  const { GITHUB_ACTIONS, ACTIONS_RESULTS_URL: url = '', ACTIONS_RUNTIME_TOKEN: token = '' } = env;
  const unusable = (
    because: Extract<CacheAccess, { kind: 'unusable' }>['because'],
    why: string,
    hint = OTHER_STORE,
  ): CacheAccess => ({ kind: 'unusable', because, why, hint });

  if (isOwnServer(env['GITHUB_SERVER_URL'])) {
    return unusable(
      'own-server',
      'GitHub Enterprise Server does not have the cache service that the ledger needs.',
    );
  }
  if (token === '') {
    return GITHUB_ACTIONS === 'true'
      ? unusable(
          'no-token',
          'The runner gives the token of the Actions cache to actions, and this is a step with run:.',
          `Let the action run dbt, ${OR_OTHER_STORE}`,
        )
      : unusable('not-in-actions', 'The Actions cache can be used only in a job of GitHub Actions.');
  }
  if (!isOn(env['ACTIONS_CACHE_SERVICE_V2']) || !URL.canParse(url)) {
    return unusable(
      'no-service',
      'The runner did not say where the Actions cache is, as for an action in Docker.',
    );
  }
  const mode = env['ACTIONS_CACHE_MODE']?.trim().toLowerCase();
  const address: CacheAddress = { url, token, mode, trigger: env['GITHUB_EVENT_NAME'] };
  switch (mode) {
    case 'none':
    case 'write-only':
      return unusable(
        'cache-mode',
        `The workflow sets cache-mode: ${mode}, so that the Actions cache cannot be read.`,
        `Set cache-mode: write for this job, ${OR_OTHER_STORE}`,
      );
    case 'read':
      return {
        kind: 'read-only',
        why: 'The workflow sets cache-mode: read, so that no record can be left in the Actions cache.',
        ...address,
      };
    default:
      return { kind: 'usable', ...address };
  }
}

/** As the runner's own libraries tell it. */
function isOwnServer(url: string = 'https://github.com'): boolean {
  if (!URL.canParse(url)) return false;
  const { hostname } = new URL(url);
  return hostname !== 'github.com' && !hostname.endsWith('.ghe.com') && !hostname.endsWith('.localhost');
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && value !== '' && value.toLowerCase() !== 'false';
}
