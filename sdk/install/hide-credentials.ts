/** A text with what stands before the host of its addresses, and what they carry as a query, replaced by `***`. */
export function hideCredentials(text: string): string {
  return text.replaceAll(
    /([a-z][a-z0-9+.-]*:\/\/)(\S*)/gi,
    (_whole, scheme: string, rest: string) => scheme + hideQuery(hideUser(rest)),
  );
}

/** What must be hidden wherever it appears: the passwords, or lone tokens, of a text's addresses. */
export function credentialsIn(text: string): string[] {
  return [...text.matchAll(/[a-z][a-z0-9+.-]*:\/\/(\S*)/gi)].flatMap(([, rest = '']) => {
    const user = rest.slice(0, Math.max(0, endOfUser(rest)));
    const colon = user.indexOf(':');
    const secret = colon === -1 ? user : user.slice(colon + 1);
    return secret === '' ? [] : [secret, decoded(secret)];
  });
}

function hideUser(rest: string): string {
  const end = endOfUser(rest);
  return end === -1 ? rest : `***${rest.slice(end)}`;
}

function hideQuery(rest: string): string {
  return rest.replace(/\?[^#\s]+/, '?***');
}

/**
 * Where the `@` before the host stands. A password may hold slashes, though it should not: then it is the last one,
 * unless what stands before the slash is a port.
 */
function endOfUser(rest: string): number {
  const [authority = ''] = rest.split(/[/?#]/, 1);
  const plain = authority.lastIndexOf('@');
  if (plain !== -1) return plain;
  const colon = authority.indexOf(':');
  const mayGoOn = colon !== -1 && !/^\d*$/.test(authority.slice(colon + 1));
  return mayGoOn ? rest.lastIndexOf('@') : -1;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
