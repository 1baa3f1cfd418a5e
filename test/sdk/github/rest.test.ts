import nock from 'nock';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { githubRest, type RestRequest } from '../../../sdk/github/rest.ts';

const API = 'https://api.github.com';
const request = (options: Partial<RestRequest> = {}): RestRequest => ({
  method: 'GET',
  path: '/x',
  maxBytes: 1000,
  timeoutMs: 5000,
  ...options,
});
const open = () => githubRest({ apiUrl: API, token: 'not-a-secret' });
/** A time of GitHub's clock, which may be far from this host's. */
const DATE = Date.parse('2031-05-01T10:00:00Z');
const date = new Date(DATE).toUTCString();

beforeEach(() => nock.disableNetConnect());
afterEach(() => {
  nock.cleanAll();
  nock.enableNetConnect();
});

describe('one request', () => {
  test('says who asks, and what for', async () => {
    nock(API, {
      reqheaders: {
        accept: 'application/vnd.github+json',
        authorization: 'Bearer not-a-secret',
        'user-agent': 'dbt-runcache',
        'x-github-api-version': '2022-11-28',
        'content-type': 'application/json',
      },
    })
      .post('/x', { a: 1 })
      .reply(201, { b: 2 }, { date, etag: 'W/"1"' });
    const answer = await open().request(request({ method: 'POST', body: { a: 1 } }));
    expect(answer).toMatchObject({ kind: 'answered', status: 201, date: DATE, etag: 'W/"1"' });
    if (answer.kind === 'answered') expect(Buffer.from(answer.bytes).toString()).toBe('{"b":2}');
  });

  test('with a tag: the answer may be that nothing changed', async () => {
    nock(API, { reqheaders: { 'if-none-match': 'W/"1"' } })
      .get('/x')
      .reply(304, undefined, { date });
    expect(await open().request(request({ etag: 'W/"1"' }))).toMatchObject({ status: 304, date: DATE });
  });

  test('a redirect is not followed', async () => {
    nock(API).post('/x').reply(307, {}, { location: 'https://elsewhere.example.com/x' });
    expect(await open().request(request({ method: 'POST', body: {} }))).toMatchObject({ status: 307 });
  });

  test('an answer that is too large is not read', async () => {
    nock(API).get('/x').reply(200, 'x'.repeat(1001));
    expect(await open().request(request())).toEqual({ kind: 'too-large' });
  });

  test('a connection that breaks, silence, and a caller that stops', async () => {
    nock(API).get('/x').replyWithError('broken');
    expect(await open().request(request())).toMatchObject({ kind: 'failed', timedOut: false });
    nock(API).get('/x').delay(3000).reply(200);
    expect(await open().request(request({ timeoutMs: 50 }))).toMatchObject({
      kind: 'failed',
      timedOut: true,
    });
    nock(API).get('/x').delay(3000).reply(200);
    const stopped = open().request(request({ signal: AbortSignal.timeout(50) }));
    expect(await stopped).toMatchObject({ kind: 'failed', timedOut: false });
  });
});

describe('limits', () => {
  const limited = (status: number, body: object, headers: Record<string, string>) =>
    nock(API)
      .get('/x')
      .reply(status, body, { date, ...headers });
  const waitMs = async (): Promise<number | undefined> => {
    const answer = await open().request(request());
    return answer.kind === 'limited' ? answer.waitMs : undefined;
  };
  const reset = String(DATE / 1000 + 1800);

  test.each([
    ['Retry-After', 429, {}, { 'retry-after': '120' }, 120_000],
    ['Retry-After of a refusal', 403, {}, { 'retry-after': '30' }, 30_000],
    ['no requests left', 403, {}, { 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': reset }, 1_801_000],
    ['no requests left, until nobody says', 403, {}, { 'x-ratelimit-remaining': '0' }, 60_000],
    ['a secondary limit', 403, { message: 'You have exceeded a secondary rate limit.' }, {}, 60_000],
    ['too many', 429, {}, {}, 60_000],
  ])('%s', async (_, status, body, headers, expected) => {
    limited(status, body, headers);
    const ms = await waitMs();
    expect(ms).toBeGreaterThan(expected - 2000);
    expect(ms).toBeLessThanOrEqual(expected);
  });

  test('a refusal for a permission is an answer', async () => {
    const body = { message: 'Resource not accessible by integration' };
    limited(403, body, { 'x-ratelimit-remaining': '998' });
    expect(await open().request(request())).toMatchObject({ kind: 'answered', status: 403 });
  });

  test('a short one is waited for', async () => {
    limited(429, {}, { 'retry-after': '1' });
    nock(API).get('/x').reply(200, {});
    const began = performance.now();
    expect(await open().request(request())).toMatchObject({ status: 200 });
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  test('during a long one nothing is sent', async () => {
    const rest = open();
    limited(403, {}, { 'retry-after': '600' });
    await rest.request(request());
    const other = nock(API).post('/y').reply(201, {});
    expect(await rest.request(request({ method: 'POST', path: '/y', body: {} }))).toMatchObject({
      kind: 'limited',
    });
    expect(other.isDone()).toBe(false);
  });
});
