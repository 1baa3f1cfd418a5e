import { FUSION_ADAPTERS, PLUGIN_ADAPTERS } from '../../util/state-adapters.ts';
import { parseBoolean } from '../variables.ts';
import { asSetting, type Candidate, type Found, shown } from './candidate.ts';
import { CATALOGUE } from './catalogue.ts';
import { credentialOf, platformSettings } from './credential.ts';
import { fusionFields, isReserved, RESERVED_PREFIX } from './fusion-settings.ts';
import { isUnrendered, type StateSettingsInput } from './input.ts';
import { pluginFields } from './plugin-settings.ts';
import { compareReleases } from './releases.ts';
import type { SettingDoubt, SettingProblem, StateSetting, StateSettings } from './setting.ts';
import { fusionSwitch, pluginSwitch, type Switch, words } from './switches.ts';
import { unknownNames } from './unknown-names.ts';
import { type ReadValue, readForFusion, readForPlugin } from './values.ts';

/** Commands in which the plugin reads its settings as soon as a node comes up. */
const PLUGIN_COMMANDS = new Set([
  'build',
  'compile',
  'docs generate',
  'run',
  'seed',
  'show',
  'snapshot',
  'test',
]);
/** Commands in which the plugin is on without reading them. */
const ALSO_ON = new Set(['list', 'retry']);
/** Commands in which dbt v2 uses dbt State. */
const FUSION_COMMANDS = new Set(['build', 'compile', 'run', 'seed', 'show', 'snapshot', 'test']);
/** Commands of dbt v2 that look at no variable whose name is reserved. */
const UNRESERVED = new Set(['', 'clean', 'deps', 'docs generate', 'docs serve', 'init']);

/**
 * Every setting of dbt State that was found, as the engine in hand reads it: what decides, what that outranks, and
 * what does nothing and why. Reads only what it is given. Never shows a secret.
 *
 * `problems` holds what the engine ends with an error for. The plugin of dbt Core reads its settings when the first
 * node comes up, so a run that selects none would not fail; it counts all the same.
 */
export function readStateSettings(input: StateSettingsInput): StateSettings {
  const read = input.engine.kind === 'fusion' ? readFusion(input) : readPlugin(input);
  return { ...read, settings: read.settings.map((setting) => noted(setting, input.engine)) };
}

/** dbt Core knows no variables of State, and warns of those that are named like its own. */
function noted(setting: StateSetting, { kind, dbtVersion }: StateSettingsInput['engine']): StateSetting {
  const { name } = setting.source;
  if (kind !== 'core' || setting.source.kind !== 'environment' || !name.startsWith('DBT_ENGINE_'))
    return setting;
  if (dbtVersion === undefined || compareReleases(dbtVersion, '1.11') < 0) return setting;
  const other = name === 'DBT_ENGINE_MANAGE_STATE' ? 'RUN_CACHE_DISABLED' : `RUN_CACHE_${setting.field}`;
  return { ...setting, note: `dbt Core warns of this name (D036). Of ${other} it does not.` };
}

function readPlugin(input: StateSettingsInput): StateSettings {
  const { engine, command } = input;
  const state = decided(input, pluginSwitch(input));
  const fields = pluginFields(input);
  const whyNothing = whyPluginDoesNothing(input, state);
  const noPlugin = engine.stateVersion === null ? whyNothing : undefined;
  const rest = fields.flatMap(({ found }) => found);
  const settings = [
    ...state.found.flatMap((one) => asSetting(one, noPlugin)),
    ...rest.flatMap((one) => asSetting(one, whyNothing)),
    ...platform(input, rest, whyNothing),
    ...unknownNames(input).flatMap((one) => asSetting(one, whyNothing)),
  ];
  // Where the plugin or the adapter is not known for certain, dbt has the word on what it refuses.
  const isCertain =
    whyNothing === undefined &&
    engine.stateVersion !== undefined &&
    engine.adapterType !== undefined &&
    PLUGIN_COMMANDS.has(command);
  const read = fields.flatMap(({ entry, read }) =>
    read.map((candidate) => ({
      candidate,
      value: isUnrendered(candidate.raw)
        ? ({ kind: 'unknown' } as const)
        : readForPlugin(entry.kind, candidate.raw),
    })),
  );
  return {
    settings,
    problems: isCertain ? [...cloudFileProblem(input), ...read.flatMap(problemOf)] : [],
    doubts: [
      ...(engine.stateVersion === null || input.disabledBy !== undefined ? [] : switchDoubt(state, 'false')),
      ...(whyNothing === undefined ? read.flatMap(doubtOf) : []),
    ],
    ...(state.isOn || state.by === undefined ? {} : { switchedOffBy: state.by }),
    isWanted: state.isOn && (state.by !== undefined || isAnySet(settings)),
    ...credential(input, rest),
  };
}

