import { expect, test } from 'vitest';
import { download, sizeAt, upload } from '../../../sdk/github/signed-url.ts';
import { closedPort } from '../../support/closed-port.ts';

const options = { timeoutMs: 5000, blockBytes: 4, signal: new AbortController().signal };

const CALLS = [
  ['upload', (url: string) => upload(url, Buffer.from('x'), options)],
  ['upload in blocks', (url: string) => upload(url, Buffer.from('more than four'), options)],
  ['download', (url: string) => download(url, 100, options)],
  ['size', (url: string) => sizeAt(url, options)],
] as const;

test.each(CALLS)('%s: an address that cannot be used is not repeated', async (_, call) => {
  for (const [url, why] of [
    ['https://me:pass@host.example/blob?sig=s3cret', 'its address has a user name or a password in it'],
    ['https://me@host.example/blob?sig=s3cret', 'its address has a user name or a password in it'],
    ['https://:pass@host.example/blob?sig=s3cret', 'its address has a user name or a password in it'],
    ['host/blob?sig=s3cret', 'its address is none'],
  ] as const)
    expect(await call(url)).toEqual({
      kind: 'ambiguous',
      why: `the storage of the Actions cache did not answer: ${why}`,
    });
});

test.each(CALLS)('%s: a failure tells why without the address', async (_, call) => {
  const refused = await call(`http://127.0.0.1:${await closedPort()}/blob?sig=s3cret`);
  expect(refused).toMatchObject({ kind: 'ambiguous', why: expect.stringContaining('ECONNREFUSED') });
  const odd = await call('blob:https://host.example/blob?sig=s3cret');
  expect(odd).toMatchObject({ kind: 'ambiguous', why: expect.not.stringContaining('s3cret') });
});

test('what fetch itself says of an address is left out', async () => {
  const { fetch } = globalThis;
  globalThis.fetch = (url) => Promise.reject(new TypeError(`Cannot use ${String(url)}`, { cause: url }));
  try {
    expect(await download('https://host.example/blob?sig=s3cret', 100, options)).toEqual({
      kind: 'ambiguous',
      why: 'the storage of the Actions cache did not answer: Cannot use its address',
    });
  } finally {
    globalThis.fetch = fetch;
  }
});
