import { expect, test } from 'vitest';
import { credentialsIn, hideCredentials, holdsSecret } from '../../../sdk/install/hide-credentials.ts';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';

test.each([
  ['https://usr:77/IDXsecretZ@host/simple', 'https://***@host/simple'],
  ['https://me:a@b/c@host/simple', 'https://***@host/simple'],
  ['https://to/ken@host/simple', 'https://***@host/simple'],
  ['git+https://usr:77/IDXsecretZ@host/repo@main', 'git+https://***@main'],
  [
    `git+https://me:pw@host/repo@${COMMIT}#subdirectory=core`,
    `git+https://***@host/repo@${COMMIT}#subdirectory=core`,
  ],
  ['git+https://me:pw@host/repo@main', 'git+https://***@host/repo@main'],
  ['https://example.com/x?token=sw0rdfish#frag', 'https://example.com/x?***#***'],
  ['https://example.com/x#token=sw0rdfish', 'https://example.com/x#***'],
  ['https://usr:p#sw0rdfish@host/simple', 'https://usr:p#***'],
])('%s is shown as %s', (address, shown) => {
  expect(hideCredentials(`from ${address} and more`)).toBe(`from ${shown} and more`);
  expect(holdsSecret(address)).toBe(true);
});

test.each([
  'git+https://github.com/dbt-labs/dbt-core@main',
  'git+https://github.com/dbt-labs/dbt-core@feature/x',
  `git+https://example.com:8443/org/repo@${COMMIT}#egg=dbt_core`,
  'https://example.com:8443/simple',
  `https://example.com/a-1-py3-none-any.whl#sha256=${'a'.repeat(64)}`,
])('%s is shown as it is', (address) => {
  expect(hideCredentials(address)).toBe(address);
  expect(holdsSecret(address)).toBe(false);
});

test('what must be hidden elsewhere: passwords, tokens, queries, and no names', () => {
  expect(credentialsIn('https://me:pw%21@host/')).toEqual(['pw%21', 'pw!']);
  expect(credentialsIn('https://t0ken-alone@host/')).toEqual(['t0ken-alone']);
  expect(credentialsIn('https://t0ken:@host/')).toEqual(['t0ken']);
  expect(credentialsIn('https://usr:77/IDXsecretZ@host/simple')).toEqual(['77/IDXsecretZ']);
  expect(credentialsIn('https://host/x?n=1&sig=sw0rdfish')).toEqual(['n=1&sig=sw0rdfish', 'sw0rdfish']);
  expect(credentialsIn('git+ssh://git@github.com/a/b')).toEqual([]);
  expect(holdsSecret('git+ssh://git@github.com/a/b')).toBe(false);
});
