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
  /** Which job of GitHub Actions it is: whether that is over, GitHub can be asked. */
  readonly workflowRun?: WorkflowRun;
}

/** Which job of which workflow run of GitHub Actions the owner of a claim is. */
export interface WorkflowRun {
  /** Address of the REST API, e.g. `https://api.github.com`, without a slash at its end. */
  readonly api: string;
  /** `owner/name` */
  readonly repository: string;
  /** Digits. */
  readonly id: string;
  /** 1 for the first. */
  readonly attempt: number;
  /** RUNNER_NAME. Absent where a claim outlives its job: it is then over when the whole attempt is. */
  readonly runner?: string;
}

/** A file that can be brought back. */
export interface StoredFile {
  /** Within the target folder, forward slashes, e.g. `run_results.json`. `compiled`: all compiled SQL, packed. */
  readonly path: string;
  /** Of the content, hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** The digest of one input of a run, and of what it is made of. */
export interface KeyPart {
  readonly name: string;
  /** Hex; null when it could not be known, so that the part never matches. */
  readonly digest: string | null;
  /** Digests of its items, e.g. of each file by path. In a record they are a blob of their own. */
  readonly items?: Readonly<Record<string, string>>;
}

/** Bytes in the store beside the record, compressed with gzip. */
export interface StoredBlob {
  /** Of the bytes as stored, hex. Also the blob's name. */
  readonly sha256: string;
  /** As stored. */
  readonly bytes: number;
}

/** A database file as a run left it. A write-ahead log beside it is a file of its own. */
export interface TargetFile {
  /** Absolute, where it lay. */
  readonly path: string;
  readonly bytes: number;
  /** Device, inode, and nanoseconds of change: equal means that nothing has touched the file since. */
  readonly identity: string;
  /** Of the content, hex; absent for a file that is too large to read. */
  readonly sha256?: string;
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
  /** The key as it was given; absent for a derived one, and for one that looks like a secret. */
  readonly givenKey?: string;
  /** Without their items: those are in `items`. */
  readonly parts: readonly KeyPart[];
  /** `{ part: { item: digest } }` as JSON. */
  readonly items?: StoredBlob;
  /** `files` one after the other, in their order. */
  readonly bundle: StoredBlob;
  /** The report first. */
  readonly files: readonly StoredFile[];
  /** What would have been kept and was too large. */
  readonly omitted?: readonly { readonly path: string; readonly bytes: number }[];
  /**
   * Places in warehouses that the result hangs on, by the digest of their name, each with who has to be the last to
   * have written there: this run's token, that of another, or `none`.
   */
  readonly writers: Readonly<Record<string, string>>;
  /** The database files of a target that is one. */
  readonly targetFiles?: readonly TargetFile[];
}

/** The report's place among the files of a record. */
export const REPORT_PATH = 'dbt_runcache_report.json';

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
  workflowRun: z
    .object({
      api: z.string().max(2048),
      repository: z.string().max(256),
      id: z.string().regex(/^\d{1,20}$/),
      attempt: z.number().int().min(1),
      runner: z.string().max(256).optional(),
    })
    .optional(),
});
const Part = z.object({
  name: z.string(),
  digest: Digest.nullable(),
  items: z.record(z.string(), z.string()).optional(),
});

const Blob = z.object({ sha256: Digest, bytes: z.number().int().min(0) });
const Target = z.object({
  path: z.string(),
  bytes: z.number().int().min(0),
  identity: z.string(),
  sha256: Digest.optional(),
});

/** Fields are only ever added. The schema that is published is made of this. */
export const RecordSchema = z.object({
  result: z.enum(['succeeded', 'failed']),
  token: z.string(),
  keyKind: z.enum(['given', 'derived']),
  producer: Who,
  finishedAt: z.string(),
  wallMs: z.number().min(0),
  exitCode: z.number().int(),
  givenKey: z.string().max(512).optional(),
  parts: z.array(Part),
  items: Blob.optional(),
  bundle: Blob,
  files: z.array(File).min(1).max(100_000),
  omitted: z.array(z.object({ path: RelativePath, bytes: z.number().int().min(0) })).optional(),
  writers: z.record(Digest, z.string().min(1).max(100)),
  targetFiles: z.array(Target).max(100).optional(),
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
