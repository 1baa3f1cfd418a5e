import type { EngineKind } from '../plan/engine-kind.ts';
import { adapterTypeOf, type DbtVersions } from '../runtimes/package-versions.ts';
import type { AskedPackage, Collected } from './collect.ts';
import { hideCredentials } from './hide-credentials.ts';

/** Names that start with `dbt-` and bring neither dbt nor an adapter. */
const TOOLS =
  /^dbt-(?:artifacts-parser|autofix|bouncer|checkpoint|coverage|coves|invoke|jobs-as-code|loom|mcp|meshify|metricflow|osmosis|score|sl-sdk|sugar)$/;

export function isDbtItself(name: string): boolean {
  return name === 'dbt' || name === 'dbt-core';
}

export function isOfDbt(name: string): boolean {
  return isDbtItself(name) || adapterOf(name) !== undefined;
}

function adapterOf(name: string): string | undefined {
  return TOOLS.test(name) ? undefined : adapterTypeOf(name);
}

/** dbt v2 by the lowest version that is asked for. */
export function engineOf({ packages, constraints }: Collected): EngineKind {
  const isSecond = [...packages, ...constraints].some(
    (one) =>
      isDbtItself(one.name) &&
      (one.address === undefined ? one.version.split(',') : [`==${versionIn(one.address) ?? ''}`]).some(
        (clause) => Number(/^(?:={2,3}|~=|>=?)v?(\d+)/i.exec(clause)?.[1] ?? 0) >= 2,
      ),
  );
  return isSecond ? 'fusion' : 'core';
}

/** What findDbt() will tell, as far as one version of it is named. */
export function versionsOf(collected: Collected, engine: EngineKind): DbtVersions {
  const versions = new Map<string, string>();
  for (const name of new Set(collected.packages.map((one) => one.name))) {
    const named = new Set(pinsOf(name, collected).map(exactVersion));
    const [only] = named;
    if (named.size === 1 && only !== undefined) versions.set(name, only);
  }
  const dbt =
    engine === 'fusion' ? (versions.get('dbt') ?? versions.get('dbt-core')) : versions.get('dbt-core');
  const known = dbt === undefined ? {} : { dbt };
  if (engine === 'fusion') return { ...known, adapters: {} };
  const state = versions.get('dbt-state') ?? versions.get('run-cache');
  const legacyState = ['run-cache', 'dbt-run-cache'].filter((name) =>
    collected.packages.some((one) => one.name === name),
  );
  const adapters = [...versions].flatMap(([name, version]) => {
    const type = adapterOf(name);
    return type === undefined ? [] : [[type, version]];
  });
  return {
    ...known,
    ...(state === undefined ? {} : { state }),
    ...(legacyState.length === 0 ? {} : { legacyState }),
    adapters: Object.fromEntries(adapters),
  };
}

/** What is asked for by name, and could be another version tomorrow. */
export function unpinned(collected: Collected): string[] {
  return collected.packages
    .filter((one) => !isPinned(one) && !collected.constraints.some((c) => c.name === one.name && isPinned(c)))
    .map((one) => {
      const how = one.address === undefined ? one.version || 'no version' : hideCredentials(one.address);
      return `${one.name} (${how})`;
    });
}

/** The lines about a package: what asks for it, and constraints where those tell more. */
function pinsOf(name: string, { packages, constraints }: Collected): readonly AskedPackage[] {
  const named = packages.filter((one) => one.name === name);
  if (named.every(isPinned)) return named;
  return constraints.filter((one) => one.name === name);
}

function isPinned(one: AskedPackage): boolean {
  const { address, version, hashes } = one;
  if (address === undefined) return exactClause(version) !== undefined;
  if (/^git\+/i.test(address)) return /@[0-9a-f]{40}(?:[#?]|$)/i.test(address);
  if (!/^https?:/i.test(address)) return false;
  return hashes.length > 0 || /#(?:.*&)?sha(?:256|384|512)=[0-9a-f]{64,}/i.test(address);
}

function exactClause(version: string): string | undefined {
  return version
    .split(',')
    .map((clause) => /^={2,3}([^*]+)$/.exec(clause)?.[1])
    .find((found) => found !== undefined);
}

function exactVersion(one: AskedPackage): string | undefined {
  const written = one.address === undefined ? exactClause(one.version) : versionIn(one.address);
  return written === undefined ? undefined : normalVersion(written);
}

/** As the name of a wheel or of an archive of sources tells it. */
function versionIn(address: string): string | undefined {
  const file = address
    .replace(/[?#].*$/, '')
    .split('/')
    .at(-1);
  return /^[\w.]+-([^-]+)-.*\.whl$|^[\w.-]+?-(\d[^-]*?)\.(?:tar\.gz|tgz|zip)$/
    .exec(file ?? '')
    ?.slice(1)
    .find((found) => found !== undefined);
}

const STAGES: Readonly<Record<string, string>> = {
  ...{ alpha: 'a', a: 'a', beta: 'b', b: 'b', c: 'rc', rc: 'rc', pre: 'rc', preview: 'rc' },
};

/** As packages write their own: `v1.11` is `1.11.0`, `2.0.0-RC.1` is `2.0.0rc1`. */
export function normalVersion(text: string): string {
  const [, release = text, stage, count, rest = ''] =
    /^v?(\d+(?:\.\d+)*)(?:[-_.]?(alpha|beta|preview|pre|rc|a|b|c)[-_.]?(\d*))?(.*)$/i.exec(text.trim()) ?? [];
  const numbers = release.split('.');
  while (numbers.length < 3) numbers.push('0');
  return `${numbers.join('.')}${stage === undefined ? '' : `${STAGES[stage.toLowerCase()]}${count || '0'}`}${rest}`;
}

/** For the key, by name; each value is all that is asked of it. */
export function itemsOf({ packages, constraints, options, unnamed }: Collected): Record<string, string> {
  const items = new Map<string, Set<string>>();
  const add = (item: string, value: string): void => {
    items.set(item, (items.get(item) ?? new Set()).add(value));
  };
  for (const one of packages) add(`requirement ${one.name}`, askedOf(one));
  for (const one of constraints) add(`constraint ${one.name}`, askedOf(one));
  for (const { name, value } of options) add(`option ${name}`, hideCredentials(value ?? 'set'));
  for (const one of unnamed) add(`requirement ${one}`, 'without a version');
  return Object.fromEntries([...items].map(([item, values]) => [item, [...values].sort().join(' | ')]));
}

function askedOf({ version, address, marker, hashes }: AskedPackage): string {
  return [
    address === undefined ? version || 'any version' : `@ ${hideCredentials(address)}`,
    ...(marker === undefined ? [] : [`; ${marker}`]),
    ...hashes.map((hash) => `--hash=${hash}`),
  ].join(' ');
}
