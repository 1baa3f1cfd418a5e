import type { Manifest, ManifestNode } from '../../artifacts/types.ts';
import type { NodeDecision } from '../../decisions/decision.ts';
import type { Places } from '../../dedup/coordinator.ts';

/** What has a relation of its own in the warehouse. */
const RELATIONS: ReadonlySet<string> = new Set(['model', 'seed', 'snapshot']);

/**
 * The places that a target is, by name: one for each database file, else the target itself.
 * @param target As of `targetText()`.
 */
export function placesOfTarget(target: string): readonly string[] {
  const entries = JSON.parse(target) as readonly (readonly string[])[];
  const [, ...files] = entries.find(([name]) => name === 'files') ?? [];
  if (files.length === 0) return [target];
  return files.map((file) => JSON.stringify([['file', file]]));
}

/** Of database files the files are the places, whatever lies where in them. */
export function liesInFiles(target: string): boolean {
  const entries = JSON.parse(target) as readonly (readonly string[])[];
  return entries.some(([name]) => name === 'files' || name === 'memory');
}

/**
 * The places that a run's nodes write to and refer to: a model may have a schema, and a database, of its own choice,
 * and several targets may share it. Of database files the files are the places, whatever lies where in them.
 * @param stores Whether tests keep their failures, unless one says otherwise.
 */
export function placesOfNodes(
  target: string,
  {
    manifest,
    decisions,
    writes,
    stores,
  }: {
    readonly manifest: Manifest;
    readonly decisions: readonly Pick<NodeDecision, 'uniqueId'>[];
    readonly writes: boolean;
    readonly stores: boolean;
  },
): Places {
  const entries = JSON.parse(target) as readonly (readonly string[])[];
  if (liesInFiles(target)) return { wrote: [], read: [] };
  const base = Object.fromEntries(entries) as Readonly<Record<string, string>>;
  const placeOf = (node: ManifestNode): string | undefined => {
    const [database, schema] = [node['database'], node['schema']];
    if (typeof schema !== 'string' || schema === '') return undefined;
    const place = {
      ...base,
      ...(typeof database === 'string' && database !== '' ? { database: database.toLowerCase() } : {}),
      schema: schema.toLowerCase(),
    };
    return JSON.stringify(Object.entries(place).sort());
  };
  const wrote = new Set<string>();
  const read = new Set<string>();
  for (const { uniqueId } of decisions) {
    const node = manifest.nodes[uniqueId];
    if (node === undefined || !(writes || node.resource_type === 'test')) continue;
    const isWritten =
      RELATIONS.has(node.resource_type) || (node.resource_type === 'test' && keepsFailures(node, stores));
    const place = isWritten ? placeOf(node) : undefined;
    if (place !== undefined) wrote.add(place);
  }
  for (const node of Object.values(manifest.nodes)) {
    const place = RELATIONS.has(node.resource_type) ? placeOf(node) : undefined;
    if (place !== undefined && !wrote.has(place)) read.add(place);
  }
  return { wrote: [...wrote], read: [...read] };
}

function keepsFailures({ config }: ManifestNode, otherwise: boolean): boolean {
  const said = config?.['store_failures'];
  const as = config?.['store_failures_as'];
  if (typeof as === 'string') return as !== 'ephemeral';
  return typeof said === 'boolean' ? said : otherwise;
}

/** Models that leave files which no ledger looks at, e.g. dbt-duckdb's `external`. */
export function externalNodes(manifest: Manifest, decisions: readonly NodeDecision[]): readonly string[] {
  return decisions
    .map(({ uniqueId }) => uniqueId)
    .filter((id) => manifest.nodes[id]?.config?.['materialized'] === 'external');
}
