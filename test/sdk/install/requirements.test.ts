import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Requirements, readRequirements } from '../../../sdk/install/requirements.ts';

let cwd = '';
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'install-requirements-'));
});
afterEach(() => rm(cwd, { recursive: true, force: true }));

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(join(cwd, path)), { recursive: true });
  await writeFile(join(cwd, path), text);
}

function read(text: string, env: Readonly<Record<string, string>> = {}): Promise<Requirements> {
  return readRequirements(text, { cwd, env });
}

async function fromFile(text: string, env?: Readonly<Record<string, string>>): Promise<Requirements> {
  await put('requirements.txt', text);
  return read('requirements.txt', env);
}

/** pip fills the variable in. */
const WITH_TOKEN = `--index-url https://ci:$\{TOKEN}@pypi.example.com/simple\ndbt-core==1\n`;
const SHA = 'a'.repeat(64);
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

describe('requirements one after the other', () => {
  test('exact versions tell dbt, its adapters and the State plugin, and leave nothing uncertain', async () => {
    expect(
      await read('dbt-core==1.11.2 dbt-postgres==1.10.0\n dbt_state == 2.62.3 sqlglot==1'),
    ).toMatchObject({
      engine: 'core',
      versions: { dbt: '1.11.2', adapters: { postgres: '1.10.0' }, state: '2.62.3' },
      items: {
        'requirement dbt-core': '==1.11.2',
        'requirement dbt-postgres': '==1.10.0',
        'requirement dbt-state': '==2.62.3',
        'requirement sqlglot': '==1',
      },
      uncertain: [],
      files: [],
      namesDbt: true,
      isComplete: false,
      needsPip: false,
      given: { kind: 'lines' },
    });
  });

  test.each([
    ['dbt-core', 'dbt-core (no version)'],
    ['dbt-core>=1.11,<1.12', 'dbt-core (>=1.11,<1.12)'],
    ['dbt-core ~= 1.11.0', 'dbt-core (~=1.11.0)'],
    ['dbt-core==1.11.*', 'dbt-core (==1.11.*)'],
    ['"dbt-core >= 1.11"', 'dbt-core (>=1.11)'],
    [
      'dbt-core@git+https://github.com/dbt-labs/dbt-core@main',
      'dbt-core (git+https://github.com/dbt-labs/dbt-core@main)',
    ],
    [
      `dbt-core @ https://example.com/dbt_core-1.11.0-py3-none-any.whl`,
      'dbt-core (https://example.com/dbt_core-1.11.0-py3-none-any.whl)',
    ],
    ['dbt-core==1.11.2 ; python_version < "3.13"', 'dbt-core (==1.11.2, only where python_version < "3.13")'],
    [
      '"dbt-core==1.11.2; python_version < \'3.13\'"',
      "dbt-core (==1.11.2, only where python_version < '3.13')",
    ],
    ['dbt-core -c marked.txt', 'dbt-core (no version)'],
    [
      'dbt-core@git+https://github.com/dbt-labs/dbt-core@main -c pins.txt',
      'dbt-core (git+https://github.com/dbt-labs/dbt-core@main)',
    ],
    ['dbt-core@file:///src/dbt-core -c pins.txt', 'dbt-core (file:///src/dbt-core)'],
    ['dbt-core==1.11.2 --find-links gone', /^--find-links .*gone \(it is no folder\)$/],
    ['dbt-core==1.11.2 ./plugin', './plugin'],
    ['dbt-core==1.11.2 -e ./plugin', /^-e .*plugin$/],
    ['dbt-core==1.11.2 -r https://example.com/more.txt', 'https://example.com/more.txt'],
    ['dbt-core==1.11.2 -r gone.txt', /gone\.txt \(it cannot be read\)$/],
    ['dbt-postgres==1.10.0', 'dbt-core (not among them)'],
  ])('%s is uncertain', async (text, why) => {
    await put('pins.txt', 'dbt-core==1.11.2\n');
    await put('marked.txt', 'dbt-core==1.11.2; python_version>"3"\n');
    const { uncertain } = await read(text);
    expect(uncertain).toEqual([typeof why === 'string' ? why : expect.stringMatching(why)]);
  });

  test.each([
    ['dbt-core===1.11.2', '1.11.2'],
    ['dbt-core[all]==1.11', '1.11.0'],
    ['dbt-core == v1.12.0-RC.1', '1.12.0rc1'],
    ['dbt-core==1.12.0b2', '1.12.0b2'],
    ['dbt-core>=1.11,==1.11.2', '1.11.2'],
    ['dbt-core==1.11.2 -c excused.txt', '1.11.2'],
    ['"dbt-core; python_version < \'3.13\'" dbt-core==1.11.2', '1.11.2'],
    [`dbt-core @ https://example.com/dbt_core-1.11.2-py3-none-any.whl#sha256=${SHA}`, '1.11.2'],
    [`dbt-core @ https://example.com/dbt-core-1.11.2.tar.gz --hash=sha256:${SHA}`, '1.11.2'],
    [`dbt-core @ git+https://github.com/dbt-labs/dbt-core@${COMMIT}#subdirectory=core`, undefined],
  ])('%s is one version', async (text, version) => {
    await put('excused.txt', 'dbt-core==1.11.2\n');
    const { uncertain, versions } = await read(text);
    expect(uncertain).toEqual([]);
    expect(versions.dbt).toBe(version);
  });

  test.each([
    ['dbt==2.0.0rc196', { dbt: '2.0.0rc196', adapters: {} }],
    ['dbt-core==2.0.0a4', { dbt: '2.0.0a4', adapters: {} }],
    ['dbt>=2,<3', { adapters: {} }],
  ])('%s is dbt v2', async (text, versions) => {
    expect(await read(text)).toMatchObject({ engine: 'fusion', versions });
  });

  test('other packages named dbt- are no adapters, and no dbt', async () => {
    const { versions } = await read(
      'dbt-core==1.11.2 dbt-adapters==1.16.7 dbt-common==1.33.0 dbt-osmosis==1.1.17',
    );
    expect(versions.adapters).toEqual({});
    await expect(read('dbt-common==1.33.0')).rejects.toMatchObject({ code: 'invalid-options' });
  });

  test('two versions for two Pythons tell none', async () => {
    const { versions, uncertain, items } = await fromFile(
      'dbt-core==1.11.2\ndbt-postgres==1.9.0; python_version<"3.10"\ndbt-postgres==1.10.0; python_version>="3.10"\n',
    );
    expect(versions).toEqual({ dbt: '1.11.2', adapters: {} });
    expect(uncertain).toHaveLength(2);
    expect(items['requirement dbt-postgres']).toBe(
      '==1.10.0 ; python_version>="3.10" | ==1.9.0 ; python_version<"3.10"',
    );
  });
});

