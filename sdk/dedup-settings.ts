import { isAbsolute } from 'node:path';
import * as z from 'zod';
import type { DedupOptions } from './dedup/dedup-options.ts';
import { type DedupPolicy, defaultPolicy } from './dedup/policy.ts';
import type { WorkflowRun } from './dedup/record.ts';
import type { DedupStore } from './dedup/store.ts';
import { DbtRunCacheError } from './errors.ts';
import { workflowRunOf } from './github/workflow-run.ts';
import { parseCommandLine } from './plan/command-line.ts';
import { readVariable } from './plan/variables.ts';
import { githubTokenOf, isOfGithub } from './stores/github-addresses.ts';

/** Set for dbt's child process: the digest of the key its parent runs under. */
export const OUTER_KEY_VARIABLE = 'DBT_RUNCACHE_OUTER_KEY';
const MAX_KEY = 512;
/** Longest delay Node's timers take. */
const MAX_DELAY_MS = 2_147_483_647;
const MIN_LEASE_MS = 1000;
/** Ten years. */
const MAX_RETENTION_MS = 315_360_000_000;

const Store = z.custom<DedupStore>(
  (value) => typeof (value as { read?: unknown } | null)?.read === 'function',
  'expected a store, e.g. fileStore({ dir }), or an address such as file:<folder>',
);
const delayMs = z.number().int().positive().max(MAX_DELAY_MS).optional();

export const DedupSchema = z.strictObject({
  store: z.union([z.string().min(1), Store]),
  idempotencyKey: z
    .string()
    .min(1)
    .refine((key) => [...key].length <= MAX_KEY, `at most ${MAX_KEY} characters`)
    .optional(),
  data: z.union([z.enum(['sources', 'ignore']), z.strictObject({ version: z.string().min(1) })]).optional(),
  keyEnv: z
    .array(z.string().regex(/^[^\s=,]+$/, 'a name of a variable, with * for any characters'))
    .readonly()
    .optional(),
  keyIgnore: z
    .array(
      z
        .string()
        .regex(/^[^*?]*[^*?\s][^*?]*$/, 'a path of a file or folder, and no pattern: name the folder itself'),
    )
    .readonly()
    .optional(),
  ownFiles: z.array(z.string().refine(isAbsolute, 'an absolute path')).readonly().optional(),
  durableTarget: z.boolean().optional(),
  dedupOn: z.enum(['success', 'any']).optional(),
  onInFlight: z.enum(['wait', 'skip', 'fail', 'run']).optional(),
  inFlightWait: z.number().int().min(0).max(MAX_DELAY_MS).optional(),
  onUnavailable: z.enum(['run', 'fail']).optional(),
  onMismatch: z.enum(['fail', 'run']).optional(),
  retention: z.number().int().positive().max(MAX_RETENTION_MS).optional(),
  lease: delayMs,
  heartbeat: delayMs,
  restoreCompiled: z.boolean().optional(),
  githubToken: z.string().min(1).optional(),
  runUrl: z.string().min(1).max(2048).optional(),
});

/** Dedup with every default that does not hang on the store filled in. */
export interface DedupSettings {
  readonly store: DedupStore | string;
  readonly idempotencyKey: string | undefined;
  readonly data: DedupOptions['data'];
  readonly keyEnv: readonly string[];
  /** As given: only with the project can they be told to be right. */
  readonly keyIgnore: readonly string[];
  readonly ownFiles: readonly string[];
  readonly durableTarget: boolean;
  readonly policyFor: (store: DedupStore) => DedupPolicy;
  readonly restoreCompiled: boolean;
  readonly githubToken: string | undefined;
  readonly runUrl: string | undefined;
  /** Which job of GitHub Actions this run is. */
  readonly workflowRun: WorkflowRun | undefined;
  /** The digest of the key of a run this one is a part of. */
  readonly outerKey: string | undefined;
}

