import { STATE_FIXES } from '../decisions/state-fixes.ts';
import { doubtInWords, problemInWords } from '../plan/state/check.ts';
import { DISABLED_BY } from '../plan/state/disable.ts';
import type { StateCredential, StateSetting, StateSettings } from '../plan/state/setting.ts';
import { unknownName } from '../plan/state/unknown-names.ts';
import { FUSION_ADAPTERS, PLUGIN_ADAPTERS } from '../util/state-adapters.ts';
import { blocked, fail, ofStep, pass, unknown, warn } from './check.ts';
import type { DiagnosisCheck } from './diagnosis.ts';
import type { ConfusedVariable, DiagnosisFacts, Step } from './facts.ts';
import { troublesOf } from './trouble-checks.ts';

const SWITCH_ON_FUSION =
  'Switch it on: `--manage-state`, `DBT_ENGINE_MANAGE_STATE=true`, or `manage_state: true` under `flags:` in dbt_project.yml.';

/** What is set for dbt State, and whether the target is one it works on. */
export function settingsChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  const kind = facts.engine?.kind === 'found' ? facts.engine.value.kind : undefined;
  return [
    ...ofStep('run-cache-enabled', behindSettings(facts.settings), (settings) => enabled(settings, kind)),
    ...ofStep('settings-valid', facts.settings, valid),
    ...confused(facts.confused),
    ...adapterChecks(facts),
    ...ofStep('credential-present', behindSettings(facts.settings), (settings) =>
      credential(settings, facts),
    ),
  ];
}

/** What the settings failed of is told in one check. */
function behindSettings(step: Step<StateSettings> | undefined): Step<StateSettings> | undefined {
  return step?.kind === 'failed' ? { kind: 'blocked', by: 'settings-valid' } : step;
}

function adapterChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  return ofStep('adapter-supported', facts.profile, ({ adapterType }) => adapter(adapterType, facts));
}

/** Whether State is on and does not work on the target, as dbt said or as its type tells. */
export function isAdapterRefused(facts: DiagnosisFacts): boolean {
  return (
    troublesOf(facts).some(({ problem }) => problem === 'adapter-unsupported') ||
    // A target that could not be found fails for another reason.
    (facts.profile?.kind === 'found' && adapterChecks(facts).some(({ status }) => status === 'fail'))
  );
}

/** Whether State will be used, as far as the settings say. dbt v2 uses it only when told to. */
export function isSwitchedOn({ switchedOffBy, settings }: StateSettings, kind: string | undefined): boolean {
  if (switchedOffBy !== undefined) return false;
  return kind !== 'fusion' || settings.some(isOnSwitch);
}

function isOnSwitch({ field, value, ignored }: StateSettings['settings'][number]): boolean {
  return field === 'MANAGE_STATE' && ignored === undefined && value !== 'false';
}

function enabled(settings: StateSettings, kind: string | undefined): DiagnosisCheck {
  const { switchedOffBy: off, isWanted } = settings;
  if (off === DISABLED_BY) {
    const fix = 'Leave out `run-cache: disabled` where dbt State is to be used.';
    return warn('run-cache-enabled', 'dbt State is switched off by run-cache: disabled.', fix);
  }
  if (off !== undefined) {
    return warn('run-cache-enabled', `dbt State is switched off by ${off}.`, switchOn(off));
  }
  if (isSwitchedOn(settings, kind)) {
    const by = settings.settings.find(isOnSwitch)?.source.name;
    return pass(
      'run-cache-enabled',
      by === undefined ? 'Nothing switches dbt State off.' : `dbt State is switched on by ${by}.`,
    );
  }
  return isWanted
    ? fail(
        'run-cache-enabled',
        'Settings of dbt State are there, but nothing switches it on.',
        SWITCH_ON_FUSION,
      )
    : warn('run-cache-enabled', 'Nothing switches dbt State on; in dbt v2 it is off then.', SWITCH_ON_FUSION);
}

function switchOn(by: string): string {
  if (by === 'DBT_ENGINE_MANAGE_STATE') {
    return 'To use dbt State, unset `DBT_ENGINE_MANAGE_STATE` or set it to `true`; every value but true, 1, t, y, yes and on switches it off.';
  }
  return /^[A-Z_]+$/.test(by) ? `To use dbt State, unset \`${by}\`.` : `To use dbt State, take away ${by}.`;
}

function valid({ settings, problems, doubts }: StateSettings): readonly DiagnosisCheck[] {
  const wrong = [
    ...problems.map((one) =>
      fail(
        'settings-valid',
        `${problemInWords(one)}. dbt ends with an error for it.`,
        `Set \`${one.source.name}\` to ${one.validForms}, or take it away.`,
      ),
    ),
    ...doubts.map((one) =>
      warn(
        'settings-valid',
        doubtInWords(one),
        `Set \`${one.source.name}\` to ${one.validForms}, or take it away.`,
      ),
    ),
    ...settings
      .filter(({ source }) => !problems.some((one) => one.source.name === source.name))
      .flatMap(misnamed),
  ];
  const idle = withoutEffect(settings.filter((one) => misnamed(one).length === 0));
  const last = wrong.at(-1);
  if (last !== undefined) return [...wrong.slice(0, -1), { ...last, seen: `${last.seen}${idle}` }];
  const names = settings.filter(({ ignored }) => ignored === undefined).map(({ source }) => source.name);
  const seen =
    names.length === 0
      ? 'No setting of dbt State decides anything; its defaults hold'
      : `In force: ${shown(names)}`;
  return [pass('settings-valid', `${seen}.${idle}`)];
}

