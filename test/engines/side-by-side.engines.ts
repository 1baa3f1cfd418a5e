import { mkdir, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CORE_1_12, type Engine, environmentOf, FUSION } from '../support/engine.ts';
import { type Library, library } from './library.ts';

let shop: Library;
beforeAll(async () => {
  // Starting from v2, for what its drivers need.
  shop = await library(FUSION, { DBT_ENGINE_MANAGE_STATE: 'false' });
});
afterAll(() => shop?.remove());

async function engineOf(options: { dbt?: string | readonly string[]; path?: readonly string[] }) {
  const { path = [], dbt } = options;
  // Nothing of one engine's run may be taken for the other's.
  await shop.reset();
  const result = await shop.run(['seed'], {
    dbt,
    env: { ...shop.env, PATH: [...path, shop.env['PATH']].join(':') },
  });
  return result.engine;
}

async function binOf(engine: Engine): Promise<string> {
  return (await environmentOf(engine)).binDir;
}

test('v1 and v2 side by side: the first on PATH runs, and is the one that is named', async () => {
  const core = await binOf(CORE_1_12);
  const fusion = await binOf(FUSION);
  expect(await engineOf({ path: [core, fusion] })).toMatchObject({
    kind: 'core',
    dbtVersion: CORE_1_12.dbtVersion,
    commandPrefix: [expect.stringContaining(core)],
  });
  expect(await engineOf({ path: [fusion, core] })).toMatchObject({
    kind: 'fusion',
    dbtVersion: FUSION.dbtVersion,
    commandPrefix: [expect.stringContaining(fusion)],
  });
});

test('the option says which, whatever is on PATH: an executable, an environment, a link of another name', async () => {
  const core = await binOf(CORE_1_12);
  const fusion = await binOf(FUSION);
  const links = join(shop.root, 'links');
  await mkdir(links);
  await symlink(join(fusion, 'dbt'), join(links, 'dbtf'));
  const v2 = { kind: 'fusion', dbtVersion: FUSION.dbtVersion };
  const v1 = { kind: 'core', dbtVersion: CORE_1_12.dbtVersion };
  expect(await engineOf({ path: [core], dbt: join(fusion, 'dbt') })).toMatchObject(v2);
  expect(await engineOf({ path: [core], dbt: dirname(fusion) })).toMatchObject(v2);
  expect(await engineOf({ path: [core], dbt: join(links, 'dbtf') })).toMatchObject(v2);
  expect(await engineOf({ path: [fusion], dbt: join(core, 'dbt') })).toMatchObject(v1);
  expect(await engineOf({ path: [fusion], dbt: dirname(core) })).toMatchObject(v1);
});
