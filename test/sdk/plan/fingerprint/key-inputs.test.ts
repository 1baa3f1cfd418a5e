import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compareParts, deriveKey } from '../../../../sdk/dedup/key.ts';
import { fingerprint } from '../../../../sdk/plan/fingerprint/key-inputs.ts';
import { type Given, type ProjectFolder, projectFolder } from '../../../support/fingerprint-input.ts';
import { type Random, seededRandom } from '../../../support/random.ts';

let folder: ProjectFolder;
beforeAll(async () => {
  folder = await projectFolder();
  await folder.put('models/one.sql', 'select 1');
  await folder.put('prod/manifest.json', '{}');
});
afterAll(() => folder.remove());

const made = async (given: Given = {}) => fingerprint(await folder.input(given));
const partsOf = async (given: Given) => {
  const derived = deriveKey((await made(given)).inputs);
  if (derived.kind === 'underivable') throw new Error(JSON.stringify(derived.unknown));
  return derived.parts;
};

describe('the parts', () => {
  const names = async (given: Given = {}) => Object.keys((await made(given)).inputs).sort();

  test('of a build, and of a command without a profile', async () => {
    expect(await names()).toEqual([
      ...['code', 'command', 'data', 'engine', 'env', 'packages', 'profile', 'selection', 'state', 'target'],
      ...['vars', 'warehouse'],
    ]);
    const deps = await names({ args: ['deps'] });
    expect((await names()).filter((name) => !deps.includes(name))).toEqual([
      'profile',
      'target',
      'warehouse',
    ]);
    expect((await made({ args: ['deps'] })).target).toBeUndefined();
  });

  test('of a profile that only dbt can tell', async () => {
    const { inputs, target } = await made({ more: { profile: undefined } });
    for (const name of ['target', 'profile', 'warehouse'])
      expect(inputs[name]).toEqual({ kind: 'unknown', why: 'only dbt can tell the profile' });
    expect(target).toBeUndefined();
  });

  test('data nobody speaks of: unknown, with the three ways, and no part of a given key', async () => {
    const { inputs } = await made({ more: { data: undefined } });
    const data = inputs['data'];
    expect(data?.kind).toBe('unknown');
    for (const way of ['`data-version`', '`data: sources`', '`data: ignore`'])
      expect(data?.kind === 'unknown' ? data.why : '').toContain(way);
    expect(deriveKey(inputs).kind).toBe('underivable');
    expect(await names({ more: { data: undefined, keyKind: 'given' } })).not.toContain('data');
    expect(await names({ more: { keyKind: 'given' } })).toContain('data');
  });

  test('the warehouse has a name', async () => {
    expect((await made()).target).toContain('db.example.com');
  });

  test('nothing of secrets anywhere, vars and arguments included', async () => {
    const secret = 'Zq8-first-Value';
    const { inputs, target } = await made({
      args: [
        'build',
        '--vars',
        `{api_token: ${secret}, a: {b: ${secret}}}`,
        `--unheard-of=${secret}`,
        '-s',
        secret,
      ],
      env: {
        DBT_ENV_SECRET_A: secret,
        DBT_PASSWORD: secret,
        RUN_CACHE_OAUTH_CLIENT_SECRET: secret,
        DBT_ENGINE_X: secret,
      },
    });
    expect(JSON.stringify([deriveKey(inputs), target])).not.toContain(secret);
  });
});

/** A run's settings, apart from how they are written. */
interface Shape {
  readonly command: string;
  readonly options: readonly (readonly string[])[];
  readonly vars: Readonly<Record<string, string>>;
  readonly env: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, string>>;
  readonly more: Given;
}

const FIELDS = {
  type: 'postgres',
  host: 'h',
  dbname: 'd',
  schema: 's',
  user: 'u',
  password: 'p1',
  threads: '1',
};
const OPTIONS = [
  ...[
    ['--full-refresh'],
    ['--fail-fast'],
    ['--empty'],
    ['--store-failures'],
    ['--sample', '3'],
    ['--favor-state'],
  ],
  ...[
    ['-s', 'a', '+b'],
    ['--exclude', 'c'],
    ['--selector', 'x'],
    ['--state', 'prod'],
    ['--no-version-check'],
  ],
];

function randomShape(random: Random): Shape {
  return {
    command: random.pick(['build', 'run', 'test', 'compile']),
    options: OPTIONS.filter(() => random.next() < 0.3),
    vars: Object.fromEntries(
      ['a', 'b', 'c'].filter(() => random.next() < 0.5).map((name) => [name, random.pick(['x', '1', 'yes'])]),
    ),
    env: random.next() < 0.3 ? { DBT_WARN_ERROR: '1' } : {},
    fields: FIELDS,
    more: {},
  };
}

