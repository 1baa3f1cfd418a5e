import { STATE_FIXES } from '../decisions/state-fixes.ts';
import { compareReleases } from '../plan/state/releases.ts';
import type { EngineInfo, ProjectInfo } from '../result.ts';
import { blocked, fail, ofStep, pass, unknown, warn } from './check.ts';
import type { DiagnosisCheck } from './diagnosis.ts';
import type { DiagnosisFacts, ProfileFacts } from './facts.ts';

/** The last release under the old names. */
const LAST_LEGACY = '2.17.1';

/** What must be there: dbt, a project, a profile, and dbt State itself. */
export function setUpChecks(facts: DiagnosisFacts): readonly DiagnosisCheck[] {
  return [
    ...ofStep('dbt-found', facts.engine, dbt),
    ...ofStep('project-found', facts.project, project),
    ...ofStep('profile-found', facts.profile, profile),
    // What is beside a dbt that is not there is no failure of its own.
    ...(facts.engine?.kind === 'failed'
      ? [blocked('plugin-installed', 'dbt-found')]
      : ofStep('plugin-installed', facts.engine, (engine) => plugin(engine, facts))),
  ];
}

function dbt({ kind, dbtVersion, pythonVersion, commandPrefix }: EngineInfo): DiagnosisCheck {
  const command = `\`${commandPrefix.join(' ')}\``;
  if (dbtVersion === undefined) {
    return unknown(
      'dbt-found',
      `dbt is started as ${command}; which version that is could not be told without starting it.`,
      'Name the dbt of its own environment with `--dbt`, e.g. `--dbt .venv`.',
    );
  }
  const name = kind === 'fusion' ? 'dbt v2' : 'dbt Core';
  const python = pythonVersion === undefined ? '' : ` on Python ${pythonVersion}`;
  return pass('dbt-found', `${name} ${dbtVersion}${python}, started as ${command}.`);
}

function project({ name, dir }: ProjectInfo): DiagnosisCheck {
  return pass('project-found', `Project ${name} in ${dir}.`);
}

function profile({ profileName, targetName, adapterType, path }: ProfileFacts): DiagnosisCheck {
  if (profileName === undefined || targetName === undefined) {
    return unknown(
      'profile-found',
      'Which profile and target dbt will use, only dbt can work out.',
      'Name them with `--profile` and `--target`.',
    );
  }
  const type = adapterType === undefined ? '' : ` of type ${adapterType}`;
  const where = path === undefined ? '' : `, from ${path}`;
  return pass('profile-found', `Profile ${profileName}, target ${targetName}${type}${where}.`);
}

function plugin(
  engine: EngineInfo,
  { plugin: version, legacyPackages: legacy = [] }: DiagnosisFacts,
): readonly DiagnosisCheck[] {
  if (engine.kind === 'fusion') return [pass('plugin-installed', 'dbt v2 has dbt State built in.')];
  if (version === undefined) {
    const solve = 'Name the dbt of its own environment with `--dbt`, e.g. `--dbt .venv`.';
    const seen = 'What is installed beside dbt could not be told without starting it.';
    return [unknown('plugin-installed', seen, solve)];
  }
  if (version === null) {
    return [
      fail(
        'plugin-installed',
        'The State plugin is not installed beside dbt.',
        STATE_FIXES['plugin-missing'],
      ),
      blocked('plugin-version', 'plugin-installed'),
    ];
  }
  const isLegacy = compareReleases(version, LAST_LEGACY) <= 0;
  return [
    pass('plugin-installed', 'The State plugin is installed beside dbt.'),
    isLegacy ? outdated(version) : pass('plugin-version', `dbt-state ${version}.`),
    ...(isLegacy ? [] : [beside(legacy)]),
  ];
}

function outdated(version: string): DiagnosisCheck {
  return warn(
    'plugin-version',
    `run-cache ${version}: the package has been called dbt-state since 2.18.0.`,
    'Replace it: `pip uninstall -y run-cache dbt-run-cache`, then `pip install dbt-state`.',
  );
}

function beside(legacy: readonly string[]): DiagnosisCheck {
  return legacy.length === 0
    ? pass('legacy-package', 'None of its predecessors is installed beside it.')
    : fail(
        'legacy-package',
        `${legacy.join(' and ')} is installed beside dbt-state, which refuses to run then.`,
        STATE_FIXES['legacy-package'],
      );
}
