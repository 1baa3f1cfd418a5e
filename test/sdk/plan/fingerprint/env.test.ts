import { execFileSync } from 'node:child_process';
import { rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { PartInput } from '../../../../sdk/dedup/key.ts';
import { parseCommandLine } from '../../../../sdk/plan/command-line.ts';
import { scanTemplate } from '../../../../sdk/plan/fingerprint/jinja-scan.ts';
import { mentionsInArgument, scanYaml } from '../../../../sdk/plan/fingerprint/mentions.ts';
import { askProgram } from '../../../../sdk/runtimes/process.ts';
import { seededRandom } from '../../../support/random.ts';
import { itemsOf, type PartsOptions, type ProjectFolder, projectFolder, whyOf } from './project-folder.ts';

let project: ProjectFolder;
beforeEach(async () => {
  project = await projectFolder();
});
afterEach(() => rm(project.root, { recursive: true, force: true }));

const env = async (more?: PartsOptions) => (await project.parts(more)).env;
const profileOf = (adapterType: string, fields: Readonly<Record<string, string>> = {}) => ({
  ...{ profileName: 'shop', profilesDir: '', path: join(project.root, 'profiles.yml'), secrets: [] },
  ...{ adapterType, fields },
});
const names = (text: string): readonly string[] => [...scanTemplate(text, 'file').names].sort();
const isClear = (text: string): boolean => scanTemplate(text, 'file').unclear.length === 0;

describe('a call with its name written out', () => {
  test.each([
    ["{{ env_var('X') }}", 'X'],
    ['{{ env_var("X") }}', 'X'],
    ["{{env_var ( \n 'X' \n , 'default')}}", 'X'],
    ["{%- set a = env_var('X') -%}", 'X'],
    ["{{ env_var('X', env_var('Y')) }}", 'X,Y'],
    ["{{ builtins.env_var('X') }}", 'X'],
    ["{{ config(schema=env_var('X'), tags=[{'a': env_var('Y')}]) }}", 'X,Y'],
    ['{{ config(post_hook="grant to {{ env_var(\'X\') }}") }}', 'X'],
    ["{{ config(post_hook='grant to {{ env_var(\\'X\\') }}') }}", 'X'],
    ["-- {{ env_var('X') }}", 'X'],
    ["/* {{ env_var('X') }} */", 'X'],
    ["{% raw %}{# {% endraw %}{{ env_var('X') }}{# #}", 'X'],
    ["{{ '{#' }}{{ env_var('X') }}{{ '#}' }}", 'X'],
    ["{{ '}}' ~ env_var('X') }}", 'X'],
    ["{{ {'a': {'b': 1}} }}{{ env_var('X') }}", 'X'],
    ["{# env_var('NO') #}{{ env_var('X') }}", 'X'],
    ["{# {{ env_var(no) }} #}{{ env_var('X') }}", 'X'],
    ["{{ my_env_var('NO') }}{{ env_var('X') }}", 'X'],
    ["-- uses env_var\n{{ env_var('X').split(',') | first }}", 'X'],
  ])('%j reads %s', (text, expected) => {
    expect(names(text).join()).toBe(expected);
    expect(isClear(text)).toBe(true);
  });
});

test.each([
  "{% set v = 'X' %}{{ env_var(v) }}",
  '{{ env_var("A" ~ "B") }}',
  "{{ env_var('A' 'B') }}",
  "{{ env_var('A' if x else 'B') }}",
  "{{ env_var('a' | upper) }}",
  "{{ env_var('a'.upper()) }}",
  "{{ env_var(var='A') }}",
  '{{ env_var(*names) }}',
  "{{ env_var('\\N{DIGIT ONE}') }}",
  "{{ context['env_var']('X') }}",
  '{{ builtins["env_var"](name) }}',
  "{{ context['env\\x5fvar']('X') }}{# env_var #}",
  "{% set e = env_var %}{{ e('X') }}",
  "{{ (env_var)('X') }}",
  '{{ names | map(env_var) }}',
  '{% macro get(name) %}{{ env_var(name) }}{% endmacro %}',
  "{{ render('{{ env_var(\"' ~ name ~ '\") }}') }}",
  "{{ render('{{' ~ 'env_var(' ~ name ~ ')}}') }}",
  '{% raw %}{{ env_var(name) }}{% endraw %}',
  '-- {{ env_var(name) }}',
  "{{ '#}' }}{# #}{{ env_var(name) }}",
  "{{ f({'a': {'b': 1}}, env_var(name)) }}",
  '{{ env_var(name)',
  '{# {{ env_var(name) }}',
])('%j is only clear to dbt', (text) => {
  expect(isClear(text)).toBe(false);
});

test('the line is that of the mention', () => {
  expect(scanTemplate('a\n{{ x }}\n\n  {{ env_var(y) }}\n{{ env_var(z) }}', 'file').unclear).toEqual([4, 5]);
  expect(scanYaml('a: 1\nb:\n  - "{{ env_var(x) }}"\n').unclear).toEqual([3]);
});

describe('in YAML every value is a template', () => {
  test.each([
    ['a: "{{ env_var(\'X\') }}"', 'X'],
    ['a: "{{ env_var(\\"X\\") }}"', 'X'],
    ["a: '{{ env_var(''X'') }}'", 'X'],
    ["a: >\n  {{ env_var(\n  'X') }}\n", 'X'],
    ['a: &one "{{ env_var(\'X\') }}"\nb: *one\n', 'X'],
    ["a: env_var('X')", 'X'],
    ["a: '{#'\nb: \"{{ env_var('X') }}\"\nc: '#}'\n", 'X'],
    ["# don't {{ '\na: \"{{ env_var('X') }}\"", 'X'],
    ['# {{ env_var(name) }}\na: "{{ env_var(\'X\') }}"', 'X'],
    ['a: uses env_var(name) to choose\nb: "{{ env_var(\'X\') }}"', 'X'],
    ['"{{ env_var(\'X\') }}": 1', 'X'],
    ['a: "{{ env_var(\'Y\') }}"\na: "{{ env_var(\'X\') }}"', 'X,Y'],
    ['a: [\nb: "{{ env_var(\'X\') }}"', 'X'],
    ["a: 1\n---\nb: '{{ env_var(''X'') }}'", 'X'],
  ])('%j reads %s', (text, expected) => {
    const found = scanYaml(text);
    expect([...found.names].sort().join()).toBe(expected);
    expect(found.unclear).toEqual([]);
  });

  test.each([
    'a: "{{ env_var(name) }}"',
    'a: env_var(name)',
    'a: ref(env_var(name))',
    'a: [\nb: "{{ env_var(name) }}"',
    "a: [\nb: '{#'\nc: '{{ env_var(name) }}'\nd: '#}'",
  ])('%j is only clear to dbt', (text) => {
    expect(scanYaml(text).unclear).not.toEqual([]);
  });
});

test('arguments are YAML or templates', () => {
  const read = (text: string): string => [...mentionsInArgument(text).names].join();
  expect(read('{"a": "{{ env_var(\\"X\\") }}"}')).toBe('X');
  expect(read("--vars=a: '{{ env_var(''X'') }}'")).toBe('X');
  expect(read("select 1 -- {{ env_var('X') }} #")).toBe('X');
  expect(mentionsInArgument('select {{ env_var(x) }}').unclear).not.toEqual([]);
});

/** Templates made of pieces whose names are known. */
test('random templates are read as they were made', () => {
  const random = seededRandom('env-scan');
  const blank = (): string => random.pick(['', ' ', '\n', '\t ', '  \n ']);
  const noise = (): string =>
    random.pick([
      'select 1',
      "-- it's",
      '"',
      "'",
      '{# {{ env_var(no) }} {% raw %} #}',
      "{{ '}}' }}",
      '{{ {"a": {"b": "%}"}} }}',
      '{% raw %}{# }} {% endraw %}',
      'env_var_x',
      '{% if a %}',
      "{{ ref('env') }}",
      '} }',
      '# env_var',
      "{{ 'it\\'s {#' }}",
      '{#- "{{" -#}',
    ]);
  for (let round = 0; round < 2_000; round += 1) {
    const truth = new Set<string>();
    let isUnclear = false;
    const call = (depth: number): string => {
      const quote = random.pick(['"', "'"]);
      const name = `V_${random.int(0, 20)}`;
      const before = random.pick(['', '', 'builtins.']);
      if (random.int(0, 30) === 0) {
        isUnclear = true;
        return `${before}env_var${blank()}(${random.pick(['name', `${quote}A${quote} ~ x`, `x or ${quote}A${quote}`])})`;
      }
      truth.add(name);
      const fallback =
        depth < 2 && random.int(0, 3) === 0
          ? `,${blank()}${call(depth + 1)}`
          : random.pick(['', ", 'd'", ', none']);
      return `${before}env_var${blank()}(${blank()}${quote}${name}${quote}${blank()}${fallback})`;
    };
    const piece = (): string => {
      if (random.int(0, 1) === 0) return noise();
      const [open, close] = random.pick([
        ['{{', '}}'],
        ['{{-', '-}}'],
        ['{% set x =', '%}'],
        ["{{ '#}' ~ ", '}}'],
        ["{{ config(a={'b': [", ']}) }}'],
      ] as const);
      return `${open}${blank()} ${call(0)} ${blank()}${close}`;
    };
    const text = Array.from({ length: random.int(1, 8) }, piece).join(random.pick(['\n', ' ']));
    const found = scanTemplate(text, 'file');
    expect([...found.names].sort(), text).toEqual([...truth].sort());
    expect(found.unclear.length > 0, text).toBe(isUnclear);
  }
});

describe('the part', () => {
  const reads = (text: string): Promise<void> => project.write('models/v.sql', text);

  test('has the value dbt sees; not set is neither empty nor any text', async () => {
    await reads("{{ env_var('X', 'd') }}");
    const values = await Promise.all(
      [{}, { X: '' }, { X: 'd' }, { X: '=' }].map(async (vars) => itemsOf(await env({ vars }))['X']),
    );
    expect(new Set(values).size).toBe(4);
    expect(values).not.toContain(undefined);
    expect(itemsOf(await env({ vars: { X: '1', OTHER: '2' } }))).toEqual(
      itemsOf(await env({ vars: { X: '1' } })),
    );
  });

  test.each([
    'models/v.sql',
    'macros/v.sql.jinja',
    'models/v.yml',
    'V.YAML',
    'dbt_packages/p/macros/v.sql',
    '../profiles.yml',
    '../local/macros/v.sql',
  ])('reads %s, with git and without', async (file) => {
    await project.write('packages.yml', 'packages: [{local: ../local}]\n');
    await project.write(file, /ya?ml$/i.test(file) ? 'a: "{{ env_var(\'X\') }}"\n' : "{{ env_var('X') }}\n");
    expect(itemsOf(await env({ vars: { X: '1' } }))).toEqual({ X: '=1' });
    await project.commitAll();
    expect(itemsOf(await env({ vars: { X: '1' } }))).toEqual({ X: '=1' });
    // A git that can list but not search.
    const noSearch: PartsOptions['run'] = (program, args, options) =>
      args.includes('grep')
        ? Promise.resolve({ stdout: '', exitCode: 128 })
        : askProgram(program, args, options);
    expect(itemsOf(await env({ vars: { X: '1' }, run: noSearch }))).toEqual({ X: '=1' });
  });

  test('settings of git that change patterns or output hide nothing', async () => {
    await reads("{{ env_var('X') }}");
    // The project is a folder of the repository, where names can be told in two ways.
    execFileSync('git', ['init', '-q'], { cwd: project.root });
    project.git('add', '-A');
    const later = Date.now() / 1000 + 10;
    await utimes(join(project.root, '.git', 'index'), later, later);
    project.git('config', 'grep.fullName', 'true');
    project.git('config', 'color.grep', 'always');
    project.git('config', 'grep.patternType', 'perl');
    for (const name of ['GIT_LITERAL_PATHSPECS', 'GIT_NOGLOB_PATHSPECS'])
      expect(itemsOf(await env({ env: { PATH: process.env['PATH'] ?? '', [name]: '1' } }))).toEqual({
        X: '',
      });
  });

  test('documentation counts where it has blocks, and examples in a README do not', async () => {
    await project.write('README.md', "Use {{ env_var('NO') }} or env_var(name).");
    await project.write('models/d.md', "{% docs a %}{{ env_var('X') }}{% enddocs %}");
    expect(Object.keys(itemsOf(await env()))).toEqual(['X']);
  });

  test('a Python model counts where it runs here', async () => {
    await project.write(
      'models/p.py',
      "import os\ndef model(dbt, session):\n    os.environ['X']; os.getenv(\n 'Y')\n",
    );
    expect(Object.keys(itemsOf(await env())).sort()).toEqual(['X', 'Y']);
    await project.commitAll();
    expect(Object.keys(itemsOf(await env())).sort()).toEqual(['X', 'Y']);
    await project.write('models/p.py', 'import os\ndef model(dbt, session):\n    os.environ.copy()\n');
    expect(whyOf(await env())).toMatch(/^models\/p\.py:\d uses os\.environ /);
    expect(itemsOf(await env({ profile: profileOf('snowflake') }))).toEqual({});
  });

  test('what Python models may import counts like them, and scripts of a project without any do not', async () => {
    await project.write('scripts/p.py', "import os\nos.environ['X']\n");
    expect(itemsOf(await env())).toEqual({});
    for (const fields of [{ module_paths: '["/nowhere"]' }, { plugins: '[{"module":"p"}]' }])
      expect(itemsOf(await env({ profile: profileOf('duckdb', fields) }))).toEqual({ X: '' });
    await project.write('models/p.py', 'def model(dbt, session):\n    pass\n');
    // Also where the database is a server: dbt's process is here.
    for (const isLocalWarehouse of [true, false])
      expect(itemsOf(await env({ profile: { ...profileOf('duckdb'), isLocalWarehouse } }))).toEqual({
        X: '',
      });
    await project.write('scripts/p.py', 'import os\nos.environ[name]\n');
    expect(whyOf(await env())).toMatch(/^scripts\/p\.py:2 uses os\.environ /);
    expect(itemsOf(await env({ profile: profileOf('snowflake') }))).toEqual({});
  });

  test('arguments count', async () => {
    const args = ['build', '--vars', '{a: "{{ env_var(\'X\') }}"}'];
    expect(itemsOf(await env({ args, vars: { X: '1' } }))).toEqual({ X: '=1' });
  });

  describe('a secret', () => {
    const parts = async (more: PartsOptions, name: string) =>
      Promise.all(['hunter2-one', 'hunter2-two'].map((value) => env({ ...more, vars: { [name]: value } })));

    test.each([
      ['models/v.sql', 'DB_PASSWORD'],
      ['macros/v.sql', 'GITHUB_TOKEN'],
      ['models/v.yml', 'DB_PASSWORD'],
      ['dbt_packages/p/macros/v.sql', 'DB_PASSWORD'],
      // dbt keeps from models only what has that very prefix.
      ['models/v.sql', 'dbt_env_secret_x'],
    ])('that %s reads (%s) counts, by a slow hash', async (file, name) => {
      await project.write(
        file,
        file.endsWith('yml') ? `a: "{{ env_var('${name}') }}"` : `{{ env_var('${name}') }}`,
      );
      const [one, two] = await parts({}, name);
      expect(itemsOf(one as PartInput)).not.toEqual(itemsOf(two as PartInput));
      expect(itemsOf(one as PartInput)[name]).toMatch(/^\(secret\) [0-9a-f]{32}$/);
      expect(itemsOf(await env())[name]).toBe('');
      expect(itemsOf(await env({ vars: { [name]: '' } }))[name]).not.toBe('');
    });

    test.each(['API_TOKEN', 'API_*', 'DBT_ENV_SECRET_X', 'DBT_ENV_SECRET_*'])(
      'that key-env names (%s) counts',
      async (pattern) => {
        const name = pattern.replace(/\*$/, 'TOKEN');
        const [one, two] = await parts({ keyEnv: [pattern] }, name);
        expect(itemsOf(one as PartInput)).not.toEqual(itemsOf(two as PartInput));
        expect(JSON.stringify(one)).not.toContain('hunter2');
      },
    );

    test('that the profile alone reads is left out, also through another', async () => {
      await project.write('../profiles.yml', "a: \"{{ env_var('DB_PASSWORD') }}{{ env_var('X') }}\"\n");
      const through = { DB_PASSWORD: 'p', X: "{{ env_var('API_TOKEN') }}", API_TOKEN: 't' };
      const why = 'it is a secret that only the profile reads';
      expect(await env({ vars: through })).toEqual({
        kind: 'known',
        items: { X: "={{ env_var('API_TOKEN') }}" },
        leftOut: { DB_PASSWORD: why, API_TOKEN: why },
      });
      // A model sees it too.
      await reads("{{ env_var('X') }}");
      expect(Object.keys(itemsOf(await env({ vars: through })))).toEqual(['API_TOKEN', 'X']);
    });

    test('that dbt keeps from models is left out, though not from Python', async () => {
      const name = 'DBT_ENV_SECRET_X';
      await reads(`{{ env_var('${name}') }}`);
      const [one, two] = await parts({}, name);
      expect(one).toEqual(two);
      expect(one).toMatchObject({ leftOut: { [name]: expect.any(String) } });
      await project.write('models/p.py', `import os\ndef model(dbt, s):\n    os.environ['${name}']\n`);
      const [here, there] = await parts({}, name);
      expect(itemsOf(here as PartInput)).not.toEqual(itemsOf(there as PartInput));
    });
  });

  test('a name that is not written out makes it unknown, unless a pattern says which are meant', async () => {
    await reads('select 1\n{{ env_var(x) }}');
    const why = whyOf(await env());
    expect(why).toContain('models/v.sql:2 uses env_var()');
    expect(why).toContain('key-env');
    expect(whyOf(await env({ keyEnv: ['X'] }))).toBe(why);
    expect(itemsOf(await env({ keyEnv: ['SHOP_*'], vars: { SHOP_A: '1', XSHOP_A: '2' } }))).toEqual({
      SHOP_A: '=1',
    });
  });

  test("patterns match whole names and never the runner's or ours", async () => {
    const vars = {
      A_X: '1',
      B_A_X: '2',
      'A.X': '3',
      ACTIONS_X: '4',
      INPUT_X: '5',
      DBT_RUNCACHE_X: '6',
      GITHUB_ENV: '7',
    };
    expect(itemsOf(await env({ keyEnv: ['A_*'], vars }))).toEqual({ A_X: '=1' });
    expect(Object.keys(itemsOf(await env({ keyEnv: ['*'], vars }))).sort()).toEqual(['A.X', 'A_X', 'B_A_X']);
    expect(itemsOf(await env({ keyEnv: ['UNSET'] }))).toEqual({ UNSET: '' });
  });

  test('what only dbt can tell of a .env file is unknown, if it is read', async () => {
    await reads("{{ env_var('X') }}");
    expect(whyOf(await env({ uncertain: ['X'] }))).toContain('sets X in a way');
    expect(itemsOf(await env({ uncertain: ['Y'] }))).toEqual({ X: '' });
    expect(itemsOf(await env({ uncertain: ['X'], vars: { X: '1' } }))).toEqual({ X: '=1' });
    expect(whyOf(await env({ uncertain: ['P_1'], keyEnv: ['P_*'] }))).toContain('P_1');
  });

  test("dbt's own settings have two names", async () => {
    await reads("{{ env_var('DBT_TARGET') }}{{ env_var('DBT_FULL_REFRESH', '') }}");
    const [one, two] = await Promise.all([
      env({ vars: { DBT_ENGINE_TARGET: 'a', DBT_ENGINE_FULL_REFRESH: '1' } }),
      env({ vars: { DBT_ENGINE_TARGET: 'a', DBT_ENGINE_FULL_REFRESH: '0' } }),
    ]);
    expect(itemsOf(one)['DBT_TARGET']).toBe('=a');
    expect(itemsOf(one)).not.toEqual(itemsOf(two));
  });

  test('a value that is a template again is read too', async () => {
    await reads("{{ env_var('X') }}");
    expect(itemsOf(await env({ vars: { X: "{{ env_var('Y') }}", Y: '1' } }))['Y']).toBe('=1');
    expect(whyOf(await env({ vars: { X: '{{ env_var(y) }}' } }))).toContain('The value of X');
  });

  test('dbt_metadata_envs reads every variable of its kind', async () => {
    await reads('{{ dbt_metadata_envs }}');
    expect(itemsOf(await env({ vars: { DBT_ENV_CUSTOM_ENV_A: '1', OTHER: '2' } }))).toEqual({
      DBT_ENV_CUSTOM_ENV_A: '=1',
    });
  });

  test('without a profile it is known for a command that needs none alone', async () => {
    expect(whyOf(await env({ profile: undefined }))).toContain('which profile');
    const args = ['clean'];
    expect(itemsOf(await env({ profile: undefined, args, commandLine: parseCommandLine(args) }))).toEqual({});
  });

  test('a file of names that are not UTF-8 is read too', async () => {
    await writeFile(
      Buffer.concat([Buffer.from(join(project.dir, 'models/')), Buffer.from([0xff]), Buffer.from('.sql')]),
      "{{ env_var('X') }}",
    );
    expect(itemsOf(await env())).toEqual({ X: '' });
  });
});
