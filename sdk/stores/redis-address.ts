import { badAddress } from './bad-address.ts';

/**
 * The URL of the server: what the address is, or what the variable holds that it names.
 * @throws DbtRunCacheError `invalid-options`.
 */
export function redisUrl(address: string, env: Readonly<Record<string, string | undefined>>): string {
  if (/^rediss?:\/\//.test(address)) return withoutPassword(address);
  const name = /^redis:([A-Za-z_]\w*)$/.exec(address)?.[1];
  if (name === undefined) throw badAddress('The address of the ledger names no redis server and no variable');
  const found = env[name]?.trim() ?? '';
  if (found === '') {
    throw badAddress(
      `The ledger's address is in the environment variable ${name}, and that is not set`,
      'Set it to the URL of the server, e.g. rediss://user:password@host:6379/0.',
    );
  }
  if (!isRedis(found)) {
    throw badAddress(
      `The environment variable ${name} is no redis:// or rediss:// URL`,
      'Set it to the URL of the server, e.g. rediss://user:password@host:6379/0.',
    );
  }
  return found;
}

function withoutPassword(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  // An @ that is no part of a user's name is the end of a password that has characters a URL does not take.
  if (url?.password !== '' || (address.includes('@') && url.username === '')) {
    if (!address.includes('@')) throw badAddress('The address of the ledger is no redis:// or rediss:// URL');
    throw badAddress(
      'The address of the ledger holds a password',
      'Put the whole URL into an environment variable and give its name: redis:REDIS_URL.',
    );
  }
  if (isRedis(address) && url.search === '' && url.hash === '') return address;
  throw badAddress('The address of the ledger is no redis:// or rediss:// URL of a host and a database');
}

function isRedis(text: string): boolean {
  if (!/^rediss?:\/\//.test(text) || !URL.canParse(text)) return false;
  const { hostname, pathname } = new URL(text);
  return hostname !== '' && /^\/?\d*$/.test(pathname);
}
