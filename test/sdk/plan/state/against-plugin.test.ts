import { expect, test } from 'vitest';
import { CATALOGUE, PLUGIN_PREFIXES } from '../../../../sdk/plan/state/catalogue.ts';
import type { StateSettingsInput, Yaml } from '../../../../sdk/plan/state/input.ts';
import { pluginFields } from '../../../../sdk/plan/state/plugin-settings.ts';
import { readStateSettings } from '../../../../sdk/plan/state/read.ts';
import { pluginSwitch } from '../../../../sdk/plan/state/switches.ts';
import { readForPlugin } from '../../../../sdk/plan/state/values.ts';
import { type Random, seededRandom } from '../../../support/random.ts';
import { askPlugin } from './plugin-config.ts';

interface Answer {
  readonly disabled: boolean;
  readonly variables: Readonly<Record<string, string>>;
  readonly error?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
  readonly tokens?: readonly (readonly [string, string])[];
}

interface Case {
  readonly env: Readonly<Record<string, string>>;
  readonly target: Yaml;
  readonly projectFlags: Yaml;
  readonly dbtCloud: Yaml;
  readonly cloudFile: Yaml | null;
  readonly variables: readonly string[];
}

const EVERYWHERE = CATALOGUE.filter(
  ({ plugin, pluginDropped }) => plugin === 'everywhere' && pluginDropped === undefined,
);
const VARIABLES = CATALOGUE.filter(({ plugin }) => plugin === 'variables').map(({ field }) => field);

/** Values that are right for a kind, in the ways people write them. */
const RIGHT = {
  text: ['prod', 'x y', '0'],
  boolean: ['true', 'FALSE', 'yes', '0', 'off', 'On', 'maybe'],
  duration: ['45m', '2700', '1h30m', '-5m'],
  integer: ['7', ' 12 ', '-1', '1_000'],
  'clone-mode': ['always', 'NEVER', 'if_missing', 'If_Table_Missing'],
  'cache-mode': ['write_only', 'READ_WRITE'],
} as const;
const WRONG = ['banana', ' always', '1.5.5', 'READ'];

function anyValue(random: Random, kind: keyof typeof RIGHT): string {
  if (random.next() < 0.12) return '';
  return random.next() < 0.03 ? random.pick(WRONG) : random.pick(RIGHT[kind]);
}

function anyCase(random: Random): Case {
  const env: Record<string, string> = {};
  const target: Record<string, unknown> = { type: random.pick(['postgres', 'snowflake']) };
  const projectFlags: Record<string, unknown> = {};
  for (const { field, kind } of [
    ...EVERYWHERE,
    ...VARIABLES.map((field) => ({ field, kind: 'text' as const })),
  ]) {
    for (const prefix of PLUGIN_PREFIXES)
      if (random.next() < 0.1) env[prefix + field] = anyValue(random, kind);
    if (VARIABLES.includes(field)) continue;
    for (const map of [target, projectFlags]) {
      for (const key of [`run_cache_${field.toLowerCase()}`, field.toLowerCase()]) {
        if (random.next() < 0.1) map[key] = random.pick([anyValue(random, kind), 5, true, null]);
      }
    }
  }
  if (random.next() < 0.3) target['defer_to_target'] = random.pick(['staging', '']);
  if (random.next() < 0.3) target['metadata_warehouse'] = 'WH';
  for (const name of ['DBT_ENGINE_MANAGE_STATE', 'RUN_CACHE_DISABLED', 'DBT_RUN_CACHE_DISABLED']) {
    if (random.next() < 0.3) env[name] = random.pick(['true', 'false', '', 'On', 'maybe', '1']);
  }
  for (const [name, value] of [
    ['DBT_CLOUD_TOKEN', 'token-of-env'],
    ['DBT_CLOUD_ACCOUNT_HOST', 'env.example'],
    ['DBT_CLOUD_PROJECT_ID', '5'],
  ] as const) {
    if (random.next() < 0.3) env[name] = random.pick([value, value, '']);
  }
  return {
    env,
    target,
    projectFlags,
    dbtCloud: random.pick([
      {},
      { 'project-id': 5 },
      { 'project-id': '5', 'state-org-id': 'org', 'account-host': 'file.example' },
    ]),
    cloudFile: random.pick([
      null,
      { state: { 'client-id': 'an-id', 'client-secret': 'a-secret' } },
      { state: { 'client-id': 'an-id' } },
      {
        context: { 'active-host': 'file.example', 'active-project': '5' },
        projects: [{ 'account-host': 'file.example', 'project-id': '5', 'token-value': 'token-of-file' }],
      },
    ]),
    variables: VARIABLES,
  };
}

