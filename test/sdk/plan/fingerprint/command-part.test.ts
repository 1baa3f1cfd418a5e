import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { optionKindsOf } from '../../../../sdk/plan/dbt-options.ts';
import { commandPart } from '../../../../sdk/plan/fingerprint/command-part.ts';
import { flagOf, whyLeftOut } from '../../../../sdk/plan/fingerprint/option-kinds.ts';
import { selectionPart } from '../../../../sdk/plan/fingerprint/selection-part.ts';
import { settingVariables } from '../../../../sdk/plan/fingerprint/setting-variables.ts';
import {
  type Given,
  itemsOf,
  type ProjectFolder,
  projectFolder,
} from '../../../support/fingerprint-input.ts';

let folder: ProjectFolder;
beforeAll(async () => {
  folder = await projectFolder();
});
afterAll(() => folder.remove());

const partOf = async (given: Given) => commandPart(await folder.input(given));
const command = async (given: Given) => itemsOf(await partOf(given));
const line = (text: string, more: Given = {}) => command({ args: text.split(' '), ...more });
const selection = async (text: string, more: Given = {}) =>
  itemsOf(selectionPart(await folder.input({ args: text.split(' '), ...more })));

interface DbtOption {
  readonly takes: 'nothing' | 'value' | 'words';
  readonly variables: readonly string[];
}
const fixture = new URL('../../../fixtures/command-line/core-options.json', import.meta.url);
const options = Object.entries(JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, DbtOption>);
/** An option by the name under which it is looked up here. */
const nameOf = (typed: string): string | undefined => {
  const kind = optionKindsOf('core').get(typed);
  return kind !== undefined && kind.takes !== 'nothing' ? kind.name : flagOf(typed, 'core')?.name;
};

describe('beside every option of dbt 1.12', () => {
  test.each(options)('%s is known, and what it takes', (typed, { takes }) => {
    if (typed === '-s') return;
    const kind = optionKindsOf('core').get(typed);
    expect(takes === 'nothing' ? 'nothing' : kind?.takes).toBe(takes);
    expect(nameOf(typed)).toBeDefined();
    if (takes === 'nothing') expect(kind === undefined || kind.takes === 'nothing').toBe(true);
  });

  test('what is left out is what is listed here, and nothing else', () => {
    const out = options.flatMap(([typed]) => {
      const name = nameOf(typed);
      return name !== undefined && whyLeftOut(name) !== undefined ? [name] : [];
    });
    expect([...new Set(out)].sort()).toEqual([
      ...[
        'debug',
        'defer-state',
        'deprecated-print',
        'deprecated-state',
        'exclude',
        'exclude-resource-types',
      ],
      ...['hints-enabled', 'indirect-selection', 'log-cache-events', 'log-file-max-bytes', 'log-format'],
      ...['log-format-file', 'log-level', 'log-level-file', 'log-path', 'print', 'printer-width', 'profile'],
      ...[
        'profiles-dir',
        'project-dir',
        'quiet',
        'record-timing-info',
        'resource-types',
        'select',
        'selector',
      ],
      ...['send-anonymous-usage-stats', 'show-resource-report', 'state', 'target', 'target-path', 'threads'],
      ...['use-colors', 'use-colors-file', 'vars'],
    ]);
  });

  test.each(options.flatMap(([typed, { variables }]) => variables.map((name) => [name, typed] as const)))(
    '%s counts like %s, or where the option counts in another part',
    async (variable, typed) => {
      const input = await folder.input();
      const read = settingVariables({ ...input, dotEnv: { env: { [variable]: 'x' }, uncertain: new Set() } });
      const name = nameOf(typed) ?? '';
      const inSelection = ['resource-types', 'exclude-resource-types', 'indirect-selection'].includes(name);
      const counts = read.kind === 'known' && Object.hasOwn(read.items, variable);
      expect(counts).toBe(whyLeftOut(name) === undefined || inSelection);
    },
  );
});

