import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { PartInput } from '../../dedup/key.ts';
import type { ResolvedProfile } from '../profile.ts';
import { type TargetFiles, targetFilesOf } from '../target-files.ts';
import type { FingerprintInput } from './key-inputs.ts';

type Input = Pick<FingerprintInput, 'cwd' | 'engine' | 'profile' | 'project'>;

/** Fields that alone say which warehouse it is. */
const IDENTIFYING = [
  ...[
    'account',
    'connection_string',
    'dsn',
    'endpoint',
    'host',
    'project',
    's3_staging_dir',
    'server',
    'url',
  ],
  ...['role_arn', 'sid', 'tns_name', 'workspace'],
];
/** Those, and what of a warehouse is written to. */
const PLACE: ReadonlySet<string> = new Set([
  ...IDENTIFYING,
  ...[
    'attach',
    'catalog',
    'cluster',
    'database',
    'dataset',
    'dbname',
    'http_path',
    'is_ducklake',
    'lakehouse',
  ],
  ...['location', 'organization', 'path', 'port', 'region', 'region_name', 'remote', 's3_data_dir', 'schema'],
  ...['schema_directory', 'schemas_and_paths', 'service'],
]);
/** Adapters that take a place of their own where none is named. */
const HAS_DEFAULT: ReadonlySet<string> = new Set(['clickhouse', 'duckdb', 'sqlite']);

/** Where the run writes, as the profile has it. A path stays as it is written: checkouts may share a key. */
export function warehousePart(input: Pick<FingerprintInput, 'profile'>): PartInput {
  const place = placeOf(input.profile);
  if (place.kind === 'unknown') return place;
  return { kind: 'known', items: { type: place.adapterType, ...place.fields } };
}

type Place =
  | {
      readonly kind: 'known';
      readonly adapterType: string;
      readonly fields: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'unknown'; readonly why: string };

function placeOf(profile: ResolvedProfile | undefined): Place {
  const { adapterType, fields, unknownFields = [] } = profile ?? {};
  if (adapterType === undefined || fields === undefined)
    return { kind: 'unknown', why: 'only dbt can tell the target of the profile' };
  const open = unknownFields.find((name) => PLACE.has(name));
  if (open !== undefined)
    return { kind: 'unknown', why: `only dbt can work out "${open}" of the target in profiles.yml` };
  const place = Object.fromEntries(Object.entries(fields).filter(([name]) => PLACE.has(name)));
  // BigQuery's `database` is its project, which without either comes out of the credentials.
  const names = adapterType === 'bigquery' ? [...IDENTIFYING, 'database'] : IDENTIFYING;
  if (!HAS_DEFAULT.has(adapterType) && !names.some((name) => isGiven(place[name])))
    return { kind: 'unknown', why: `the target in profiles.yml does not say which ${adapterType} it is` };
  return { kind: 'known', adapterType, fields: place };
}

function isGiven(json: string | undefined): boolean {
  return json !== undefined && json !== 'null' && json !== '""';
}

/** One thing by the names that adapters have for it. */
const NAMES: readonly (readonly [name: string, aliases: readonly string[]])[] = [
  ['server', ['account', 'host', 'server', 'endpoint', 'url', 'dsn', 'connection_string', 'tns_name']],
  ['port', ['port']],
  ['store', ['s3_staging_dir', 'role_arn', 'workspace']],
  ['database', ['database', 'dbname', 'catalog', 'project', 'lakehouse', 'service', 'sid']],
  ['schema', ['schema', 'dataset']],
];
const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  fabric: '1433',
  postgres: '5432',
  redshift: '5439',
  sqlserver: '1433',
};

/**
 * A name of the warehouse target, by which runs tell who wrote there last. Two targets that share a name cost a run;
 * one target under two names would let a run be taken for the last when it was not. So capitals do not count, and what
 * leads to the same place by another way, such as another compute, is left out.
 * @returns undefined where a part of it is not known.
 */
export async function targetText(input: Input): Promise<string | undefined> {
  const place = placeOf(input.profile);
  if (place.kind === 'unknown') return undefined;
  const { adapterType, fields } = place;
  if (adapterType === 'duckdb' || adapterType === 'sqlite') {
    const files = targetFilesOf(input);
    return files.kind === 'unknown' ? undefined : fileTarget(adapterType, files, fields);
  }
  const text: Record<string, string> = { type: adapterType };
  for (const [name, aliases] of NAMES) {
    const alias = aliases.find((one) => isGiven(fields[one]));
    const value = alias === undefined ? undefined : plain(fields[alias] ?? '');
    if (value !== undefined) text[name] = name === 'server' ? serverName(value) : value;
  }
  const port = text['port'] ?? DEFAULT_PORTS[adapterType];
  return JSON.stringify(Object.entries({ ...text, ...(port === undefined ? {} : { port }) }).sort());
}

async function fileTarget(
  adapterType: string,
  files: TargetFiles,
  fields: Readonly<Record<string, string>>,
): Promise<string> {
  if (files.kind === 'files') {
    const paths = await Promise.all(files.paths.map(realFile));
    return JSON.stringify([
      ['files', ...paths.sort()],
      ['type', adapterType],
    ]);
  }
  if (files.kind === 'memory') return JSON.stringify([['memory'], ['type', adapterType]]);
  const [own = ''] = plain(fields['path'] ?? '""').split('?');
  const isOwn = own !== '' && !own.startsWith(':memory:') && !isGiven(fields['remote']);
  const elsewhere = isOwn ? own : plain(fields['remote'] ?? fields['attach'] ?? '""');
  return JSON.stringify([
    ['server', elsewhere],
    ['type', adapterType],
  ]);
}

/** A file under one name, through whichever link it is reached. It may not be there yet. */
async function realFile(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch {
    return realpath(dirname(path)).then(
      (folder) => join(folder, basename(path)),
      () => path,
    );
  }
}

function plain(json: string): string {
  const value: unknown = JSON.parse(json);
  return (typeof value === 'string' ? value : json).trim().toLowerCase();
}

function serverName(text: string): string {
  const name = text.replace(/\.snowflakecomputing\.com$/, '').replace(/\.$/, '');
  return /^(?:127(?:\.\d+){3}|::1|0\.0\.0\.0)$/.test(name) ? 'localhost' : name;
}