/** The switch where something outside the settings has the last word. */
function decided({ disabledBy }: StateSettingsInput, state: Switch): Switch {
  if (disabledBy === undefined) return state;
  const ignored = `${disabledBy} outranks it.`;
  return { found: state.found.map((one) => ({ ignored, ...one })), isOn: false, by: disabledBy };
}

function whyPluginDoesNothing({ engine, command }: StateSettingsInput, state: Switch): string | undefined {
  if (engine.stateVersion === null) return 'The State plugin is not installed.';
  if (!state.isOn) return `dbt State is switched off by ${state.by}.`;
  if (engine.adapterType !== undefined && !PLUGIN_ADAPTERS.has(engine.adapterType)) {
    return `dbt State does not support ${engine.adapterType}.`;
  }
  if (!PLUGIN_COMMANDS.has(command) && !ALSO_ON.has(command)) return `dbt ${command} does not use dbt State.`;
  return undefined;
}

function readFusion(input: StateSettingsInput): StateSettings {
  const state = decided(input, fusionSwitch(input));
  const fields = fusionFields(input);
  const whyNothing = whyFusionDoesNothing(input, state);
  const rest = fields.flatMap(({ found }) => found);
  const settings = [
    ...state.found.flatMap((one) => asSetting(one)),
    ...[...modes(input), ...rest].flatMap((one) => asSetting(one, whyNothing)),
    ...platform(input, rest, whyNothing),
    ...unknownNames(input).flatMap((one) => asSetting(one)),
  ];
  const read = fields.flatMap(({ entry, read }) =>
    read === undefined ? [] : [{ candidate: read, value: readForFusion(entry.kind, String(read.raw)) }],
  );
  const isOff = !state.isOn && state.by !== undefined;
  return {
    settings,
    problems: [
      ...(input.disabledBy === undefined ? manageStateProblem(input, state) : []),
      ...reservedProblems(input),
    ],
    doubts: whyNothing === undefined ? read.flatMap(doubtOf) : [],
    ...(isOff ? { switchedOffBy: state.by } : {}),
    isWanted: !isOff && (state.isOn || isAnySet(settings)),
    ...credential(input, rest),
  };
}

function whyFusionDoesNothing({ engine, command }: StateSettingsInput, state: Switch): string | undefined {
  if (!state.isOn) {
    return state.by === undefined
      ? 'dbt State is off: dbt v2 wants --manage-state, DBT_ENGINE_MANAGE_STATE=true or flags.manage_state.'
      : `dbt State is switched off by ${state.by}.`;
  }
  if (engine.adapterType !== undefined && !FUSION_ADAPTERS.has(engine.adapterType)) {
    return `dbt State of dbt v2 does not support ${engine.adapterType}.`;
  }
  return FUSION_COMMANDS.has(command) ? undefined : `dbt ${command} does not use dbt State.`;
}

/** The flags of dbt v2 that say how State is used. */
function modes({ args }: StateSettingsInput): Found[] {
  const given = words(args);
  const at = given.findLastIndex(
    (word) => word === '--run-cache-mode' || word.startsWith('--run-cache-mode='),
  );
  const word = given[at];
  const mode = word?.includes('=') === true ? word.slice(word.indexOf('=') + 1) : given[at + 1];
  const flag = (name: string, raw: unknown): Candidate => ({
    source: { kind: 'flag', name },
    raw,
    secret: false,
  });
  return [
    ...(word === undefined || mode === undefined
      ? []
      : [{ field: 'RUN_CACHE_MODE', candidates: [flag('--run-cache-mode', mode)] }]),
    ...(given.includes('--force-node-selection')
      ? [{ field: 'FORCE_NODE_SELECTION', candidates: [flag('--force-node-selection', true)] }]
      : []),
  ];
}

