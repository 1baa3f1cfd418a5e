import type { DedupStore } from '../dedup/store.ts';
import { cacheAccess } from '../github/cache-access.ts';
import { optional } from '../util/optional.ts';
import { badAddress } from './bad-address.ts';
import { silentStore } from './silent-store.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const PUBLIC_API = 'https://api.github.com';
const WORDS = /^[\w-]+(\/[\w-]+)*$/;

/** What most programs call the token. */
export function githubTokenOf(env: Environment): string | undefined {
  return env['GITHUB_TOKEN'] || env['GH_TOKEN'] || undefined;
}

/** Whether an address is one of GitHub's ledgers. Those do not renew: GitHub is asked whether an owner is over. */
export function isOfGithub(address: string): boolean {
  return /^\s*(?:actions-cache|git-ref):/.test(address);
}

/** `actions-cache:`, `actions-cache:<prefix>`. Where the cache is not to be had, the store says so when it is asked. */
export async function openActionsCache(address: string, env: Environment): Promise<DedupStore> {
  const prefix = address.slice('actions-cache:'.length).trim();
  if (prefix !== '' && !WORDS.test(prefix)) {
    throw badAddress(
      'The address of the ledger in the Actions cache has a prefix that is none',
      'Give actions-cache: alone, or with words of letters, digits, dashes and underscores after it.',
    );
  }
  const access = cacheAccess(env);
  if (access.kind === 'unusable')
    return silentStore('actions-cache', 'branch', `${access.why} ${access.hint}`);
  const { url, token, mode, trigger } = access;
  const { actionsCacheStore } = await import('./actions-cache.ts');
  return actionsCacheStore({ url, token, mode, trigger, ...optional('prefix', prefix || undefined) });
}

/** `git-ref:` (the repository of the job), `git-ref:<owner>/<name>`, either with `?prefix=<words>`. */
export async function openGitRef(
  address: string,
  env: Environment,
  token: string | undefined,
): Promise<DedupStore> {
  const [named = '', query = ''] = address.slice('git-ref:'.length).trim().split('?', 2);
  const parameters = new URLSearchParams(query);
  const unknown = [...parameters.keys()].find((name) => name !== 'prefix');
  if (unknown !== undefined) {
    throw badAddress(
      'The address of the ledger in a GitHub repository has a parameter that is none',
      'Give git-ref:, git-ref:<owner>/<name>, or one of these with ?prefix=<words>.',
    );
  }
  const repository = named || env['GITHUB_REPOSITORY'];
  if (!repository) {
    throw badAddress(
      'The address of the ledger names no GitHub repository',
      'Give git-ref:<owner>/<name>; outside of GitHub Actions there is none by default.',
    );
  }
  if (!token) {
    return silentStore(
      'git-ref',
      'everyone',
      `There is no token for the ledger in ${repository}. Set GITHUB_TOKEN (github-token in the Action) to one with the permission contents: write.`,
    );
  }
  const { gitRefStore } = await import('./git-ref.ts');
  return gitRefStore({
    repository,
    token,
    apiUrl: env['GITHUB_API_URL'] || PUBLIC_API,
    ...optional('prefix', parameters.get('prefix') ?? undefined),
  });
}
