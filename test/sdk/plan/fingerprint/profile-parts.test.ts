import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deriveKey, type PartInput } from '../../../../sdk/dedup/key.ts';
import { enginePart, statePart } from '../../../../sdk/plan/fingerprint/engine-parts.ts';
import { profileNeed, profilePart, targetPart } from '../../../../sdk/plan/fingerprint/profile-parts.ts';
import { targetText, warehousePart } from '../../../../sdk/plan/fingerprint/warehouse-part.ts';
import {
  type Given,
  itemsOf,
  POSTGRES,
  type ProjectFolder,
  projectFolder,
} from '../../../support/fingerprint-input.ts';

let folder: ProjectFolder;
beforeAll(async () => {
  folder = await projectFolder();
});
afterAll(() => folder.remove());

const profile = async (given: Given = {}) => profilePart(await folder.input(given));
const warehouse = async (target: string) => warehousePart(await folder.input({ target }));
const textOf = async (target: string, given: Given = {}) =>
  targetText(await folder.input({ target, ...given }));

describe('profile and target', () => {
  test('by name, however they were chosen', async () => {
    const names = async (given: Given) => itemsOf(targetPart(await folder.input(given)));
    expect(await names({})).toEqual({ profile: 'shop', target: 'dev' });
    expect(await names({ args: ['build', '-t', 'ci'] })).toEqual({ profile: 'shop', target: 'ci' });
    expect(await names({ env: { DBT_TARGET: 'ci' } })).toEqual(
      await names({ args: ['build', '--target=ci'] }),
    );
  });

  test('a command without one has no such parts, and one that needs it has them unknown', async () => {
    expect(profileNeed(await folder.input({ args: ['deps'] }))).toBe('none');
    expect(profileNeed(await folder.input({}))).toBe('known');
    const lost = await folder.input({ more: { profile: undefined } });
    expect(profileNeed(lost)).toEqual({ why: 'only dbt can tell the profile' });
    expect([targetPart(lost), profilePart(lost), warehousePart(lost)].map(({ kind }) => kind)).toEqual([
      'unknown',
      'unknown',
      'unknown',
    ]);
    expect(await targetText(lost)).toBeUndefined();
  });
});

describe('the fields of a target', () => {
  test('every one counts but secrets and timing', async () => {
    const base = await profile();
    const other = async (from: string, to: string) => profile({ target: POSTGRES.replace(from, to) });
    for (const [from, to] of [
      ['db.example', 'db2.example'],
      ['user: me', 'user: you'],
      ['schema: dev', 'schema: dev2'],
      ['dbname: shop', 'dbname: shop, role: r'],
      ['dbname: shop', 'dbname: shop, search_path: "a,b"'],
      ['dbname: shop', 'dbname: shop, retries: 3'],
      ['5432', '"5432"'],
      ['5432', '5433'],
    ] as const)
      expect(await other(from, to)).not.toEqual(base);
    for (const [from, to] of [
      ['hunter2-secret', 'another-secret'],
      ['threads: 4', 'threads: 8'],
      ['user: me', 'user:   "me"'],
    ] as const)
      expect(await other(from, to)).toEqual(base);
    expect(itemsOf(await other('threads: 4', 'threads: 8, connect_timeout: 3'))).toEqual(itemsOf(base));
    expect(base).toMatchObject({
      leftOut: { password: 'it is a secret', threads: 'it changes how fast a run is, no result' },
    });
  });

  test('numbers and booleans count as they are written', async () => {
    const settings = (value: string) =>
      profile({ target: `type: duckdb, path: x.duckdb, settings: {a: ${value}}` });
    const all: PartInput[] = [];
    for (const value of ['1000', '1e3', '1000.0', '1_000', '"1000"', 'true', 'y', '"y"'])
      all.push(await settings(value));
    expect(new Set(all.map((part) => JSON.stringify(part))).size).toBe(8);
  });

  test('Jinja counts by what it comes to, in nested values too', async () => {
    const nested = (env: Record<string, string>) =>
      profile({
        target: `type: duckdb, path: x.duckdb, attach: [{path: "{{ env_var('FILE') }}", alias: a}]`,
        env,
      });
    expect(await nested({ FILE: 'a.db' })).not.toEqual(await nested({ FILE: 'b.db' }));
    expect(await nested({ FILE: 'a.db' })).toEqual(
      await profile({ target: 'type: duckdb, path: x.duckdb, attach: [{alias: a, path: a.db}]' }),
    );
  });

  test('what only dbt can work out is named, timing and secrets aside', async () => {
    const open = (fields: string) => profile({ target: `${POSTGRES}, ${fields}` });
    expect(await open(`role: "{{ modules.x }}", search_path: "{{ y }}"`)).toEqual({
      kind: 'unknown',
      why: 'only dbt can work out "role", "search_path" of the target in profiles.yml',
    });
    expect((await open(`nested: {deep: ["{{ x }}"]}`)).kind).toBe('unknown');
    expect((await open(`when: 2025-01-01`)).kind).toBe('unknown');
    expect((await open(`connect_timeout: "{{ x }}", token: "{{ x }}"`)).kind).toBe('known');
    // A secret to dbt, in a field that is none.
    expect(
      (
        await profile({
          target: `${POSTGRES}, role: "{{ env_var('DBT_ENV_SECRET_R') }}"`,
          env: { DBT_ENV_SECRET_R: 'r' },
        })
      ).kind,
    ).toBe('unknown');
  });

  test('what profiles.yml says of every run counts', async () => {
    const failFast = await profile({ config: 'fail_fast: true' });
    expect(failFast).not.toEqual(await profile());
    expect(failFast).not.toEqual(await profile({ config: 'fail_fast: false' }));
  });

  test('what drivers read beside it counts, and no password', async () => {
    const base = await profile();
    for (const name of ['TZ', 'PGOPTIONS', 'PGTZ'])
      expect(await profile({ env: { [name]: 'x' } })).not.toEqual(base);
    for (const name of ['PGPASSWORD', 'AWS_REGION'])
      expect(await profile({ env: { [name]: 'x' } })).toEqual(base);
    await folder.put('.env', 'TZ=$ZONE\n');
    expect((await profile()).kind).toBe('unknown');
    await folder.put('.env', '');
  });
});

