import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export const RUNS_REPOSITORY = 'analytics/dbt';
export const RUNS_TOKEN = 'not-a-secret-github-token';

export interface ServedJob {
  /** e.g. `queued`, `in_progress`, `completed`. */
  readonly status: string;
  /** Null for a job that no runner has yet. */
  readonly runner: string | null;
}

export interface ServedAttempt {
  /** e.g. `queued`, `in_progress`, `completed`. */
  readonly status: string;
  readonly jobs: readonly ServedJob[];
}

/** What becomes of one request in place of its answer. */
export type RunsFate =
  /** The connection breaks. */
  | { readonly kind: 'lost' }
  /** Answered when the promise resolves. */
  | { readonly kind: 'wait'; readonly until: Promise<unknown> }
  | {
      readonly kind: 'answer';
      readonly status: number;
      /** Text as it is; anything else as JSON. */
      readonly body: unknown;
      readonly headers?: Readonly<Record<string, string>>;
    };

export interface WorkflowRunsService {
  readonly apiUrl: string;
  /** Paths with their queries, in order, whatever became of them. */
  readonly requests: string[];
  /** Of those, how many were answered with 304, which does not count against the limit. */
  unchanged: number;
  /** How many were given up by who asked. */
  abandoned: number;
  /** By `<run id>/<attempt>`; what is not there is a run that was deleted. */
  readonly attempts: Map<string, ServedAttempt>;
  /** What the token may do. `none`: it lacks `actions: read`. `hidden`: it does not see the repository. */
  access: 'read' | 'none' | 'hidden';
  /** Undefined: the request is answered. */
  fate: (path: string) => RunsFate | undefined;
  stop(): Promise<void>;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** GitHub's REST API for an attempt of a workflow run and its jobs, by page. */
export async function startWorkflowRuns(): Promise<WorkflowRunsService> {
  const server = createServer((request, response) => void serve(service, request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const service: WorkflowRunsService = {
    apiUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: [],
    unchanged: 0,
    abandoned: 0,
    attempts: new Map(),
    access: 'read',
    fate: () => undefined,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return service;
}

async function serve(
  service: WorkflowRunsService,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '';
  service.requests.push(path);
  const fate = service.fate(path);
  if (fate?.kind === 'lost') {
    request.socket.destroy();
    return;
  }
  response.on('close', () => {
    if (!response.writableFinished) service.abandoned += 1;
  });
  if (fate?.kind === 'wait') await fate.until;
  const { status, body, headers } = fate?.kind === 'answer' ? fate : answer(service, request);
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const etag = `W/"${createHash('sha256').update(text).digest('hex')}"`;
  const isSame = status === 200 && request.headers['if-none-match'] === etag;
  if (isSame) service.unchanged += 1;
  response.writeHead(isSame ? 304 : status, {
    'content-type': 'application/json; charset=utf-8',
    'x-ratelimit-limit': '1000',
    'x-ratelimit-remaining': String(1000 - service.requests.length + service.unchanged),
    ...(status === 200 ? { etag } : {}),
    ...headers,
  });
  response.end(isSame ? undefined : text);
}

function answer(service: WorkflowRunsService, request: IncomingMessage): Reply {
  const url = new URL(request.url ?? '', service.apiUrl);
  if (request.headers.authorization !== `Bearer ${RUNS_TOKEN}`) return refused(401, 'Bad credentials');
  const match = /^\/repos\/(.+)\/actions\/runs\/(\d+)\/attempts\/(\d+)(\/jobs)?$/.exec(url.pathname);
  const [, repository, id = '', attempt = '', jobs] = match ?? [];
  if (request.method !== 'GET' || repository !== RUNS_REPOSITORY || service.access === 'hidden')
    return refused(404, 'Not Found');
  if (service.access === 'none') return refused(403, 'Resource not accessible by integration');
  const served = service.attempts.get(`${id}/${attempt}`);
  if (served === undefined) return refused(404, 'Not Found');
  const run = { id: Number(id), attempt: Number(attempt) };
  return jobs === undefined ? { status: 200, body: attemptJson(run, served) } : jobsPage(url, run, served);
}

interface Run {
  readonly id: number;
  readonly attempt: number;
}

function attemptJson({ id, attempt }: Run, { status }: ServedAttempt): unknown {
  return {
    id,
    name: 'Nightly build',
    head_branch: 'main',
    run_number: 562,
    event: 'schedule',
    status,
    conclusion: status === 'completed' ? 'cancelled' : null,
    pull_requests: [],
    run_attempt: attempt,
    previous_attempt_url: null,
    repository: { full_name: RUNS_REPOSITORY },
  };
}

function jobsPage(url: URL, { id, attempt }: Run, { jobs }: ServedAttempt): Reply {
  const size = Math.min(100, Number(url.searchParams.get('per_page') ?? 30));
  const page = Number(url.searchParams.get('page') ?? 1);
  const all = jobs.map(({ status, runner }, index) => ({
    id: id * 1000 + index,
    run_id: id,
    run_attempt: attempt,
    name: `build (${index})`,
    status,
    conclusion: status === 'completed' ? 'cancelled' : null,
    steps: [{ name: 'Set up job', status, number: 1 }],
    labels: ['ubuntu-latest'],
    runner_id: runner === null ? null : index + 1,
    runner_name: runner,
  }));
  const next = new URL(url);
  next.searchParams.set('page', String(page + 1));
  return {
    status: 200,
    body: { total_count: all.length, jobs: all.slice((page - 1) * size, page * size) },
    ...(page * size < all.length ? { headers: { link: `<${next.href}>; rel="next"` } } : {}),
  };
}

function refused(status: number, message: string): Reply {
  return { status, body: { message, documentation_url: 'https://docs.github.com/rest' } };
}