describe('options', () => {
  test.each([
    ['build --full-refresh', 'build -f'],
    ['build --fail-fast', 'build -x'],
    ['--fail-fast build', 'build --fail-fast'],
    ['build --sample=3', 'build --sample 3'],
    ['build --defer --empty', 'build --empty --defer'],
    ['list', 'ls'],
    ['build', 'build --log-level debug --no-use-colors -q -d --printer-width 3 --no-print'],
    ['build', '--log-format json build --no-send-anonymous-usage-stats --record-timing-info x'],
    ['build', 'build --threads 8'],
    ['build', 'build --target-path elsewhere --log-path logs2 --project-dir .'],
    ['build', 'build -t dev --vars {} --select a'],
  ])('%s is %s', async (one, other) => {
    expect(await line(one)).toEqual(await line(other));
  });

  test.each([
    ['build', 'run'],
    ['build', 'build --full-refresh'],
    ['build', 'build --fail-fast'],
    ['build --empty', 'build --no-empty'],
    ['build --empty --no-empty', 'build --no-empty --empty'],
    ['build --sample 3', 'build --sample 4'],
    ['build', 'build --favor-state'],
    ['build', 'build --no-partial-parse'],
    ['build', 'build --no-write-json'],
    ['build', 'build --store-failures'],
    ['build --event-time-start 2025-01-01', 'build --event-time-start 2025-01-02'],
    ['build --event-time-start 2025-01-01', 'build --event-time-end 2025-01-01'],
    ['run-operation grant', 'run-operation revoke'],
    ['run-operation grant --args {a:1}', 'run-operation grant --args {a:2}'],
    ['build', 'build --unheard-of'],
    ['build --unheard-of', 'build --unheard-of --quiet'],
    ['build --unheard-of=1', 'build --unheard-of=2'],
    ['build -z', 'build -y'],
  ])('%s is not %s', async (one, other) => {
    expect(await line(one)).not.toEqual(await line(other));
  });

  test('what is left out says why', async () => {
    const part = await partOf({ args: ['build', '--threads', '8', '-q', '-t', 'dev'] });
    expect(part).toMatchObject({
      leftOut: {
        '--threads': 'it changes how fast a run is, no result',
        '--quiet': 'it changes what is shown or logged, no result',
        '--target': 'it counts in a part of its own',
      },
    });
  });

  test('dbt v2 has options of its own', async () => {
    const fusion: Given = { engine: 'fusion' };
    expect(await line('build --otel-file-name a --invocation-id 4', fusion)).toEqual(
      await line('build', fusion),
    );
    expect(await line('build --static-analysis off', fusion)).not.toEqual(await line('build', fusion));
    expect(await line('build --run-cache-mode noop', fusion)).not.toEqual(await line('build', fusion));
    expect(await line('build --write-catalog', fusion)).toHaveProperty('--write-catalog');
  });
});

describe('selection', () => {
  test.each([
    ['build --select a b', 'build -s a --select=b'],
    ['build -s a', 'build --models a'],
    ['build', 'build --full-refresh'],
  ])('%s is %s', async (one, other) => {
    expect(await selection(one)).toEqual(await selection(other));
  });

  test.each([
    ['build', 'build -s a'],
    ['build -s a b', 'build -s b a'],
    ['build -s a,b', 'build -s a b'],
    ['build -s a', 'build --exclude a'],
    ['build --selector a', 'build --selector b'],
    ['build --selector a', 'build --select a'],
    ['build --resource-type model', 'build --exclude-resource-type model'],
    ['build --indirect-selection eager', 'build --indirect-selection cautious'],
    // Here alone the two are not one.
    ['list -s a', 'list -m a'],
    ['list --select a', 'ls --models a'],
  ])('%s is not %s', async (one, other) => {
    expect(await selection(one)).not.toEqual(await selection(other));
  });

  test('one text of two words is two words to dbt', async () => {
    const both = selectionPart(await folder.input({ args: ['build', '-s', 'a b'] }));
    expect(itemsOf(both)).toEqual(await selection('build -s a b'));
  });
});

describe('variables', () => {
  const base = () => command({});
  test.each([
    'DBT_LOG_LEVEL',
    'DBT_ENGINE_LOG_FORMAT',
    'DBT_USE_COLORS',
    'DBT_PRINTER_WIDTH',
    'DBT_NO_PRINT',
    'DBT_ENGINE_SEND_ANONYMOUS_USAGE_STATS',
    'DBT_INVOCATION_ID',
    'DBT_OTEL_FILE_NAME',
    'DBT_INVOCATION_ENV',
    'DBT_TARGET_PATH',
    'DBT_LOG_PATH',
    'DBT_ENV_SECRET_GIT',
    'DBT_ENV_CUSTOM_ENV_RUN',
    'DBT_RUNCACHE_STORE',
    'DBT_CLOUD_RUN_ID',
    'DBT_MY_PASSWORD',
    'SOMETHING_ELSE',
  ])('%s does not count', async (name) => {
    expect(await command({ env: { [name]: '50' } })).toEqual(await base());
  });

  test.each([
    'DBT_FULL_REFRESH',
    'DBT_ENGINE_FULL_REFRESH',
    'DBT_FAIL_FAST',
    'DBT_INDIRECT_SELECTION',
    'DBT_WARN_ERROR_OPTIONS',
    'DBT_EMPTY',
    'DBT_TOMORROW',
    'DBT_ENGINE_TOMORROW',
  ])('%s counts', async (name) => {
    const one = await command({ env: { [name]: '1' } });
    expect(one).not.toEqual(await base());
    expect(one).not.toEqual(await command({ env: { [name]: '2' } }));
  });

  test('what only dbt can work out of a .env file is not known', async () => {
    await folder.put(
      '.env',
      ['OTHER', 'DBT_LOG_LEVEL', 'DBT_TARGET_PATH'].map((name) => `${name}=\${X}\n`).join(''),
    );
    expect((await partOf({})).kind).toBe('known');
    for (const name of ['DBT_FULL_REFRESH', 'DBT_STATE', 'DBT_ENGINE_ANYTHING']) {
      await folder.put('.env', `${name}=\${X}\n`);
      expect(await partOf({})).toEqual({
        kind: 'unknown',
        why: `the .env file sets ${name} in a way that only dbt can work out`,
      });
      // What is set already stays.
      const set = await partOf({ env: { [name]: '' } });
      expect(set.kind).toBe('known');
    }
    await folder.put('.env', 'DBT_FULL_REFRESH=1\n');
    expect(await command({})).toHaveProperty('DBT_FULL_REFRESH', '1');
    await rm(join(folder.root, '.env'));
  });
});

