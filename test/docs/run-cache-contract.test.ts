import { access, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ConfigSchema } from '../../sdk/config/schema.ts';
import type { StateStatus } from '../../sdk/decisions/decision.ts';
import { parseDecisionLog } from '../../sdk/decisions/decision-log.ts';
import { type ProofInput, proofOf } from '../../sdk/decisions/state-proof.ts';
import { CHECK_CODES } from '../../sdk/diagnose/diagnosis.ts';
import { explain, runDbt } from '../../sdk/index.ts';
import {
  BARE_KEYS_SINCE,
  LOGIN_IN_DBT_HOME_SINCE,
  PREFIXED_KEYS_UP_TO,
} from '../../sdk/plan/state/catalogue.ts';
import { checkStateSettings } from '../../sdk/plan/state/check.ts';
import { withStateDisabled } from '../../sdk/plan/state/disable.ts';
import type { StateSettingsInput } from '../../sdk/plan/state/input.ts';
import { readStateSettings } from '../../sdk/plan/state/read.ts';
import { compareReleases } from '../../sdk/plan/state/releases.ts';
import { withoutState } from '../../sdk/run/required-state.ts';
import { FUSION_ADAPTERS, PLUGIN_ADAPTERS } from '../../sdk/util/state-adapters.ts';
import { decideRecorded, fixture, observe, said } from '../sdk/decisions/recorded.ts';
import { checkedLines, checkLine } from '../support/decision-log.ts';
import { makeFakeDbt } from '../support/fake-dbt/fake-dbt.ts';
import { makeFakeProject, runOf } from '../support/fake-dbt/fake-project.ts';
import { report } from '../support/report-builder.ts';
import { REPOSITORY } from '../support/repository.ts';
import { blocks, codeSpans, generated, readDoc, section, tableRows } from './markdown.ts';
import { isSaid } from './recorded-messages.ts';
import { type SampleRun, sampleRun } from './sample-run.ts';
import { settingsTable } from './settings-table.ts';

const PATH = 'docs/run-cache-contract.md';
const CORE = {
  kind: 'core',
  dbtVersion: '1.11.16',
  stateVersion: '2.62.3',
  adapterType: 'postgres',
} as const;
const FUSION = { kind: 'fusion', dbtVersion: '2.0.0rc196', adapterType: 'snowflake' } as const;

let text: string;
let sample: SampleRun;

beforeAll(async () => {
  [text, sample] = await Promise.all([readDoc(PATH), sampleRun()]);
});

function read(more: Partial<StateSettingsInput>) {
  return readStateSettings({ engine: CORE, command: 'build', args: ['build'], env: {}, ...more });
}

/** The row of a table that begins with this. */
function row(heading: string, first: string): string[] {
  const found = tableRows(section(text, heading)).find(([cell]) => cell === first);
  if (found === undefined) throw new Error(`${heading} has no row ${first}.`);
  return found;
}

/** The names between `>` in a cell, up to the first sentence after them. */
function ranked(cell: string): string[] {
  return codeSpans(cell.split(';')[0] ?? '');
}

