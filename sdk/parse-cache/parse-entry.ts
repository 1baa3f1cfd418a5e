import * as z from 'zod';
import type { KeyInputs } from '../dedup/key.ts';
import { digestOf } from '../dedup/names.ts';
import { jsonOf } from '../util/json-of.ts';

/** The folder of the blobs. */
export const PARSE_BLOBS = 'parse-files';
/** A larger file is neither kept nor restored. */
export const MAX_PARSE_BYTES = 256 << 20;
const DAY_MS = 86_400_000;
/** How long an entry is kept that nobody saves again. */
export const PARSE_RETENTION_MS = 30 * DAY_MS;
/** An entry that is in use and older is written again, so that it is not forgotten. */
export const PARSE_RENEWAL_MS = 7 * DAY_MS;

const SHA256 = z.string().regex(/^[0-9a-f]{64}$/);
const Bytes = z.number().int().min(0);

const Schema = z.object({
  schemaVersion: z.literal(1),
  blob: z.object({ sha256: SHA256, bytes: Bytes }),
  content: z.object({ sha256: SHA256, bytes: Bytes.max(MAX_PARSE_BYTES) }),
});

/** What an entry holds: where the file is, and what it is before it was compressed. */
export type ParseEntry = z.infer<typeof Schema>;

/** Undefined for what is none, whoever wrote it. */
export function parseParseEntry(value: string): ParseEntry | undefined {
  const parsed = Schema.safeParse(jsonOf(value));
  return parsed.success ? parsed.data : undefined;
}

/**
 * The name of the entry for these settings. What is not known counts as such and is no hindrance: dbt itself finds out
 * whether the file fits.
 */
export function parseName(inputs: KeyInputs): string {
  const parts = Object.entries(inputs).sort(byName);
  const lines = parts.map(([name, part]) =>
    part.kind === 'known'
      ? [name, 'known', Object.entries(part.items).sort(byName)]
      : [name, part.kind, part.why],
  );
  return `parses/${digestOf(JSON.stringify(lines))}`;
}

function byName([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : 1;
}