test('extras count, however they are written', async () => {
  const item = async (text: string) =>
    (await read(`dbt-core==1.11.2 ${text}`)).items['requirement dbt-duckdb'];
  expect(await item('dbt-duckdb==1.9.1')).toBe('==1.9.1');
  expect(await item('dbt-duckdb[md,Glue_X]==1.9.1')).toBe('[glue-x,md] ==1.9.1');
  expect(await item('"dbt-duckdb[ glue-x , md ] == 1.9.1"')).toBe('[glue-x,md] ==1.9.1');
  expect((await read('dbt-core==1.11.2 dbt-duckdb[md]==1.9.1')).shown).toContain('dbt-duckdb[md]==1.9.1');
});

test('what must be there is told by exact lines, those of constraints included', async () => {
  await put('pins.txt', 'sqlglot==20\nother==3\n');
  const text =
    'dbt-core==1.11.2\n-c pins.txt\nsqlglot\nx==1; python_version<"3"\nx==2; python_version>="3"\nfree>=1\n' +
    `w @ https://example.com/w-1.5-py3-none-any.whl#sha256=${SHA}\n`;
  expect((await fromFile(text)).pins).toEqual([
    { name: 'dbt-core', versions: ['1.11.2'], mayBeAbsent: false },
    { name: 'sqlglot', versions: ['20'], mayBeAbsent: false },
    { name: 'x', versions: ['1', '2'], mayBeAbsent: true },
    { name: 'w', versions: ['1.5'], mayBeAbsent: false },
  ]);
});