describe('no secret leaves the profile', () => {
  const SECRETS = [
    'password: S',
    'pass: S',
    'token: S',
    'refresh_token: S',
    'private_key: S',
    'private_key_passphrase: S',
    'client_secret: S',
    'oauth_client_secret: S',
    'aws_secret_access_key: S',
    'aws_session_token: S',
    'motherduck_token: S',
    'api_key: S',
    'jwt_token: S',
    'keyfile_json: {type: service_account, private_key: S, anything: S}',
    'keyfile_json: {client_email: me@example.com, nested: {deeper: [S]}}',
    'settings: {s3_secret_access_key: S}',
    'secrets: [{type: s3, region: eu, key_id: S, secret: S}]',
    'filesystems: [{fs: s3, key: S, secret: S}]',
    'http_headers: {Authorization: Bearer S, X-Api-Key: S}',
    'remote: {host: h, port: 1, user: u, password: S}',
    'attach: [{path: "postgres:dbname=x password=S host=y", type: postgres}]',
    `attach: [{path: "postgresql://u:S@host/db", type: postgres}]`,
    'connection_string: "Server=x;PWD={S};Database=y"',
    'connection_string: "AccountName=x;AccountKey=S"',
    'url: "https://me:S@example.com/x"',
    'url: "md:shop?motherduck_token=S&a=1"',
    'options: ["-c x", "password=S"]',
    'note: "what is S doing here"',
    'token: S, note: "S again"',
  ];
  test.each(SECRETS)('%s', async (fields) => {
    const [one, two] = ['Zq8-first-Value', 'Zq8-other-Value'];
    // Without the password of the base target: a field may come once.
    const base = 'type: postgres, host: h, dbname: d, schema: s, user: me';
    const of = (secret: string) =>
      folder.input({
        target: `${base}, ${fields.replaceAll(/\bS\b/g, secret)}`,
        env: fields.includes('what is') ? { MY_PASSWORD: secret } : {},
      });
    const input = await of(one);
    const parts = { target: targetPart(input), profile: profilePart(input), warehouse: warehousePart(input) };
    // What dbt State is told is not for showing, and hides its secrets elsewhere.
    const { secrets: _, stateKeys: __, ...shown } = input.profile ?? { secrets: [] };
    expect(JSON.stringify([shown, parts, deriveKey(parts), await targetText(input)])).not.toContain(one);
    expect(profilePart(await of(two))).toEqual(parts.profile);
    if (parts.profile.kind === 'known') expect(Object.keys(parts.profile.leftOut ?? {})).not.toEqual([]);
  });

  test('what stands beside a secret still counts', async () => {
    const of = (fields: string) => profile({ target: `type: duckdb, path: x.duckdb, ${fields}` });
    for (const [one, other] of [
      ['secrets: [{type: s3, region: eu, secret: x}]', 'secrets: [{type: s3, region: us, secret: x}]'],
      ['keyfile_json: {client_email: a@x}', 'keyfile_json: {client_email: b@x}'],
      ['url: "https://me:S@one.com"', 'url: "https://me:S@two.com"'],
      ['url: "https://me:S@one.com/a@b"', 'url: "https://me:S@one.com/c@b"'],
      ['dsn: "PWD=x;Database=a"', 'dsn: "PWD=x;Database=b"'],
      ['root: "/data/token=1/x"', 'root: "/data/token=2/x"'],
      ['use_credential_provider: aws', 'use_credential_provider: gcs'],
      ['passcode_in_password: true', 'passcode_in_password: false'],
    ] as const)
      expect(await of(one)).not.toEqual(await of(other));
  });
});

