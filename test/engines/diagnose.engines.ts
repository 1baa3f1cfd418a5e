import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diagnose } from '../../sdk/index.ts';
import { checkDiagnosis, checkOf } from '../support/diagnosis-schema.ts';
import { ENGINES } from '../support/engine.ts';
import { type Library, library } from './library.ts';

describe.each(ENGINES)('diagnose with $requirements on DuckDB', (engine) => {
  let shelf: Library;
  beforeAll(async () => {
    shelf = await library(engine);
  });
  afterAll(() => shelf?.remove());

  const diagnosed = async (env: Readonly<Record<string, string>>) =>
    checkDiagnosis(await diagnose({ cwd: shelf.dir, env: { ...shelf.env, ...env }, dbt: shelf.dbt }));

  test('the fallback works, State does not, and nothing is left in the project', async () => {
    const before = await readdir(shelf.dir, { recursive: true });
    const diagnosis = await diagnosed({
      DBT_ENGINE_MANAGE_STATE: 'true',
      RUN_CACHE_OAUTH_CLIENT_SECRET: 'not-a-secret-client',
    });
    expect(checkOf(diagnosis, 'dbt-found').seen).toContain(
      engine.kind === 'core' ? engine.dbtVersion : 'dbt v2 2.0.0',
    );
    expect(checkOf(diagnosis, 'fallback').status).toBe('pass');
    expect(checkOf(diagnosis, 'run-cache-enabled')).toMatchObject({
      status: 'pass',
      seen: expect.stringContaining('DBT_ENGINE_MANAGE_STATE'),
    });
    if (engine.kind === 'core') {
      expect(checkOf(diagnosis, 'adapter-unsupported').status).toBe('fail');
    } else {
      // Told to use State, it says nothing of it here, so nothing is claimed.
      expect(checkOf(diagnosis, 'adapter-supported').status).toBe('fail');
      expect(checkOf(diagnosis, 'service').status).toBe('unknown');
    }
    expect(await readdir(shelf.dir, { recursive: true })).toEqual(before);
  });

  test('switched off, State is not started', async () => {
    const diagnosis = await diagnosed({ DBT_ENGINE_MANAGE_STATE: 'false' });
    expect(checkOf(diagnosis, 'run-cache-enabled').status).toBe('warn');
    expect(checkOf(diagnosis, 'service').fix).toBe('Solve `run-cache-enabled` first.');
  });
});