describe('modes', () => {
  test('inherit changes neither arguments nor variables of dbt State', async () => {
    const root = await mkdtemp(join(tmpdir(), 'contract-'));
    try {
      makeFakeProject(root);
      const dbt = await makeFakeDbt(join(root, '.venv'), runOf([], 0));
      const own = {
        DBT_ENGINE_MANAGE_STATE: 'true',
        RUN_CACHE_FRESHNESS_TOLERANCE: '45m',
        DBT_RUN_CACHE_ALLOW_CLONES: 'false',
        DBT_ENV_SECRET_STATE_OAUTH_CLIENT_SECRET: 'not-a-secret-client',
        DBT_CLOUD_TOKEN: 'not-a-secret-token',
      };
      const args = ['build', '--select', 'orders+'];
      await runDbt(args, {
        ...{ cwd: root, dbt: dbt.venv, env: { PATH: process.env['PATH'], HOME: root, ...own } },
        ...{ output: 'silent', reject: false },
      });
      const seen = dbt.seen();
      expect(seen.args).toEqual(args);
      const ofState = Object.entries(seen.env).filter(([name]) => /STATE|RUN_CACHE|DBT_CLOUD/.test(name));
      expect(Object.fromEntries(ofState)).toEqual(own);
    } finally {
      await rm(root, { recursive: true, force: true });
    }
  });

  test('disabled is what the engine obeys', () => {
    const [, core = '', fusion = ''] = row('Modes', '`disabled`');
    const disable = (engine: 'core' | 'fusion') =>
      withStateDisabled({
        ...{ engine, namesInDotEnv: new Set<string>(), args: ['build'] },
        env: { DBT_ENGINE_MANAGE_STATE: 'true' },
      });
    const words = (env: object) => Object.entries(env).map(([name, value]) => `${name}=${value}`);
    expect(codeSpans(core)).toEqual([...words(disable('core')), 'DBT_ENGINE_MANAGE_STATE']);
    expect(codeSpans(fusion)).toEqual([...words(disable('fusion')), '--manage-state']);
    expect(row('Modes', '`inherit` (default)').slice(1)).toEqual(['nothing', 'nothing']);
  });

  test('what passes where State is required', () => {
    const trouble = { problem: 'no-credentials', fix: 'f' } as const;
    const states: Record<StateStatus['kind'], StateStatus> = {
      active: { kind: 'active', proof: 'p', troubles: [] },
      'not-applicable': { kind: 'not-applicable' },
      inactive: { kind: 'inactive', trouble },
      disabled: { kind: 'disabled' },
      absent: { kind: 'absent' },
      unknown: { kind: 'unknown', why: 'w' },
    };
    const told = tableRows(section(text, 'Modes')).flatMap(([state = '', end = '']) =>
      /^(passes|fails)$/.test(end) ? [[codeSpans(state)[0] ?? '', end]] : [],
    );
    const done = Object.values(states).map((state) => {
      const failures = (['core', 'fusion'] as const).map((engine) => withoutState(state, engine)?.code);
      return [state.kind, failures.every((code) => code === 'run-cache-required') ? 'fails' : 'passes'];
    });
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(done));
  });

  test('without an account: off, and the heading says why', () => {
    const { decisions, state } = decideRecorded('no-credentials');
    const { title } = explain(report({ decisions, state })).state;
    expect(codeSpans(row('Modes', 'Local, no account')[2] ?? '')).toEqual([title]);
  });
});

