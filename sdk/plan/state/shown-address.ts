/**
 * A text without the secrets an address in it may hold: who logs in, and the values of its query. A password may hold
 * `@` and `/` though it should not, so all up to the last `@` goes: rather too much than a part of a password.
 * @param isAddress Whether it is one even without `://`.
 */
export function shownAddress(text: string, isAddress: boolean): string {
  const withoutLogin = maskLogin(text, isAddress);
  return isAddress || text.includes('://') ? maskQuery(withoutLogin) : withoutLogin;
}

function maskLogin(text: string, isAddress: boolean): string {
  const at = text.lastIndexOf('@');
  if (at === -1) return text;
  const slashes = text.indexOf('//');
  const hasScheme = slashes !== -1 && slashes < at;
  const isLogin = hasScheme || isAddress || text.slice(0, at).includes(':');
  return isLogin ? `${hasScheme ? text.slice(0, slashes + 2) : ''}***${text.slice(at)}` : text;
}

/** A part of the query without a name is a value as well. */
function maskQuery(text: string): string {
  const query = text.search(/[?#]/);
  if (query === -1) return text;
  const masked = text.slice(query).replace(/([?#&;])([^?#&;]*)/g, (_, mark: string, part: string) => {
    const equals = part.indexOf('=');
    if (part === '') return mark;
    return equals === -1 ? `${mark}***` : `${mark}${part.slice(0, equals)}=***`;
  });
  return text.slice(0, query) + masked;
}
