import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Versions as the packages' own metadata gives them. */
export interface DbtVersions {
  /** dbt Core. */
  readonly dbt?: string;
  /** By adapter type, e.g. `{ postgres: '1.11.0' }`. */
  readonly adapters: Readonly<Record<string, string>>;
  /** The State plugin: package `dbt-state`, or `run-cache` as it was called before. */
  readonly state?: string;
  /** Predecessors of the plugin that are installed, by package name; the plugin refuses to run beside them. */
  readonly legacyState?: readonly string[];
  /** As far as known: `3.11.7`, or `3.11` alone. */
  readonly python?: string;
}

const LEGACY_STATE = ['run-cache', 'dbt-run-cache'];

/** Distributions by normalised name (`dbt-core`), each with its version and, where read from disk, its folder. */
export type Distributions = ReadonlyMap<string, { readonly version: string; readonly infoPath?: string }>;

/** Packages named `dbt-*` that bring no adapter, though they may need the adapters' base. */
const NOT_ADAPTERS = new Set([
  ...[
    'dbt-adapters',
    'dbt-common',
    'dbt-core',
    'dbt-core-experimental-parser',
    'dbt-extractor',
    'dbt-protos',
  ],
  ...['dbt-run-cache', 'dbt-semantic-interfaces', 'dbt-state', 'dbt-tests-adapter'],
]);

/** The distributions installed in these folders; the first folder that has one wins, as in Python. */
export async function readDistributions(sitePackages: readonly string[]): Promise<Distributions> {
  const found = new Map<string, { version: string; infoPath: string }>();
  for (const folder of sitePackages) {
    const names = await readdir(folder).catch(() => []);
    const here = new Map<string, { version: string; infoPath: string; changedMs: number }>();
    for (const entry of names) {
      const match = /^([A-Za-z0-9][\w.-]*?)-(\d[^-]*)(?:-py[\d.]+)?\.(?:dist|egg)-info$/.exec(entry);
      if (match === null) continue;
      const [, name = '', version = ''] = match;
      const key = normalizeName(name);
      // Only what may matter here is looked at closer: an environment holds hundreds.
      if (!isOfInterest(key) || found.has(key)) continue;
      const infoPath = join(folder, entry);
      const changedMs = await stat(infoPath).then(
        (info) => info.mtimeMs,
        () => 0,
      );
      // An interrupted upgrade leaves the old folder beside the new one.
      const other = here.get(key);
      if (other === undefined || other.changedMs < changedMs) here.set(key, { version, infoPath, changedMs });
    }
    for (const [key, { version, infoPath }] of here) found.set(key, { version, infoPath });
  }
  return found;
}

/** Sorts distributions into what dbt is made of. */
export async function versionsOf(
  distributions: Distributions,
  sitePackages: readonly string[],
): Promise<Omit<DbtVersions, 'python'>> {
  const dbt = distributions.get('dbt-core')?.version;
  const state = (distributions.get('dbt-state') ?? distributions.get('run-cache'))?.version;
  const legacyState = LEGACY_STATE.filter((name) => distributions.has(name));
  return {
    ...(dbt === undefined ? {} : { dbt }),
    ...(state === undefined ? {} : { state }),
    ...(legacyState.length === 0 ? {} : { legacyState }),
    adapters: await adaptersOf(distributions, sitePackages),
  };
}

async function adaptersOf(
  distributions: Distributions,
  sitePackages: readonly string[],
): Promise<Record<string, string>> {
  const adapters: Record<string, string> = {};
  const folders = await adapterFolders(sitePackages);
  for (const [type, folder] of folders) {
    const names = [`dbt-${type.replaceAll('_', '-')}`, `dbt-${type.replaceAll('_', '-')}-community`];
    const version =
      names.map((name) => distributions.get(name)?.version).find((found) => found !== undefined) ??
      (await versionInModule(folder));
    if (version !== undefined) adapters[type] = version;
  }
  // Installed in place from a working copy, an adapter has no folder here, only its metadata.
  for (const [name, { version, infoPath }] of distributions) {
    const type = adapterTypeOf(name);
    if (type === undefined || Object.hasOwn(adapters, type)) continue;
    if (infoPath !== undefined && (await needsAdapterBase(infoPath))) adapters[type] = version;
  }
  return adapters;
}

/** The type of the adapter that a package brings, if it brings one, by its normalised name alone. */
export function adapterTypeOf(name: string): string | undefined {
  if (!name.startsWith('dbt-') || NOT_ADAPTERS.has(name)) return undefined;
  return name
    .slice(4)
    .replace(/-community$/, '')
    .replaceAll('-', '_');
}

/** Every adapter is a folder of `dbt/adapters` with its version in it, which is where dbt itself looks. */
async function adapterFolders(sitePackages: readonly string[]): Promise<Map<string, string>> {
  const folders = new Map<string, string>();
  for (const folder of sitePackages) {
    const base = join(folder, 'dbt', 'adapters');
    const entries = await readdir(base, { withFileTypes: true }).catch(() => []);
    await Promise.all(
      entries.map(async (entry) => {
        if (!entry.isDirectory() || folders.has(entry.name)) return;
        const path = join(base, entry.name);
        if ((await readdir(path).catch((): string[] => [])).includes('__version__.py'))
          folders.set(entry.name, path);
      }),
    );
  }
  return folders;
}

async function versionInModule(folder: string): Promise<string | undefined> {
  const text = await readFile(join(folder, '__version__.py'), 'utf8').catch(() => '');
  return /^version\s*=\s*["']([^"']+)["']/m.exec(text)?.[1];
}

async function needsAdapterBase(infoPath: string): Promise<boolean> {
  for (const name of ['METADATA', 'PKG-INFO']) {
    const text = await readFile(join(infoPath, name), 'utf8').catch(() => undefined);
    if (text !== undefined) return /^Requires-Dist: dbt[-_.]adapters\b/im.test(text);
  }
  return false;
}

/** The name as package indexes compare it. */
export function normalizeName(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '-');
}

export function isOfInterest(name: string): boolean {
  return name === 'dbt' || name === 'run-cache' || name.startsWith('dbt-');
}
