import type { PartInput } from '../../dedup/key.ts';
import { needsOf } from '../dbt-commands.ts';
import { readVariable } from '../variables.ts';
import type { FingerprintInput } from './key-inputs.ts';

type Input = Pick<FingerprintInput, 'commandLine' | 'dotEnv' | 'profile'>;

/** Whether a profile takes part, and why nothing is known of it. */
export function profileNeed({ commandLine, profile }: Input): 'none' | 'known' | { readonly why: string } {
  if (needsOf(commandLine).profile === 'none') return 'none';
  if (profile === undefined) return { why: 'only dbt can tell the profile' };
  if (profile.targetName === undefined) return { why: 'only dbt can tell the target of the profile' };
  return 'known';
}

/** The names of profile and target: macros read them. */
export function targetPart({ profile }: Input): PartInput {
  if (profile?.targetName === undefined) return unknown('only dbt can tell the target');
  return { kind: 'known', items: { profile: profile.profileName, target: profile.targetName } };
}

/** Fields that say how often and how long a connection is tried, and how many are open at once. */
const NO_RESULT: ReadonlySet<string> = new Set([
  ...['connect_retries', 'connect_timeout', 'keepalives_idle', 'login_timeout', 'threads'],
]);

/** Variables that drivers read beside the profile. Their secrets are left out like the profile's. */
const EVERY_DRIVER = ['TZ'];
const DRIVER_VARIABLES: Readonly<Record<string, readonly string[]>> = {
  athena: ['AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_REGION'],
  bigquery: ['CLOUDSDK_ACTIVE_CONFIG_NAME', 'CLOUDSDK_CORE_PROJECT', 'GOOGLE_CLOUD_PROJECT'],
  duckdb: ['AWS_DEFAULT_REGION', 'AWS_ENDPOINT_URL', 'AWS_PROFILE', 'AWS_REGION'],
  glue: ['AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_REGION'],
  postgres: ['PGDATESTYLE', 'PGHOSTADDR', 'PGOPTIONS', 'PGSERVICE', 'PGSSLMODE', 'PGTZ'],
  redshift: ['AWS_DEFAULT_REGION', 'AWS_PROFILE', 'AWS_REGION', 'PGDATESTYLE', 'PGOPTIONS', 'PGTZ'],
};

/** The chosen target field by field, what drivers read beside it, and what `profiles.yml` says of every run. */
export function profilePart({ profile, dotEnv }: Input): PartInput {
  const { fields, unknownFields = [], secretFields = [], settings = {}, adapterType = '' } = profile ?? {};
  if (fields === undefined) return unknown('only dbt can tell the target of the profile');
  const open = unknownFields.filter((name) => !NO_RESULT.has(name));
  if (open.length > 0) {
    const named = open.map((name) => `"${name}"`).join(', ');
    return unknown(`only dbt can work out ${named} of the target in profiles.yml`);
  }
  const names = [
    ...EVERY_DRIVER,
    ...(Object.hasOwn(DRIVER_VARIABLES, adapterType) ? (DRIVER_VARIABLES[adapterType] ?? []) : []),
  ];
  const uncertain = names.find(
    (name) => dotEnv.uncertain.has(name) && readVariable(dotEnv.env, name) === undefined,
  );
  if (uncertain !== undefined)
    return unknown(`the .env file sets ${uncertain} in a way that only dbt can work out`);
  const kept = Object.entries(fields).filter(([name]) => !NO_RESULT.has(name));
  const timing = Object.keys(fields).filter((name) => NO_RESULT.has(name));
  return {
    kind: 'known',
    items: {
      ...Object.fromEntries(kept),
      ...Object.fromEntries(
        Object.entries(settings).map(([name, value]) => [`profiles.yml: ${name}`, value]),
      ),
      ...Object.fromEntries(
        names.flatMap((name) => {
          const value = readVariable(dotEnv.env, name);
          return value === undefined ? [] : [[`variable ${name}`, value]];
        }),
      ),
    },
    leftOut: {
      ...Object.fromEntries(timing.map((name) => [name, 'it changes how fast a run is, no result'])),
      ...Object.fromEntries(secretFields.map((name) => [name, 'it is a secret'])),
    },
  };
}

function unknown(why: string): PartInput {
  return { kind: 'unknown', why };
}