describe('the warehouse', () => {
  test.each([
    [POSTGRES, 'known'],
    ['type: snowflake, account: a, database: d, schema: s', 'known'],
    ['type: bigquery, project: p, dataset: d', 'known'],
    ['type: bigquery, dataset: d', 'unknown'],
    ['type: databricks, host: h, http_path: /p, schema: s', 'known'],
    ['type: duckdb', 'known'],
    ['type: duckdb, path: "{{ x }}"', 'unknown'],
    ['type: spark, method: session, schema: s', 'unknown'],
    ['type: postgres, host: "{{ x }}", dbname: d', 'unknown'],
    ['type: postgres, host: h, dbname: d, role: "{{ x }}"', 'known'],
    ['type: "{{ x }}"', 'unknown'],
  ])('{%s} is %s', async (target, kind) => {
    expect((await warehouse(target)).kind).toBe(kind);
    expect((await textOf(target)) === undefined).toBe(kind === 'unknown');
  });

  test('holds the place alone, as it is written', async () => {
    expect(itemsOf(await warehouse(POSTGRES))).toEqual({
      ...{ type: 'postgres', host: '"db.example.com"', port: '5432', dbname: '"shop"', schema: '"dev"' },
    });
    expect(itemsOf(await warehouse('type: duckdb, path: db/x.duckdb'))).toMatchObject({
      path: '"db/x.duckdb"',
    });
  });

  test.each([
    [
      'type: postgres, host: H, dbname: d, schema: s',
      'type: postgres, host: h, database: D, port: 5432, schema: S',
    ],
    [
      'type: postgres, host: h, dbname: d, user: a',
      'type: postgres, host: h, dbname: d, user: b, threads: 9',
    ],
    ['type: postgres, host: localhost, dbname: d', 'type: postgres, host: 127.0.0.1, dbname: d'],
    [
      'type: databricks, host: h, http_path: /a, schema: s',
      'type: databricks, host: h, http_path: /b, schema: s',
    ],
    ['type: bigquery, project: p, dataset: d', 'type: bigquery, database: p, schema: d'],
    [
      'type: snowflake, account: a, database: d',
      'type: snowflake, account: A.snowflakecomputing.com, database: D, warehouse: w',
    ],
    ['type: duckdb, path: x.duckdb', 'type: duckdb, path: ./db/../x.duckdb, schema: other'],
    ['type: duckdb, path: "md:shop"', 'type: duckdb, path: "md:shop?motherduck_token=x"'],
  ])('one target: {%s} and {%s}', async (one, other) => {
    expect(await textOf(one)).toBeDefined();
    expect(await textOf(one)).toBe(await textOf(other));
  });

  test.each([
    ['type: postgres, host: a, dbname: d', 'type: postgres, host: b, dbname: d'],
    ['type: postgres, host: a, dbname: d', 'type: postgres, host: a, dbname: e'],
    ['type: postgres, host: a, dbname: d', 'type: postgres, host: a, dbname: d, port: 5433'],
    ['type: postgres, host: a, dbname: d', 'type: redshift, host: a, dbname: d'],
    ['type: postgres, host: a, dbname: d, schema: a', 'type: postgres, host: a, dbname: d, schema: b'],
    ['type: snowflake, account: a, database: d', 'type: snowflake, account: b, database: d'],
    ['type: bigquery, project: p, dataset: d', 'type: bigquery, project: q, dataset: d'],
    ['type: duckdb, path: a.duckdb', 'type: duckdb, path: b.duckdb'],
    ['type: duckdb, path: "md:a"', 'type: duckdb, path: "md:b"'],
  ])('two targets: {%s} and {%s}', async (one, other) => {
    expect(await textOf(one)).not.toBe(await textOf(other));
  });

  test('a file is one target through whichever link, and another from another folder', async () => {
    await mkdir(join(folder.root, 'real/sub'), { recursive: true });
    await symlink(join(folder.root, 'real'), join(folder.root, 'link'));
    expect(await textOf('type: duckdb, path: link/x.duckdb')).toBe(
      await textOf('type: duckdb, path: real/x.duckdb'),
    );
    expect(await textOf('type: duckdb, path: x.duckdb')).not.toBe(
      await textOf('type: duckdb, path: x.duckdb', { cwd: 'real/sub' }),
    );
  });
});

