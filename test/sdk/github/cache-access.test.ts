import { describe, expect, test } from 'vitest';
import { cacheAccess } from '../../../sdk/github/cache-access.ts';

const env = {
  GITHUB_ACTIONS: 'true',
  GITHUB_SERVER_URL: 'https://github.com',
  GITHUB_EVENT_NAME: 'push',
  ACTIONS_RESULTS_URL: 'https://results.example.com/',
  ACTIONS_RUNTIME_TOKEN: 'not-a-secret-token',
  ACTIONS_CACHE_SERVICE_V2: 'True',
};

describe('whether the Actions cache can be used', () => {
  test('in an action it can', () => {
    expect(cacheAccess(env)).toEqual({
      kind: 'usable',
      url: 'https://results.example.com/',
      token: 'not-a-secret-token',
      mode: undefined,
      trigger: 'push',
    });
    for (const GITHUB_SERVER_URL of ['https://acme.ghe.com', undefined, 'http://github.localhost'])
      expect(cacheAccess({ ...env, GITHUB_SERVER_URL }).kind).toBe('usable');
  });

  test.for([
    ['outside of Actions', { ACTIONS_RUNTIME_TOKEN: undefined, GITHUB_ACTIONS: undefined }, 'not-in-actions'],
    ['in a step with run:', { ACTIONS_RUNTIME_TOKEN: '' }, 'no-token'],
    ['on a server of one’s own', { GITHUB_SERVER_URL: 'https://git.example.com' }, 'own-server'],
    ['in an action in Docker', { ACTIONS_CACHE_SERVICE_V2: undefined }, 'no-service'],
    ['without an address', { ACTIONS_RESULTS_URL: '' }, 'no-service'],
    ['with cache-mode: none', { ACTIONS_CACHE_MODE: 'none' }, 'cache-mode'],
    ['with cache-mode: write-only', { ACTIONS_CACHE_MODE: ' Write-Only ' }, 'cache-mode'],
  ] as const)('%s it cannot, and why is a sentence', ([, change, because]) => {
    const access = cacheAccess({ ...env, ...change });
    expect(access).toMatchObject({ kind: 'unusable', because });
    if (access.kind === 'unusable')
      for (const text of [access.why, access.hint]) expect(text).toMatch(/^[A-Z].*\.$/);
  });

  test('with cache-mode: read it can be read', () => {
    expect(cacheAccess({ ...env, ACTIONS_CACHE_MODE: 'read' })).toMatchObject({
      kind: 'read-only',
      mode: 'read',
      token: 'not-a-secret-token',
    });
    expect(cacheAccess({ ...env, ACTIONS_CACHE_MODE: 'write' }).kind).toBe('usable');
  });
});
