import * as z from 'zod';

/** Who runs, or ran, dbt under a key. No secrets: anyone with access to the store reads it. */
export interface Producer {
  readonly host: string;
  readonly pid: number;
  /** ISO 8601, by the producer's own clock: for people, never for decisions. */
  readonly startedAt: string;
  /** Where a person can look at that run. */
  readonly url?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** dbt's subcommand as words. */
  readonly command: string;
}

/** A file that can be brought back. */
export interface StoredFile {
  /** Within the target folder, forward slashes, e.g. `run_results.json`. */
  readonly path: string;
  /** Of the content, hex. Also its name in the store. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The digest of one input of a run, and of what it is made of. */
export interface KeyPart {
  readonly name: string;
  /** Hex; null when it could not be known, so that the part never matches. */
  readonly digest: string | null;
  /** Digests of its items, e.g. of each file by path; left out where there are too many to keep. */
  readonly items?: Readonly<Record<string, string>>;
}

/** A finished run, as the ledger keeps it. */
export interface LedgerRecord {
  readonly result: 'succeeded' | 'failed';
  /** Of the attempt that finished: what a warehouse target's entry names. */
  readonly token: string;
  readonly keyKind: 'given' | 'derived';
  readonly producer: Producer;
  /** ISO 8601, as `producer.startedAt`. */
  readonly finishedAt: string;
  readonly wallMs: number;
  readonly exitCode: number;
  readonly parts: readonly KeyPart[];
  /** The report of that run. */
  readonly report: StoredFile;
  readonly files: readonly StoredFile[];
}

const Digest = z.string().regex(/^[0-9a-f]{64}$/);
/** No way out of the folder it is restored to: plain words, no dots in front, no drive, no backslash. */
const RelativePath = z
  .string()
  .max(1024)
  .regex(/^(?![A-Za-z]:)[^/\\\0]+(?:\/[^/\\\0]+)*$/)
  .refine((path) => !path.split('/').some((word) => word === '.' || word === '..'));
const File = z.object({ path: RelativePath, sha256: Digest, bytes: z.number().int().min(0) });
const Who = z.object({
  host: z.string(),
  pid: z.number().int(),
  startedAt: z.string(),
  url: z.string().optional(),
  labels: z.record(z.string(), z.string()),
  command: z.string(),
});
const Part = z.object({
  name: z.string(),
  digest: Digest.nullable(),
  items: z.record(z.string(), z.string()).optional(),
});

const RecordSchema = z.object({
  result: z.enum(['succeeded', 'failed']),
  token: z.string(),
  keyKind: z.enum(['given', 'derived']),
  producer: Who,
  finishedAt: z.string(),
  wallMs: z.number().min(0),
  exitCode: z.number().int(),
  parts: z.array(Part),
  report: File,
  files: z.array(File),
});

/** Undefined for what is no record of this version: it came from outside, and is not trusted. */
export function parseRecord(body: unknown): LedgerRecord | undefined {
  const parsed = RecordSchema.safeParse(body);
  return parsed.success ? (parsed.data as LedgerRecord) : undefined;
}

/** What is told of the owner of a claim in flight; undefined where it says nothing readable. */
export function parseProducer(body: unknown): Producer | undefined {
  const parsed = Who.safeParse(body);
  return parsed.success ? (parsed.data as Producer) : undefined;
}