describe('settings', () => {
  const heading = 'Settings that pass through';

  test('the table is the catalogue', async () => {
    const made = settingsTable();
    expect(tableRows(await generated(PATH, 'settings', made))).toEqual(tableRows(made));
  });

  test('the plugin takes a setting in this order', () => {
    const name = 'OAUTH_CLIENT_SECRET';
    const keys = { run_cache_oauth_client_secret: 'x', oauth_client_secret: 'x' };
    const prefixes = ['DBT_RUN_CACHE_', 'RUN_CACHE_', 'DBT_ENV_SECRET_STATE_', 'DBT_ENGINE_STATE_'];
    const { settings } = read({
      env: Object.fromEntries(prefixes.map((prefix) => [prefix + name, 'x'])),
      ...{ target: keys, projectFlags: keys, dbtCloud: { 'project-id': '5' } },
      cloudFile: { state: { 'client-id': 'x', 'client-secret': 'x' } },
    });
    const found = settings.find(({ field }) => field === name);
    const sources = [found?.source.name, ...(found?.overrides ?? []).map(({ source }) => source.name)];
    const general = sources.map((source = '') =>
      source
        .replace(name, '<NAME>')
        .replace(name.toLowerCase(), '<name>')
        .replace(/^(dbt_cloud.yml).*/, '$1'),
    );
    expect(general).toEqual(ranked(row(heading, 'plugin, a setting')[1] ?? ''));
  });

  test('on and off are taken in this order', () => {
    const env = { DBT_RUN_CACHE_DISABLED: 'no', RUN_CACHE_DISABLED: 'no', DBT_ENGINE_MANAGE_STATE: 'true' };
    const order = (more: Partial<StateSettingsInput>) => {
      const [first] = read({ env, ...more }).settings;
      return [first?.source.name, ...(first?.overrides ?? []).map(({ source }) => source.name)];
    };
    expect(order({})).toEqual(ranked(row(heading, 'plugin, on or off')[1] ?? ''));
    const everything = {
      args: ['build', '--manage-state', '--no-manage-state'],
      projectFlags: { manage_state: true },
      userFlags: { manage_state: true },
    };
    expect(order({ engine: FUSION, ...everything })).toEqual(
      ranked(row(heading, 'dbt v2, on or off')[1] ?? ''),
    );
  });

  test('the exceptions of dbt v2, and what holds when nothing is said', () => {
    const newer = { ...FUSION, dbtVersion: '2.0.0rc205' };
    const both = { env: { DBT_ENGINE_MANAGE_STATE: 'true' }, projectFlags: { manage_state: false } };
    expect(read({ engine: newer, ...both }).switchedOffBy).toBe('dbt_project.yml: flags.manage_state');
    expect(read({ engine: FUSION, ...both }).switchedOffBy).toBeUndefined();
    const enabled = { DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_ENABLED: 'false' };
    expect(read({ engine: FUSION, env: enabled }).switchedOffBy).toBe('RUN_CACHE_ENABLED');
    const env = { RUN_CACHE_ORG_ID: 'x' };
    expect(read({ env }).settings[0]?.ignored).toBeUndefined();
    expect(read({ engine: FUSION, env }).settings[0]?.ignored).toContain('dbt State is off');
  });

  test('the credential that is tried first', () => {
    const env = { DBT_CLOUD_TOKEN: 'x', DBT_CLOUD_ACCOUNT_HOST: 'h' };
    const secret = { RUN_CACHE_OAUTH_CLIENT_SECRET: 'x' };
    const more: Partial<StateSettingsInput> = {
      dbtCloud: { 'project-id': '5', 'account-host': 'h' },
      cloudFile: { projects: [{ 'account-host': 'h', 'project-id': '5', 'token-value': 'x' }] },
    };
    const first = (given: Partial<StateSettingsInput>) => read({ ...more, ...given }).credential?.source.name;
    const order = [
      first({ hasCachedLogin: true, env: { ...env, ...secret } }),
      first({ env: { ...env, ...secret } }),
      first({ env }),
      first({}),
    ];
    const [login = '', client = '', token = '', file = ''] = (
      row(heading, 'both, the credential')[1] ?? ''
    ).split(' > ');
    expect(client).toBe('client secret');
    expect(order).toEqual([
      codeSpans(login)[0],
      'RUN_CACHE_OAUTH_CLIENT_SECRET',
      codeSpans(token)[0],
      expect.stringMatching(`^${codeSpans(file)[0]}: projects`),
    ]);
  });

  test('an empty variable, D036, a reserved name, the modes of dbt v2, the first release', () => {
    const empty = { DBT_ENGINE_STATE_ORG_ID: '', RUN_CACHE_ORG_ID: 'x' };
    expect(read({ env: empty }).settings.every(({ ignored }) => ignored !== undefined)).toBe(true);
    const note = (name: string, dbtVersion = '1.11.16') =>
      read({ engine: { ...CORE, dbtVersion }, env: { [name]: 'x' } }).settings[0]?.note;
    expect(note('DBT_ENGINE_STATE_ORG_ID')).toContain('D036');
    expect(note('DBT_ENGINE_STATE_ORG_ID', '1.10.9')).toBeUndefined();
    expect(note('RUN_CACHE_ORG_ID')).toBeUndefined();
    const reserved = { DBT_ENGINE_STATE_FRESHNESS_TOLERANCE: '45m' };
    expect(read({ engine: FUSION, env: reserved }).problems).toHaveLength(1);
    const flags = ['build', '--run-cache-mode', 'noop', '--force-node-selection'];
    const shown = read({ engine: FUSION, args: flags }).settings.map(({ source }) => source.name);
    expect(shown).toEqual(flags.filter((flag) => flag.startsWith('--')));
    const first = { ...CORE, stateVersion: '1.0.0' };
    const env = { DBT_ENGINE_STATE_ORG_ID: 'x', RUN_CACHE_ORG_ID: 'y', DBT_ENGINE_MANAGE_STATE: 'false' };
    const found = read({ engine: first, env });
    expect(found.switchedOffBy).toBeUndefined();
    expect(found.settings.filter(({ ignored }) => ignored === undefined)).toMatchObject([{ value: 'y' }]);
  });

  test('keys without the prefix, by release', () => {
    const [up = '', to = ''] =
      /Up to dbt-state (\S+) the plugin[\s\S]*?and (\S+) nobody/.exec(text)?.slice(1) ?? [];
    expect([up, to]).toEqual([PREFIXED_KEYS_UP_TO, BARE_KEYS_SINCE]);
    const found = (stateVersion: string) =>
      read({ engine: { ...CORE, stateVersion }, target: { freshness_tolerance: 'banana' } });
    expect(found(up)).toMatchObject({ problems: [], settings: [{ ignored: expect.any(String) }] });
    expect(found('2.40.0')).toMatchObject({ problems: [], settings: [{ value: 'banana' }] });
    expect(found(to).problems).toHaveLength(1);
    expect(text).toMatch(/run-cache, up to 2\.17\.1, keeps its login/);
    expect(compareReleases('2.17.1', LOGIN_IN_DBT_HOME_SINCE)).toBeLessThan(0);
  });

  test('values that only the plugin takes', () => {
    const values = {
      RUN_CACHE_CLONE_INCREMENTAL_IN_DEV: 'if_missing',
      RUN_CACHE_FRESHNESS_TOLERANCE: '1h30m',
    };
    const fusion = { ...values, DBT_ENGINE_MANAGE_STATE: 'true' };
    expect(read({ env: values })).toMatchObject({ problems: [], doubts: [] });
    expect(read({ engine: FUSION, env: fusion }).doubts).toHaveLength(2);
    const one = { DBT_ENGINE_MANAGE_STATE: 'true', RUN_CACHE_FRESHNESS_TOLERANCE: '90m' };
    expect(read({ engine: FUSION, env: one }).doubts).toEqual([]);
  });

  test('a secret is shown as set, or empty', () => {
    const [found] = read({ env: { RUN_CACHE_OAUTH_CLIENT_SECRET: 'hush' } }).settings;
    expect(found).toMatchObject({ field: 'OAUTH_CLIENT_SECRET', value: 'set' });
    expect(read({ env: { RUN_CACHE_OAUTH_CLIENT_SECRET: '' } }).settings[0]?.value).toBe('');
  });

  test('the types of targets', () => {
    const list = (first: string) => row(heading, first)[1]?.split(', ');
    expect(list('plugin of dbt Core')).toEqual([...PLUGIN_ADAPTERS].toSorted());
    expect(list('dbt v2')).toEqual([...FUSION_ADAPTERS].toSorted());
  });
});

