import { badAddress } from './bad-address.ts';

/** `s3://bucket/prefix?name=value` in its parts. */
export interface BucketAddress {
  readonly bucket: string;
  /** Absent where none is given. */
  readonly prefix: string | undefined;
  readonly query: Readonly<Record<string, string>>;
}

/**
 * @param known Names that may stand after the question mark.
 * @throws DbtRunCacheError `invalid-options`.
 */
export function bucketAddress(address: string, known: readonly string[]): BucketAddress {
  const [place = '', ...more] = address.split('?');
  const [, bucket = '', path = ''] = /^[a-z0-9]+:\/\/([^/]*)(.*)$/.exec(place) ?? [];
  if (address.includes('#'))
    throw badAddress('The address of the ledger holds a #, which stands for nothing');
  if (place.includes('@')) {
    throw badAddress(
      'The address of the ledger holds an @: no credentials belong there',
      'Take them out. The client library finds credentials where it always does, e.g. in its own variables.',
    );
  }
  if (!/^[a-z0-9][a-z0-9._-]*$/i.test(bucket)) throw badAddress('The address of the ledger names no bucket');
  const query = readQuery(more.join('?'), known);
  if (query['endpoint'] !== undefined) checkEndpoint(query['endpoint']);
  return { bucket, prefix: path.replaceAll('/', '') === '' ? undefined : path, query };
}

function readQuery(text: string, known: readonly string[]): Record<string, string> {
  const pairs = [...new URLSearchParams(text)];
  const names = pairs.map(([name]) => name);
  if (names.some((name, at) => !known.includes(name) || names.indexOf(name) !== at)) {
    throw badAddress(
      'The address of the ledger has a word after the question mark that is not known, or stands there twice',
      `After the question mark may stand ${known.join(', ')}, each once.`,
    );
  }
  const empty = pairs.find(([, value]) => value === '');
  if (empty !== undefined) throw badAddress(`${empty[0]} in the address of the ledger is empty`);
  return Object.fromEntries(pairs);
}

function checkEndpoint(endpoint: string): void {
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  const isWeb = url?.protocol === 'https:' || url?.protocol === 'http:';
  if (isWeb && url.username === '' && url.password === '') return;
  throw badAddress(
    'endpoint in the address of the ledger is no http:// or https:// URL, or holds credentials',
    'Give the URL of the service alone, e.g. endpoint=https://objects.example.com.',
  );
}