test('what decides, its value, and what is refused are the plugin’s own answers', async () => {
  const random = seededRandom('settings');
  const cases = Array.from({ length: 300 }, () => anyCase(random));
  const answers = await askPlugin<Answer>(cases);
  const [defaults] = await askPlugin<Answer>([
    { env: {}, target: {}, projectFlags: {}, dbtCloud: {}, cloudFile: null, variables: [] },
  ]);
  let refused = 0;
  const wrong: object[] = [];
  cases.forEach((one, at) => {
    const answer = answers[at] as Answer;
    const input = inputOf(one);
    expect(pluginSwitch(input).isOn).toBe(!answer.disabled);
    for (const field of VARIABLES) expect(variableOf(input, field)).toBe(answer.variables[field]);
    // On, whatever the switch of this case says: the plugin's reader is asked in any case.
    const { problems } = readStateSettings({ ...input, env: withoutSwitches(one.env) });
    if (problems.length > 0 !== (answer.error !== undefined))
      wrong.push({ one, problems, error: answer.error });
    if (answer.fields === undefined) {
      refused += 1;
      expect(problems.some(({ value }) => answer.error?.includes(`'${value}'`) || value === 'set')).toBe(
        true,
      );
      return;
    }
    for (const field of EVERYWHERE) {
      const name = field.field.toLowerCase();
      const ours = settledValue(input, field.field);
      // The plugin takes the id for text whatever it is, a missing one included.
      if (name === 'dbt_project_id') continue;
      const value = ours === undefined ? defaults?.fields?.[name] : ours;
      if (value !== answer.fields[name]) wrong.push({ one, name, value, theirs: answer.fields[name] });
    }
    const { credential } = readStateSettings(input);
    expect(credential?.kind).toBe(credentialIn(answer));
  });
  expect(wrong).toEqual([]);
  expect(refused).toBeGreaterThan(10);
  expect(refused).toBeLessThan(cases.length - 10);
});

function credentialIn({ fields, tokens = [] }: Answer): string | undefined {
  if (fields?.['oauth_client_secret']) return 'client-credentials';
  const [first] = tokens;
  if (first === undefined) return undefined;
  return first[1] === 'token-of-env' ? 'platform-token' : 'credentials-file';
}

function inputOf({ env, target, projectFlags, dbtCloud, cloudFile }: Case): StateSettingsInput {
  return {
    engine: { kind: 'core', dbtVersion: '1.11.2', stateVersion: '2.62.3', adapterType: 'postgres' },
    command: 'build',
    args: ['build'],
    env,
    target,
    projectFlags,
    dbtCloud,
    cloudFile: cloudFile ?? undefined,
  };
}

function withoutSwitches(env: Case['env']): Case['env'] {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !/MANAGE_STATE|DISABLED$/.test(name)));
}

function winner(input: StateSettingsInput, name: string) {
  const field = pluginFields(input).find(({ entry }) => entry.field === name);
  const [found] = field?.found.filter(({ ignored }) => ignored === undefined) ?? [];
  return { field, candidate: found?.candidates[0] };
}

/** Undefined where nothing is set. */
function settledValue(input: StateSettingsInput, name: string): unknown {
  const { field, candidate } = winner(input, name);
  if (field === undefined || candidate === undefined) return undefined;
  const read = readForPlugin(field.entry.kind, candidate.raw);
  return read.kind === 'value' || read.kind === 'doubtful' ? read.value : read.kind;
}

/** As the plugin's reader of lone variables has it: one that is there and empty counts. */
function variableOf(input: StateSettingsInput, name: string): string {
  const { candidate, field } = winner(input, name);
  if (candidate !== undefined) return String(candidate.raw);
  return field?.found[0]?.candidates[0]?.raw === '' ? '' : '(default)';
}
