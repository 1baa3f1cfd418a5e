import * as z from 'zod';
import { fetchParts } from './bundle.ts';
import type { NearestRun } from './dedup-report.ts';
import { earlierRun } from './earlier-run.ts';
import { parseEnvelope } from './envelope.ts';
import { compareParts } from './key.ts';
import { recentName } from './names.ts';
import { type KeyPart, parseRecord } from './record.ts';
import type { DedupStore } from './store.ts';

const KEPT = 24;
const MAX_TRIES = 8;
const MAX_DIFFERENCES = 20;
/** Of a part's digest: enough to tell parts apart. */
const PART_DIGITS = 16;

/** A run that has left a record under a derived key. */
export interface FinishedRun {
  /** The name of the entry of its claim. */
  readonly claim: string;
  readonly parts: readonly KeyPart[];
  /** ISO 8601. */
  readonly finishedAt: string;
}

const Entry = z.object({
  claim: z.string().regex(/^claims\/[0-9a-f]{64}$/),
  partDigests: z.record(z.string(), z.string()),
  finishedAt: z.string(),
});
const Schema = z.object({ schemaVersion: z.literal(1), runs: z.array(Entry) });
type RecentRun = z.infer<typeof Entry>;

/** Notes a finished run, so that a later one of the scope can be told what differs. Best effort: throws nothing. */
export async function noteRecentRun(
  store: DedupStore,
  scope: string,
  { claim, parts, finishedAt }: FinishedRun,
  retainMs: number,
): Promise<void> {
  const name = recentName(scope);
  const noted: RecentRun = { claim, partDigests: digestsOf(parts), finishedAt };
  try {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const read = await store.read(name);
      if (read.kind === 'unknown') return;
      const before = read.kind === 'found' ? read.entry : undefined;
      const others = runsIn(before?.value).filter((run) => run.claim !== claim);
      const value = JSON.stringify({ schemaVersion: 1, runs: [noted, ...others].slice(0, KEPT) });
      const written = await store.write({ name, value, expected: before?.version, retainMs });
      if (written.kind !== 'conflict') return;
    }
  } catch {
    // It is for people, and never worth a failure.
  }
}

/**
 * The recorded run of a scope whose inputs are most like these, and what differs. At most three reads. Undefined when
 * there is none, or it cannot be told: it is for people, and never worth a failure.
 * @param parts With their items.
 */
export async function nearestRun(
  store: DedupStore,
  scope: string,
  parts: readonly KeyPart[],
): Promise<NearestRun | undefined> {
  try {
    const recent = await store.read(recentName(scope));
    const claim = recent.kind === 'found' ? nearestClaim(runsIn(recent.entry.value), parts) : undefined;
    if (claim === undefined) return undefined;
    const read = await store.read(claim);
    const held = read.kind === 'found' ? parseEnvelope(read.entry.value) : undefined;
    if (held?.kind !== 'read' || held.envelope.state !== 'settled') return undefined;
    const record = parseRecord(held.envelope.body);
    if (record?.keyKind !== 'derived') return undefined;
    const theirs = await fetchParts(store, record);
    if (theirs === undefined) return undefined;
    const differences = compareParts(parts, theirs);
    if (differences.length === 0) return undefined;
    return {
      run: earlierRun(record),
      differences: differences.slice(0, MAX_DIFFERENCES),
      count: differences.length,
    };
  } catch {
    return undefined;
  }
}

/** The newest stand first. */
function nearestClaim(runs: readonly RecentRun[], parts: readonly KeyPart[]): string | undefined {
  const ours = digestsOf(parts);
  let nearest: { readonly claim: string; readonly count: number } | undefined;
  for (const { claim, partDigests } of runs) {
    const names = new Set([...parts.map(({ name }) => name), ...Object.keys(partDigests)]);
    const count = [...names].filter(
      (name) => ours[name] === undefined || ours[name] !== partDigests[name],
    ).length;
    if (nearest === undefined || count < nearest.count) nearest = { claim, count };
  }
  return nearest?.claim;
}

/** Without those that are not known, which equal nothing. */
function digestsOf(parts: readonly KeyPart[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    parts.flatMap(({ name, digest }) => (digest === null ? [] : [[name, digest.slice(0, PART_DIGITS)]])),
  );
}

/** None for what cannot be read: what is noted next begins anew. */
function runsIn(value: string | undefined): readonly RecentRun[] {
  try {
    return value === undefined ? [] : Schema.parse(JSON.parse(value)).runs;
  } catch {
    return [];
  }
}