describe('checked before dbt starts', () => {
  const heading = 'Checked before dbt starts';
  const on = { DBT_ENGINE_MANAGE_STATE: 'true' };
  const verdict = (engine: typeof CORE | typeof FUSION, env: Record<string, string>) => {
    const { problems, doubts } = read({ engine, env: engine.kind === 'fusion' ? { ...on, ...env } : env });
    return problems.length > 0 ? 'error' : doubts.length > 0 ? 'warning' : 'nothing';
  };

  test.each([
    [
      'duration, whole number or mode that cannot be read',
      [
        { RUN_CACHE_FRESHNESS_TOLERANCE: 'banana' },
        { RUN_CACHE_LOG_FILE_LIMIT: 'many' },
        { RUN_CACHE_CLONE_INCREMENTAL_IN_DEV: 'maybe' },
      ],
    ],
    ['a word that is no boolean', [{ RUN_CACHE_TOLERATE_NONDETERMINISM: 'maybe' }]],
    ['`DBT_ENGINE_MANAGE_STATE` that is no boolean', [{ DBT_ENGINE_MANAGE_STATE: 'maybe' }]],
  ])('%s', (first, environments: readonly Record<string, string>[]) => {
    const [, core = '', fusion = ''] = row(heading, first);
    for (const env of environments) {
      expect(core.startsWith(verdict(CORE, env)), JSON.stringify(env)).toBe(true);
      expect(fusion.startsWith(verdict(FUSION, env)), JSON.stringify(env)).toBe(true);
    }
  });

  test('a name nobody knows', () => {
    const env = { DBT_ENGINE_STATE_FRESHNES: '1' };
    expect(row(heading, 'a `DBT_ENGINE_STATE_*` name it does not know').slice(1)).toEqual([
      'shown as without effect',
      'error',
    ]);
    expect(verdict(FUSION, env)).toBe('error');
    expect(verdict(CORE, env)).toBe('nothing');
    expect(read({ env }).settings[0]?.ignored).toBeDefined();
  });

  test('the message, and nothing where nothing is read', () => {
    const env = { RUN_CACHE_FRESHNESS_TOLERANCE: 'banana' };
    const quote = codeSpans(section(text, heading)).find((span) => span.includes('banana'));
    expect(() => checkStateSettings(read({ env }))).toThrow(quote ?? 'no quote');
    expect(() => checkStateSettings(read({ env }))).toThrow(
      expect.objectContaining({ code: 'state-setting-invalid' }),
    );
    for (const more of [
      { env: { ...env, RUN_CACHE_DISABLED: 'true' } },
      { env, engine: { ...CORE, stateVersion: null } },
      { env, engine: { ...CORE, adapterType: 'duckdb' } },
      { env, command: 'parse' },
    ]) {
      expect(read(more).problems).toEqual([]);
    }
  });
});