describe('a folder of packages', () => {
  const LINKED = '--find-links wheels\ndbt-core==1.11.2\n';

  test('counts with what it holds, and not with its path', async () => {
    await put('wheels/a-1-py3-none-any.whl', 'one');
    const first = await fromFile(LINKED);
    await put('moved/a-1-py3-none-any.whl', 'one');
    const moved = await fromFile(LINKED.replace('wheels', 'moved'));
    await put('wheels/README', 'no package');
    const again = await fromFile(LINKED);
    await put('wheels/a-1-py3-none-any.whl', 'two');
    const changed = await fromFile(LINKED);
    expect(first.uncertain).toEqual([]);
    expect(moved.items).toEqual(first.items);
    expect(again).toEqual(first);
    expect(changed.items).not.toEqual(first.items);
    expect(changed.digest).not.toBe(first.digest);
  });

  test('too big to be read is uncertain, unless hashes are required', async () => {
    await put('wheels/a-1-py3-none-any.whl', '');
    await truncate(join(cwd, 'wheels/a-1-py3-none-any.whl'), 201 * 1024 * 1024);
    expect((await fromFile(LINKED)).uncertain).toEqual([expect.stringContaining('--find-links wheels')]);
    const hashed = LINKED.replace('1.11.2', `1.11.2 --hash=sha256:${SHA}`);
    expect((await fromFile(hashed)).uncertain).toEqual([]);
  });
});

describe('a requirements file', () => {
  test('is read with the files it names, relative to itself; constraints pin', async () => {
    await put('deps/dbt.txt', '# dbt\ndbt-core # newest\n-c pins/all.txt\n--requirement=adapters.txt\n');
    await put('deps/adapters.txt', '-r dbt.txt\n-r more.txt\ndbt-postgres\\\n  ==1.10.0\n');
    await put('deps/more.txt', '-r adapters.txt\n');
    await put('deps/pins/all.txt', 'dbt-core==1.11.2\nsqlglot<20\n');
    expect(await read('deps/dbt.txt')).toMatchObject({
      versions: { dbt: '1.11.2', adapters: { postgres: '1.10.0' } },
      uncertain: [],
      items: {
        'requirement dbt-core': 'any version',
        'constraint dbt-core': '==1.11.2',
        'constraint sqlglot': '<20',
        'requirement dbt-postgres': '==1.10.0',
      },
      files: ['deps/dbt.txt', 'deps/pins/all.txt', 'deps/adapters.txt', 'deps/more.txt'].map((name) =>
        join(cwd, name),
      ),
      given: { kind: 'file', path: join(cwd, 'deps/dbt.txt') },
    });
  });

  test('as uv compiles it, with hashes, installs nothing that it does not name', async () => {
    const compiled = await fromFile(
      `dbt-core==1.11.2 \\\n    --hash=sha256:${SHA} \\\n    --hash=sha256:${'0'.repeat(64)}\n    # via -r requirements.in\n`,
    );
    expect(compiled).toMatchObject({ isComplete: true, uncertain: [], needsPip: false });
    expect(compiled.items['requirement dbt-core']).toBe(
      `==1.11.2 --hash=sha256:${'0'.repeat(64)} --hash=sha256:${SHA}`,
    );
  });

  test.each(['--pre', '--trusted-host example.com', '--prefer-binary'])(
    'with %s is for pip',
    async (line) => {
      expect((await fromFile(`${line}\ndbt-core==1.11.2\n`)).needsPip).toBe(true);
    },
  );

  test('variables are filled in as pip does, which uv does in addresses alone', async () => {
    const env = { DBT: '1.11.2', TOKEN: 'let-me-in' };
    expect(await fromFile(`dbt-core==$\{DBT}\n`, env)).toMatchObject({
      needsPip: true,
      versions: { dbt: '1.11.2' },
    });
    const indexed = await fromFile(WITH_TOKEN, env);
    expect(indexed.needsPip).toBe(false);
    expect(indexed.secrets).toEqual(['let-me-in']);
  });
});