/** A variable named like a setting that is none: nobody sets one to no effect on purpose. */
function misnamed({ source: { kind, name } }: StateSetting): readonly DiagnosisCheck[] {
  const unknown = kind === 'environment' ? unknownName(name) : undefined;
  if (unknown === undefined) return [];
  const { meant } = unknown;
  const seen = `${name} is set, and no setting of dbt State is known by this name.`;
  return [
    meant === undefined
      ? warn('settings-valid', seen, `Correct the name of \`${name}\`, or take it away.`)
      : warn(
          'settings-valid',
          `${seen} Did you mean ${meant}?`,
          `Rename \`${name}\` to \`${meant}\`, or take it away.`,
        ),
  ];
}

/** A sentence to add: settings that do nothing, by the reason. Empty where all have effect. */
function withoutEffect(settings: readonly StateSetting[]): string {
  const byReason = Map.groupBy(
    settings.filter(({ ignored }) => ignored !== undefined),
    ({ ignored = '' }) => ignored.replace(/\.$/, ''),
  );
  const groups = [...byReason].map(
    ([reason, ones]) => `${shown(ones.map(({ source }) => source.name))} (${reason})`,
  );
  return groups.length === 0 ? '' : ` Without effect: ${groups.join('; ')}.`;
}

function shown(names: readonly string[]): string {
  return (names.length > 8 ? [...names.slice(0, 8), `${names.length - 8} more`] : names).join(', ');
}

function confused(variables: readonly ConfusedVariable[] | undefined): readonly DiagnosisCheck[] {
  if (variables === undefined) return [];
  if (variables.length === 0) {
    const seen = 'No variable is set whose name is easily taken for one of dbt State.';
    return [pass('dbt-state-variable', seen)];
  }
  return variables.map(({ is, fix }) =>
    fix === undefined ? pass('dbt-state-variable', is) : warn('dbt-state-variable', is, fix),
  );
}

const CREDENTIALS: Readonly<Record<StateCredential['kind'], string>> = {
  'client-credentials': 'Client credentials',
  'platform-token': 'A token of the dbt platform',
  'credentials-file': 'A token of the project in a credentials file',
  'cached-login': 'A login kept from an earlier run',
};

function credential(
  { credential: found, ...settings }: StateSettings,
  facts: DiagnosisFacts,
): DiagnosisCheck {
  if (found !== undefined) {
    const seen = `${CREDENTIALS[found.kind]}, from ${found.source.name}. Whether it is accepted, only a login shows.`;
    return pass('credential-present', seen);
  }
  const kind = facts.engine?.kind === 'found' ? facts.engine.value.kind : undefined;
  if (!isSwitchedOn(settings, kind)) {
    const seen = 'There is no credential for dbt State, and none is needed while it is off.';
    return unknown('credential-present', seen, 'Solve `run-cache-enabled` first.');
  }
  if (facts.plugin === null && kind !== 'fusion') return blocked('credential-present', 'plugin-installed');
  if (isAdapterRefused(facts)) return blocked('credential-present', 'adapter-supported');
  return fail(
    'credential-present',
    'There is no credential for dbt State, neither in variables nor in files.',
    STATE_FIXES['no-credentials'],
  );
}

function adapter(type: string | undefined, { engine, settings }: DiagnosisFacts): DiagnosisCheck {
  const code = 'adapter-supported';
  const kind = engine?.kind === 'found' ? engine.value.kind : undefined;
  if (kind === undefined) return blocked(code, 'dbt-found');
  if (type === undefined) {
    return unknown(
      code,
      'The type of the target, only dbt can work out.',
      'Name the target with `--target`.',
    );
  }
  const supported = [...(kind === 'fusion' ? FUSION_ADAPTERS : PLUGIN_ADAPTERS)].toSorted();
  const by = kind === 'fusion' ? 'dbt v2' : 'the State plugin';
  if (supported.includes(type)) return pass(code, `dbt State works on ${type}.`);
  const seen = `The target is of type ${type}; with ${by}, dbt State works on ${supported.join(', ')}.`;
  if (settings?.kind !== 'found') return blocked(code, 'settings-valid');
  return isSwitchedOn(settings.value, kind)
    ? fail(code, seen, STATE_FIXES['adapter-unsupported'])
    : unknown(
        code,
        `${seen} While it is off, that does not matter.`,
        'Use a target of a supported type before you switch dbt State on.',
      );
}