describe('the engine', () => {
  const engine = async (given: Given = {}) => enginePart(await folder.input(given));
  test('every version counts', async () => {
    const base = await engine();
    expect(base.kind).toBe('known');
    for (const versions of [
      { dbt: '1.12.7' },
      { python: '3.12.0' },
      { state: '2.62.3' },
      { adapters: { postgres: '2' } },
    ])
      expect(await engine({ versions })).not.toEqual(base);
    expect(await engine({ versions: { adapters: { postgres: '1.11.0', duckdb: '9' } } })).toEqual(base);
  });

  test('one that is not known makes it unknown', async () => {
    const { dbt: _, ...noDbt } = (await folder.input()).versions;
    const { python: __, ...noPython } = (await folder.input()).versions;
    for (const versions of [noDbt, noPython, { ...noDbt, dbt: '1', adapters: { duckdb: '1' } }])
      expect((await engine({ more: { versions } })).kind).toBe('unknown');
    const named = await folder.input({ target: 'type: constructor, host: h' });
    expect((await enginePart(named)).kind).toBe('unknown');
  });

  test('dbt v2 has its adapters built in, and flags in the home', async () => {
    const v2: Given = { engine: 'fusion', versions: { adapters: {} } };
    const base = await engine(v2);
    expect(base.kind).toBe('known');
    await folder.put('home/.dbt/user_settings.yml', 'flags: {a: 1}\nother: 2\n');
    const flagged = await engine(v2);
    expect(flagged).not.toEqual(base);
    await folder.put('home/.dbt/user_settings.yml', 'flags: {a: 1}\nother: 3\n');
    expect(await engine(v2)).toEqual(flagged);
    await folder.put('home/.dbt/user_settings.yml', 'other: 3\n');
    expect(await engine(v2)).toEqual(base);
  });
});

describe('dbt State', () => {
  const state = async (given: Given = {}) =>
    statePart(await folder.input({ ...given, versions: { state: '2.62.3' } }));
  test('its settings count, by what they say and not where', async () => {
    const base = await state();
    const tolerant = await state({ env: { RUN_CACHE_FRESHNESS_TOLERANCE: '45m' } });
    expect(tolerant).not.toEqual(base);
    expect(tolerant).not.toEqual(await state({ env: { RUN_CACHE_FRESHNESS_TOLERANCE: '46m' } }));
    expect(tolerant).toEqual(await state({ env: { DBT_ENGINE_STATE_FRESHNESS_TOLERANCE: '45m' } }));
    expect(await state({ env: { RUN_CACHE_DISABLED: '1' } })).not.toEqual(base);
    expect(await state({ more: { runCache: 'disabled' } })).not.toEqual(base);
    const off = (await folder.input()).stateSettings;
    expect(
      await state({ more: { stateSettings: { ...off, switchedOffBy: '--no-manage-state' } } }),
    ).not.toEqual(base);
  });

  test('a name nobody here knows counts by its value, unless it is a secret', async () => {
    const of = (name: string, value: string) => state({ env: { [name]: value } });
    expect(await of('RUN_CACHE_TOMORROW', '1')).not.toEqual(await of('RUN_CACHE_TOMORROW', '2'));
    expect(await of('RUN_CACHE_NEW_TOKEN', 'a')).toEqual(await of('RUN_CACHE_NEW_TOKEN', 'b'));
    const secret = await of('RUN_CACHE_OAUTH_CLIENT_SECRET', 'hunter2-abc');
    expect(JSON.stringify(secret)).not.toContain('hunter2');
    expect(secret).toEqual(await of('RUN_CACHE_OAUTH_CLIENT_SECRET', 'other'));
    expect(secret).not.toEqual(await state());
  });

  test('what it logs does not count', async () => {
    expect(itemsOf(await state({ env: { RUN_CACHE_LOG_PREFIX: 'x' } }))).toEqual(itemsOf(await state()));
  });
});
