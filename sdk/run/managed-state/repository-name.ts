import { type CheckoutFolder, gitIn } from './git.ts';

export interface RepositoryName {
  /** `host/owner/name` in lower case; empty where no remote names one. */
  readonly repository: string;
  /** The project's folder in the repository, with slashes; empty for its root, and outside of a repository. */
  readonly path: string;
}

/** What a repository is called, however it was cloned. Holds no passwords. Throws nothing. */
export async function repositoryNameOf(folder: CheckoutFolder): Promise<RepositoryName> {
  const git = gitIn(folder);
  const [prefix, remotes] = await Promise.all([
    git('rev-parse', '--show-prefix'),
    git('config', '-z', '--get-regexp', '^remote\\..*\\.url$'),
  ]);
  const path = prefix?.replace(/\/?\n?$/, '') ?? '';
  return { repository: inActions(folder.env) ?? nameOf(remoteOf(remotes ?? '')), path };
}

function inActions(env: CheckoutFolder['env']): string | undefined {
  const { GITHUB_ACTIONS: isInside, GITHUB_REPOSITORY: name, GITHUB_SERVER_URL: server } = env;
  if (isInside !== 'true' || !name) return undefined;
  return nameOf(`${(server || 'https://github.com').replace(/\/+$/, '')}/${name}`) || undefined;
}

/** That of `origin`, else of the only one. */
function remoteOf(listed: string): string {
  const urls = new Map<string, string>();
  for (const entry of listed.split('\0')) {
    const end = entry.indexOf('\n');
    if (end === -1) continue;
    // A remote may have several addresses: it is fetched from the first.
    const key = entry.slice(0, end);
    if (!urls.has(key)) urls.set(key, entry.slice(end + 1));
  }
  return urls.get('remote.origin.url') ?? (urls.size === 1 ? ([...urls.values()][0] ?? '') : '');
}

/** Hosts that take ssh over the port of https, under another name. */
const SSH_HOST = /^(?:alt)?ssh\.(?=(?:github\.com|gitlab\.com|bitbucket\.org)$)/;

function nameOf(address: string): string {
  // `git@host:owner/name`; a single letter is a drive of Windows.
  const scp = /^(?:[^/@:]*@)?([^/@:]{2,}):(?!\/\/)(.+)$/.exec(address);
  const url = URL.parse(scp === null ? address : `ssh://${scp[1]}/${scp[2]?.replace(/^\/+/, '')}`);
  if (url === null || url.hostname === '' || url.protocol === 'file:') return '';
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  const host = (isWeb ? url.host : url.hostname).toLowerCase().replace(SSH_HOST, '');
  const name = url.pathname
    .toLowerCase()
    .replace(/^\/+/, '')
    .replace(/\/+$/, '')
    .replace(/\.git$/, '');
  return name === '' ? '' : `${host}/${name}`;
}