describe('what names the environment', () => {
  const BASE = '--index-url https://pypi.example.com/simple\ndbt-core==1.11.2\ndbt-postgres==1.10.0\n';

  test('is not changed by comments, blank lines, or where the file lies', async () => {
    const one = await fromFile(BASE);
    const two = await fromFile(`# ours\n\n${BASE.replace('1.11.2', '1.11.2  # core')}`);
    await put('elsewhere/dbt.txt', BASE);
    const three = await read('elsewhere/dbt.txt');
    expect(new Set([one, two, three].map(({ digest }) => digest)).size).toBe(1);
  });

  test.each([
    ['a version', BASE.replace('1.10.0', '1.10.1')],
    ['an index', BASE.replace('pypi.example', 'other.example')],
    ['a hash', BASE.replace('1.11.2', `1.11.2 --hash=sha256:${SHA}`)],
    ['credentials', BASE.replace('https://', 'https://me:secret-word@')],
    ['a marker', BASE.replace('1.10.0', '1.10.0; python_version<"3.13"')],
    ['one more', `${BASE}sqlglot==1\n`],
  ])('is changed by %s', async (_what, text) => {
    expect((await fromFile(text)).digest).not.toBe((await fromFile(BASE)).digest);
  });

  test('is changed by a file that is named, and by what a local package holds', async () => {
    await put('more.txt', 'sqlglot==1\n');
    await put('plugin/pyproject.toml', '[project]\n');
    await put('plugin/src/plugin.py', 'x = 1\n');
    const text = 'dbt-core==1.11.2 -r more.txt ./plugin';
    const first = await read(text);
    await put('more.txt', 'sqlglot==2\n');
    const second = await read(text);
    await put('plugin/src/plugin.py', 'x = 2\n');
    const third = await read(text);
    await put('plugin/.git/HEAD', 'ref: other\n');
    const fourth = await read(text);
    expect(new Set([first, second, third].map(({ digest }) => digest)).size).toBe(3);
    expect(fourth.digest).toBe(third.digest);
  });

  test('is not changed by a token that a variable brings', async () => {
    const text = WITH_TOKEN;
    const digests = [
      await fromFile(text, { TOKEN: 'of-today' }),
      await fromFile(text, { TOKEN: 'of-tomorrow' }),
    ];
    expect(digests[0]?.digest).toBe(digests[1]?.digest);
  });
});

test.each([
  'https://me:sw0rdfish@example.com/x',
  'https://sw0rdfish@example.com/x',
  'https://me:sw0rd%66ish@example.com/x',
  'https://example.com/x?token=sw0rdfish',
  'https://me:sw0rd/fish@example.com/x',
])('%s shows no credentials in anything but the list of secrets', async (address) => {
  const {
    secrets,
    given: _given,
    ...shown
  } = await fromFile(`--extra-index-url ${address}\ndbt-core==1.11.2\nplugin @ git+${address}\n`);
  expect(JSON.stringify(shown)).not.toMatch(/sw0rd|fish/);
  expect(JSON.stringify(shown)).toContain('example.com');
  if (!address.includes('?'))
    expect(secrets).toContain(address.includes('/fish') ? 'sw0rd/fish' : 'sw0rdfish');
});

describe('refused', () => {
  test.each([
    ['', 'Nothing is named'],
    ['  \n', 'Nothing is named'],
    ['requirements.txt', 'There is no requirements file'],
    ['deps/dbt.in', 'There is no requirements file'],
    ['sqlglot==1', 'names no dbt'],
    ['dbt-core==1.11.2 --no-deps', '--no-deps is not one that stands in requirements'],
    ['dbt-core==1.11.2 -r', '-r needs a value'],
    ['dbt-core=1.11.2', 'is no version'],
    ['dbt-core==1.11.2 ???', 'begins with no name'],
  ])('%s', async (text, message) => {
    await expect(read(text)).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining(message),
      hint: expect.any(String),
    });
  });

  test('a line of a file by its number, without its credentials', async () => {
    const refused = fromFile('dbt-core==1.11.2\n\nplugin http://me:sw0rdfish@example.com\n');
    await expect(refused).rejects.toMatchObject({
      code: 'invalid-options',
      message: expect.stringContaining('requirements.txt:3'),
    });
    await expect(refused).rejects.not.toMatchObject({ message: expect.stringContaining('sw0rdfish') });
  });

  test('a file among requirements, with how to write it', async () => {
    await put('more.txt', 'sqlglot==1\n');
    await expect(read('dbt-core==1.11.2 more.txt')).rejects.toMatchObject({
      code: 'invalid-options',
      hint: expect.stringContaining('-r more.txt'),
    });
  });
});
