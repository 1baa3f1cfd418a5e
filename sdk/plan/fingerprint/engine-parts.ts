import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseDocument } from 'yaml';
import type { PartInput } from '../../dedup/key.ts';
import { isSecretName } from '../environment.ts';
import { homeOf } from '../profiles-dir.ts';
import { readVariable } from '../variables.ts';
import { DBT_YAML } from '../yaml-file.ts';
import { editablePackages } from './editable-packages.ts';
import type { FingerprintInput } from './key-inputs.ts';
import { pythonPackages } from './python-packages.ts';

/** dbt itself. dbt v2 has its adapters, its State and no Python, and reads flags from the user's home. */
export async function enginePart({
  engine,
  versions,
  profile,
  cwd,
  dotEnv,
  env,
  project,
  sitePackages,
}: Pick<
  FingerprintInput,
  'engine' | 'versions' | 'profile' | 'cwd' | 'dotEnv' | 'env' | 'project' | 'sitePackages'
>): Promise<PartInput> {
  const { dbt, state, python } = versions;
  if (dbt === undefined) return unknown("dbt's version could not be told");
  if (engine === 'fusion') {
    const flags = await userFlags(join(homeOf({ cwd, env: dotEnv.env }), '.dbt', 'user_settings.yml'));
    return flags.kind === 'unknown' ? flags : { kind: 'known', items: { kind: engine, dbt, ...flags.items } };
  }
  if (python === undefined) return unknown("the version of dbt's Python could not be told");
  const adapterType = profile?.adapterType;
  const adapter =
    adapterType !== undefined && Object.hasOwn(versions.adapters, adapterType)
      ? versions.adapters[adapterType]
      : undefined;
  if (adapterType !== undefined && adapter === undefined)
    return unknown(`the version of dbt's adapter for ${adapterType} could not be told`);
  const packages = sitePackages === undefined ? undefined : await otherPackages(sitePackages, adapterType);
  if (packages === undefined && sitePackages !== undefined)
    return unknown(`the packages installed in ${sitePackages} could not be listed`);
  let editable: Readonly<Record<string, string>> = {};
  try {
    if (sitePackages !== undefined) editable = await editablePackages(sitePackages, project);
  } catch (error) {
    return unknown(`a package that is installed from a folder cannot be read: ${(error as Error).message}`);
  }
  const searched = readVariable(env, 'PYTHONPATH');
  return {
    kind: 'known',
    items: {
      kind: engine,
      dbt,
      python,
      ...(adapter === undefined ? {} : { adapter }),
      ...(state === undefined ? {} : { state }),
      // Python has read it before dbt reads its `.env` file.
      ...(searched === undefined || searched === '' ? {} : { PYTHONPATH: searched }),
      ...packages,
      ...editable,
    },
  };
}

/** dbt that is going to be installed: what its requirements tell, and what only the profile and the machine do. */
export async function plannedEnginePart(
  planned: PartInput,
  {
    engine,
    versions,
    profile,
    cwd,
    dotEnv,
  }: Pick<FingerprintInput, 'engine' | 'versions' | 'profile' | 'cwd' | 'dotEnv'>,
): Promise<PartInput> {
  if (planned.kind === 'unknown') return planned;
  if (engine === 'fusion') {
    const flags = await userFlags(join(homeOf({ cwd, env: dotEnv.env }), '.dbt', 'user_settings.yml'));
    return flags.kind === 'unknown' ? flags : { ...planned, items: { ...planned.items, ...flags.items } };
  }
  const adapterType = profile?.adapterType;
  return adapterType === undefined || Object.hasOwn(versions.adapters, adapterType)
    ? planned
    : unknown(
        `the requirements do not name dbt's adapter for ${adapterType}, so its version is not known before dbt is installed: add it`,
      );
}

/** Those that have no item of their own. */
async function otherPackages(
  sitePackages: string,
  adapterType: string | undefined,
): Promise<Record<string, string> | undefined> {
  const own = new Set(['dbt-core', 'dbt-state', 'run-cache', `dbt-${adapterType?.replaceAll('_', '-')}`]);
  try {
    const packages = [...(await pythonPackages(sitePackages))].filter(([name]) => !own.has(name));
    return Object.fromEntries(packages.map(([name, version]) => [`package ${name}`, version]));
  } catch {
    return undefined;
  }
}

async function userFlags(path: string): Promise<Unknown | { kind: 'known'; items: Record<string, string> }> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'known', items: {} };
    return unknown(`${path} cannot be read (${code ?? 'unknown reason'})`);
  }
  const document = parseDocument(text, DBT_YAML);
  const flags: unknown = document.errors.length === 0 ? document.get('flags', true) : text;
  return { kind: 'known', items: flags == null ? {} : { 'user_settings.yml: flags': String(flags) } };
}

/** Settings of dbt State that say what it logs. */
const LOGS: ReadonlySet<string> = new Set([
  ...['DEFER_LOG_LEVEL', 'ENABLE_RESPONSE_LOGGING', 'LOG_DIR_OVERRIDE', 'LOG_FILE_LIMIT', 'LOG_PREFIX'],
]);

/** What dbt State is told: it decides which nodes are built. */
export function statePart({
  runCache,
  stateSettings,
  dotEnv,
}: Pick<FingerprintInput, 'runCache' | 'stateSettings' | 'dotEnv'>): PartInput {
  const items = new Map<string, string[]>();
  const leftOut: Record<string, string> = {};
  for (const { field, value, source } of stateSettings.settings) {
    if (LOGS.has(field)) {
      leftOut[field] = 'it changes what is logged, no result';
      continue;
    }
    const isHidden = value === 'set';
    // Also hidden is what a variable holds that nobody here knows; a release of dbt State may.
    const shown =
      isHidden && source.kind === 'environment' && !isSecretName(source.name.toUpperCase())
        ? (readVariable(dotEnv.env, source.name) ?? value)
        : value;
    if (isHidden && shown === value) leftOut[field] = 'it is a secret: only that it is set counts';
    items.set(field, [...(items.get(field) ?? []), shown]);
  }
  const { switchedOffBy } = stateSettings;
  const open = [...dotEnv.uncertain].find(
    (name) => /^(?:DBT_)?RUN_CACHE_/.test(name) && readVariable(dotEnv.env, name) === undefined,
  );
  if (open !== undefined) return unknown(`the .env file sets ${open} in a way that only dbt can work out`);
  return {
    kind: 'known',
    items: {
      mode: runCache,
      ...(switchedOffBy === undefined ? {} : { 'switched off by': switchedOffBy }),
      ...Object.fromEntries(
        [...items].map(([field, values]) => [`setting ${field}`, JSON.stringify(values)]),
      ),
    },
    leftOut,
  };
}

/** What is known of the data, which no setting tells. */
export function dataPart({ data }: Pick<FingerprintInput, 'data'>): PartInput {
  return (
    data ??
    unknown(
      'nobody said what the data in the warehouse is: set `data-version` to a version of your own, `data: sources` for the freshness that dbt reports, or `data: ignore` where it does not matter',
    )
  );
}

type Unknown = Extract<PartInput, { readonly kind: 'unknown' }>;

function unknown(why: string): Unknown {
  return { kind: 'unknown', why };
}
