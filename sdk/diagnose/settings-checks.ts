import { STATE_FIXES } from '../decisions/state-fixes.ts';
import { FUSION_ADAPTERS, PLUGIN_ADAPTERS } from '../plan/state/catalogue.ts';
import { doubtInWords, problemInWords } from '../plan/state/check.ts';
import { DISABLED_BY } from '../plan/state/disable.ts';
import type { StateCredential, StateSettings } from '../plan/state/setting.ts';
import { blocked, fail, ofStep, pass, unknown, warn } from './check.ts';
import type { DiagnosisCheck } from './diagnosis.ts';
import type { ConfusedVariable, DiagnosisFacts } from './facts.ts';

const SWITCH_ON_FUSION =
  'Switch it on: `--manage-state`, `DBT_ENGINE_MANAGE_STATE=true`, or `manage_state: true` under `flags:` in dbt_project.yml.';

/** What is set for dbt State, and whether the target is one it works on. */
export function settingsChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  const kind = facts.engine?.kind === 'found' ? facts.engine.value.kind : undefined;
  return [
    ...ofStep('run-cache-enabled', facts.settings, (settings) => enabled(settings, kind)),
    ...ofStep('settings-valid', facts.settings, valid),
    ...confused(facts.confused),
    ...ofStep('credential-present', facts.settings, (settings) => credential(settings, facts)),
    ...ofStep('adapter-supported', facts.profile, ({ adapterType }) => adapter(adapterType, kind)),
  ];
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
  ];
  if (wrong.length > 0) return wrong;
  const names = settings.filter(({ ignored }) => ignored === undefined).map(({ source }) => source.name);
  const idle = settings.length - names.length;
  const seen =
    names.length === 0 ? 'No setting of dbt State decides anything; its defaults hold' : inForce(names);
  return [pass('settings-valid', `${seen}${idle === 0 ? '' : `; ${idle} without effect`}.`)];
}

function inForce(names: readonly string[]): string {
  const shown = names.length > 8 ? [...names.slice(0, 8), `${names.length - 8} more`] : names;
  return `In force: ${shown.join(', ')}`;
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
  return fail(
    'credential-present',
    'There is no credential for dbt State, neither in variables nor in files.',
    STATE_FIXES['no-credentials'],
  );
}

function adapter(type: string | undefined, kind: string | undefined): DiagnosisCheck {
  const code = 'adapter-supported';
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
  return supported.includes(type)
    ? pass(code, `dbt State works on ${type}.`)
    : fail(
        code,
        `The target is of type ${type}; with ${by}, dbt State works on ${supported.join(', ')}.`,
        STATE_FIXES['adapter-unsupported'],
      );
}
