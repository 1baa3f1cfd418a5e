import { type ChildProcess, execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

export const REPOSITORY_NAME = 'analytics/dbt';
export const TOKEN = 'not-a-secret-github-token';

/**
 * What becomes of one request. `lose-request`: it never arrives. `lose-reply`: it is done, and nobody hears of it.
 * `late`: nobody hears of it, and it is done at {@link GitRestService.deliver}.
 */
export type Fate =
  | { readonly kind: 'lose-request' | 'lose-reply' | 'late' }
  | {
      readonly kind: 'answer';
      readonly status: number;
      readonly message: string;
      readonly headers?: Readonly<Record<string, string>>;
    }
  /** Done, and answered with an error all the same. */
  | { readonly kind: 'answer-after'; readonly status: number; readonly message: string }
  /** Answered when the promise resolves. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> };

export interface GitRestService {
  readonly apiUrl: string;
  /** The bare repository. */
  readonly dir: string;
  /** `GET matching-refs`, `PATCH refs`: a method and the kind of what it was for, in order. */
  readonly requests: string[];
  /** Decides what becomes of a request; undefined: it is done. */
  fate: (request: string, path: string) => Fate | undefined;
  /** Called before a request is done. */
  before: (request: string, path: string) => Promise<void>;
  /** How far the service's clock is ahead of this machine's. Milliseconds. */
  aheadMs: number;
  /** What the token may do. `none`: the repository is hidden, as GitHub does. */
  access: 'write' | 'read' | 'none';
  /** Lets what is late be done. */
  deliver(): Promise<void>;
  /** Runs git in the repository. */
  git(args: readonly string[], input?: string | Uint8Array): Promise<string>;
  stop(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body?: unknown;
  readonly raw?: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * GitHub's REST API for refs, commits, trees and blobs, in front of a real bare repository: objects are made by git's
 * plumbing, a ref is made and moved by `git update-ref` with the value it must have, and what is a fast-forward git says.
 */
export async function startGitRest({ isEmpty = false } = {}): Promise<GitRestService> {
  const dir = await mkdtemp(join(tmpdir(), 'runcache-git-rest-'));
  const running = new Set<ChildProcess>();
  const run = (args: readonly string[], input?: string | Uint8Array, env = {}): Promise<Buffer> =>
    new Promise((resolve, reject) => {
      const child = execFile(
        'git',
        ['--git-dir', dir, ...args],
        {
          encoding: 'buffer',
          maxBuffer: 1 << 28,
          env: { PATH: process.env['PATH'], LC_ALL: 'C', GIT_CONFIG_NOSYSTEM: '1', HOME: dir, ...env },
        },
        (error, stdout, stderr) => {
          running.delete(child);
          if (error === null) resolve(stdout);
          else reject(new Error(`git ${args[0]}: ${stderr.toString().trim()}`, { cause: error }));
        },
      );
      running.add(child);
      // git may end without having read it.
      child.stdin?.on('error', () => undefined);
      child.stdin?.end(input ?? '');
    });
  const text = async (...args: Parameters<typeof run>): Promise<string> =>
    (await run(...args)).toString().trim();
  await run(['init', '--bare', '--quiet', '--template=', dir]);
  if (!isEmpty) {
    const tree = await text(['mktree']);
    const who = {
      GIT_AUTHOR_NAME: 'a',
      GIT_AUTHOR_EMAIL: 'a@b',
      GIT_COMMITTER_NAME: 'a',
      GIT_COMMITTER_EMAIL: 'a@b',
    };
    const sha = await text(['commit-tree', tree, '-m', 'The first commit'], '', who);
    await run(['update-ref', 'refs/heads/main', sha]);
  }

  const now = (): number => Date.now() + service.aheadMs;
  const commits = new Map<string, unknown>();
  const types = new Map<string, string>();
  const typeOf = async (sha: string): Promise<string> => {
    const type = types.get(sha) ?? (await text(['cat-file', '-t', sha]).catch(() => 'nothing'));
    // Starting a program for each look would be most of what a test takes.
    if (type !== 'nothing') types.set(sha, type);
    return type;
  };
  const current = async (ref: string): Promise<string | undefined> =>
    readFile(join(dir, ref), 'utf8').then(
      (line) => line.trim(),
      () => undefined,
    );

  /** One change of refs at a time, as if the repository were locked. */
  let last: Promise<unknown> = Promise.resolve();
  const locked = <T>(action: () => Promise<T>): Promise<T> => {
    const next = last.then(action, action);
    last = next;
    return next;
  };

  async function commitJson(sha: string): Promise<unknown> {
    const known = commits.get(sha);
    if (known !== undefined) return known;
    const raw = await text(['cat-file', 'commit', sha]);
    const end = raw.indexOf('\n\n');
    const head = raw.slice(0, end).split('\n');
    const committer = /^committer (.*) <(.*)> (\d+) /.exec(
      head.find((line) => line.startsWith('committer')) ?? '',
    );
    const json = {
      sha,
      message: raw.slice(end + 2),
      committer: {
        name: committer?.[1],
        email: committer?.[2],
        date: new Date(Number(committer?.[3]) * 1000).toISOString().replace('.000', ''),
      },
      tree: { sha: head[0]?.slice(5) },
      parents: head.filter((line) => line.startsWith('parent')).map((line) => ({ sha: line.slice(7) })),
    };
    commits.set(sha, json);
    return json;
  }

  /** Nothing here packs refs, so each is a file. */
  async function matching(start: string): Promise<unknown> {
    const exact = await current(start);
    const folder = dirname(start);
    const names =
      exact === undefined
        ? await readdir(join(dir, folder), { recursive: true, withFileTypes: true }).catch(() => [])
        : [];
    const refs = exact === undefined ? [] : [start];
    for (const file of names)
      if (file.isFile() && !file.name.endsWith('.lock'))
        refs.push(relative(dir, join(file.parentPath, file.name)));
    const found = refs
      .filter((ref) => ref.startsWith(start))
      .map(async (ref) => {
        const sha = await current(ref);
        if (sha === undefined) return [];
        const type = commits.has(sha) ? 'commit' : await typeOf(sha);
        return [{ ref, node_id: 'x', url: 'x', object: { type, sha, url: 'x' } }];
      });
    return (await Promise.all(found)).flat();
  }

  async function post(kind: string, body: Readonly<Record<string, unknown>>): Promise<Reply> {
    if (kind === 'blobs') {
      const bytes = Buffer.from(String(body['content']), body['encoding'] === 'base64' ? 'base64' : 'utf8');
      return { status: 201, body: { sha: await text(['hash-object', '-w', '--stdin'], bytes) } };
    }
    if (kind === 'trees') {
      const lines: string[] = [];
      for (const file of body['tree'] as readonly Readonly<Record<string, string>>[]) {
        const sha = file['sha'] ?? (await text(['hash-object', '-w', '--stdin'], file['content']));
        lines.push(`${file['mode']} ${file['type']} ${sha}\t${file['path']}`);
      }
      if (lines.length === 0) return refused('Invalid tree info');
      return {
        status: 201,
        body: { sha: await text(['mktree'], `${lines.join('\n')}\n`), truncated: false },
      };
    }
    if (kind === 'commits') {
      const parents = body['parents'] as readonly string[];
      if ((await typeOf(String(body['tree']))) !== 'tree') return refused('Tree SHA does not exist');
      for (const parent of parents)
        if (!commits.has(parent) && (await typeOf(parent)) !== 'commit')
          return refused('Parent SHA does not exist or is not a commit object');
      const who = ['AUTHOR', 'COMMITTER'].flatMap((role) => [
        [`GIT_${role}_NAME`, 'github-actions[bot]'],
        [`GIT_${role}_EMAIL`, 'bot@users.noreply.github.com'],
        [`GIT_${role}_DATE`, `${Math.floor(now() / 1000)} +0000`],
      ]);
      const sha = await text(
        ['commit-tree', String(body['tree']), ...parents.flatMap((parent) => ['-p', parent])],
        String(body['message']),
        Object.fromEntries(who),
      );
      return { status: 201, body: await commitJson(sha) };
    }
    const { ref, sha } = body as { readonly ref: string; readonly sha: string };
    if (!/^refs\/[^/]+\/./.test(ref)) return refused('Reference name must start with refs/');
    return locked(async () => {
      if ((await current(ref)) !== undefined) return refused('Reference already exists');
      if (!commits.has(sha) && (await typeOf(sha)) === 'nothing') return refused('Object does not exist');
      try {
        await run(['update-ref', ref, sha, '0'.repeat(40)]);
      } catch {
        return refused('Reference update failed');
      }
      return { status: 201, body: { ref, object: { type: 'commit', sha } } };
    });
  }

  const patch = (
    ref: string,
    { sha, force }: { readonly sha: string; readonly force: boolean },
  ): Promise<Reply> =>
    locked(async () => {
      const old = await current(ref);
      if (old === undefined) return refused('Reference does not exist');
      if ((await typeOf(sha)) === 'nothing') return refused('Object does not exist');
      if (!force && !(await isAncestor(old, sha))) return refused('Update is not a fast forward');
      await run(['update-ref', ref, sha, old]);
      return { status: 200, body: { ref, object: { type: 'commit', sha } } };
    });
  const isAncestor = (old: string, sha: string): Promise<boolean> =>
    run(['merge-base', '--is-ancestor', old, sha]).then(
      () => true,
      () => false,
    );

  async function get(kind: string, rest: string, wantsRaw: boolean): Promise<Reply> {
    if (kind === 'matching-refs') return { status: 200, body: await matching(`refs/${rest}`) };
    if (kind === 'commits')
      return (await typeOf(rest)) === 'commit' ? { status: 200, body: await commitJson(rest) } : notFound();
    if (kind !== 'blobs' || (await typeOf(rest)) !== 'blob') return notFound();
    const bytes = await run(['cat-file', 'blob', rest]);
    return wantsRaw
      ? { status: 200, raw: bytes }
      : { status: 200, body: { sha: rest, encoding: 'base64', content: bytes.toString('base64') } };
  }

  async function answer(request: IncomingMessage, kind: string, rest: string, body: string): Promise<Reply> {
    const method = request.method ?? '';
    if (request.headers.authorization !== `Bearer ${TOKEN}`)
      return { status: 401, body: { message: 'Bad credentials' } };
    if (service.access === 'none') return notFound();
    if (method !== 'GET' && service.access === 'read')
      return { status: 403, body: { message: 'Resource not accessible by integration' } };
    if (isEmpty) return { status: 409, body: { message: 'Git Repository is empty.' } };
    if (method === 'GET') return get(kind, rest, /\braw\b/.test(request.headers.accept ?? ''));
    if (method === 'POST') return post(kind, JSON.parse(body) as Readonly<Record<string, unknown>>);
    if (kind !== 'refs') return notFound();
    if (method === 'PATCH') return patch(`refs/${rest}`, JSON.parse(body) as { sha: string; force: boolean });
    return locked(async () => {
      if ((await current(`refs/${rest}`)) === undefined) return refused('Reference does not exist');
      await run(['update-ref', '-d', `refs/${rest}`]);
      return { status: 204 };
    });
  }

  let late: (() => Promise<unknown>)[] = [];

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = Buffer.concat(chunks).toString();
    const root = `/repos/${REPOSITORY_NAME}/git/`;
    const path = decodeURIComponent(request.url ?? '');
    const [kind = '', ...words] = path.startsWith(root) ? path.slice(root.length).split('/') : [];
    const name = `${request.method} ${kind}`;
    service.requests.push(name);
    const fate = service.fate(name, path);
    const perform = async (): Promise<Reply> => {
      await service.before(name, path);
      return answer(request, kind, words.join('/'), body);
    };
    if (fate?.kind === 'lose-request' || fate?.kind === 'late') {
      if (fate.kind === 'late') late.push(perform);
      request.socket.destroy();
      return;
    }
    if (fate?.kind === 'wait') await fate.until;
    if (fate?.kind === 'answer') {
      reply(response, request, { ...fate, body: { message: fate.message } });
      return;
    }
    const done = await perform();
    if (fate?.kind === 'lose-reply') request.socket.destroy();
    else if (fate?.kind === 'answer-after')
      reply(response, request, { ...fate, body: { message: fate.message } });
    else reply(response, request, done);
  }

  function reply(
    response: ServerResponse,
    request: IncomingMessage,
    { status, body, raw, headers }: Reply,
  ): void {
    const bytes = raw ?? Buffer.from(body === undefined ? '' : JSON.stringify(body));
    const etag = `W/"${hash(bytes)}"`;
    const isSame = status === 200 && request.headers['if-none-match'] === etag;
    const zips = !isSame && bytes.length > 1000 && /gzip/.test(String(request.headers['accept-encoding']));
    response.writeHead(isSame ? 304 : status, {
      'content-type': 'application/json; charset=utf-8',
      date: new Date(now()).toUTCString(),
      ...(status === 200 ? { etag } : {}),
      ...(zips ? { 'content-encoding': 'gzip' } : {}),
      ...headers,
    });
    if (isSame) response.end();
    else response.end(zips ? gzipSync(bytes) : bytes);
  }

  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    serve(request, response).catch((error: unknown) => {
      reply(response, request, { status: 500, body: { message: String(error) } });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));

  const service: GitRestService = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dir,
    requests: [],
    fate: () => undefined,
    before: async () => undefined,
    aheadMs: 0,
    access: 'write',
    deliver: async () => {
      const due = late;
      late = [];
      for (const perform of due) await perform();
    },
    git: (args, input) => text(args, input),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      for (const child of running) child.kill('SIGKILL');
      await rm(dir, { recursive: true, force: true });
    },
  };
  return service;
}

function notFound(): Reply {
  return { status: 404, body: { message: 'Not Found' } };
}

function refused(message: string): Reply {
  return { status: 422, body: { message } };
}

function hash(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}