function platform(
  input: StateSettingsInput,
  found: readonly Found[],
  whyNothing: string | undefined,
): StateSetting[] {
  const hasSecret = found.some(
    ({ field, ignored }) => field === 'OAUTH_CLIENT_SECRET' && ignored === undefined,
  );
  return platformSettings(input, hasSecret).flatMap((one) => asSetting(one, whyNothing));
}

/** Told whether or not State is on: what it would log in with does not depend on that. */
function credential(input: StateSettingsInput, found: readonly Found[]): Pick<StateSettings, 'credential'> {
  const first = credentialOf(
    input,
    found.flatMap((one) => asSetting(one)),
  );
  return first === undefined ? {} : { credential: first };
}

/** What is set for State and for nothing else. The platform's variables serve other programs too. */
function isAnySet(settings: readonly StateSetting[]): boolean {
  return settings.some(
    ({ field, source }) =>
      field !== 'DISABLED' &&
      (source.kind === 'environment'
        ? !field.startsWith('DBT_CLOUD_')
        : source.kind === 'flag' || /run_cache_|defer_to_target/.test(source.name)),
  );
}

interface Read {
  readonly candidate: Candidate;
  readonly value: ReadValue;
}

function problemOf({ candidate, value }: Read): SettingProblem[] {
  return value.kind === 'invalid' ? [problem(candidate, value.validForms)] : [];
}

function problem(candidate: Candidate, validForms: string): SettingProblem {
  return { source: candidate.source, value: shown(candidate), validForms };
}

function doubtOf({ candidate, value }: Read): SettingDoubt[] {
  return value.kind === 'doubtful'
    ? [{ ...problem(candidate, value.validForms), takenAs: value.takenAs }]
    : [];
}

function switchDoubt({ found }: Switch, takenAs: string): SettingDoubt[] {
  const deciding = found.find(({ ignored }) => ignored === undefined)?.candidates[0];
  if (deciding === undefined || parseBoolean(String(deciding.raw)) !== undefined) return [];
  // An empty one is left over where nothing was meant to be said; dbt says what it makes of it.
  if (deciding.raw === '') return [];
  return [{ ...problem(deciding, 'true or false'), takenAs }];
}

function cloudFileProblem({ cloudFile, dbtCloud }: StateSettingsInput): SettingProblem[] {
  if (cloudFile !== 'unreadable' || dbtCloud === undefined || Object.keys(dbtCloud).length === 0) return [];
  const source = { kind: 'credentials-file', name: 'dbt_cloud.yml' } as const;
  return [{ source, value: '', validForms: 'a YAML map' }];
}

/** dbt v2 looks at the variable whatever the command and the flags, blanks around it included. */
function manageStateProblem({ command, args }: StateSettingsInput, { found }: Switch): SettingProblem[] {
  if (command === '' || words(args).some((word) => word === '--help' || word === '-h')) return [];
  const manage = found
    .flatMap(({ candidates }) => candidates)
    .find(({ source }) => source.name === 'DBT_ENGINE_MANAGE_STATE');
  if (manage === undefined) return [];
  const text = String(manage.raw);
  const isBoolean = text === text.trim() && parseBoolean(text) !== undefined;
  return isBoolean ? [] : [problem(manage, 'true or false')];
}

function reservedProblems({ env, engine, command }: StateSettingsInput): SettingProblem[] {
  if (UNRESERVED.has(command)) return [];
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || isReserved(name, engine.dbtVersion) !== true) return [];
    const source = { kind: 'environment', name } as const;
    const field = name.slice(RESERVED_PREFIX.length);
    const other = `RUN_CACHE_${field}`;
    const known = CATALOGUE.find((entry) => entry.field === field);
    return [
      {
        source,
        value: shown({ source, raw: value, secret: known === undefined || known.secret === true }),
        validForms: `the name ${other}, since dbt v2 refuses this one`,
      },
    ];
  });
}
