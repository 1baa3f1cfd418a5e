import { DbtRunCacheError } from '../errors.ts';
import type { GitRefStoreOptions } from './git-ref.ts';

/** Refs below these are branches, tags and GitHub's own: writing there starts workflows, or is refused. */
const TAKEN = ['heads', 'tags', 'remotes', 'notes', 'pull', 'replace', 'changes', 'gh'];

/** Options that are fine to use. The token is in no message. */
export function checkedOptions({
  repository,
  token,
  apiUrl = 'https://api.github.com',
  prefix = 'dbt-runcache',
}: GitRefStoreOptions) {
  const words = repository.split('/');
  if (words.length !== 2 || !words.every((word) => /^[\w.-]+$/.test(word) && !/^\.+$/.test(word)))
    throw invalid(
      `${shown(repository)} is no GitHub repository`,
      'Give it as owner/name, e.g. analytics/dbt.',
    );
  if (!/^[\x21-\x7e]+$/.test(token))
    throw invalid(
      `The ledger in ${repository} needs a token`,
      'Give a token with the permission contents: write, without white space.',
    );
  const url = URL.parse(apiUrl);
  const isLocal = url !== null && ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  const isFine = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal);
  if (!isFine || url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw invalid(
      'The address of the GitHub API is no plain https address',
      'Give one such as https://github.example.com/api/v3; the token would go over the line unprotected otherwise.',
    );
  const [first = ''] = prefix.split('/');
  if (!/^[\w-]+(\/[\w-]+)*$/.test(prefix) || prefix.length > 100 || TAKEN.includes(first))
    throw invalid(
      `${shown(prefix)} is no prefix for a ledger's refs`,
      `Use words of letters, digits, dashes and underscores, with slashes between them; not ${TAKEN.join(', ')}.`,
    );
  return { repository, token, apiUrl: apiUrl.replace(/\/+$/, ''), prefix };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 200));
}

function invalid(message: string, hint: string): DbtRunCacheError {
  return new DbtRunCacheError(message, { code: 'invalid-options', hint });
}
