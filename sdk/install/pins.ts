import type { EngineKind } from '../plan/engine-kind.ts';
import { adapterTypeOf, type DbtVersions } from '../runtimes/package-versions.ts';
import type { AskedPackage, Collected } from './collect.ts';
import { hideCredentials } from './hide-credentials.ts';

/** Names that start with `dbt-` and bring neither dbt nor an adapter. */
const TOOLS =
  /^dbt-(?:artifacts-parser|autofix|bouncer|checkpoint|coverage|coves|invoke|jobs-as-code|loom|mcp|meshify|metricflow|osmosis|score|sl-sdk|sugar)$/;

/** The State plugin, as it was called over time. */
const STATE: ReadonlySet<string> = new Set(['dbt-state', 'run-cache', 'dbt-run-cache']);

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
  const loose = collected.packages.filter((one) => pinsOf(one.name, collected).length === 0);
  return [...new Set(loose.map(looseText))];
}

function looseText(one: AskedPackage): string {
  const how = one.address === undefined ? one.version || 'no version' : hideCredentials(one.address);
  return `${one.name} (${how}${one.marker === undefined ? '' : `, only where ${one.marker}`})`;
}

/** What must be there once all is installed. */
export interface Pin {
  /** Normalised. */
  readonly name: string;
  /** Any of them. */
  readonly versions: readonly string[];
  /** Whether it depends on the machine that it is installed at all. */
  readonly mayBeAbsent: boolean;
}

export function exactPins(collected: Collected): Pin[] {
  return [...new Set(collected.packages.map((one) => one.name))].flatMap((name) => {
    const lines = pinsOf(name, collected);
    // The name of an archive of sources is no promise.
    const versions = lines.map(({ address, version }) =>
      address === undefined
        ? exactClause(version)
        : /\.whl(?:[?#]|$)/.test(address)
          ? versionIn(address)
          : undefined,
    );
    const named = versions.filter((version) => version !== undefined);
    if (named.length === 0 || named.length < versions.length) return [];
    const asked = collected.packages.filter((one) => one.name === name);
    return [
      {
        name,
        versions: [...new Set(named)],
        mayBeAbsent: asked.every(({ marker }) => marker !== undefined),
      },
    ];
  });
}

/**
 * The lines that settle a package's version; none where it is not settled. A line with a marker may not hold: it
 * settles only what dbt itself is not made of, where what is installed is compared with it afterwards.
 */
function pinsOf(name: string, { packages, constraints }: Collected): readonly AskedPackage[] {
  const named = packages.filter((one) => one.name === name);
  const isFirm = ({ marker }: AskedPackage): boolean => marker === undefined || !isPartOfDbt(name);
  // No constraint tells what an address leads to.
  const addressed = named.filter(({ address }) => address !== undefined);
  if (addressed.length > 0) return addressed.every((one) => isPinned(one) && isFirm(one)) ? addressed : [];
  const always = [...named, ...constraints.filter((one) => one.name === name)].filter(
    (one) => isPinned(one) && one.marker === undefined,
  );
  if (always.length > 0) return always;
  return named.every((one) => isPinned(one) && isFirm(one)) ? named : [];
}

function isPartOfDbt(name: string): boolean {
  return isOfDbt(name) || STATE.has(name);
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

function askedOf({ version, address, extras, marker, hashes }: AskedPackage): string {
  return [
    ...(extras === undefined ? [] : [`[${extras.join(',')}]`]),
    address === undefined ? version || 'any version' : `@ ${hideCredentials(address)}`,
    ...(marker === undefined ? [] : [`; ${marker}`]),
    ...hashes.map((hash) => `--hash=${hash}`),
  ].join(' ');
}
