import { parseBoolean, readVariable } from '../variables.ts';
import { valueAt } from '../yaml-file.ts';
import { type Candidate, type Found, variable } from './candidate.ts';
import type { StateSettingsInput } from './input.ts';
import { compareReleases, previewOf } from './releases.ts';
import { isTrueToPlugin } from './values.ts';

/** Whether State is to be used, and what says so. */
export interface Switch {
  readonly found: readonly Found[];
  readonly isOn: boolean;
  /** What switched it off, or on. Absent when nothing was said: the plugin is then on, dbt v2 off. */
  readonly by?: string;
}

const MANAGE_STATE = 'DBT_ENGINE_MANAGE_STATE';
const DISABLED = ['RUN_CACHE_DISABLED', 'DBT_RUN_CACHE_DISABLED'];
/** From this preview on, dbt v2 lets a `manage_state: false` in YAML outrank the variable. */
const YAML_OPTS_OUT_SINCE = 205;

/**
 * The plugin's switch: DBT_ENGINE_MANAGE_STATE alone decides when it is there, whatever it holds; else the first of
 * the two old names that is not empty. Every word but the true ones is false.
 */
export function pluginSwitch(input: StateSettingsInput): Switch {
  const { env, engine } = input;
  const disabled = DISABLED.flatMap((name) => present(env, name));
  const [old] = disabled.filter(({ raw }) => raw !== '');
  const first = engine.stateVersion != null && compareReleases(engine.stateVersion, '1.0.0') <= 0;
  const manage = present(env, MANAGE_STATE);
  const [deciding] = first ? [] : manage;
  const unread = [
    ...(first ? manage.map((one) => alone(one, 'run-cache 1.0.0 reads RUN_CACHE_DISABLED only.')) : []),
    ...yaml(input).map((one) => alone(one, 'The plugin of dbt Core does not read it.')),
    ...present(env, 'RUN_CACHE_ENABLED').map((one) => ({
      ...alone(one, 'The plugin of dbt Core does not read it.'),
      field: 'ENABLED',
    })),
  ];
  if (deciding !== undefined) {
    const found = [{ field: 'MANAGE_STATE', candidates: [deciding, ...disabled] }, ...unread];
    return { found, isOn: isTrueToPlugin(String(deciding.raw)), by: MANAGE_STATE };
  }
  const ordered = [...disabled.filter(({ raw }) => raw !== ''), ...disabled.filter(({ raw }) => raw === '')];
  const found = [...(ordered.length === 0 ? [] : [{ field: 'DISABLED', candidates: ordered }]), ...unread];
  if (old === undefined || !isTrueToPlugin(String(old.raw))) return { found, isOn: true };
  return { found, isOn: false, by: old.source.name };
}

/**
 * dbt v2's switch: `--no-manage-state`, `--manage-state`, DBT_ENGINE_MANAGE_STATE, `flags.manage_state` of
 * dbt_project.yml, then of ~/.dbt/user_settings.yml; off without any. In newer previews `manage_state: false` comes
 * before the variable. RUN_CACHE_ENABLED=false switches off what those switched on.
 */
export function fusionSwitch(input: StateSettingsInput): Switch {
  const flags = ['--no-manage-state', '--manage-state'].filter((flag) => words(input.args).includes(flag));
  const manage = present(input.env, MANAGE_STATE);
  const [project] = yaml(input);
  const preview = previewOf(input.engine.dbtVersion);
  const optsOut = preview === undefined || preview >= YAML_OPTS_OUT_SINCE;
  const inYaml = project === undefined ? [] : [project];
  const isOptOut = optsOut && project?.raw === false;
  const candidates: Candidate[] = [
    ...flags.map(
      (name): Candidate => ({
        source: { kind: 'flag', name },
        raw: name === '--manage-state',
        secret: false,
      }),
    ),
    ...(isOptOut ? [...inYaml, ...manage] : [...manage, ...inYaml]),
    ...yaml(input).slice(1),
  ];
  const enabled = present(input.env, 'RUN_CACHE_ENABLED');
  const found: Found[] = [
    ...(candidates.length === 0 ? [] : [{ field: 'MANAGE_STATE', candidates }]),
    ...enabled.map((one) => ({ field: 'ENABLED', candidates: [one] })),
    ...DISABLED.flatMap((name) => present(input.env, name)).map((one) => ({
      ...alone(one, 'dbt v2 reads DBT_ENGINE_MANAGE_STATE.'),
      field: 'DISABLED',
    })),
  ];
  const [winner] = candidates;
  if (winner === undefined) return { found, isOn: false };
  const isOn = typeof winner.raw === 'boolean' ? winner.raw : parseBoolean(String(winner.raw)) === true;
  const [off] = enabled.filter(({ raw }) => parseBoolean(String(raw)) === false);
  if (isOn && off !== undefined) return { found, isOn: false, by: off.source.name };
  return { found, isOn, by: winner.source.name };
}

/** `manage_state` in YAML, strongest first. A text is no boolean to dbt v2. */
function yaml({ projectFlags, userFlags }: StateSettingsInput): Candidate[] {
  const places = [
    ['project', 'dbt_project.yml: flags.manage_state', projectFlags],
    ['user-settings', 'user_settings.yml: flags.manage_state', userFlags],
  ] as const;
  return places.flatMap(([kind, name, map]) => {
    const raw = map === undefined ? undefined : valueAt(map, 'manage_state');
    return typeof raw === 'boolean' ? [{ source: { kind, name }, raw, secret: false }] : [];
  });
}

function present(env: StateSettingsInput['env'], name: string): Candidate[] {
  const value = readVariable(env, name);
  return value === undefined ? [] : [variable(name, value)];
}

function alone(candidate: Candidate, ignored: string): Found {
  return { field: 'MANAGE_STATE', candidates: [candidate], ignored };
}

/** dbt's arguments up to `--`. */
export function words(args: readonly string[]): readonly string[] {
  const end = args.indexOf('--');
  return end === -1 ? args : args.slice(0, end);
}