type Change = (shape: Shape, random: Random) => Shape;

const without = (shape: Shape, option: string): Shape => ({
  ...shape,
  options: shape.options.filter(([name]) => name !== option),
});
const toggled = (shape: Shape, option: readonly string[]): Shape =>
  shape.options.some(([name]) => name === option[0])
    ? without(shape, option[0] ?? '')
    : { ...shape, options: [...shape.options, option] };
const withField = (shape: Shape, name: string, value: string): Shape => ({
  ...shape,
  fields: { ...shape.fields, [name]: value },
});
const withEnv = (shape: Shape, name: string, value: string): Shape => ({
  ...shape,
  env: { ...shape.env, [name]: value },
});

const OUTCOME: readonly Change[] = [
  (shape, random) => toggled(shape, random.pick(OPTIONS)),
  (shape) => ({ ...shape, command: shape.command === 'build' ? 'seed' : 'build' }),
  (shape, random) => ({ ...shape, vars: { ...shape.vars, [random.pick(['a', 'b', 'd'])]: 'new' } }),
  (shape, random) => withField(shape, random.pick(['host', 'dbname', 'schema', 'user', 'role']), 'new'),
  (shape, random) => withEnv(shape, random.pick(['DBT_FULL_REFRESH', 'DBT_ENGINE_EMPTY', 'DBT_NEW']), '1'),
  (shape) => ({ ...shape, more: { versions: { dbt: '1.12.7' } } }),
  (shape) => ({ ...shape, more: { versions: { state: '2.62.3' } } }),
  (shape) => ({ ...shape, more: { more: { runCache: 'disabled' } } }),
  (shape) => ({ ...shape, more: { more: { data: { kind: 'known', items: { version: '2' } } } } }),
  (shape) => toggled(without(shape, '-s'), ['-s', 'another']),
  (shape) => toggled(without(shape, '-t'), ['-t', 'ci']),
  (shape) => toggled(shape, ['--unheard-of']),
];
const COSMETIC: readonly Change[] = [
  (shape) => toggled(shape, ['--log-level', 'debug']),
  (shape) => toggled(shape, ['--no-use-colors']),
  (shape) => toggled(shape, ['-q']),
  (shape, random) => toggled(shape, ['--threads', String(random.int(1, 9))]),
  (shape) => toggled(shape, ['-t', 'dev']),
  (shape) => toggled(shape, ['--target-path', 'elsewhere']),
  (shape) => withEnv(shape, 'DBT_LOG_FORMAT', 'json'),
  (shape) => withEnv(shape, 'DBT_ENGINE_PRINTER_WIDTH', '9'),
  (shape, random) => withEnv(shape, 'DBT_ENV_SECRET_X', String(random.int(1, 9))),
  (shape, random) => withField(shape, 'password', `p${random.int(2, 99)}`),
  (shape, random) => withField(shape, 'threads', String(random.int(2, 99))),
  (shape) => withField(shape, 'connect_timeout', '3'),
  (shape) => ({ ...shape, options: shape.options.toReversed() }),
  (shape) => ({ ...shape, vars: Object.fromEntries(Object.entries(shape.vars).toReversed()) }),
  (shape) => ({ ...shape, fields: Object.fromEntries(Object.entries(shape.fields).toReversed()) }),
];

function asGiven({ command, options, vars, env, fields, more }: Shape): Given {
  const text = Object.entries(vars).map(([name, value]) => `${name}: ${value}`);
  return {
    ...more,
    args: [command, ...options.flat(), ...(text.length === 0 ? [] : ['--vars', `{${text.join(', ')}}`])],
    env,
    target: Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}`)
      .join(', '),
  };
}

test('two settings that differ in one thing that matters have two keys; else they have one', async () => {
  const random = seededRandom('keys of settings');
  for (let round = 0; round < 60; round += 1) {
    const shape = randomShape(random);
    const before = asGiven(shape);
    let same = shape;
    for (let times = random.int(1, 5); times > 0; times -= 1) same = random.pick(COSMETIC)(same, random);
    const other = random.pick(OUTCOME)(same, random);
    const parts = await partsOf(before);
    const told = JSON.stringify([before, asGiven(same), asGiven(other)]);
    expect(compareParts(parts, await partsOf(asGiven(same))), told).toEqual([]);
    expect(compareParts(parts, await partsOf(asGiven(other))), told).not.toEqual([]);
  }
}, 120_000);