describe('artifacts of earlier runs', () => {
  test('count by what is in them, not by where they lie', async () => {
    await folder.put('one/manifest.json', '{"a": 1}');
    await folder.put('two/manifest.json', '{"a": 1}');
    const one = await line('build --state one');
    expect(one).toEqual(await line('build --state two'));
    expect(one).toEqual(await line(`build --state ${join(folder.root, 'one')}`));
    expect(one).not.toEqual(await line('build'));
    expect(one).not.toEqual(await line('build --defer-state one'));
    for (const file of ['manifest.json', 'run_results.json', 'sources.json']) {
      await folder.put(`two/${file}`, `{"a": "${file}"}`);
      expect(one).not.toEqual(await line('build --state two'));
      await folder.put('two/manifest.json', '{"a": 1}');
    }
  });

  test('by variable as well', async () => {
    await folder.put('three/manifest.json', '1');
    for (const name of ['DBT_STATE', 'DBT_ENGINE_DEFER_STATE', 'DBT_ARTIFACT_STATE_PATH']) {
      const before = await command({ env: { [name]: 'three' } });
      expect(before).not.toHaveProperty(name);
      await folder.put('three/manifest.json', name);
      expect(await command({ env: { [name]: 'three' } })).not.toEqual(before);
      expect((await partOf({ env: { [name]: 'nowhere' } })).kind).toBe('unknown');
    }
    expect(await command({ env: { DBT_STATE: '' } })).toEqual(await command({}));
  });

  test('a folder without a manifest is not known', async () => {
    await folder.put('empty/run_results.json', '{}');
    expect(await partOf({ args: ['build', '--state', 'empty'] })).toEqual({
      kind: 'unknown',
      why: `there is no manifest.json in the folder of --state (${join(folder.root, 'empty')})`,
    });
    await folder.put('odd/manifest.json/x', '');
    expect((await partOf({ args: ['build', '--state', 'odd'] })).kind).toBe('unknown');
  });

  test('against a state the last source freshness counts', async () => {
    await folder.put('four/manifest.json', '1');
    const before = await line('build --state four');
    await folder.put('target/sources.json', '{}');
    expect(await line('build --state four')).not.toEqual(before);
  });

  test('retry is about the run it repeats', async () => {
    expect((await partOf({ args: ['retry', '--target-path', 'none'] })).kind).toBe('unknown');
    await folder.put('target/run_results.json', '{"a": 1}');
    const before = await line('retry');
    await folder.put('target/run_results.json', '{"a": 2}');
    expect(await line('retry')).not.toEqual(before);
  });

  test('dbt v2: what a relative path is relative to, a state nobody names, a file of samples', async () => {
    await folder.put('five/manifest.json', '1');
    await folder.put('sub/five/manifest.json', '2');
    const kindOf = async (given: Given) => (await partOf({ engine: 'fusion', ...given })).kind;
    expect(await kindOf({ args: ['build', '--state', 'five'] })).toBe('known');
    expect(await kindOf({ args: ['build', '--state', 'five'], cwd: 'sub' })).toBe('unknown');
    expect(await kindOf({ args: ['build', '--state', 'five'], cwd: 'sub', engine: 'core' })).toBe('known');
    expect(await kindOf({ args: ['build', '--defer'] })).toBe('unknown');
    expect(await kindOf({ args: ['build'], env: { DBT_DEFER: '1' } })).toBe('unknown');
    expect(await kindOf({ args: ['build', '--defer', '--state', 'five'] })).toBe('known');
    expect(await kindOf({ args: ['build', '--with-sample', 'none.yml'] })).toBe('unknown');
    await folder.put('sample.yml', 'a: 1');
    const given: Given = { engine: 'fusion', args: ['build', '--with-sample', 'sample.yml'] };
    const before = await command(given);
    await folder.put('sample.yml', 'a: 2');
    expect(await command(given)).not.toEqual(before);
  });
});

test.each([
  ['--args', (secret: string) => ['run-operation', 'm', '--args', `{password: ${secret}}`]],
  ['arguments', (secret: string) => ['build', '--new-option', '--vars', `{api_token: ${secret}}`]],
])('a secret in %s counts by a slow hash', async (name, argsOf) => {
  const [one, two] = await Promise.all(
    ['hunter2-one', 'hunter2-two'].map((secret) => command({ args: argsOf(secret) })),
  );
  expect(one?.[name]).toMatch(/^\(secret\) [0-9a-f]{32}$/);
  expect(one?.[name]).not.toBe(two?.[name]);
});