/** @throws DbtRunCacheError `invalid-options`. */
export function resolveDedup(
  given: z.infer<typeof DedupSchema>,
  {
    args,
    env,
  }: { readonly args: readonly string[]; readonly env: Readonly<Record<string, string | undefined>> },
): DedupSettings {
  if (given.idempotencyKey !== undefined && isRetry(args)) {
    throw new DbtRunCacheError('options.dedup: an idempotencyKey and dbt retry exclude each other', {
      code: 'invalid-options',
      hint: 'Leave out the key: what a retry does depends on the run before it, so no two are the same.',
    });
  }
  checkLease(given);
  return {
    store: given.store,
    idempotencyKey: given.idempotencyKey,
    data: given.data,
    keyEnv: given.keyEnv ?? [],
    keyIgnore: given.keyIgnore ?? [],
    ownFiles: given.ownFiles ?? [],
    durableTarget: given.durableTarget ?? false,
    policyFor: (store) => policyOf(given, store),
    restoreCompiled: given.restoreCompiled ?? false,
    githubToken: given.githubToken ?? githubTokenOf(env),
    runUrl: given.runUrl ?? workflowRunUrl(env),
    workflowRun: workflowRunOf(env),
    outerKey: readVariable(env, OUTER_KEY_VARIABLE),
  };
}

/** A lease that runs out between two signs of life of a healthy owner makes two runs of one. */
function checkLease({ lease, heartbeat, store }: z.infer<typeof DedupSchema>): void {
  if (lease !== undefined && lease < MIN_LEASE_MS) {
    throw new DbtRunCacheError(
      `options.dedup.lease: ${lease} ms is too short: a sign of life must reach the ledger in that time`,
      {
        code: 'invalid-options',
        hint: `Give at least ${MIN_LEASE_MS / 1000} s (${MIN_LEASE_MS} ms), or leave it out for the default of 2 minutes.`,
      },
    );
  }
  const renews = typeof store === 'string' ? !isOfGithub(store) : store.guarantees?.renews !== false;
  const inForce = lease ?? defaultPolicy(renews).leaseMs;
  if (heartbeat !== undefined && heartbeat >= inForce) {
    throw new DbtRunCacheError(
      `options.dedup.heartbeat: ${heartbeat} ms is not shorter than the lease${lease === undefined ? `, which is ${inForce / 60_000} minutes by default` : ''}`,
      { code: 'invalid-options', hint: 'Leave it out: it is then a quarter of the lease.' },
    );
  }
}

function policyOf(given: z.infer<typeof DedupSchema>, { guarantees }: DedupStore): DedupPolicy {
  const standard = defaultPolicy(guarantees.renews);
  const leaseMs = given.lease ?? standard.leaseMs;
  return {
    dedupOn: given.dedupOn ?? standard.dedupOn,
    onInFlight: given.onInFlight ?? standard.onInFlight,
    waitMs: given.inFlightWait ?? standard.waitMs,
    onUnavailable: given.onUnavailable ?? standard.onUnavailable,
    onMismatch: given.onMismatch ?? standard.onMismatch,
    // A record must not be forgotten while its run is still at it.
    retentionMs: Math.max(given.retention ?? standard.retentionMs, leaseMs),
    leaseMs,
    heartbeatMs: given.heartbeat ?? Math.max(1, Math.floor(leaseMs / 4)),
  };
}

/** Whichever engine it is for: both call it by the same name. */
function isRetry(args: readonly string[]): boolean {
  return (['core', 'fusion'] as const).some((engine) => parseCommandLine(args, engine).command === 'retry');
}

/** The page of the job this is, with its attempt. */
export function workflowRunUrl(env: Readonly<Record<string, string | undefined>>): string | undefined {
  const { GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env;
  if (!server || !repository || !run) return undefined;
  const attempt = env['GITHUB_RUN_ATTEMPT'];
  return `${server}/${repository}/actions/runs/${run}${attempt ? `/attempts/${attempt}` : ''}`;
}
