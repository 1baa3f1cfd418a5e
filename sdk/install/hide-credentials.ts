const ADDRESS = /([a-z][a-z0-9+.-]*:\/\/)(\S*)/gi;
/** What pip and uv read after a `#`. */
const KNOWN_FRAGMENT =
  /^(?:(?:egg|subdirectory)=[\w.,/[\]-]*|(?:md5|sha(?:1|224|256|384|512))=[0-9a-f]+)(?:&(?:(?:egg|subdirectory)=[\w.,/[\]-]*|(?:md5|sha(?:1|224|256|384|512))=[0-9a-f]+))*["'),;.]*$/i;
/** A user of this length may be a token. */
const MIN_TOKEN = 8;

/**
 * A text with what stands before the host of its addresses, and what they carry as a query or as a fragment that is
 * not pip's, replaced by `***`. In doubt it is hidden.
 */
export function hideCredentials(text: string): string {
  return text.replaceAll(ADDRESS, (_whole, scheme: string, rest: string) => {
    const { user, place, query, fragment } = partsOf(scheme, rest);
    return [
      scheme,
      user === undefined ? '' : '***@',
      place,
      query === undefined ? '' : '?***',
      fragment === undefined ? '' : `#${KNOWN_FRAGMENT.test(fragment) ? fragment : '***'}`,
    ].join('');
  });
}

/** What must be hidden wherever it appears: the passwords, lone tokens and queries of a text's addresses. */
export function credentialsIn(text: string): string[] {
  return [...text.matchAll(ADDRESS)].flatMap(([, scheme = '', rest = '']) => {
    const { user = '', query = '' } = partsOf(scheme, rest);
    const values = query.split('&').map((one) => one.slice(one.indexOf('=') + 1));
    const found = [...secretsOfUser(user), query, ...values.filter(({ length }) => length >= MIN_TOKEN)];
    return [
      ...new Set(found.filter((secret) => secret !== '').flatMap((secret) => [secret, decoded(secret)])),
    ];
  });
}

/** Whether an address holds what others must not know. */
export function holdsSecret(address: string): boolean {
  return [...address.matchAll(ADDRESS)].some(([, scheme = '', rest = '']) => {
    const { user, query, fragment } = partsOf(scheme, rest);
    // Everyone is git on a host of git repositories.
    const isNamed = user !== undefined && user !== 'git';
    return isNamed || query !== undefined || (fragment !== undefined && !KNOWN_FRAGMENT.test(fragment));
  });
}

function secretsOfUser(user: string): string[] {
  const colon = user.indexOf(':');
  // A short one is a name, such as git, which stands in many a text.
  if (colon === -1) return user.length >= MIN_TOKEN ? [user] : [];
  const password = user.slice(colon + 1);
  return password === '' || password === 'x-oauth-basic' ? [user.slice(0, colon)] : [password];
}

interface Parts {
  readonly user?: string;
  /** Host and path. */
  readonly place: string;
  readonly query?: string;
  readonly fragment?: string;
}

function partsOf(scheme: string, rest: string): Parts {
  const [, before = '', query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(rest) ?? [];
  const end = endOfUser(scheme, before);
  return {
    ...(end === -1 ? {} : { user: before.slice(0, end) }),
    place: before.slice(end + 1),
    ...(query === undefined || query === '' ? {} : { query }),
    ...(fragment === undefined || fragment === '' ? {} : { fragment }),
  };
}

/**
 * Where the `@` before the host stands. A password may hold slashes, though it should not: then it is the last one.
 * What follows the last `@` of a repository is no host but the commit or branch.
 */
function endOfUser(scheme: string, place: string): number {
  const [authority = ''] = place.split('/', 1);
  if (/^[^:@]*\.[^:@]*$/.test(authority)) return -1;
  const isCommit = /@[0-9a-f]{40}$/i.test(place);
  // One that could as well be the host is none.
  const isRef = isCommit || (authority.includes('@') && place.indexOf('@') !== place.lastIndexOf('@'));
  const ref = /^(?:git|hg|bzr|svn)\+/i.test(scheme) && isRef ? place.lastIndexOf('@') : undefined;
  return place.slice(0, ref).lastIndexOf('@');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