describe('proof', () => {
  const answer = said('debug', 'Received execute response for node {}, request_id: {}', ['orders', 'r']);
  const nothing = observe([]);
  const DECIDED = parseDecisionLog(fixture('dbt-core-1.11/runs/validation-failed.decision-log.jsonl'));
  const seen: readonly ProofInput[] = [
    { observations: observe([answer, answer]) },
    { observations: nothing, decisionLog: DECIDED },
    { observations: observe([said('info', 'dbt State saved you 33.08s on 3 nodes in this job.')]) },
    { observations: nothing, resultsByState: 1 },
    {
      observations: observe([
        said('info', 'dbt State is enabled (endpoint https://api.state.dbt.com:443, defer_to prod)'),
      ]),
    },
  ];

  test('each is one, in the words of the report', () => {
    const told = tableRows(section(text, 'Proof of activity')).map(
      ([, cell = '']) => codeSpans(cell)[0] ?? '',
    );
    expect(told).toHaveLength(seen.length);
    told.forEach((quote, at) => {
      expect(isSaid(quote, [proofOf(seen[at] as ProofInput) ?? ''])).toBe(true);
    });
  });

  test('that it is enabled is none', () => {
    const enabled = said('info', 'dbt-state v{} is {}', ['2.62.3', 'enabled']);
    expect(proofOf({ observations: observe([enabled]) })).toBeUndefined();
    expect(section(text, 'Proof of activity')).toContain('`dbt-state v2.62.3 is enabled`');
  });
});

