import { readVariable } from '../variables.ts';
import { isMap, valueAt } from '../yaml-file.ts';
import type { Found } from './candidate.ts';
import { variable } from './candidate.ts';
import type { StateSettingsInput } from './input.ts';
import { isFilled } from './plugin-settings.ts';
import type { StateCredential, StateSetting } from './setting.ts';

const PLATFORM = ['DBT_CLOUD_TOKEN', 'DBT_CLOUD_ACCOUNT_HOST'] as const;

/** The variables of the dbt platform that State can log in with. */
export function platformSettings({ env }: StateSettingsInput, hasSecret: boolean): Found[] {
  return PLATFORM.flatMap((name, at) => {
    const value = readVariable(env, name);
    if (value === undefined) return [];
    const other = PLATFORM[1 - at] ?? name;
    const ignored = !readVariable(env, other)
      ? `It needs ${other} beside it.`
      : hasSecret
        ? 'dbt State logs in with the client secret.'
        : undefined;
    const found = variable(name, value, name === 'DBT_CLOUD_TOKEN');
    return [{ field: name, candidates: [found], ignored: value === '' ? 'It is empty.' : ignored }];
  });
}

/**
 * The credential State tries first: a login kept from before, a client secret, the platform's variables, and the token
 * of the project in dbt_cloud.yml.
 */
export function credentialOf(
  input: StateSettingsInput,
  settings: readonly StateSetting[],
): StateCredential | undefined {
  if (input.hasCachedLogin === true) {
    return { kind: 'cached-login', source: { kind: 'credentials-file', name: 'state_auth.json' } };
  }
  const secret = settings.find(({ field, value }) => field === 'OAUTH_CLIENT_SECRET' && value !== '');
  if (secret !== undefined && !isHidden(secret)) return { kind: 'client-credentials', source: secret.source };
  if (PLATFORM.every((name) => (readVariable(input.env, name) ?? '') !== '')) {
    return { kind: 'platform-token', source: { kind: 'environment', name: PLATFORM[0] } };
  }
  return hasProjectToken(input)
    ? {
        kind: 'credentials-file',
        source: { kind: 'credentials-file', name: 'dbt_cloud.yml: projects.token-value' },
      }
    : undefined;
}

/** One that the engine does not read, or that another variable hides. */
function isHidden({ ignored }: StateSetting): boolean {
  return ignored !== undefined;
}

/** Host and project must both match, as they are written: an id in quotes is another than one without. */
function hasProjectToken({ env, dbtCloud, cloudFile }: StateSettingsInput): boolean {
  if (!isFilled(dbtCloud) || cloudFile === undefined || cloudFile === 'unreadable') return false;
  const context = valueAt(cloudFile, 'context');
  const active = isMap(context) ? context : {};
  const host =
    readVariable(env, 'DBT_CLOUD_ACCOUNT_HOST') ||
    valueAt(dbtCloud, 'account-host') ||
    valueAt(active, 'active-host');
  const id =
    readVariable(env, 'DBT_CLOUD_PROJECT_ID') ||
    valueAt(dbtCloud, 'project-id') ||
    valueAt(active, 'active-project');
  const projects = valueAt(cloudFile, 'projects');
  if (!host || !id || !Array.isArray(projects)) return false;
  const project: unknown = projects.find(
    (one: unknown) =>
      isMap(one) && valueAt(one, 'account-host') === host && valueAt(one, 'project-id') === id,
  );
  return isMap(project) && Boolean(valueAt(project, 'token-value'));
}
