import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type GithubRest, githubRest } from '../../sdk/github/rest.ts';
import { checkoutAt } from './checkout.ts';

export const COMPARE_REPOSITORY = 'acme/shop';
const TOKEN = 'not-a-secret-github-token';

export interface CompareService {
  readonly at: { readonly rest: GithubRest; readonly repository: string };
  /** What was compared, `<base>...<head>`, in order. */
  readonly asked: string[];
  /** Answers in place of the repository: a status, or `silence`. */
  fate: (range: string) => number | 'silence' | undefined;
  stop(): Promise<void>;
}

/** GitHub's comparison of two commits, in front of a real repository. */
export async function startCompare(dir: string): Promise<CompareService> {
  const { git, sha } = checkoutAt(dir);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '', 'http://localhost');
    const range = decodeURIComponent(url.pathname.slice(`/repos/${COMPARE_REPOSITORY}/compare/`.length));
    service.asked.push(range);
    const fate = service.fate(range);
    if (fate === 'silence') return;
    const isAllowed = request.headers.authorization === `Bearer ${TOKEN}`;
    let [status, body]: [number, unknown] = [fate ?? (isAllowed ? 200 : 401), { message: 'Not this' }];
    if (status === 200) {
      try {
        const [base, head] = range
          .split('...')
          .map((name) => sha(/^[0-9a-f]{40}$/.test(name) ? name : `refs/heads/${name}`));
        const [ahead, behind] = git('rev-list', '--left-right', '--count', `${head}...${base}`)
          .split('\t')
          .map(Number);
        body = {
          status: 'ahead',
          ...{ ahead_by: ahead, behind_by: behind, commits: [] },
          merge_base_commit: { sha: git('merge-base', `${base}`, `${head}`) },
          // The first page has them.
          ...(url.searchParams.get('page') === '2' ? {} : { files: [{ patch: 'x'.repeat(8 << 20) }] }),
        };
      } catch {
        [status, body] = [404, { message: 'Not Found' }];
      }
    }
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const apiUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const service: CompareService = {
    at: { rest: githubRest({ apiUrl, token: TOKEN }), repository: COMPARE_REPOSITORY },
    asked: [],
    fate: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}