describe('decision trace', () => {
  const VOLATILE = /"(invocationId|startedAt|finishedAt)":"[^"]*"|"(wallMs|executionMs)":[\d.]+/g;
  const settled = (lines: string) => lines.replace(VOLATILE, (match) => match.replace(/:.*/, ':…'));

  test('the sample is a real run’s file, and as the schema has it', async () => {
    const made = `\`\`\`json\n${sample.decisionLog}\`\`\`\n`;
    const shown = await generated(PATH, 'decision-log', made);
    const [lines = ''] = blocks(shown, 'json');
    expect(settled(lines)).toBe(settled(sample.decisionLog));
    const records = checkedLines(lines);
    expect(records.map(({ type }) => type)).toEqual(['run', 'decision', 'decision', 'end']);
    expect(() => checkLine('{"type":"decision"}')).toThrow('required');
  });

  test('the lines of --explain-cache are that run’s', async () => {
    const made = `\`\`\`text\n${sample.explained.join('\n')}\n\`\`\`\n`;
    expect(blocks(await generated(PATH, 'explain-cache', made), 'text')).toEqual(blocks(made, 'text'));
  });

  test('the kinds of lines, the version and the schemas are the code’s', async () => {
    const body = section(text, 'Decision trace');
    const kinds = tableRows(body).map(([, type = '']) => codeSpans(type)[0]);
    expect(kinds).toEqual(['run', 'decision', 'end']);
    const { exports } = JSON.parse(await readFile(join(REPOSITORY, 'package.json'), 'utf8')) as {
      exports: Record<string, unknown>;
    };
    const named = [...text.matchAll(/`dbt-runcache(\/schemas\/[\w-]+\.json)`/g)].map(
      ([, path]) => `.${path}`,
    );
    expect(named).toContain('./schemas/decision-log.json');
    for (const path of named) expect(exports).toHaveProperty([path]);
    expect(body).toContain('`dbt_runcache_decisions.jsonl`');
    expect(body).toContain('`schemaVersion` is 1.');
  });
});

test('the checklist has every check, in the order of diagnose', () => {
  const listed = tableRows(section(text, 'Partner checklist')).map(([, code = '']) => code);
  expect(listed).toEqual(CHECK_CODES.map((code) => `[${code}](runbook.md#${code})`));
});

test('the YAML names inputs, outputs and keys that are there', async () => {
  const action = parse(await readDoc('action.yml')) as { inputs: object; outputs: object };
  const [workflow = '', config = ''] = blocks(section(text, 'Setup in under 30 minutes'), 'yaml');
  const { jobs } = parse(workflow) as { jobs: { build: { steps: { uses?: string; with?: object }[] } } };
  const step = jobs.build.steps.find(({ uses }) => uses?.includes('dbt-runcache-action'));
  const inputs = Object.keys(step?.with ?? {});
  expect(inputs).toContain('command');
  expect(workflow).toContain('DBT_RUNCACHE_RUN_CACHE');
  expect(inputs.filter((name) => !(name in action.inputs))).toEqual([]);
  const outputs = [...workflow.matchAll(/steps\.dbt\.outputs\.([\w-]+)/g)].map(([, name = '']) => name);
  expect(outputs).toContain('state');
  expect([...outputs, 'decisions-path'].filter((name) => !(name in action.outputs))).toEqual([]);
  expect(ConfigSchema.parse(parse(config))).toMatchObject({ 'require-run-cache': true });
});

test('nothing of ours adds a flag of State or knows the service’s address', async () => {
  const files = (
    await Promise.all(
      ['sdk', 'action'].map((folder) =>
        readdir(join(REPOSITORY, folder), { recursive: true, withFileTypes: true }),
      ),
    )
  )
    .flat()
    .filter((entry) => entry.isFile() && /\.(ts|py)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
  expect(files.length).toBeGreaterThan(100);
  const wrong = await Promise.all(
    files.map(async (file) => {
      const source = await readFile(file, 'utf8');
      return /['"]--favor-state['"]|https?:\/\/[\w.]*state\.dbt\.com/.test(source) ? [file] : [];
    }),
  );
  expect(wrong.flat()).toEqual([]);
});

test('each test that is named is there', async () => {
  const rows = tableRows(section(text, 'Shown by'));
  expect(rows.length).toBeGreaterThan(5);
  for (const [, shown = ''] of rows) {
    const [, file = '', name = ''] = /^`([^`]+)`: (.+)$/.exec(shown) ?? [];
    await access(join(REPOSITORY, file));
    expect(await readDoc(file), shown).toContain(name);
  }
});
